"""Who is watching: every open stream, with a bounded queue each.

A change is told at once, and what follows within `PACE_S` is told together, the last word on each
thing only: a busy morning costs five writes a second and screen, however many badges it has. What
is told is rendered and encoded once a view (site, language, who may see what), however many watch.
A watcher who falls behind loses its queue and gets a fresh snapshot instead: memory stays bounded,
and a slow screen is right again at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from msgspec import Struct

from gateway.console.feed.site_state import StateChange
from gateway.console.web.i18n import Lang
from gateway.core.model.names import SiteId

PACE_S: Final = 0.2
"""Seconds between two writes to a screen: five a second look immediate, and cost little."""
QUEUE_WRITES: Final = 25
"""Writes that a watcher may be behind: five seconds; beyond, a snapshot is shorter."""
PENDING_CHANGES: Final = 500
"""Changes that wait for the next write: a burst of more is a new picture, hence a snapshot."""
HEARTBEAT_S: Final = 15.0
"""Seconds between two signs of life: a page calls 35 s of silence a loss."""
WATCHERS_MAX: Final = 250
"""Open streams: a network's desks and wall screens, within one small computer's means."""
STREAMS_EACH: Final = 40
"""Open streams a session: nobody's forgotten tabs, and no script, take everybody's places."""


class View(Struct, frozen=True):
    """What a stream shows. `people`: names and pseudonyms too, for who may see them."""

    site: SiteId
    lang: Lang
    people: bool = False


Draw = Callable[[View], str]
"""All that a view shows, as JSON in one line."""
Render = Callable[[View, StateChange], str | None]
"""A change, likewise; None where this view does not show it."""


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
        """Queue what is told, or fall behind."""
        if self._behind:
            return
        if len(self._waiting) >= QUEUE_WRITES:
            self.fall_behind()
            return
        self._waiting.append(told)
        self._wake.set()

    def fall_behind(self) -> None:
        """Forget what waits: the next thing to send is a snapshot."""
        self._waiting.clear()
        self._behind = True
        self._wake.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self._wake.set()

    async def follow(self) -> AsyncIterator[bytes | None]:
        """Yield what is told, and None where a fresh snapshot is due (it is, first of all)."""
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
        """How many streams this session, or address, has open."""
        return sum(watcher.key == key for watcher in self._watchers)

    @property
    def shows_people(self) -> bool:
        """Whether any open stream shows names."""
        return any(watcher.view.people for watcher in self._watchers)

    def join(self, view: View, key: str = "") -> Watcher | None:
        """A new watcher; None when the house is full or closing."""
        if self._closed or len(self._watchers) >= self._most:
            return None
        watcher = Watcher(view, key)
        self._watchers.add(watcher)
        if self._heart is None:
            self._heart = asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)
        return watcher

    def snapshot(self, view: View) -> bytes:
        """All that a view shows; after a restart, drawn once for everyone who comes back."""
        if view not in self._drawn:
            self._drawn[view] = event("snapshot", self._draw(view))
        return self._drawn[view]

    def leave(self, watcher: Watcher) -> None:
        """Its stream is over."""
        self._watchers.discard(watcher)

    def tell(self, change: StateChange) -> None:
        """Tell a change to everyone whom it concerns: now, or with the next write."""
        self._drawn.clear()
        self._pending.pop(change, None)
        self._pending[change] = None
        if len(self._pending) > PENDING_CHANGES:
            self.show_all_again()
        elif self._pace is None:
            self._write()

    def show_all_again(self) -> None:
        """Everyone gets a fresh snapshot: the broker has told its retained messages anew."""
        self._drawn.clear()
        self._pending.clear()
        for watcher in self._watchers:
            watcher.fall_behind()

    def close(self) -> None:
        """End every stream, and let nobody in."""
        self._closed = True
        for timer in (self._pace, self._heart):
            if timer is not None:
                timer.cancel()
        for watcher in self._watchers:
            watcher.close()

    def _beat(self) -> None:
        """Say that we are here; one timer for everyone, while there is anyone."""
        self._heart = None
        for watcher in self._watchers:
            watcher.offer(_BEAT)
        if self._watchers:
            self._heart = asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)

    def _write(self) -> None:
        """Tell what is pending, and nothing more for a while."""
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
    """An event of a stream (HTML, 9.2.5). `data` is one line."""
    return f"event: {name}\ndata: {data}\n\n".encode()


_BEAT: Final = event("beat", "")
