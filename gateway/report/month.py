"""The figures of a month, from the journal alone: occupancy, length of stay, visits.

Occupancy comes from the minutes (`occupancy_1m`), visits from the recorded entries and exits. The
unit of time is the quarter of an hour of the site's clock: every UTC offset is a multiple of it, so
local days and hours are sums of quarters, even on the nights of a clock change. The figures name no
one, and a count of people below `FEW` is not given: with four visitors per day, one of them is
easily guessed.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

import msgspec
from msgspec import Struct

from gateway.adapters.journal.occupancy_history import days, quarters
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import to_us
from gateway.core.facts import Fact, HolderMoved, OccupancyDay, VisitsDay
from gateway.core.model.directory import HolderId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.occupancy import daily_statistics
from gateway.core.occupancy.daily_statistics import THRESHOLD, Piece
from gateway.core.occupancy.visits import FEW, STAY_MAX

_DAYS_LATER_US: Final = 40 * 86_400_000_000
"""A day is closed when the gateway next runs: that may be weeks later."""
_MINUTE: Final = timedelta(minutes=1)
_FACTS = msgspec.json.Decoder(tuple[Fact, ...])


class ZoneMonth(Struct, frozen=True):
    """A zone's month. `week[weekday][hour]` is its mean people, Monday first; None: not watched."""

    zone: Zone
    days: tuple[OccupancyDay, ...]
    week: tuple[tuple[float | None, ...], ...]

    @property
    def peak(self) -> int:
        """The most people at once."""
        return max((day.max for day in self.days), default=0)

    @property
    def mean(self) -> float:
        """Mean people over the watched minutes."""
        minutes = sum(day.minutes for day in self.days)
        return sum(day.mean * day.minutes for day in self.days) / minutes if minutes else 0.0

    @property
    def in_use(self) -> float | None:
        """The mean use over its open days."""
        shares = [day.in_use for day in self.days if day.in_use is not None]
        return sum(shares) / len(shares) if shares else None


class MonthReport(Struct, frozen=True):
    """The figures of a report. `watched` is the share of the month's minutes on record."""

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
    threshold: float = THRESHOLD,
) -> MonthReport:
    """Return the figures of the month that begins on `first`; the place is open in `hours`.

    `hours` has opening_hours syntax. The days of visits are the engine's facts, which InfluxDB has
    too; the month's own figures are counted from entries and exits, so that a person who came twice
    is one visitor.
    """
    start, end = daily_statistics.began(site, first), daily_statistics.began(site, _next(first))
    zones = tuple(
        _zone_month(site, each, list(quarters(journal, site, each, (start, end), threshold)), hours)
        for each in site.zones
    )
    minutes = max((sum(day.minutes for day in each.days) for each in zones), default=0)
    figures = _kept_figures(journal, site, first) or visitors_of(journal, site, first)
    span, month = (to_us(start), to_us(end)), f"{first:%Y-%m}"
    return MonthReport(
        site=site,
        first=first,
        hours=hours,
        threshold=threshold,
        watched=minutes / ((end - start) / _MINUTE),
        zones=zones,
        visits=tuple(_visit_days(journal, site, span)),
        visitors=figures.visitors,
        stay_s=figures.stay_s,
        granted=_granted(journal, site, span, month),
        refused=tuple(_refused(journal, site, span, month)),
    )


class VisitorFigures(Struct, frozen=True):
    """A month's different people and their median stay; None: too few to publish, or unknown."""

    visitors: int | None
    stay_s: float | None


def visitors_of(journal: sqlite3.Connection, site: Site, first: date) -> VisitorFigures:
    """Return the figures of the month that begins on `first`, counted from entries and exits.

    The gateway stores them before the month's passages are purged (`gateway.privacy.retention`).
    """
    start, end = daily_statistics.began(site, first), daily_statistics.began(site, _next(first))
    visits = _visits(journal, site, start, end)
    return VisitorFigures(_told(len({visit.holder for visit in visits})), _stay_s(visits))


# -- occupancy -----------------------------------------------------------------------------------


def _zone_month(
    site: Site, zone: Zone, found: list[tuple[datetime, Piece]], hours: str
) -> ZoneMonth:
    by_hour: dict[tuple[int, int], list[Piece]] = defaultdict(list)
    for at, piece in found:
        local = at.astimezone(site.clock)
        by_hour[local.weekday(), local.hour].append(piece)
    week = tuple(tuple(_mean(by_hour.get((day, hour))) for hour in range(24)) for day in range(7))
    return ZoneMonth(zone, tuple(days(site, zone, found, hours)), week)


def _mean(pieces: list[Piece] | None) -> float | None:
    if not pieces:
        return None
    return sum(each.people for each in pieces) / sum(each.minutes for each in pieces)


def _next(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


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
    """Return the month's visits: entry from the street, and exit within `STAY_MAX`."""
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


def _kept_figures(journal: sqlite3.Connection, site: Site, first: date) -> VisitorFigures | None:
    """Return the stored figures of a month whose passages are purged, or soon will be."""
    found = journal.execute(_KEPT, (site.id, f"{first:%Y-%m}")).fetchone()
    if found:
        return VisitorFigures(*found)
    is_whole = JournalFile(journal).purged().received < daily_statistics.began(site, first)
    return None if is_whole else VisitorFigures(None, None)  # a partial count would be wrong


def _moves(facts: str) -> Iterator[HolderMoved]:
    return (fact for fact in _FACTS.decode(facts) if isinstance(fact, HolderMoved))


def _visit_days(
    journal: sqlite3.Connection, site: Site, within: tuple[int, int]
) -> Iterator[VisitsDay]:
    """Yield the days that were closed in the month or on the day after it."""
    first, end = within
    span = (site.id, first, end + _DAYS_LATER_US)
    for (facts,) in journal.execute(_DAYS, span):
        for fact in _FACTS.decode(facts):
            if isinstance(fact, VisitsDay) and first <= to_us(fact.at) < end:
                yield fact


def _stay_s(visits: list[_Visit]) -> float | None:
    """Return the median stay; None if fewer than `FEW` people stayed."""
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
"""Purged decisions are counted by the site's months."""


def _granted(journal: sqlite3.Connection, site: Site, span: tuple[int, int], month: str) -> int:
    rows = journal.execute(_DECISIONS, (site.id, *span, month, "granted"))
    return sum(count for _, _, count in rows)


def _refused(
    journal: sqlite3.Connection, site: Site, span: tuple[int, int], month: str
) -> Iterator[tuple[str, int]]:
    for _, reason, count in journal.execute(_DECISIONS, (site.id, *span, month, "denied")):
        yield str(reason), int(count)
