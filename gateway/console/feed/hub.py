"""The open streams and their watchers, with a bounded queue each.

A change is sent at once; what follows within `PACE_S` is sent together, only the latest state of
each thing: a busy morning costs five writes per second and screen, however many badges are read.
Each update is rendered and encoded once per view (site, language, rights), however many watch. A
watcher that falls behind loses its queue and gets a fresh snapshot instead: memory stays bounded,
and a slow screen is up to date again at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from msgspec import Struct

from gateway.console.feed.site_state import StateChange
from gateway.core.model.names import SiteId
from gateway.translation import Lang

PACE_S: Final = 0.2
"""Seconds between two writes to a screen: five a second look immediate, and cost little."""
QUEUE_WRITES: Final = 25
"""Writes that a watcher may be behind: five seconds; beyond that, a snapshot is shorter."""
PENDING_CHANGES: Final = 500
"""Changes that wait for the next write: more in one burst are replaced by a snapshot."""
HEARTBEAT_S: Final = 15.0
"""Seconds between two heartbeats: a page treats 35 s of silence as a loss."""
WATCHERS_MAX: Final = 250
"""Open streams: a network's desks and wall screens, within a small computer's means."""
STREAMS_EACH: Final = 40
"""Open streams per session, so that forgotten tabs or a script cannot use up all places."""


class View(Struct, frozen=True):
    """The content of a stream. `people`: names and pseudonyms too, for those who may see them."""

    site: SiteId
    lang: Lang
    people: bool = False


Draw = Callable[[View], str]
"""Return all that a view shows, as JSON in one line."""
Render = Callable[[View, StateChange], str | None]
"""Return a change as JSON in one line; None where this view does not show it."""


class Watcher:
    """One open stream. `key` names the session that opened it, or the address."""

    def __init__(self, view: View, key: str = "") -> None:
        self.view = view
        self.site = view.site
        self.key = key
        self.closed = False
        self._waiting: deque[bytes] = deque()
        self._behind = True
        self._wake = asyncio.Event()

    def offer(self, told: bytes) -> None:
        """Queue an update, or fall behind."""
        if self._behind:
            return
        if len(self._waiting) >= QUEUE_WRITES:
            self.fall_behind()
            return
        self._waiting.append(told)
        self._wake.set()

    def fall_behind(self) -> None:
        """Drop the queue: the next thing to send is a snapshot."""
        self._waiting.clear()
        self._behind = True
        self._wake.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self._wake.set()

    async def follow(self) -> AsyncIterator[bytes | None]:
        """Yield the updates, and None where a fresh snapshot is due (first of all, too)."""
        while not self.closed:
            if self._behind:
                self._behind = False
                yield None
            elif self._waiting:
                yield self._waiting.popleft()
            else:
                self._wake.clear()
                await self._wake.wait()


class Hub:
    """All watchers of one kind of page."""

    def __init__(
        self, draw: Draw, render: Render, most: int = WATCHERS_MAX, pace_s: float = PACE_S
    ) -> None:
        self._draw = draw
        self._render = render
        self._drawn: dict[View, bytes] = {}
        self._most = most
        self._pace_s = pace_s
        self._watchers: set[Watcher] = set()
        self._closed = False
        self._pending: dict[StateChange, None] = {}
        self._pace: asyncio.TimerHandle | None = None
        self._heart: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watchers)

    def of(self, key: str) -> int:
        """Return the number of streams that this session, or address, has open."""
        return sum(watcher.key == key for watcher in self._watchers)

    @property
    def shows_people(self) -> bool:
        """Return whether any open stream shows names."""
        return any(watcher.view.people for watcher in self._watchers)

    def join(self, view: View, key: str = "") -> Watcher | None:
        """Add a watcher, and return it; None when the hub is full or closing."""
        if self._closed or len(self._watchers) >= self._most:
            return None
        watcher = Watcher(view, key)
        self._watchers.add(watcher)
        if self._heart is None:
            self._heart = asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)
        return watcher

    def snapshot(self, view: View) -> bytes:
        """Return all that a view shows; after a restart, drawn once for all who reconnect."""
        if view not in self._drawn:
            self._drawn[view] = event("snapshot", self._draw(view))
        return self._drawn[view]

    def leave(self, watcher: Watcher) -> None:
        """Remove a watcher whose stream has ended."""
        self._watchers.discard(watcher)

    def tell(self, change: StateChange) -> None:
        """Send a change to every watcher that it concerns: now, or with the next write."""
        self._drawn.clear()
        self._pending.pop(change, None)
        self._pending[change] = None
        if len(self._pending) > PENDING_CHANGES:
            self.show_all_again()
        elif self._pace is None:
            self._write()

    def show_all_again(self) -> None:
        """Send everyone a fresh snapshot: the broker has sent its retained messages again."""
        self._drawn.clear()
        self._pending.clear()
        for watcher in self._watchers:
            watcher.fall_behind()

    def close(self) -> None:
        """End every stream, and refuse new ones."""
        self._closed = True
        for timer in (self._pace, self._heart):
            if timer is not None:
                timer.cancel()
        for watcher in self._watchers:
            watcher.close()

    def _beat(self) -> None:
        """Send a heartbeat; one timer for all watchers, while there are any."""
        self._heart = None
        for watcher in self._watchers:
            watcher.offer(_BEAT)
        if self._watchers:
            self._heart = asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)

    def _write(self) -> None:
        """Send what is pending, and nothing more for a while."""
        self._pace = None
        if not self._pending or self._closed:
            return
        changes, self._pending = list(self._pending), {}
        told: dict[View, bytes] = {}
        for watcher in self._watchers:
            if watcher.view not in told:
                told[watcher.view] = self._told(watcher.view, changes)
            if told[watcher.view]:
                watcher.offer(told[watcher.view])
        self._pace = asyncio.get_running_loop().call_later(self._pace_s, self._write)

    def _told(self, view: View, changes: list[StateChange]) -> bytes:
        rendered = (
            self._render(view, change) for change in changes if change.site in (None, view.site)
        )
        return b"".join(event("change", each) for each in rendered if each is not None)


def event(name: str, data: str) -> bytes:
    """Return an event of a stream (HTML, 9.2.5). `data` is one line."""
    return f"event: {name}\ndata: {data}\n\n".encode()


_BEAT: Final = event("beat", "")
