"""Runs all interfaces to other tools, and passes the picture's changes to them.

The picture is rebuilt after each connection, in pieces; so nothing is derived from it before it has
settled, `SETTLE_S` after the connection. What changed meanwhile is detected then.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from gateway.aio import cancel_and_wait
from gateway.clock import Clock
from gateway.config import OtherTools, Settings
from gateway.console.feed.site_state import Picture, StateChange
from gateway.console.integrations.bookings import Bookings
from gateway.console.integrations.events import SiteSnapshot, happenings, seen
from gateway.console.integrations.home_assistant_publisher import HomeAssistant
from gateway.console.integrations.prometheus import ConsoleFigures
from gateway.console.integrations.spaceapi import Public
from gateway.console.integrations.webhook_queue import Webhooks
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site

SETTLE_S: Final = 2.0
"""Seconds after a connection in which retained messages may still come."""
_TICK_S: Final = 1.0


class Outside:
    """Interfaces to other tools; `run` until cancelled, `heard` for each change of the picture."""

    def __init__(
        self,
        sites: Sequence[Site],
        settings: Settings,
        picture: Picture,
        clock: Clock,
        *,
        told: OtherTools | None = None,
        streams: Callable[[], int] = lambda: 0,
    ) -> None:
        """`told`: the space file's settings of other tools. `streams`: pages that are open."""
        told = told or OtherTools()
        self.sites = {site.id: site for site in sites}
        self.settings = settings
        self.clock = clock
        self.public = Public(self.sites, told.spaceapi, picture, clock, settings.data_dir)
        self.bookings = Bookings(settings.data_dir, clock)
        self.webhooks = Webhooks(
            told.webhooks, prefix=settings.prefix, hosts=settings.webhook_hosts, clock=clock
        )
        self.figures = ConsoleFigures(self.sites, picture, self.webhooks, streams)
        self.home_assistant = (
            HomeAssistant(self.sites, settings) if settings.home_assistant != "off" else None
        )
        self._picture = picture
        self._connected_at: float | None = None
        self._seen: dict[SiteId, SiteSnapshot] = {}
        self._to_store = asyncio.Event()

    async def run(self) -> None:
        """Run the interfaces until cancelled."""
        work = {"look": self._look(), "spaceapi": self._store(), "webhooks": self.webhooks.run()}
        if self.home_assistant is not None:
            work["home-assistant"] = self.home_assistant.run()
        tasks = [asyncio.create_task(one, name=f"outside-{name}") for name, one in work.items()]
        try:
            await asyncio.gather(*tasks)
        finally:  # a TaskGroup would cancel them once, and that may be swallowed
            await cancel_and_wait(*tasks)

    def heard(self, change: StateChange) -> None:
        """Handle a change of the picture."""
        if change.part == "access" and change.site is not None:
            message = self._picture.sites[change.site].decisions[0]
            self.figures.decided(change.site, message)
            if self.home_assistant is not None:
                self.home_assistant.decided(change.site, message)
        elif self._has_settled():
            for site in self.sites if change.site is None else (change.site,):
                self._conclude(site)

    def _has_settled(self) -> bool:
        now = self.clock.monotonic()
        if not self._picture.connected:
            self._connected_at = None
        elif self._connected_at is None:
            self._connected_at = now
        return self._connected_at is not None and now - self._connected_at >= SETTLE_S

    def _conclude(self, site_id: SiteId) -> None:
        """Publish the events and the open state that follow from a site's settled picture."""
        site = self.sites[site_id]
        after = seen(site, self._picture.sites[site_id])
        before = self._seen.get(site_id, after)
        self._seen[site_id] = after
        for event in happenings(site, before, after, self.clock.now()):
            self.webhooks.offer(event)
        if self.public.look(site_id):
            self._to_store.set()

    async def _look(self) -> None:
        """Find what changed while the picture settled, without a message that reports it."""
        while True:
            if self._has_settled():
                for site in self.sites:
                    self._conclude(site)
            await asyncio.sleep(_TICK_S)

    async def _store(self) -> None:
        while True:
            await self._to_store.wait()
            self._to_store.clear()
            await asyncio.to_thread(self.public.store)
