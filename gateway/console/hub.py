"""Who is watching: every open stream, with a bounded queue each.

A change is rendered once a language, however many watch. A watcher who falls behind loses its queue
and gets a fresh snapshot instead: memory stays bounded, and a slow screen is right again at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from gateway.console.i18n import Lang
from gateway.console.picture import Change
from gateway.core.site import SiteId

QUEUE_CHANGES = 64
"""Changes a watcher may be behind: more than a busy second; beyond, a snapshot is shorter."""
WATCHERS_MAX = 200
"""Open streams: a network's desks and wall screens, within one small computer's means."""

Render = Callable[[SiteId, Lang, Change], str]


class Watcher:
    """One open stream of one site in one language."""

    def __init__(self, site: SiteId, lang: Lang) -> None:
        self.site = site
        self.lang = lang
        self.closed = False
        self._waiting: deque[str] = deque()
        self._behind = True
        self._wake = asyncio.Event()

    def offer(self, change: str) -> None:
        """Queue a rendered change, or fall behind."""
        if self._behind:
            return
        if len(self._waiting) >= QUEUE_CHANGES:
            self.fall_behind()
            return
        self._waiting.append(change)
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

    async def follow(self) -> AsyncIterator[str | None]:
        """Yield each change, and None where a fresh snapshot is due (it is, first of all)."""
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
    """All watchers."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._watchers: set[Watcher] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._watchers)

    def join(self, site: SiteId, lang: Lang) -> Watcher | None:
        """A new watcher; None when the house is full or closing."""
        if self._closed or len(self._watchers) >= WATCHERS_MAX:
            return None
        watcher = Watcher(site, lang)
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Its stream is over."""
        self._watchers.discard(watcher)

    def tell(self, change: Change) -> None:
        """Offer a change to everyone whom it concerns."""
        rendered: dict[tuple[SiteId, Lang], str] = {}
        for watcher in self._watchers:
            if change.site not in (None, watcher.site):
                continue
            view = (watcher.site, watcher.lang)
            if view not in rendered:
                rendered[view] = self._render(*view, change)
            watcher.offer(rendered[view])

    def show_all_again(self) -> None:
        """Everyone gets a fresh snapshot: the broker has told its retained messages anew."""
        for watcher in self._watchers:
            watcher.fall_behind()

    def close(self) -> None:
        """End every stream, and let nobody in."""
        self._closed = True
        for watcher in self._watchers:
            watcher.close()
