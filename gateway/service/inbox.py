"""The bounded inbox between the broker and the engine: one queue per device, served in turn.

It makes the backpressure: while it is full, its sessions' sockets are not read, so that TCP stops
the broker. Overload is an ordinary state: a broker returns with a backlog, a device repeats
messages, or its password was stolen. `gateway.service.priorities` has the order of service; within
a class the devices take turns, so that a flooding device delays only itself. Four rules:

- A device has a *budget*. Beyond it, it is flooding, and its messages wait for all others.
- A device has an *allowance*, far above what a reader stores in an outage. Beyond it, few of its
  messages are taken even while nobody else waits: a flood of any length does not fill the disk.
- A badge is answered in time or not at all. Once a reader's oldest badge has waited for too long,
  its newest is served first: a person is waiting there. The others follow while there is room.
- A batch is short, and no device fills it: a new message waits for one batch at most.

When a session's share is full, its socket is not read until the share is half empty. TCP then stops
the broker, and the broker's own queue (and after it the readers' stores) keep new messages.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from math import inf
from typing import Final

from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt.session import MqttSession
from gateway.service.priorities import ORDER, ServiceClass
from sensors.driver import Source

log = logging.getLogger(__name__)

BATCH_MAX: Final = 256
"""Messages in one transaction: some 30 ms of work, which bounds the wait for an answer."""
OF_ONE_DEVICE: Final = 16
"""Messages of one device in a batch: some 3 ms of work."""
SHARE: Final = 16
"""Messages of a batch reserved for each class that waits, so that none is starved."""
LEFT_OVER: Final = 64
"""Stale badges and flooding messages beside others in a batch: some 5 ms of work."""
ANSWERED_IN: Final = timedelta(seconds=2)
"""Time without an answer after which a reader decides by its list, and the person has left."""
LANE_MAX: Final = 1000
"""Messages of one session that may wait: some 0.3 s of work, 1.5 MB."""
ALL_MAX: Final = 30_000
"""Messages that may wait in all: 45 MB. Beyond it, sessions with more than a few are paused."""
FEW: Final = 64
BUDGET_A_S: Final = 50.0
"""Sustained messages per second of one device; a board with radar and power meter sends five."""
BUDGET_AT_ONCE: Final = 2000.0
"""Messages that a device may send at once: those that a reader stored while it was cut off."""
CALM: Final = 60.0
"""Seconds within its budget after which a device no longer counts as flooding."""
ALLOWED_AT_ONCE: Final = 100_000.0
"""Messages of one device that are taken as fast as we can: five times a reader's long outage, and
150 MB in the journal at most."""
ALLOWED_A_S: Final = 10.0
"""Messages per second of one device that are taken beyond that: 1.2 GB a day in the journal at
most, where a flood would write 75. A board with radar and power meter sends five."""
REST_S: Final = 1.0
"""Seconds for which a device without allowance rests: its messages wait in its lane."""
SURPLUS_MAX: Final = 100
"""Messages of a resting device that wait in a lane that it shares; beyond it, the oldest are
dropped, or they would hold up the others in that lane. Its own acknowledgement (`seuil/1`) does
not cover them, so that a reader keeps them."""

STRANGERS_EACH_S: Final = 0.05
"""Seconds between two looks at what strangers say. Their session also gets a copy of each declared
device's message: one look and one write take a few at once, and cost a badge nothing. A look that
brings a stranger's own message is followed by the next at once: the broker may have more, and drops
what exceeds its queue."""


SCARCE_S: Final = 60.0
"""Seconds between two messages of a sensor while the disk is nearly full."""
SPARED: Final = frozenset[ServiceClass]({"sensors", "strangers"})
"""The classes that no door needs."""


class Route(Struct, frozen=True):
    """The queue of a message. `asked_at` returns the time of a badge's access request, if given."""

    key: str
    service_class: ServiceClass
    source: Source | None = None
    asked_at: Callable[[bytes], datetime | None] | None = None


NOWHERE: Final = Route("nowhere", "strangers")
"""The route of undeclared devices, which share one queue."""


def key_of(source: Source) -> str:
    """Return the key of a device's queue."""
    return "/".join(source)


