"""What a session asks the broker for: what it has confirmed, and what is to be left.

The broker's session keeps topics over connections, so leaving one is an act of its own. What moves
from one session of ours to another is heard all the time: it is left only once every session has
its own.
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
    """The topics of one session; each call with a client asks on its connection at once."""

    def __init__(self, wishes: Sequence["Subscription"]) -> None:
        self.confirmed = asyncio.Event()
        """The broker confirmed all that we ask for now, on this connection or before."""
        self.heard = {wish.filter for wish in wishes}
        """Every topic that the broker's session of ours may hold."""
        self._wishes = tuple(wishes)
        self._asked: dict[int, tuple[Subscription, ...]] = {}
        """What was asked for on this connection and is not confirmed, by packet id."""
        self._left: dict[int, set[str]] = {}
        """What was left on this connection and is not confirmed, by packet id."""
        self._may_leave = True

    def connected(self, client: Client) -> bool:
        """Ask for everything on a new connection; False: there is nothing to wait for."""
        self._asked.clear()
        self._left.clear()
        if self._wishes:
            self._ask_for(client, self._wishes)
        else:
            self.confirmed.set()
        self._leave(client)
        return bool(self._wishes)

    def change(self, wishes: Sequence["Subscription"], client: Client | None) -> None:
        """Ask for these from now on, and for wildcards again; None: no connection is up."""
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
        """Leave what we no longer ask for, now or when a connection is up."""
        self._may_leave = True
        if client is not None:
            self._leave(client)

    def answered(self, mid: int, reasons: Sequence[ReasonCode]) -> list[str]:
        """The broker's answer to what was asked for: which of it is refused, and why."""
        refused = [
            f"{wish.filter} ({reason})"
            for wish, reason in zip(self._asked.pop(mid, ()), reasons, strict=False)
            if reason.is_failure
        ]
        if not refused and not self._asked:
            self.confirmed.set()
        return refused

    def left(self, mid: int) -> None:
        """The broker's answer to what was left."""
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
