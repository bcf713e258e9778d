"""Which orders the broker has taken over, which are to be sent again, and which came to nothing.

An answer is journaled as `pending`. It becomes `delivered` when the broker has acknowledged all its
messages, and `undelivered` when it expired before. Between two connections the fresh ones wait
here; paho is never trusted with them.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from gateway.core.access.rules import LATE
from gateway.wire.message import Outgoing

WAITING_MAX: Final = 5000
"""Orders that may wait for the broker: a second of the highest rate; above, no more are made."""

Publish = Callable[[Outgoing, datetime], int | None]
"""Hands a message to the broker's session, at a time; its number, or None if it was not taken."""


class PendingMessage(Struct, frozen=True):
    """A message of decision `n`, made at `now` (our clock) and `monotonic`; void at `ends`.

    A clock that is set, while a link stalls say, must not make an order last longer.
    """

    n: int
    message: Outgoing
    now: datetime
    monotonic: float
    ends: float


class DeliveryTracker:
    """Follows every order from the commit to the broker's acknowledgement."""

    def __init__(
        self,
        publish: Publish,
        monotonic: Callable[[], float] = time.monotonic,
        on_answered: Callable[[int, float], None] = lambda _n, _monotonic: None,
    ) -> None:
        """`on_answered` hears of each decision all of whose messages the broker has, and when."""
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
        """Too many orders wait for the broker."""
        return len(self._sent) + len(self._unsent) >= WAITING_MAX

    @property
    def has_news(self) -> bool:
        """There is something to journal."""
        return bool(self._delivered or self._undelivered)

    def send(self, n: int, messages: Iterable[Outgoing], now: datetime) -> None:
        """Hand a decision's messages to the broker; a decision without any is delivered at once.

        Fresh is what ends later than now, and not later than an order made now would.
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
        """The broker did not take a message, or has nobody to give it to."""
        order = self._sent.pop(number, None)
        if order is not None:
            self._give_up(order)

    def taken(self, number: int) -> None:
        """The broker has acknowledged a message."""
        order = self._sent.pop(number, None)
        if order is None or order.n not in self._open:
            return
        self._open[order.n] -= 1
        if not self._open[order.n]:
            del self._open[order.n]
            self._delivered.append(order.n)
            self._on_answered(order.n, self._monotonic())

    def void(self, n: int, *, never_sent: bool = False) -> None:
        """Send nothing more of a decision: its reader did not wait for it.

        `never_sent`: it was not begun either.
        """
        if self._open.pop(n, None) is None and not never_sent:
            return  # the broker has it, or it was given up
        self._unsent = deque(order for order in self._unsent if order.n != n)
        self._undelivered.append(n)

    def connection_lost(self) -> None:
        """What was not acknowledged may not have arrived."""
        self._unsent.extend(self._sent.values())
        self._sent.clear()

    def connected(self) -> None:
        """Send what is still fresh."""
        self.expire()
        waiting, self._unsent = self._unsent, deque()
        for order in waiting:
            self._send(order)

    def expire(self) -> None:
        """Give up what is void: it is never sent, and recorded as undelivered."""
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
        """Decisions delivered and undelivered since the last call, to be journaled."""
        settled = self._delivered, self._undelivered
        self._delivered, self._undelivered = [], []
        return settled

    def unsettle(self, delivered: list[int], undelivered: list[int]) -> None:
        """The journal could not take these: they are news again."""
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