class ReceivedMessage(Struct):
    """A message, with the session (and its connection) to which it is acknowledged."""

    session: MqttSession
    message: MQTTMessage
    connection: int
    number: int = 0
    """Ascending in the order of arrival."""
    live: bool = False
    """No other message of its device waited when it arrived."""
    kept: bool = False
    """Its connection is so new that the broker may have stored the message."""
    asked_at: datetime | None = None
    """The time of the access request in it; None: it is none, or was not examined."""

    def acknowledge(self) -> None:
        """Acknowledge a message that is on disk to the broker, unless its connection is gone.

        In that case the broker sends it again, and its old packet id may belong to another message.
        """
        if self.connection == self.session.connection:
            self.session.acknowledge(self.message)


def _arrival(arrived: ReceivedMessage) -> int:
    return arrived.number


class Flood(Struct, frozen=True):
    """A device started or stopped flooding; `dropped` counts its surplus messages."""

    source: Source
    active: bool
    dropped: int = 0


class _Queue:
    """One device's waiting messages, its budget, and its messages in the current batch."""

    def __init__(self, route: Route, allowed_at_once: float, monotonic: float) -> None:
        self.route = route
        self.waiting: deque[ReceivedMessage] = deque()
        self.in_batch = 0
        self.over_at: float | None = None
        """The last time when it exceeded its budget; None: it is not flooding."""
        self.rests_until: float | None = None
        """It has no allowance; None: it has."""
        self.dropped = 0
        self._tokens = BUDGET_AT_ONCE
        self._allowance = self._allowed_at_once = allowed_at_once
        self._filled_at = self._allowed_at = monotonic

    def has_budget(self, monotonic: float) -> bool:
        """Return whether the device is within its budget."""
        self._tokens += (monotonic - self._filled_at) * BUDGET_A_S
        self._tokens = min(self._tokens, BUDGET_AT_ONCE)
        self._filled_at = monotonic
        return self._tokens >= 1

    def spend(self) -> None:
        """Use one message of the budget."""
        self._tokens -= 1

    def serve(self, monotonic: float) -> None:
        """Use one message of the allowance; without any, begin to rest."""
        self.in_batch += 1
        if self.in_batch == 1:
            since, self._allowed_at = monotonic - self._allowed_at, monotonic
            self._allowance = min(self._allowance + since * ALLOWED_A_S, self._allowed_at_once)
        self._allowance -= 1
        if self._allowance < 1:
            self.rests_until = monotonic + REST_S

    def next_fresh(self, now: datetime) -> ReceivedMessage | None:
        """Take the next message; None: only stale badges wait.

        Messages are taken in order, but a badge whose holder still waits precedes stale ones.
        """
        if not self._is_stale(self.waiting[0], now):
            return self.waiting.popleft()
        if self._is_stale(self.waiting[-1], now) or self.waiting[-1].asked_at is None:
            return None
        return self.waiting.pop()

    def next(self) -> ReceivedMessage:
        """Take the oldest message."""
        return self.waiting.popleft()

    def _is_stale(self, arrived: ReceivedMessage, now: datetime) -> bool:
        read = self.route.asked_at
        if read is None:
            return False
        if arrived.asked_at is None:
            try:
                arrived.asked_at = read(bytes(arrived.message.payload))
            except Exception:  # a bug: it is none of whose turn it is
                log.exception("a message could not be looked at")
        return arrived.asked_at is not None and now - arrived.asked_at > ANSWERED_IN


