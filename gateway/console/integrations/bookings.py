"""The booked times of rooms and machines, from the gateway's own journal; the console only reads.

Bookings are stored there as times and pseudonyms; titles of events are never stored.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.clock import Clock
from gateway.core.events import BookingsChanged
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.names import SiteId

FRESH_S: Final = 60.0
"""Seconds for which a response is repeated, so that frequent requests cost no disk access."""

Booked = Mapping[Target, tuple[Booking, ...]]


class UnknownError(Exception):
    """The journal does not exist, or cannot be read."""


class Bookings:
    """The bookings at each site, from the journal in a data folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / JOURNAL_FILE
        self._clock = clock
        self._kept: dict[SiteId, tuple[float, Booked]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, site: SiteId) -> Booked:
        """Return a site's bookings.

        Raises:
            UnknownError: There is no journal here, or it cannot be read.
        """
        async with self._one_at_a_time:
            now = self._clock.monotonic()
            if site not in self._kept or now - self._kept[site][0] > FRESH_S:
                self._kept[site] = now, await asyncio.to_thread(self._read, site)
            return self._kept[site][1]

    def _read(self, site: SiteId) -> Booked:
        if not self._path.is_file():
            raise UnknownError(f"there is no {self._path}: SEUIL_DATA_DIR is not the gateway's")
        try:
            file = JournalFile(self._path)
            try:
                restored = file.restore(site)
                booked = dict(restored.state.bookings)
                for stored in file.events_after(restored.n, site):
                    if isinstance(stored.event, BookingsChanged):
                        booked[stored.event.target] = stored.event.bookings
            finally:
                file.close()
        except sqlite3.Error as wrong:
            raise UnknownError(f"{self._path} cannot be read: {wrong}") from None
        return booked
