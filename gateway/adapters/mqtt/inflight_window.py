"""How many messages of ours may be under way to the broker at once; what is more waits here.

paho would keep what is more, with the expiry that it had when it was given: an order to open could
leave long after its time. Here it is looked at when its turn comes, and left out if it is void.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from math import inf
from typing import Final

from msgspec import Struct

from gateway.wire.message import Outgoing

UNDER_WAY_MAX: Final = 1000
"""Messages that the broker has not acknowledged. What is on its way cannot be taken back; but under
load its acknowledgements are read once a batch only, and orders must not wait for that."""
ALLOWED: Final = 65_535
"""As many does a broker take that says nothing of it (MQTT-5 3.2.2.3.3)."""
WAITING_MAX: Final = 20_000
"""Messages that wait for their turn: some seconds of the highest rate. Above, none is taken."""

SILENCE_S: Final = 1.0
"""Seconds without any acknowledgement after which a link may be dead."""
SOONEST_S: Final = 0.05

Send = Callable[[Outgoing, datetime], int | None]
"""Gives a message to paho; its packet id, or None if there is no connection any more."""


class _Waiting(Struct):
    number: int
    message: Outgoing
    now: datetime
    """When it came, by the sender's clock."""
    since: float
    """The same, monotonic, in s."""


class _UnderWay(Struct, frozen=True):
    number: int
    ends: float | None
    """When an order is void, monotonic, in s."""


class InflightWindow:
    """A session's messages, those at QoS 1 in their order. Each connection begins with `clear`."""

    def __init__(self, send: Send, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.size = UNDER_WAY_MAX
        self._send = send
        self._monotonic = monotonic
        self._numbers = count(1)
        self._under_way: dict[int, _UnderWay] = {}
        """What paho has and the broker did not acknowledge, by packet id, in its order."""
        self._heard_at = monotonic()
        """When the broker acknowledged something last, or had nothing to acknowledge."""
        self._waiting: deque[_Waiting] = deque()

    def clear(self) -> None:
        """Forget everything: the connection that it was on is gone."""
        self._under_way.clear()
        self._waiting.clear()
        self.size = UNDER_WAY_MAX

    def allow(self, messages: int) -> None:
        """The broker takes so many unacknowledged messages: its receive maximum."""
        self.size = min(messages, UNDER_WAY_MAX)

    def send(self, message: Outgoing, now: datetime) -> int | None:
        """Send it now or at its turn; its number, which no other message has.

        At QoS 0 nothing is acknowledged: it leaves now. None: it was not taken, since there is no
        connection, or too much waits already.
        """
        if not message.qos:
            return None if self._send(message, now) is None else next(self._numbers)
        if self._waiting or len(self._under_way) >= self.size:
            return self._wait(message, now)
        return self._start(next(self._numbers), message, now)

    def taken(self, packet_id: int) -> int | None:
        """The broker has acknowledged a packet: the number of its message. Another has its turn."""
        self._heard_at = self._monotonic()
        found = self._under_way.pop(packet_id, None)
        while self._waiting and len(self._under_way) < self.size:
            self._next(self._waiting.popleft())
        return None if found is None else found.number

    def is_stuck(self) -> bool:
        """Whether an order is void, and under way in a link that nothing comes back by.

        A broker that is slow acknowledges all the time, and knows itself when an order is void.
        """
        now = self._monotonic()
        if now - self._heard_at < SILENCE_S:
            return False
        return any(one.ends is not None and one.ends <= now for one in self._under_way.values())

    def void_in_s(self) -> float:
        """Seconds until the next order that is under way is void; infinite without one."""
        ends = (one.ends for one in self._under_way.values() if one.ends is not None)
        return max(SOONEST_S, min(ends, default=inf) - self._monotonic())

    def _wait(self, message: Outgoing, now: datetime) -> int | None:
        if len(self._waiting) >= WAITING_MAX:
            return None
        number = next(self._numbers)
        self._waiting.append(_Waiting(number, message, now, self._monotonic()))
        return number

    def _next(self, one: _Waiting) -> None:
        """Whoever follows an order finds by the clock that it came to nothing: see `Handover`."""
        now = one.now + timedelta(seconds=self._monotonic() - one.since)
        if one.message.expires is None or now < one.message.expires:
            self._start(one.number, one.message, now)

    def _start(self, number: int, message: Outgoing, now: datetime) -> int | None:
        packet_id = self._send(message, now)
        if packet_id is None:
            return None
        monotonic, ends = self._monotonic(), None
        if message.expires is not None:
            ends = monotonic + (message.expires - now).total_seconds()
        if not self._under_way:
            self._heard_at = monotonic
        self._under_way[packet_id] = _UnderWay(number, ends)
        return number
