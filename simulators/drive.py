"""A world in virtual time, for tests: a day passes as fast as it can be computed."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from gateway.wire.message import Outgoing
from simulators.world import World

Gateway = Callable[[datetime, Outgoing | None], Iterable[Outgoing]]
"""Takes a device's message and returns the gateway's answers; None: only time has passed."""
ANSWERS_AFTER = timedelta(milliseconds=5)


def drive(
    world: World,
    until: datetime,
    gateway: Gateway,
    wakes: Callable[[], datetime | None] = lambda: None,
) -> Iterator[tuple[datetime, Outgoing]]:
    """Yield every message that the devices send until `until`, in order, each with its time.

    The gateway's answers arrive `ANSWERS_AFTER` the message that they answer. `wakes` returns the
    next time at which the gateway acts without a message.
    """
    under_way: list[tuple[datetime, Outgoing]] = []
    while True:
        arrives = under_way[0][0] if under_way else None
        due = world.next_at
        wake = wakes()
        if wake is not None and all(wake < other for other in (arrives, due) if other is not None):
            if wake > until:
                return
            wake = max(wake, world.now)
            under_way += [(wake + ANSWERS_AFTER, answer) for answer in gateway(wake, None)]
            continue
        if arrives is not None and (due is None or arrives <= due):
            _, answer = under_way.pop(0)
            now, said = arrives, world.receive(answer.topic, answer.payload, arrives)
        elif due is not None:
            now, said = due, world.run(due)
        else:
            return
        if now > until:
            return
        for message in said:
            yield now, message
            under_way += [(now + ANSWERS_AFTER, answer) for answer in gateway(now, message)]
