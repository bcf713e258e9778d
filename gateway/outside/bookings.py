"""The feed of bookings: when a room or machine is taken, never by whom or for what.

Read from the gateway's own journal, where bookings lie as times and pseudonyms; what an event is
called has never come that far. The console only reads.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import icalendar

from gateway.adapters.journal import JOURNAL_FILE
from gateway.adapters.journal_file import JournalFile
from gateway.clock import Clock
from gateway.core.bookings import Booking, Target
from gateway.core.events import BookingsChanged
from gateway.core.names import SiteId, Text
from gateway.core.site import Site

FRESH_S: Final = 60.0
"""Seconds for which an answer is told again: who asks more often costs the disk nothing."""
_TAKEN: Final = Text("Réservé", "Booked")

Booked = Mapping[Target, tuple[Booking, ...]]


class UnknownError(Exception):
    """The journal is not here, or cannot be read."""


class Bookings:
    """What is booked at each site, as the journal in a data folder says."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / JOURNAL_FILE
        self._clock = clock
        self._kept: dict[SiteId, tuple[float, Booked]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, site: SiteId) -> Booked:
        """A site's bookings.

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


def calendar(site: Site, booked: Booked, now: datetime) -> bytes:
    """A site's bookings as RFC 5545."""
    feed = icalendar.Calendar()
    feed.add("prodid", "-//Seuil//bookings//FR")
    feed.add("version", "2.0")
    feed.add("name", site.name.fr)
    feed.add("x-wr-calname", site.name.fr)
    feed.add("refresh-interval", timedelta(minutes=5), parameters={"VALUE": "DURATION"})
    for target, bookings in sorted(booked.items()):
        for event in _events(site, target, bookings, now):
            feed.add_component(event)
    content: bytes = feed.to_ical()
    return content


def _events(
    site: Site, target: Target, bookings: Iterable[Booking], now: datetime
) -> Iterable[icalendar.Event]:
    kind, _, about = target.partition(":")
    things = site.machines if kind == "machine" else site.zones
    name = next((thing.name.fr for thing in things if thing.id == about), about)
    for booking in bookings:
        event = icalendar.Event()
        event.add("uid", f"{booking.id}.{about}.{site.id}@seuil")
        event.add("dtstamp", now)
        event.add("dtstart", booking.starts)
        event.add("dtend", booking.ends)
        event.add("summary", f"{_TAKEN.fr} / {_TAKEN.en} : {name}")
        event.add("location", name)
        event.add("class", "PUBLIC" if booking.public else "PRIVATE")
        yield event
