"""A session's subscriptions: wanted, confirmed by the broker, and to be unsubscribed.

The broker's session keeps subscriptions over connections, so each must be unsubscribed explicitly.
A topic that moves from one of our sessions to another is received all the time: the old session
unsubscribes only once every session has its own subscriptions.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from paho.mqtt.client import Client
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

if TYPE_CHECKING:
    from sensors.driver import Subscription


class SessionTopics:
    """The topics of one session; calls with a client act on its connection at once."""

    def __init__(self, wishes: Sequence["Subscription"]) -> None:
        self.confirmed = asyncio.Event()
        """Set once the broker has confirmed all current subscriptions, now or earlier."""
        self.heard = {wish.filter for wish in wishes}
        """Every topic to which our session at the broker may be subscribed."""
        self._wishes = tuple(wishes)
        self._asked: dict[int, tuple[Subscription, ...]] = {}
        """Unconfirmed subscriptions of this connection, by packet id."""
        self._left: dict[int, set[str]] = {}
        """Unconfirmed unsubscriptions of this connection, by packet id."""
        self._may_leave = True

    def connected(self, client: Client) -> bool:
        """Subscribe to all topics on a new connection; False: there is nothing to wait for."""
        self._asked.clear()
        self._left.clear()
        if self._wishes:
            self._ask_for(client, self._wishes)
        else:
            self.confirmed.set()
        self._leave(client)
        return bool(self._wishes)

    def change(self, wishes: Sequence["Subscription"], client: Client | None) -> None:
        """Subscribe to new topics, and to wildcards again; `client` None: not connected."""
        known = set(self._wishes)
        self._wishes = tuple(wishes)
        self.heard |= {wish.filter for wish in wishes}
        self.confirmed.clear()
        self._may_leave = False
        if client is None:
            return
        new = tuple(wish for wish in self._wishes if wish not in known or "+" in wish.filter)
        if new:
            self._ask_for(client, new)
        elif not self._asked:
            self.confirmed.set()

    def leave_rest(self, client: Client | None) -> None:
        """Unsubscribe from old topics, now or once connected."""
        self._may_leave = True
        if client is not None:
            self._leave(client)

    def answered(self, mid: int, reasons: Sequence[ReasonCode]) -> list[str]:
        """Handle a SUBACK; return the refused topics with their reasons."""
        refused = [
            f"{wish.filter} ({reason})"
            for wish, reason in zip(self._asked.pop(mid, ()), reasons, strict=False)
            if reason.is_failure
        ]
        if not refused and not self._asked:
            self.confirmed.set()
        return refused

    def left(self, mid: int) -> None:
        """Handle an UNSUBACK."""
        wanted = {wish.filter for wish in self._wishes}
        self.heard -= self._left.pop(mid, set()) - wanted

    def _leave(self, client: Client) -> None:
        rest = self.heard - {wish.filter for wish in self._wishes}
        if rest and self._may_leave:
            _, mid = client.unsubscribe(sorted(rest))
            if mid is not None:
                self._left[mid] = rest

    def _ask_for(self, client: Client, wishes: tuple["Subscription", ...]) -> None:
        filters = [(wish.filter, SubscribeOptions(qos=wish.qos)) for wish in wishes]
        _, mid = client.subscribe(filters)
        if mid is not None:
            self._asked[mid] = wishes
