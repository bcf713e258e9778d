"""Tracks orders until the broker acknowledges them, they are sent again, or they expire.

An answer is journaled as `pending`. It becomes `delivered` when the broker has acknowledged all of
its messages, and `undelivered` when it expired before that. Between two connections fresh answers
wait here, never inside paho.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from gateway.core.access.late_events import LATE
from gateway.wire.message import Outgoing

WAITING_MAX: Final = 5000
"""Orders that may wait for the broker: one second at the highest rate; then no more are decided."""

Publish = Callable[[Outgoing, datetime], int | None]
"""Passes a message to the broker's session; returns its number, or None if it was refused."""


class PendingMessage(Struct, frozen=True):
    """A message of decision `n`, made at `now` (our clock) and `monotonic`; expires at `ends`.

    Setting the clock, for example while a link stalls, must not prolong an order.
    """

    n: int
    message: Outgoing
    now: datetime
    monotonic: float
    ends: float


class DeliveryTracker:
    """Tracks every order from the commit to the broker's acknowledgement."""

    def __init__(
        self,
        publish: Publish,
        monotonic: Callable[[], float] = time.monotonic,
        on_answered: Callable[[int, float], None] = lambda _n, _monotonic: None,
    ) -> None:
        """Call `on_answered` with the number and time of each fully acknowledged decision."""
        self._on_answered = on_answered
        self._publish = publish
        self._monotonic = monotonic
        self._sent: dict[int, PendingMessage] = {}
        self._unsent: deque[PendingMessage] = deque()
        self._open: dict[int, int] = {}
        self._delivered: list[int] = []
        self._undelivered: list[int] = []

    @property
    def is_full(self) -> bool:
        """Return whether too many orders wait for the broker."""
        return len(self._sent) + len(self._unsent) >= WAITING_MAX

    @property
    def has_news(self) -> bool:
        """Return whether there are results to journal."""
        return bool(self._delivered or self._undelivered)

    def send(self, n: int, messages: Iterable[Outgoing], now: datetime) -> None:
        """Send a decision's messages to the broker; one without messages is delivered at once.

        An order is fresh if it expires after now, but not later than an order made now would.
        """
        monotonic = self._monotonic()
        orders = [
            PendingMessage(n, message, now, monotonic, monotonic + _lifetime_s(message, now))
            for message in messages
        ]
        if not orders:
            self._delivered.append(n)
            return
        self._open[n] = self._open.get(n, 0) + len(orders)
        for order in orders:
            self._send(order)

    def refused(self, number: int) -> None:
        """Handle a message that the broker refused, or that has no subscriber."""
        order = self._sent.pop(number, None)
        if order is not None:
            self._give_up(order)

    def taken(self, number: int) -> None:
        """Handle the broker's acknowledgement of a message."""
        order = self._sent.pop(number, None)
        if order is None or order.n not in self._open:
            return
        self._open[order.n] -= 1
        if not self._open[order.n]:
            del self._open[order.n]
            self._delivered.append(order.n)
            self._on_answered(order.n, self._monotonic())

    def void(self, n: int, *, never_sent: bool = False) -> None:
        """Send no more messages of a decision: its reader did not wait for it.

        `never_sent`: none was sent before either.
        """
        if self._open.pop(n, None) is None and not never_sent:
            return  # the broker has it, or it was given up
        self._unsent = deque(order for order in self._unsent if order.n != n)
        self._undelivered.append(n)

    def connection_lost(self) -> None:
        """Mark unacknowledged messages for sending again: they may not have arrived."""
        self._unsent.extend(self._sent.values())
        self._sent.clear()

    def connected(self) -> None:
        """Send the messages that are still fresh."""
        self.expire()
        waiting, self._unsent = self._unsent, deque()
        for order in waiting:
            self._send(order)

    def expire(self) -> None:
        """Give up expired orders: they are not sent, and are recorded as undelivered."""
        monotonic = self._monotonic()
        while self._unsent and self._unsent[0].ends <= monotonic:
            self._give_up(self._unsent.popleft())
        while self._sent:
            number, oldest = next(iter(self._sent.items()))
            if oldest.ends > monotonic:
                return
            del self._sent[number]
            self._give_up(oldest)

    def settled(self) -> tuple[list[int], list[int]]:
        """Return the decisions delivered and undelivered since the last call, to be journaled."""
        settled = self._delivered, self._undelivered
        self._delivered, self._undelivered = [], []
        return settled

    def unsettle(self, delivered: list[int], undelivered: list[int]) -> None:
        """Return results to the queue that the journal could not store."""
        self._delivered = delivered + self._delivered
        self._undelivered = undelivered + self._undelivered

    def _send(self, order: PendingMessage) -> None:
        passed_s = self._monotonic() - order.monotonic
        if order.monotonic + passed_s >= order.ends:
            self._give_up(order)
            return
        number = self._publish(order.message, order.now + timedelta(seconds=passed_s))
        if number is None:
            self._unsent.append(order)
        else:
            self._sent[number] = order

    def _give_up(self, order: PendingMessage) -> None:
        if self._open.pop(order.n, None) is not None:
            self._undelivered.append(order.n)


def _lifetime_s(message: Outgoing, now: datetime) -> float:
    if message.expires is None:
        return 0.0
    return min((message.expires - now).total_seconds(), LATE.total_seconds())
