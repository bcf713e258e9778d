"""Synchronises bookings with their calendars, without delaying the doors.

Each feed has a task: fetch, parse in a separate process, compare. A target's bookings are those of
all its feeds; they are passed to the service only when they differ from those in force. If a feed
fails, its last bookings stay, even over a restart: the state contains them, and their ids begin
with the feed's name, so that a failing feed does not block another one.

The window is whole days, from yesterday on, so that an unchanged calendar gives new bookings once
per day and not every hour: each change is a row of the journal.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2s
from random import SystemRandom
from typing import Final, Protocol

import aiohttp

from gateway.adapters.calendars.feed import Source, http_session
from gateway.adapters.calendars.occurrences import OCCURRENCES_MAX, Expanded, FeedError, TimeWindow
from gateway.adapters.calendars.sandbox import ExpandRequest, expand_apart
from gateway.clock import Clock
from gateway.config.calendars import CalendarFeed
from gateway.core.events import BookingsChanged
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.service.batch import EngineFaultError

log = logging.getLogger(__name__)

BEFORE: Final = timedelta(days=1)
DAYS: Final = timedelta(days=16)
"""From midnight on: at least 14 days from any hour until the next fetch."""
JITTER: Final = 0.1
"""A share of the interval: a hundred gateways must not query one server in step."""
_random = SystemRandom()

Place = tuple[SiteId, Target]


class Engine(Protocol):
    """The part of the service that is used here."""

    @property
    def sites(self) -> dict[SiteId, Site]:
        """Return the sites in force."""
        ...

    @property
    def states(self) -> dict[SiteId, State]:
        """Return their states since the last commit."""
        ...

    def tell(self, site: SiteId, event: BookingsChanged) -> Awaitable[object]:
        """Journal an event and apply it."""
        ...


class Calendars:
    """Follows the feeds; `run` until cancelled. Publishes no bookings before `know` was called."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._followed: dict[CalendarFeed, _Followed] = {}
        self._holders: Mapping[str, HolderId] | None = None
        self._changed = asyncio.Event()
        """Set when the list of feeds has changed."""
        self._news = asyncio.Event()
        """Set when the feeds' content or the holders have changed."""
        self._one_at_a_time = asyncio.Semaphore(1)

    @property
    def wants_holders(self) -> bool:
        """Return whether `know` has to be called: there are feeds, and the holders are unknown."""
        return bool(self._followed) and self._holders is None

    @property
    def has_feeds(self) -> bool:
        """Return whether there are feeds."""
        return bool(self._followed)

    def use(self, feeds: Iterable[CalendarFeed]) -> None:
        """Follow exactly these feeds; keep the content of those that stay."""
        known = self._followed
        self._followed = {feed: known.get(feed) or _Followed(feed) for feed in feeds}
        if not self._followed:
            self._holders = None  # they are no longer kept up to date
        self._changed.set()
        self._news.set()

    def know(self, holders: Mapping[str, HolderId]) -> None:
        """Set the holders by their addresses (in lowercase)."""
        self._holders = holders
        self._news.set()

    async def run(self) -> None:
        """Fetch feeds and publish bookings until cancelled."""
        async with http_session() as http, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_news(), name="bookings")
            running: dict[_Followed, asyncio.Task[None]] = {}
            while True:
                await self._changed.wait()
                self._changed.clear()
                wanted = set(self._followed.values())
                for gone in running.keys() - wanted:
                    running.pop(gone).cancel()
                for new in wanted - running.keys():
                    name = f"calendar {new.feed.target}"
                    running[new] = tasks.create_task(self._follow(http, new), name=name)

    async def _follow(self, http: aiohttp.ClientSession, followed: "_Followed") -> None:
        while True:
            zone = self._engine.sites[followed.feed.site].timezone
            try:
                if await followed.read(http, zone, self._clock.now(), self._one_at_a_time):
                    self._news.set()
            except FeedError as error:
                followed.failed(error)
            spread = _random.uniform(1 - JITTER, 1 + JITTER)
            await asyncio.sleep(followed.feed.refresh_s * spread)

    async def _tell_news(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            for place in self._places():
                await self._tell(place)

    def _places(self) -> list[Place]:
        """Return every target that a feed books, or booked before."""
        booked = {
            (site, target)
            for site, state in self._engine.states.items()
            for target, bookings in state.bookings.items()
            if bookings
        }
        return sorted(booked | {each.place for each in self._followed.values()})

    async def _tell(self, place: Place) -> None:
        """Apply a target's bookings if they have changed."""
        site, target = place
        feeds = [each for each in self._followed.values() if each.place == place]
        if feeds and self._holders is None:
            return
        now = self._engine.states[site].bookings.get(target, ())
        window = _window(self._clock.now())
        wanted = _bookings(feeds, now, self._holders or {}, window)
        if wanted[:OCCURRENCES_MAX] == now:
            return
        try:
            await self._engine.tell(site, BookingsChanged(target, wanted[:OCCURRENCES_MAX]))
        except EngineFaultError as error:
            log.error("%s, %s: the bookings are those of before: %s", site, target, error)  # noqa: TRY400 - the text says it
            return
        log.info(
            "%s, %s: %d bookings are in force", site, target, min(len(wanted), OCCURRENCES_MAX)
        )
        if len(wanted) > OCCURRENCES_MAX:
            log.warning(
                "%s, %s: the latest %d are left out", site, target, len(wanted) - OCCURRENCES_MAX
            )


class _Followed:
    """A feed, and its content since the start."""

    def __init__(self, feed: CalendarFeed) -> None:
        self.feed = feed
        self.known: Expanded | None = None
        self.place: Place = (feed.site, feed.target)
        source = f"{feed.site}\0{feed.target}\0{feed.file}\0{feed.url}"
        self.name = blake2s(source.encode("utf-8", "replace"), digest_size=4).hexdigest()
        """The prefix of all its bookings' ids."""
        self._source = Source(feed)
        self._expanded_for: tuple[str, TimeWindow] | None = None
        self._failures = 0
        self._trouble = ""

    async def read(
        self, http: aiohttp.ClientSession, zone: str, now: datetime, turn: asyncio.Semaphore
    ) -> bool:
        """Fetch the feed and return whether its content has changed.

        Raises:
            FeedError: it could not be fetched or read.
        """
        wanted = (zone, _window(now))
        body = await self._source.read(http, anew=wanted != self._expanded_for)
        before = self.known
        if body is not None:
            async with turn:
                self.known = await expand_apart(ExpandRequest(body, *wanted, self.name))
            self._source.keep(body)
            self._expanded_for = wanted
        self._worked(before)
        return self.known != before

    def failed(self, error: FeedError) -> None:
        """Count a failure, and log it unless the last one had the same text."""
        self._failures += 1
        if str(error) != self._trouble:
            self._trouble = str(error)
            log.warning(
                "calendar of %s (%s, %s) %s; what is known of it holds",
                self.feed.target,
                self.feed.site,
                self._source.place,
                error,
            )

    def _worked(self, before: Expanded | None) -> None:
        name = (self.feed.target, self.feed.site, self._source.place)
        if self._failures:
            log.info(
                "calendar of %s (%s, %s) is read again after %d failures", *name, self._failures
            )
        self._failures, self._trouble = 0, ""
        left_out = self.known.left_out if self.known else {}
        if left_out and (before is None or left_out != before.left_out):
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
            log.warning("calendar of %s (%s, %s): left out: %s", *name, reasons)


def _window(now: datetime) -> TimeWindow:
    """Return the window, in whole days of UTC."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return TimeWindow(today - BEFORE, today + DAYS)


def _bookings(
    feeds: Sequence[_Followed],
    in_force: tuple[Booking, ...],
    holders: Mapping[str, HolderId],
    window: TimeWindow,
) -> tuple[Booking, ...]:
    """Return one target's bookings from its feeds; for feeds not read yet, those in force."""
    bookings = [
        booking
        for feed in feeds
        for booking in (
            _kept(feed.name, in_force) if feed.known is None else _of(feed.known, holders)
        )
        if booking.ends > window.starts
    ]
    bookings.sort(key=lambda booking: (booking.starts, booking.ends, booking.id))
    return tuple(bookings)


def _kept(name: str, in_force: tuple[Booking, ...]) -> list[Booking]:
    return [booking for booking in in_force if booking.id.startswith(f"{name}-")]


def _of(known: Expanded, holders: Mapping[str, HolderId]) -> list[Booking]:
    """Return occurrences as bookings, with pseudonyms for addresses; unknown ones are dropped.

    A booking without any known holder is kept, since it keeps others out.
    """
    companies = [
        tuple(dict.fromkeys(holders[one] for one in guests.addresses if one in holders))
        for guests in known.guests
    ]
    return [
        Booking(
            id=each.id,
            starts=each.starts,
            ends=each.ends,
            holders=companies[each.guests],
            groups=known.guests[each.guests].groups,
            public=known.guests[each.guests].public,
        )
        for each in known.occurrences
    ]
