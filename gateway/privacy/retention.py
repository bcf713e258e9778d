"""The purge of each night: passages older than the limit become counts.

It works in small steps, each a transaction of the journal's thread, with a pause between two so
that doors go first. Every step leaves a consistent journal: the gateway may be killed at any
moment, and the next night continues where it stopped. Rows that a restart needs are never touched:
those behind the newest snapshot of every site in force, and the last row, which holds the highest
number.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.adapters.journal.journal import Journal
from gateway.adapters.journal.occupancy_history import opened
from gateway.adapters.journal.purge import (
    MonthSummary,
    ended,
    forget_snapshots,
    keep_month,
    purge_audit,
    purge_letters,
    purge_rows,
)
from gateway.adapters.journal.queries import row_at
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import from_us
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.occupancy.presence import MERGED_MAX
from gateway.report.month import visitors_of

log = logging.getLogger(__name__)

PAUSE_SHARE: Final = 10
"""A pause is this many times as long as the step before it: we use a tenth of the disk's time."""
PAUSE_MAX_S: Final = 1.0
JUMP_MIN: Final = timedelta(days=7)
"""More days of passages than this at once mean a machine that was off, or a wrong clock."""
_FIRST_KEPT: Final = "SELECT received FROM journal WHERE n > ? AND n <= ? ORDER BY n LIMIT 1"


class Kept(Struct, frozen=True):
    """Retention in days: of passages with a pseudonym, and of operators' own acts."""

    passage_days: int
    audit_days: int


class Purge(Struct, frozen=True):
    """The result of one night. `longest_ms` is the longest possible wait of a door."""

    until: int
    rows: int
    steps: int
    longest_ms: float


class Jump(Struct, frozen=True):
    """A purge that would delete far more than the days since the last one: the clock may be wrong.

    Passages received from `begins` until `ends` would go.
    """

    begins: datetime
    ends: datetime

    @property
    def days(self) -> int:
        """The number of days whose passages would be deleted at once."""
        return (self.ends - self.begins).days


class _Plan(Struct, frozen=True):
    """The last rows to purge: of passages, and of operators' acts."""

    passages: int
    acts: int
    sites: tuple[SiteId, ...]
    clocks: dict[SiteId, tzinfo]
    months: tuple[MonthSummary, ...]


def jump_of(
    connection: sqlite3.Connection, live: Iterable[SiteId], kept: Kept, now: datetime
) -> Jump | None:
    """Return a purge that would delete many nights' passages at once; None: it would not."""
    file = JournalFile(connection)
    until = _passages(connection, live, kept, now)
    first = connection.execute(_FIRST_KEPT, (file.purged().n, until)).fetchone()
    ends = file.received_at(until)
    if first is None or ends is None:
        return None
    begins = from_us(first[0])
    return Jump(begins, ends) if ends - begins > JUMP_MIN else None


async def purge(
    journal: Journal,
    live: Iterable[SiteId],
    kept: Kept,
    now: datetime,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Purge:
    """Do one night's work to its end; `live` are the sites in force.

    Raises:
        JournalError: the journal cannot be written; what was done stays done.
    """
    plan = await asyncio.to_thread(_plan, journal.path, tuple(live), kept, now)
    steps = _Steps(journal, sleep)
    for month in plan.months:
        await steps.take(partial(keep_month, month=month))
    if plan.passages:
        await steps.take(lambda db: forget_snapshots(db, plan.passages))
    rows = await steps.all_of(lambda db: purge_rows(db, plan.passages, plan.clocks))
    for site in plan.sites:
        await steps.all_of(partial(purge_audit, site=site, until=plan.acts))
    await steps.all_of(partial(purge_letters, before=now - timedelta(days=kept.passage_days)))
    await steps.take(lambda db: ended(db, now))
    if rows and not await journal.tidy():
        log.info("somebody reads the journal; its -wal file is written over later")
    return Purge(plan.passages, rows, steps.count, steps.longest_ms)


class _Steps:
    """Transactions one after the other, each followed by a pause."""

    def __init__(self, journal: Journal, sleep: Callable[[float], Awaitable[object]]) -> None:
        self.count = 0
        self.longest_ms = 0.0
        self._journal = journal
        self._sleep = sleep

    async def take(self, step: Callable[[sqlite3.Connection], int | None]) -> int:
        """Run one step and return its result, 0 for None."""
        started = time.perf_counter()
        done = await self._journal.work(step)
        took_s = time.perf_counter() - started
        self.count += 1
        self.longest_ms = max(self.longest_ms, took_s * 1000)
        await self._sleep(min(PAUSE_MAX_S, PAUSE_SHARE * took_s))
        return done or 0

    async def all_of(self, step: Callable[[sqlite3.Connection], int]) -> int:
        """Repeat a step until it has nothing more to do, and return the sum."""
        total = 0
        while done := await self.take(step):
            total += done
        return total


def _plan(path: Path, live: tuple[SiteId, ...], kept: Kept, now: datetime) -> _Plan:
    """Return the rows that may be purged, computed over its own connection."""
    with opened(path) as connection:
        file = JournalFile(connection)
        last, sites = file.last_n(), file.sites()
        described = {site: file.space_in_force(site, last) for site in sites}
        found = {site: each for site, each in described.items() if each is not None}
        return _Plan(
            passages=_passages(connection, live, kept, now),
            acts=row_at(connection, now - timedelta(days=kept.audit_days)),
            sites=tuple(sites),
            clocks={site: each.clock for site, each in found.items()},
            months=tuple(
                month for each in found.values() for month in _months(connection, file, each, now)
            ),
        )


def _passages(
    connection: sqlite3.Connection, live: Iterable[SiteId], kept: Kept, now: datetime
) -> int:
    """Return the last row whose passages may be purged: never a row that a restart needs."""
    file = JournalFile(connection)
    old = row_at(connection, now - timedelta(days=kept.passage_days))
    needed = (max(file.snapshots(site), default=0) for site in live)
    return max(0, min([old, file.last_n() - 1, *(n - 1 for n in needed)]))


def _months(
    connection: sqlite3.Connection, file: JournalFile, site: Site, now: datetime
) -> Iterator[MonthSummary]:
    """Yield the figures of every complete local month before its first purge.

    A month that is partly purged already has figures that cannot be computed: they are stored as
    unknown.
    """
    begins = file.first_received(site.id)
    if begins is None:
        return
    gone = file.purged()
    known = file.months(site.id)
    first = begins.astimezone(site.clock).date().replace(day=1)
    while _start(_next(first), site) + MERGED_MAX <= now:
        month = f"{first:%Y-%m}"
        if month not in known:
            is_whole = not gone.n or gone.received < _start(first, site)
            told = visitors_of(connection, site, first) if is_whole else None
            yield MonthSummary(
                site.id,
                month,
                told.visitors if told else None,
                told.stay_s if told else None,
            )
        first = _next(first)


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _start(day: date, site: Site) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=site.clock)
