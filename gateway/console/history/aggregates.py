"""History as a page shows it: a day, a week or a month of a zone, with the report's own numbers.

Everything is summed from quarters of an hour by the functions that `seuil history` and `seuil
report` use. Visits and a month's decisions are the report's; it reads a whole month of the journal,
so it is cached for a while.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from gateway.adapters.journal.occupancy_history import days, quarters
from gateway.adapters.journal.rows import to_us
from gateway.console.web.errors import Problem
from gateway.console.web.labels import YEARS
from gateway.core.facts import OccupancyDay, VisitsDay
from gateway.core.model.names import SiteId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.occupancy import daily_statistics
from gateway.core.occupancy.daily_statistics import Piece
from gateway.phrase import Phrase
from gateway.report.month import MonthReport, month_of

By = Literal["day", "week", "month"]
STEPS: Final[dict[By, int]] = {"day": 15, "week": 60, "month": 1440}
"""Minutes per point of the curve."""
KEPT_S: Final = 300
"""Seconds for which a month's figures are shown before they are computed again."""
MONTHS_MAX: Final = 24
"""Months kept: a few hundred kilobytes."""


class Span(Struct, frozen=True):
    """Local days from `first` to before `after`."""

    by: By
    first: date
    after: date

    @property
    def last(self) -> date:
        """Return the last day."""
        return self.after - timedelta(days=1)

    @property
    def before(self) -> date:
        """Return a day of the span before it."""
        return self.first - timedelta(days=1)

    def within(self, site: Site) -> tuple[datetime, datetime]:
        """Return its beginning and end (UTC)."""
        return daily_statistics.began(site, self.first), daily_statistics.began(site, self.after)


class HistoryPoint(Struct, frozen=True):
    """Some minutes from `at` on: mean people over the watched minutes, fewest and most."""

    at: datetime
    mean: float
    low: int
    high: int
    minutes: int


class ZoneAggregates(Struct, frozen=True):
    """A zone's span. `week[weekday][hour]` is its mean people, Monday first; None: not watched."""

    zone: Zone
    span: Span
    points: tuple[HistoryPoint, ...]
    days: tuple[OccupancyDay, ...]
    week: tuple[tuple[float | None, ...], ...]

    @property
    def peak(self) -> int:
        """Return the most people at once."""
        return max((day.max for day in self.days), default=0)

    @property
    def mean(self) -> float | None:
        """Return the mean number of people over the watched minutes."""
        minutes = sum(day.minutes for day in self.days)
        return sum(day.mean * day.minutes for day in self.days) / minutes if minutes else None

    @property
    def in_use(self) -> float | None:
        """Return the mean use over its open days."""
        shares = [day.in_use for day in self.days if day.in_use is not None]
        return sum(shares) / len(shares) if shares else None


def span_of(by: By, day: date) -> Span:
    """Return the day, the week (from Monday) or the month that a day is in.

    Raises:
        Problem: The year is out of range.
    """
    if not YEARS[0] <= day.year < YEARS[1]:
        raise Problem(
            422,
            "no-such-day",
            Phrase("Date out of range"),
            Phrase("Choose another date."),
        )
    if by == "day":
        return Span(by, day, day + timedelta(days=1))
    if by == "week":
        monday = day - timedelta(days=day.weekday())
        return Span(by, monday, monday + timedelta(days=7))
    first = day.replace(day=1)
    return Span(by, first, (first + timedelta(days=31)).replace(day=1))


def figures_of(journal: sqlite3.Connection, site: Site, zone: Zone, span: Span) -> ZoneAggregates:
    """Return a zone's aggregates of a span."""
    found = list(quarters(journal, site, zone, span.within(site)))
    return ZoneAggregates(
        zone=zone,
        span=span,
        points=tuple(_points(site, found, STEPS[span.by])),
        days=tuple(days(site, zone, found)),
        week=_week(site, found),
    )


def curve(
    journal: sqlite3.Connection,
    site: Site,
    zone: Zone,
    within: tuple[datetime, datetime],
    step: int,
) -> tuple[HistoryPoint, ...]:
    """Return a zone's points of `step` minutes: a quarter, an hour or a local day."""
    return tuple(_points(site, quarters(journal, site, zone, within), step))


def decided(
    journal: sqlite3.Connection, site: Site, within: tuple[datetime, datetime]
) -> tuple[tuple[str, str, int], ...]:
    """Return decisions, reasons and counts, the most frequent first; without purged ones."""
    rows = journal.execute(_DECIDED, (site.id, *map(to_us, within)))
    return tuple((str(decision), str(reason), int(count)) for decision, reason, count in rows)


class Months:
    """A cache of the report's months. Any thread."""

    def __init__(self) -> None:
        self._kept: dict[tuple[SiteId, date], tuple[datetime, MonthReport]] = {}

    def of(
        self, journal: sqlite3.Connection, site: Site, first: date, now: datetime
    ) -> MonthReport:
        """Return the month that begins on `first`, as `seuil report` counts it."""
        at, month = self._kept.get((site.id, first), (None, None))
        if at is not None and month is not None and now - at < timedelta(seconds=KEPT_S):
            return month
        month = month_of(journal, site, first, hours=site.opening_hours)
        self._kept[site.id, first] = (now, month)
        while len(self._kept) > MONTHS_MAX:
            self._kept.pop(next(iter(self._kept)), None)
        return month


def visits_of(months: Iterable[MonthReport], span: Span) -> tuple[VisitsDay, ...]:
    """Return the days of visits in a span."""
    return tuple(
        day for month in months for day in month.visits if span.first <= day.day < span.after
    )


_DECIDED = """
SELECT decision, reason, count(*) FROM decision WHERE site = ? AND at >= ? AND at < ?
GROUP BY decision, reason ORDER BY decision DESC, count(*) DESC, reason"""


def _points(
    site: Site, found: Iterable[tuple[datetime, Piece]], step: int
) -> Iterable[HistoryPoint]:
    pieces: dict[datetime, list[Piece]] = defaultdict(list)
    for at, piece in found:
        pieces[_began(site, at, step)].append(piece)
    for at, each in sorted(pieces.items()):
        minutes = sum(piece.minutes for piece in each)
        yield HistoryPoint(
            at=at,
            mean=round(sum(piece.people for piece in each) / minutes, 4),
            low=min(piece.low for piece in each),
            high=max(piece.high for piece in each),
            minutes=minutes,
        )


def _began(site: Site, at: datetime, step: int) -> datetime:
    """Return the beginning of a quarter's point; an hour begins by the local clock."""
    if step == STEPS["day"]:
        return at
    if step == STEPS["month"]:
        return daily_statistics.began(site, site.day_of(at))
    return at - timedelta(minutes=at.astimezone(site.clock).minute)


def _week(
    site: Site, found: Iterable[tuple[datetime, Piece]]
) -> tuple[tuple[float | None, ...], ...]:
    by_hour: dict[tuple[int, int], list[Piece]] = defaultdict(list)
    for at, piece in found:
        local = at.astimezone(site.clock)
        by_hour[local.weekday(), local.hour].append(piece)
    return tuple(tuple(_mean(by_hour.get((day, hour))) for hour in range(24)) for day in range(7))


def _mean(pieces: list[Piece] | None) -> float | None:
    if not pieces:
        return None
    return sum(each.people for each in pieces) / sum(each.minutes for each in pieces)
