"""Bookings, kept as their calendars have them, beside the doors and never before them.

Each feed has a task: fetch, read in a process apart, compare. A target's bookings are those of all
its feeds; they are told to the service only when they are others than the ones in force. What
cannot be had stays as it was known, over a restart too: the state holds the last bookings, and
their ids begin with their feed's name, so that one feed's silence does not hold back another's.

We look at whole days, from yesterday on, so that only a new day, and no passing hour, changes what
an unchanged calendar says: each change is a row of the journal.
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
"""From midnight on: 14 days from any hour, and from the next reading too."""
JITTER: Final = 0.1
"""A share of the interval: a hundred gateways must not ask one server in step."""
_random = SystemRandom()

Place = tuple[SiteId, Target]


class Engine(Protocol):
    """What of the service is needed here."""

    @property
    def sites(self) -> dict[SiteId, Site]:
        """The sites as they are in force."""
        ...

    @property
    def states(self) -> dict[SiteId, State]:
        """Their states since the last commit."""
        ...

    def tell(self, site: SiteId, event: BookingsChanged) -> Awaitable[object]:
        """Journal an event and take it into force."""
        ...


class Calendars:
    """Follows the feeds; `run` until cancelled. Nothing is told before `know` has been called."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._followed: dict[CalendarFeed, _Followed] = {}
        self._holders: Mapping[str, HolderId] | None = None
        self._changed = asyncio.Event()
        """The feeds are others."""
        self._news = asyncio.Event()
        """What they say, or who is who, is other."""
        self._one_at_a_time = asyncio.Semaphore(1)

    @property
    def wants_holders(self) -> bool:
        """`know` has to be called: there are feeds, and nobody is known to us."""
        return bool(self._followed) and self._holders is None

    @property
    def has_feeds(self) -> bool:
        """There is something to follow."""
        return bool(self._followed)

    def use(self, feeds: Iterable[CalendarFeed]) -> None:
        """Follow these feeds and no others; what is known of those that stay is kept."""
        known = self._followed
        self._followed = {feed: known.get(feed) or _Followed(feed) for feed in feeds}
        if not self._followed:
            self._holders = None  # nobody tells us of them any more
        self._changed.set()
        self._news.set()

    def know(self, holders: Mapping[str, HolderId]) -> None:
        """Whose addresses (in lowercase) these are, from now on."""
        self._holders = holders
        self._news.set()

    async def run(self) -> None:
        """Read and tell until cancelled."""
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
        """Everything that is booked by a feed, or was."""
        booked = {
            (site, target)
            for site, state in self._engine.states.items()
            for target, bookings in state.bookings.items()
            if bookings
        }
        return sorted(booked | {each.place for each in self._followed.values()})

    async def _tell(self, place: Place) -> None:
        """Take a target's bookings into force, if they are others."""
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
    """A feed, and what is known of it since the start."""

    def __init__(self, feed: CalendarFeed) -> None:
        self.feed = feed
        self.known: Expanded | None = None
        self.place: Place = (feed.site, feed.target)
        source = f"{feed.site}\0{feed.target}\0{feed.file}\0{feed.url}"
        self.name = blake2s(source.encode("utf-8", "replace"), digest_size=4).hexdigest()
        """With it begin the ids of all its bookings."""
        self._source = Source(feed)
        self._expanded_for: tuple[str, TimeWindow] | None = None
        self._failures = 0
        self._trouble = ""

    async def read(
        self, http: aiohttp.ClientSession, zone: str, now: datetime, turn: asyncio.Semaphore
    ) -> bool:
        """Whether more, less or other is known than before.

        Raises:
            FeedError: nothing new is known.
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
        """Say so, once for each trouble."""
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
    """Whole days in UTC."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return TimeWindow(today - BEFORE, today + DAYS)


def _bookings(
    feeds: Sequence[_Followed],
    in_force: tuple[Booking, ...],
    holders: Mapping[str, HolderId],
    window: TimeWindow,
) -> tuple[Booking, ...]:
    """What the feeds of one target say, those in force standing in for what was not read yet."""
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
    """Occurrences with pseudonyms for addresses; an address of nobody is dropped.

    A booking of nobody known stays: it keeps others out.
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
