"""Charts as coordinates for the SVG templates; every colour is in the style sheet."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from babel.dates import format_date
from msgspec import Struct

from gateway.console.history.aggregates import STEPS, HistoryPoint, ZoneAggregates
from gateway.core.model.site import Site
from gateway.core.occupancy import daily_statistics
from gateway.translation import LOCALES, Lang

WIDTH: Final = 760
HEIGHT: Final = 230
LEFT: Final = 34
TOP: Final = 10
BOTTOM: Final = 24
_TICKS: Final = 4
"""The approximate number of lines across, above zero."""


class AxisTick(Struct, frozen=True):
    """A mark on an axis."""

    place: float
    label: str


class Curve(Struct, frozen=True):
    """The mean as lines and fewest to most as areas; both are SVG paths. `limit`: the capacity."""

    line: str
    band: str
    across: tuple[AxisTick, ...]
    along: tuple[AxisTick, ...]
    limit: float | None


class Cell(Struct, frozen=True):
    """An hour of the week; `shade` is 0 to 1, None: not watched."""

    day: int
    hour: int
    shade: float | None


class _Scale(Struct, frozen=True):
    """The scales of a chart: from a moment and a number of people to coordinates."""

    start: datetime
    end: datetime
    top: int
    length: timedelta
    """The duration of a point."""

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return round(LEFT + (WIDTH - LEFT) * min(share, 1.0), 1)

    def y(self, people: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - people / self.top), 1)

    def steps(self, run: Sequence[HistoryPoint], figure: str) -> list[tuple[float, float]]:
        """Return the corners of a line that holds each value for its whole time."""
        return [
            (self.x(at), self.y(getattr(point, figure)))
            for point in run
            for at in (point.at, point.at + self.length)
        ]


def curve_of(figures: ZoneAggregates, site: Site, lang: Lang) -> Curve:
    """Return the curve of a zone's span."""
    start, end = figures.span.within(site)
    capacity = figures.zone.capacity
    limit = capacity if capacity is not None and capacity <= 2 * max(figures.peak, 1) else None
    step = _nice(max(figures.peak, limit or 1) / _TICKS)
    top = -(-max(figures.peak, limit or 1) // step) * step
    scale = _Scale(start, end, top, timedelta(minutes=STEPS[figures.span.by]))
    runs = list(_runs(figures.points, scale.length))
    return Curve(
        line=" ".join(_path(scale.steps(run, "mean")) for run in runs),
        band=" ".join(
            _path([*scale.steps(run, "high"), *reversed(scale.steps(run, "low"))]) + "Z"
            for run in runs
        ),
        across=tuple(AxisTick(scale.y(n), str(n)) for n in range(0, top + 1, step)),
        along=tuple(_along(figures, site, lang, scale)),
        limit=scale.y(limit) if limit is not None else None,
    )


def cells_of(figures: ZoneAggregates) -> list[Cell]:
    """Return the heat map of the week."""
    known = [value for row in figures.week for value in row if value is not None]
    most = max(known, default=0.0)
    return [
        Cell(day, hour, None if value is None else round(value / most if most else 0.0, 3))
        for day, row in enumerate(figures.week)
        for hour, value in enumerate(row)
    ]


def _nice(step: float) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50 and so on."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size >= step:
                return factor * size
        size *= 10


def _runs(points: Sequence[HistoryPoint], length: timedelta) -> Iterator[list[HistoryPoint]]:
    """Yield runs of consecutive points; a longer silence is a gap. A day may have 25 hours."""
    run: list[HistoryPoint] = []
    for point in points:
        if run and point.at - run[-1].at > length * 1.1:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _along(figures: ZoneAggregates, site: Site, lang: Lang, scale: _Scale) -> Iterator[AxisTick]:
    """Yield every third hour of a day, else each day; by the site's clock."""
    span = figures.span
    if span.by == "day":
        for hour in range(0, 24, 3):
            at = datetime.combine(span.first, time(hour), site.clock)
            yield AxisTick(scale.x(at), f"{at:%H:%M}")
        return
    pattern = "EEE d" if span.by == "week" else "d"
    for n in range((span.after - span.first).days):
        day = span.first + timedelta(days=n)
        yield AxisTick(
            scale.x(daily_statistics.began(site, day)),
            format_date(day, pattern, locale=LOCALES[lang]),
        )


def _path(corners: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in corners)
