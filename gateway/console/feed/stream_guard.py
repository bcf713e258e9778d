"""Ends open streams when the right to see them ends.

A request is checked when it comes; a stream stays open for hours. So one task checks each second
whether a session, a token or a role has changed at all, which is two small reads for all streams
together, and only then checks each stream. Expiry by age is detected once per minute.
"""

import asyncio
import logging
from typing import Final
from weakref import WeakKeyDictionary

from starlette.requests import Request

from gateway.console.feed.hub import View, Watcher
from gateway.console.identity import Principal, Seats
from gateway.console.web.errors import Problem

LOOKS_EVERY_S: Final = 1.0
"""With the time of the check, a stream ends within 2 s."""
ALL_AGAIN: Final = 60
"""Checks after which every stream is checked again, whatever has changed."""

_log = logging.getLogger(__name__)


class Guard:
    """Guards the open streams."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._watched: WeakKeyDictionary[Watcher, Request] = WeakKeyDictionary()
        self._mark = ""
        self._looks = 0

    def watch(self, watcher: Watcher, request: Request) -> None:
        """Register a stream that this request has opened."""
        self._watched[watcher] = request

    async def run(self) -> None:
        """Check repeatedly, until cancelled."""
        while True:
            await asyncio.sleep(LOOKS_EVERY_S)
            try:
                await self.look()
            except Problem as wrong:  # the check failed: streams stay open until the next
                _log.warning("open streams cannot be looked at: %s", wrong.detail)

    async def look(self) -> None:
        """End the streams whose watchers may no longer see them."""
        self._looks += 1
        mark = await self._seats.mark()
        if mark == self._mark and self._looks % ALL_AGAIN:
            return
        for watcher, request in list(self._watched.items()):
            seat = await self._seats.of(request)
            if seat is None or not _may_see(seat, watcher.view):
                watcher.close()
                self._watched.pop(watcher, None)
        self._mark = mark


def _may_see(seat: Principal, view: View) -> bool:
    """Return whether the seat may still see what the stream shows."""
    if seat.owes or not seat.may("viewer", view.site):
        return False
    return seat.sees_people(view.site) or not view.people