class Inbox:
    """Messages that wait to be processed; `take` gives them as batches."""

    def __init__(
        self,
        route: Callable[[MQTTMessage], Route],
        *,
        lane_max: int = LANE_MAX,
        all_max: int = ALL_MAX,
        allowed_at_once: float = ALLOWED_AT_ONCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.route = route
        self.when_idle: MqttSession | None = None
        """A session that is read only while nothing else waits: unknown devices delay no door."""
        self.shared: set[MqttSession] = set()
        """Sessions that receive from several devices."""
        self.is_scarce = False
        """The disk is nearly full: only a little is taken of what no door needs, the newest."""
        self._lane_max, self._all_max = lane_max, all_max
        self._allowed_at_once = allowed_at_once
        self._monotonic = monotonic
        self._queues: dict[str, _Queue] = {}
        self._classes: dict[ServiceClass, deque[_Queue]] = {name: deque() for name in ORDER}
        """The queues that are neither empty nor resting."""
        self._resting: list[_Queue] = []
        """The queues of devices without allowance."""
        self._count = self._came = 0
        self._of_session: Counter[MqttSession] = Counter()
        self._held: set[MqttSession] = set()
        self._served_now: list[_Queue] = []
        self._floods: list[Flood] = []
        self._something = asyncio.Event()
        self._is_idle = False
        self._strangers_at = -inf
        """The last time when strangers were read; -inf: they talk, and are read again at once."""
        self._next_look: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def is_ready(self) -> bool:
        """Return whether `take` has something to give."""
        return any(self._classes.values())

    def put(self, session: MqttSession, message: MQTTMessage) -> None:
        """Queue a message that a session received."""
        try:
            route = self.route(message)
        except Exception:  # a bug: what cannot be sorted waits behind everything
            log.exception("a message could not be sorted")
            route = NOWHERE
        queue = self._queues.get(route.key)
        if queue is None:
            queue = self._queues[route.key] = _Queue(
                route, self._allowed_at_once, self._monotonic()
            )
        is_first = not queue.waiting
        if is_first:
            queue.route = route
            if queue.rests_until is None:
                self._classes[route.service_class].append(queue)
        self._came += 1
        arrived = ReceivedMessage(session, message, session.connection, self._came)
        arrived.live, arrived.kept = is_first, not session.is_settled
        queue.waiting.append(arrived)
        self._count += 1
        self._of_session[session] += 1
        if session is self.when_idle:
            self._strangers_at = -inf
        if queue.rests_until is not None:
            self._drop_surplus(queue)
        self._hold(session)
        self._something.set()
        if self.when_idle is not None and self.when_idle.connected:
            # It is read while it connects, or else it could never connect to a busy gateway.
            self.when_idle.pause()

    def waits(self, source: Source) -> bool:
        """Return whether a message of this device waits."""
        queue = self._queues.get(key_of(source))
        return queue is not None and bool(queue.waiting)

    def waits_for(self, session: MqttSession) -> bool:
        """Return whether a message of this session waits."""
        return self._of_session[session] > 0

    def nudge(self) -> None:
        """Make `wait` return without a message."""
        self._something.set()

    async def wait(self, at_most_s: float) -> None:
        """Wait for messages, for at most `at_most_s`; always let the event loop run once."""
        if self.is_ready:
            await asyncio.sleep(0)
            return
        self._is_idle = True
        self._look_at_strangers()
        if self._resting:
            rested_at = min(queue.rests_until or 0.0 for queue in self._resting)
            at_most_s = min(at_most_s, rested_at - self._monotonic())
        # A timer that nudges is cheaper than a timeout that raises, before each badge.
        timer = asyncio.get_running_loop().call_later(max(0.0, at_most_s), self.nudge)
        try:
            await self._something.wait()
        finally:
            timer.cancel()
            self._is_idle = False

    def take(self, now: datetime, at_most: int = BATCH_MAX) -> list[ReceivedMessage]:
        """Take a batch of waiting messages by the order of service, sorted by arrival."""
        self._something.clear()
        monotonic, batch = self._monotonic(), list[ReceivedMessage]()
        if self._resting:
            self._wake(monotonic)
        if not self._count:
            return []
        classes = [queues for queues in self._classes.values() if queues]
        for position, queues in enumerate(classes):
            kept = min(SHARE, at_most // len(ORDER)) * (len(classes) - position - 1)
            batch += self._fresh(queues, at_most - len(batch) - kept, now, monotonic)
        room = at_most - len(batch)
        for queues in classes if len(batch) < self._count else ():
            at_most = min(room, LEFT_OVER) if batch else room
            rest = list(self._rest(queues, at_most, monotonic))
            batch += rest
            room -= len(rest)
        self._taken(batch)
        batch.sort(key=_arrival)  # what is told in its order costs the estimate least
        return batch

    def floods(self) -> list[Flood]:
        """Return the devices that started or stopped flooding since the last call."""
        monotonic = self._monotonic()
        for queue in self._queues.values():
            if queue.over_at is not None and monotonic - queue.over_at > CALM:
                queue.over_at = None
                self._tell(queue, active=False)
                queue.dropped = 0
        told, self._floods = self._floods, []
        return told

    def clear(self) -> int:
        """Drop all messages (the broker still has those at QoS 1), and return their number."""
        forgotten = self._count
        self._queues.clear()
        self._resting.clear()
        for queues in self._classes.values():
            queues.clear()
        self._count = 0
        self._of_session.clear()
        self._let_go()
        return forgotten

    def _look_at_strangers(self) -> None:
        """Let strangers be read, now or as soon as it is their time, if we are idle then."""
        if self.when_idle is None or not self._is_idle:
            return
        monotonic = self._monotonic()
        wait_s = self._strangers_at + STRANGERS_EACH_S - monotonic
        if wait_s <= 0:
            self._strangers_at = monotonic
            self.when_idle.resume()
        elif self._next_look is None:
            loop = asyncio.get_running_loop()
            self._next_look = loop.call_later(wait_s, self._look_again)

    def _look_again(self) -> None:
        self._next_look = None
        self._look_at_strangers()

    def _fresh(
        self, queues: deque[_Queue], room: int, now: datetime, monotonic: float
    ) -> Iterator[ReceivedMessage]:
        """Yield one message per device in turn, of the devices within their budget."""
        passed_over = 0
        while room > 0 and passed_over < len(queues):
            queue = queues[0]
            arrived = None
            if queue.in_batch < OF_ONE_DEVICE and queue.has_budget(monotonic):
                arrived = queue.next_fresh(now)
            if arrived is None:
                passed_over += 1
                queues.rotate(-1)
                continue
            passed_over, room = 0, room - 1
            queue.spend()
            self._served(queues, queue, monotonic)
            yield arrived

    def _rest(
        self, queues: deque[_Queue], room: int, monotonic: float
    ) -> Iterator[ReceivedMessage]:
        """Yield the rest: stale badges, and messages beyond a budget."""
        passed_over = 0
        while room > 0 and passed_over < len(queues):
            queue = queues[0]
            if queue.in_batch >= OF_ONE_DEVICE:
                passed_over += 1
                queues.rotate(-1)
                continue
            passed_over, room = 0, room - 1
            if queue.has_budget(monotonic):
                queue.spend()
            else:
                if queue.over_at is None:
                    self._tell(queue, active=True)
                queue.over_at = monotonic
            arrived = queue.next()
            self._served(queues, queue, monotonic)
            yield arrived

    def _served(self, queues: deque[_Queue], queue: _Queue, monotonic: float) -> None:
        """Move the queue that was served to the end of its class, or let it rest."""
        queue.serve(monotonic)
        if queue.in_batch == 1:
            self._served_now.append(queue)
        is_spent = queue.rests_until is not None
        if self.is_scarce and queue.route.service_class in SPARED:
            queue.rests_until = monotonic + SCARCE_S
        if queue.rests_until is not None:
            queues.popleft()
            self._resting.append(queue)
            self._drop_surplus(queue)
            if is_spent:
                if queue.over_at is None:
                    self._tell(queue, active=True)
                queue.over_at = monotonic
        elif queue.waiting:
            queues.rotate(-1)
        else:
            queues.popleft()

    def _wake(self, monotonic: float) -> None:
        """Serve the devices again that have rested."""
        for queue in list(self._resting):
            if queue.rests_until is not None and monotonic >= queue.rests_until:
                queue.rests_until = None
                self._resting.remove(queue)
                if queue.waiting:
                    self._classes[queue.route.service_class].append(queue)

    def _drop_surplus(self, queue: _Queue) -> None:
        """Drop a resting device's oldest messages where they would hold up others."""
        is_spared = self.is_scarce and queue.route.service_class in SPARED
        most = 1 if is_spared else SURPLUS_MAX
        while len(queue.waiting) > most and (is_spared or queue.waiting[0].session in self.shared):
            oldest = queue.next()
            self._count -= 1
            self._of_session[oldest.session] -= 1
            oldest.acknowledge()
            oldest.session.flush()
            queue.dropped += 1

    def _taken(self, batch: list[ReceivedMessage]) -> None:
        self._count -= len(batch)
        for arrived in batch:
            self._of_session[arrived.session] -= 1
        for queue in self._served_now:
            queue.in_batch = 0
        self._served_now.clear()
        self._let_go()

    def _hold(self, session: MqttSession) -> None:
        mine = self._of_session[session]
        if mine >= self._lane_max or (self._count >= self._all_max and mine > FEW):
            session.pause()
            self._held.add(session)

    def _let_go(self) -> None:
        for session in [one for one in self._held if self._has_room(one)]:
            self._held.discard(session)
            session.resume()

    def _has_room(self, session: MqttSession) -> bool:
        mine = self._of_session[session]
        few = mine <= FEW or self._count <= self._all_max // 2
        return few and mine <= self._lane_max // 2

    def _tell(self, queue: _Queue, *, active: bool) -> None:
        if queue.route.source is not None:
            self._floods.append(Flood(queue.route.source, active, queue.dropped))
