"""A month's figures, from the journal alone: how full, how long, how many.

Occupancy comes from the minutes (`occupancy_1m`), visits from who was known to come and go. The
unit of time is the quarter of an hour of the site's clock: every offset of the world is a multiple
of it, so local days and hours are sums of quarters, on the nights when the clock is changed too.

Nothing of it names anybody, and a count of people below `FEW` is not told: with four visitors a
day, one of them is easily guessed.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from gateway.adapters.journal_file import JournalFile
from gateway.adapters.journal_rows import to_us
from gateway.core.directory import HolderId
from gateway.core.facts import Fact, HolderMoved, VisitsDay
from gateway.core.site import Site, Zone
from gateway.core.visits import FEW, STAY_MAX

THRESHOLD: Final = 0.25
"""A zone is in use when it holds this share of its capacity; without one, when anybody is there."""
QUARTER: Final = timedelta(minutes=15)
_QUARTER_US: Final = 900_000_000
_DAYS_LATER_US: Final = 40 * 86_400_000_000
"""A day is closed when the gateway next runs: that may be weeks later."""
_ANYBODY: Final = 1e-9
"""Mean people of a minute in which somebody was there."""
_FACTS = msgspec.json.Decoder(tuple[Fact, ...])


class ZoneDay(Struct, frozen=True):
    """A local day of a zone: people, over the minutes that were watched.

    `in_use` is the share of its open minutes in which it was in use; None: it was not open.
    """

    day: date
    mean: float
    peak: int
    in_use: float | None
    minutes: int


class ZoneMonth(Struct, frozen=True):
    """A zone's month. `week[weekday][hour]` is its mean people, Monday first; None: not watched."""

    zone: Zone
    days: tuple[ZoneDay, ...]
    week: tuple[tuple[float | None, ...], ...]

    @property
    def peak(self) -> int:
        """The most people at once."""
        return max((day.peak for day in self.days), default=0)

    @property
    def mean(self) -> float:
        """Mean people over the watched minutes."""
        minutes = sum(day.minutes for day in self.days)
        return sum(day.mean * day.minutes for day in self.days) / minutes if minutes else 0.0

    @property
    def in_use(self) -> float | None:
        """The mean of its open days' use."""
        shares = [day.in_use for day in self.days if day.in_use is not None]
        return sum(shares) / len(shares) if shares else None


class Month(Struct, frozen=True):
    """Everything that a report shows. `watched` is the share of the month's minutes on record."""

    site: Site
    first: date
    hours: str
    threshold: float
    watched: float
    zones: tuple[ZoneMonth, ...]
    visits: tuple[VisitsDay, ...]
    visitors: int | None
    stay_s: float | None
    granted: int
    refused: tuple[tuple[str, int], ...]
    """Refusals by reason, the most frequent first."""

    @property
    def label(self) -> str:
        """`2026-11`."""
        return f"{self.first:%Y-%m}"


def month_of(
    journal: sqlite3.Connection,
    site: Site,
    first: date,
    *,
    hours: str,
    is_open: Callable[[datetime], bool],
    threshold: float = THRESHOLD,
) -> Month:
    """The month that begins on `first`; `is_open` is asked for each quarter's start (UTC).

    The days of visits are the engine's facts, which InfluxDB has too; the month's own figures are
    counted from who came and went, so that who came twice is one visitor.
    """
    zone = ZoneInfo(site.timezone)
    start, end = _midnight(first, zone), _midnight(_next(first), zone)
    calendar = _calendar(start, end, zone, is_open)
    zones = tuple(_zone_month(journal, site, each, calendar, threshold) for each in site.zones)
    minutes = max((sum(day.minutes for day in each.days) for each in zones), default=0)
    figures = _kept_figures(journal, site, first) or visitors_of(journal, site, first)
    return Month(
        site=site,
        first=first,
        hours=hours,
        threshold=threshold,
        watched=minutes / (15 * len(calendar.clock)),
        zones=zones,
        visits=tuple(_visit_days(journal, site, calendar)),
        visitors=figures.visitors,
        stay_s=figures.stay_s,
        granted=_granted(journal, site, calendar.span, f"{first:%Y-%m}"),
        refused=tuple(_refused(journal, site, calendar.span, f"{first:%Y-%m}")),
    )


