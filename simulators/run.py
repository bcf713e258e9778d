"""Simulated sites over a real broker, in the wire's time.

One connection carries all devices. The loop sleeps until an action is due in one of the worlds or a
message arrives; answers are timed with the monotonic clock.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from gateway.clock import Clock
from gateway.wire.topics import Topics
from simulators.equipment import heard_as
from simulators.link import Broker, MqttLink
from simulators.outcomes import Bookkeeping, RunTally
from simulators.world import World

SETTLES_WITHIN_S = 6.0
"""Time for pending events at the end: a re-send comes after 5 s."""
HURRIED_S = 1.0
"""The same for an interactive user."""
LOOKS_EVERY_S = 0.5
"""Seconds between two checks whether everything is settled."""


class LiveClock:
    """The wire's time: the time of day at the start, and monotonic after that."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.now()
        self._began = clock.monotonic()

    def now(self) -> datetime:
        """Return aware UTC; it never goes back."""
        return self._start + timedelta(seconds=self._clock.monotonic() - self._began)


class Run:
    """Worlds over one connection."""

    def __init__(
        self,
        worlds: Sequence[World],
        broker: Broker,
        topics: Topics,
        clock: LiveClock,
        tally: Bookkeeping,
    ) -> None:
        self.worlds = worlds
        self.tally = tally
        self.connected = asyncio.Event()
        self.stopped = asyncio.Event()
        """Set it to end early."""
        self._clock = clock
        self._woken = asyncio.Event()
        self._hearers = _hearers(worlds, topics)
        for world in worlds:
            world.connection_lost()  # until the connection is up
        self._link = MqttLink(
            broker,
            list(self._hearers),
            on_message=self._arrived,
            on_up=self._up,
            on_down=self._down,
        )

    def now(self) -> datetime:
        """Return the wire's time."""
        return self._clock.now()

    async def live(
        self, seconds: float | None, tick: Callable[[], None] = lambda: None
    ) -> RunTally:
        """Run for so long (None: until stopped), settle pending events, and return the figures.

        `tick` is called now and then, to show the progress.
        """
        async with self._link.kept():
            ends = None if seconds is None else self._clock.now() + timedelta(seconds=seconds)
            await self._until(lambda: self.stopped.is_set() or _is_over(self._clock, ends), tick)
            for world in self.worlds:
                world.close()
                self._link.send(world.mend(self._clock.now()))
            grace_s = HURRIED_S if self.stopped.is_set() else SETTLES_WITHIN_S
            last = self._clock.now() + timedelta(seconds=grace_s)
            await self._until(lambda: self._settled() or _is_over(self._clock, last), tick)
            for world in self.worlds:
                self._link.send(world.farewell())
        return self.result()

    def result(self) -> RunTally:
        """Return the figures so far."""
        devices = [one for world in self.worlds for one in world.equipment.native.values()]
        faults: dict[str, int] = {}
        for world in self.worlds:
            for name, times in world.faults_seen.items():
                faults[name] = faults.get(name, 0) + times
        people: dict[str, dict[str, int]] = {
            world.site.id: {str(zone): count for zone, count in world.truth.people.items()}
            for world in self.worlds
        }
        return self.tally.result(devices, people, faults)

    async def _until(self, is_over: Callable[[], bool], tick: Callable[[], None]) -> None:
        while not is_over():
            self._woken.clear()
            now = self._clock.now()
            for world in self.worlds:
                if world.next_at is not None and world.next_at <= now:
                    self._link.send(world.run(now))
            tick()
            await self._sleep()

    async def _sleep(self) -> None:
        """Sleep until an action is due, a message arrives, or the end must be checked."""
        dues = [world.next_at for world in self.worlds if world.next_at is not None]
        wait = LOOKS_EVERY_S
        if dues:
            wait = min(wait, (min(dues) - self._clock.now()).total_seconds())
        try:
            async with asyncio.timeout(max(0.0, wait)):
                await self._woken.wait()
        except TimeoutError:
            return

    def _settled(self) -> bool:
        return (
            not self.tally.undecided()
            and not any(world.passing for world in self.worlds)
            and not any(
                device.unacknowledged
                for world in self.worlds
                for device in world.equipment.native.values()
            )
        )

    def _arrived(self, topic: str, payload: bytes) -> None:
        for world in self._hearers.get(heard_as(topic), ()):
            self._link.send(world.receive(topic, payload, self._clock.now()))
            self._woken.set()

    def _up(self) -> None:
        self.connected.set()
        for world in self.worlds:
            self._link.send(world.connection_back(self._clock.now()))

    def _down(self) -> None:
        self.connected.clear()
        for world in self.worlds:
            world.connection_lost()


def _hearers(worlds: Sequence[World], topics: Topics) -> dict[str, list[World]]:
    """Return the worlds that each topic of the gateway concerns."""
    hearers: dict[str, list[World]] = {}
    for world in worlds:
        for topic in (topics.access(world.site.id), *world.equipment.listens):
            hearers.setdefault(topic, []).append(world)
    return hearers


def _is_over(clock: LiveClock, end: datetime | None) -> bool:
    return end is not None and clock.now() >= end


def new_boot(clock: Clock) -> int:
    """Return a boot number that increases with every start: seconds since 1970."""
    return int((clock.now() - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
