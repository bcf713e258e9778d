"""A session's window of messages in flight to the broker; further messages wait here.

paho would queue further messages with the expiry computed at publish time, so that an order to open
could leave long after it expired. Here a message is checked at its turn, and dropped if expired.
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
"""Messages that the broker has not acknowledged. A message in flight cannot be withdrawn; but under
load acknowledgements are read only once per batch, and orders must not wait for that."""
ALLOWED: Final = 65_535
"""The receive maximum of a broker that sends none (MQTT-5 3.2.2.3.3)."""
WAITING_MAX: Final = 20_000
"""Messages that wait for their turn: some seconds of the highest rate. More are refused."""

SILENCE_S: Final = 1.0
"""Seconds without any acknowledgement after which a link may be dead."""
SOONEST_S: Final = 0.05

Send = Callable[[Outgoing, datetime], int | None]
"""Passes a message to paho; returns its packet id, or None if the connection is gone."""


class _Waiting(Struct):
    number: int
    message: Outgoing
    now: datetime
    """The time of `send`, by the sender's clock."""
    since: float
    """The same by the monotonic clock, in s."""


class _UnderWay(Struct, frozen=True):
    number: int
    ends: float | None
    """The monotonic time at which an order expires, in s."""


class InflightWindow:
    """A session's messages, QoS 1 in order. Call `clear` at the start of each connection."""

    def __init__(self, send: Send, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.size = UNDER_WAY_MAX
        self._send = send
        self._monotonic = monotonic
        self._numbers = count(1)
        self._under_way: dict[int, _UnderWay] = {}
        """Messages passed to paho and not acknowledged by the broker, by packet id, in order."""
        self._heard_at = monotonic()
        """The last time when the broker acknowledged a message, or had none to acknowledge."""
        self._waiting: deque[_Waiting] = deque()

    def clear(self) -> None:
        """Drop all messages: their connection is gone."""
        self._under_way.clear()
        self._waiting.clear()
        self.size = UNDER_WAY_MAX

    def allow(self, messages: int) -> None:
        """Set the broker's receive maximum: the unacknowledged messages that it accepts."""
        self.size = min(messages, UNDER_WAY_MAX)

    def send(self, message: Outgoing, now: datetime) -> int | None:
        """Send a message now or at its turn; return its unique number.

        A QoS 0 message is sent now, since it is not acknowledged. Returns None if the message was
        refused because there is no connection or too many messages wait.
        """
        if not message.qos:
            return None if self._send(message, now) is None else next(self._numbers)
        if self._waiting or len(self._under_way) >= self.size:
            return self._wait(message, now)
        return self._start(next(self._numbers), message, now)

    def taken(self, packet_id: int) -> int | None:
        """Handle the broker's acknowledgement of a packet, send the next, return its number."""
        self._heard_at = self._monotonic()
        found = self._under_way.pop(packet_id, None)
        while self._waiting and len(self._under_way) < self.size:
            self._next(self._waiting.popleft())
        return None if found is None else found.number

    def is_stuck(self) -> bool:
        """Return whether an expired order is in flight on a link without any acknowledgements.

        A slow broker still acknowledges messages, and itself drops an expired order.
        """
        now = self._monotonic()
        if now - self._heard_at < SILENCE_S:
            return False
        return any(one.ends is not None and one.ends <= now for one in self._under_way.values())

    def void_in_s(self) -> float:
        """Return the seconds until the next order in flight expires; infinite without one."""
        ends = (one.ends for one in self._under_way.values() if one.ends is not None)
        return max(SOONEST_S, min(ends, default=inf) - self._monotonic())

    def _wait(self, message: Outgoing, now: datetime) -> int | None:
        if len(self._waiting) >= WAITING_MAX:
            return None
        number = next(self._numbers)
        self._waiting.append(_Waiting(number, message, now, self._monotonic()))
        return number

    def _next(self, one: _Waiting) -> None:
        """Send the message at its turn, or drop it if expired: see `DeliveryTracker`."""
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