class Visitors(Struct, frozen=True):
    """A month's different people and their median stay; None: too few to tell, or not known."""

    visitors: int | None
    stay_s: float | None


def visitors_of(journal: sqlite3.Connection, site: Site, first: date) -> Visitors:
    """The figures of the month that begins on `first`, counted from who came and went.

    What the gateway keeps of a month before its passages are purged (`gateway.privacy.retention`).
    """
    zone = ZoneInfo(site.timezone)
    start, end = _midnight(first, zone), _midnight(_next(first), zone)
    visits = _visits(journal, site, start, end)
    return Visitors(_told(len({visit.holder for visit in visits})), _stay_s(visits))


# -- the calendar --------------------------------------------------------------------------------


class _Calendar(Struct, frozen=True):
    """The month's quarters by number: their local time, and which of them the site is open in."""

    span: tuple[int, int]
    clock: dict[int, datetime]
    opened: set[int]


def _calendar(
    start: datetime, end: datetime, zone: ZoneInfo, is_open: Callable[[datetime], bool]
) -> _Calendar:
    quarters = [start + QUARTER * n for n in range((end - start) // QUARTER)]
    return _Calendar(
        span=(to_us(start), to_us(end)),
        clock={_number(at): at.astimezone(zone) for at in quarters},
        opened={_number(at) for at in quarters if is_open(at)},
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _next(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _number(at: datetime) -> int:
    return to_us(at) // _QUARTER_US


# -- occupancy -----------------------------------------------------------------------------------


class _Quarter(Struct, frozen=True):
    number: int
    people: float
    """Sum of the minutes' means."""
    peak: int
    minutes: int
    used: int
    """Minutes in which the zone was in use."""


_QUARTERS = """
SELECT time / 900000000, sum(mean), max(max), count(*), sum(mean >= ?4)
FROM occupancy_1m WHERE site = ?1 AND zone = ?2 AND time >= ?3 AND time < ?5
GROUP BY time / 900000000"""


def _zone_month(
    journal: sqlite3.Connection,
    site: Site,
    zone: Zone,
    calendar: _Calendar,
    threshold: float,
) -> ZoneMonth:
    in_use = max(threshold * zone.capacity, _ANYBODY) if zone.capacity else _ANYBODY
    first, end = calendar.span
    rows = journal.execute(_QUARTERS, (site.id, zone.id, first, in_use, end))
    by_day: dict[date, list[_Quarter]] = defaultdict(list)
    by_hour: dict[tuple[int, int], list[_Quarter]] = defaultdict(list)
    for row in rows:
        quarter = _Quarter(*row)
        local = calendar.clock[quarter.number]
        by_day[local.date()].append(quarter)
        by_hour[local.weekday(), local.hour].append(quarter)
    days = (_zone_day(day, found, calendar.opened) for day, found in sorted(by_day.items()))
    week = tuple(tuple(_mean(by_hour.get((day, hour))) for hour in range(24)) for day in range(7))
    return ZoneMonth(zone, tuple(days), week)


def _zone_day(day: date, quarters: list[_Quarter], open_quarters: set[int]) -> ZoneDay:
    opened = [each for each in quarters if each.number in open_quarters]
    minutes = sum(each.minutes for each in opened)
    return ZoneDay(
        day=day,
        mean=_mean(quarters) or 0.0,
        peak=max(each.peak for each in quarters),
        in_use=sum(each.used for each in opened) / minutes if minutes else None,
        minutes=sum(each.minutes for each in quarters),
    )


def _mean(quarters: list[_Quarter] | None) -> float | None:
    if not quarters:
        return None
    return sum(each.people for each in quarters) / sum(each.minutes for each in quarters)


# -- visits --------------------------------------------------------------------------------------


class _Visit(Struct, frozen=True):
    holder: HolderId
    came: datetime
    left: datetime | None


_DAYS = """
SELECT facts FROM journal
WHERE site = ? AND received >= ? AND received < ? AND facts LIKE '%"VisitsDay"%' ORDER BY n"""
_MOVES = """
SELECT facts FROM journal
WHERE site = ? AND received >= ? AND received < ? AND facts LIKE '%"HolderMoved"%' ORDER BY n"""


def _visits(
    journal: sqlite3.Connection, site: Site, start: datetime, end: datetime
) -> list[_Visit]:
    """Who came from the street in the month, and when they left (up to a stay's length later)."""
    came: dict[HolderId, datetime] = {}
    visits: list[_Visit] = []
    span = (site.id, to_us(start), to_us(end + STAY_MAX))
    for (facts,) in journal.execute(_MOVES, span):
        for move in _moves(facts):
            if move.origin is None and move.at < end:
                came[move.holder] = move.at
            if move.zone is None and move.holder in came:
                visits.append(_Visit(move.holder, came.pop(move.holder), move.at))
    visits += [_Visit(holder, at, None) for holder, at in came.items()]
    return visits


_KEPT = "SELECT visitors, stay_s FROM visits_past WHERE site = ? AND month = ?"


def _kept_figures(journal: sqlite3.Connection, site: Site, first: date) -> Visitors | None:
    """What was kept of a month whose passages are purged, or soon will be."""
    found = journal.execute(_KEPT, (site.id, f"{first:%Y-%m}")).fetchone()
    if found:
        return Visitors(*found)
    start = _midnight(first, ZoneInfo(site.timezone))
    is_whole = JournalFile(journal).purged().received < start
    return None if is_whole else Visitors(None, None)  # a part of it would be a wrong number


def _moves(facts: str) -> Iterator[HolderMoved]:
    return (fact for fact in _FACTS.decode(facts) if isinstance(fact, HolderMoved))


def _visit_days(
    journal: sqlite3.Connection, site: Site, calendar: _Calendar
) -> Iterator[VisitsDay]:
    """The days that were closed in the month or on the day after it."""
    first, end = calendar.span
    span = (site.id, first, end + _DAYS_LATER_US)
    for (facts,) in journal.execute(_DAYS, span):
        for fact in _FACTS.decode(facts):
            if isinstance(fact, VisitsDay) and first <= to_us(fact.at) < end:
                yield fact


def _stay_s(visits: list[_Visit]) -> float | None:
    """The median stay; None where fewer than `FEW` people stayed."""
    stays = {
        (visit.holder, visit.came): (visit.left - visit.came).total_seconds()
        for visit in visits
        if visit.left is not None and visit.left - visit.came <= STAY_MAX
    }
    people = {holder for holder, _ in stays}
    return median(stays.values()) if len(people) >= FEW else None


def _told(people: int) -> int | None:
    return people if people >= FEW else None


# -- decisions -----------------------------------------------------------------------------------

_DECISIONS = """
SELECT decision, reason, sum(count) FROM (
    SELECT decision, reason, count(*) AS count FROM decision
    WHERE site = ?1 AND at >= ?2 AND at < ?3 GROUP BY decision, reason
    UNION ALL SELECT decision, reason, count FROM access_past WHERE site = ?1 AND month = ?4)
WHERE decision = ?5 GROUP BY decision, reason ORDER BY sum(count) DESC, reason"""
"""Those that were purged are counted by the site's months."""


def _granted(journal: sqlite3.Connection, site: Site, span: tuple[int, int], month: str) -> int:
    rows = journal.execute(_DECISIONS, (site.id, *span, month, "granted"))
    return sum(count for _, _, count in rows)


def _refused(
    journal: sqlite3.Connection, site: Site, span: tuple[int, int], month: str
) -> Iterator[tuple[str, int]]:
    for _, reason, count in journal.execute(_DECISIONS, (site.id, *span, month, "denied")):
        yield str(reason), int(count)
