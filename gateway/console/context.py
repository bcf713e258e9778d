"""The objects that every screen uses: sites, live picture, stores, connection to the gateway.

The console decides nothing about doors and stores nothing of them: it receives from the broker,
reads the journal, reads and writes the members, and sends requests to the gateway.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from gateway.adapters.mqtt import request_client
from gateway.adapters.mqtt.address import broker_address
from gateway.clock import Clock
from gateway.config import Settings
from gateway.console.audit.throttle import ViewThrottle
from gateway.console.feed.hub import Hub
from gateway.console.feed.page_snapshot import Viewer
from gateway.console.feed.site_state import Picture
from gateway.console.history.aggregates import Months
from gateway.console.kiosk import kiosk
from gateway.console.kiosk.kiosk import KioskViewer
from gateway.console.live.trends import Trends
from gateway.console.rules.what_if_jobs import Trials
from gateway.console.stores import Stores
from gateway.console.web.errors import Problem
from gateway.console.web.flash import FlashStore
from gateway.console.web.rate_limit import PublicRateLimit
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.requests import Order, Request
from gateway.wire.states import ResponseMessage
from gateway.wire.topics import Topics

if TYPE_CHECKING:
    from gateway.console.identity import Seats

NO_SITE: Final = "a console needs a site"
NAMES_FRESH: Final = timedelta(seconds=2)
"""Until an enrolled person's name appears on an open page; each check reads one number."""


class AppContext:
    """The state of one console, for as long as its process lives."""

    def __init__(
        self, sites: Sequence[Site], settings: Settings, clock: Clock, seats: "Seats"
    ) -> None:
        if not sites:
            raise ValueError(NO_SITE)
        self.sites = {site.id: site for site in sites}
        self.settings = settings
        self.clock = clock
        self.seats = seats
        self.topics = Topics(settings.prefix)
        self.picture = Picture(sites, settings.prefix, clock)
        self.viewer = Viewer(self.sites, self.picture, clock)
        self.hub = Hub(self.viewer.snapshot, self.viewer.change)
        self.stores = Stores(settings)
        self.kiosk_viewer = KioskViewer(self.sites, self.picture)
        self.kiosk = Hub(
            self.kiosk_viewer.snapshot,
            self.kiosk_viewer.change,
            most=kiosk.WATCHERS_MAX,
            pace_s=kiosk.PACE_S,
        )
        self.visitors = PublicRateLimit()
        self._names_read: datetime | None = None
        self.trends = Trends(self.stores, clock)
        self.told = FlashStore()
        self.glances = ViewThrottle()
        self.trials = Trials(settings)
        self.months = Months()

    async def ask(
        self, site: SiteId, order: Order, by: HolderId, transaction: str | None = None
    ) -> ResponseMessage:
        """Send a request to the gateway, and return its response.

        A request that is sent again under its `transaction` is answered again, but not executed
        again.

        Raises:
            gateway.adapters.mqtt.request_client.DeskError: There was no response; the
                message says what to do.
        """
        request = Request(transaction or uuid4().hex, by, self.clock.now(), order)
        return await request_client.ask(broker_address(self.settings), self.topics, site, request)

    async def read_names(self) -> None:
        """Read everybody's name again, unless just read; on failure the old names remain."""
        now = self.clock.now()
        if self._names_read is not None and now - self._names_read < NAMES_FRESH:
            return
        self._names_read = now
        with contextlib.suppress(Problem):
            self.viewer.names = await self.stores.names()

    async def keep_names(self) -> None:
        """Read the names repeatedly, while a stream shows them; until cancelled.

        A stream never waits for the members' file: it begins with pseudonyms, and is redrawn.
        """
        while True:
            await asyncio.sleep(NAMES_FRESH.total_seconds())
            before = self.viewer.names
            if self.hub.shows_people:
                await self.read_names()
            if self.viewer.names is not before:
                self.hub.show_all_again()

    def close(self) -> None:
        """Close the files."""
        self.trials.close()
        self.stores.close()
        self.seats.close()
