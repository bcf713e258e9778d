"""History: how full each zone was, how often it was visited, and what the doors decided."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from babel.dates import format_date, format_interval
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from msgspec import Struct
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.requests import Request

from gateway.console.access_log.log import short
from gateway.console.auth.roles import ConsoleHere, SiteHere, Viewer
from gateway.console.context import AppContext
from gateway.console.history.aggregates import (
    By,
    Span,
    ZoneAggregates,
    curve,
    decided,
    figures_of,
    span_of,
    visits_of,
)
from gateway.console.history.charts import cells_of, curve_of
from gateway.console.web.errors import RESPONSES, Problem
from gateway.console.web.opening_hours_text import in_words
from gateway.console.web.rendering import lang_of, page
from gateway.core.facts import VisitsDay
from gateway.core.model.names import ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.phrase import Phrase
from gateway.report.month import MonthReport
from gateway.report.tables import csv_rows
from gateway.report.words import ReportTexts
from gateway.translation import LOCALES, Lang

POINTS_MAX: Final = 3000
"""Points of one response: a month of quarters of an hour."""
KINDS: Final = {"pdf": "application/pdf", "html": "text/html", "csv": "text/csv"}

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["history"], responses=RESPONSES)

Zoned = Annotated[str, Query(alias="zone", max_length=32)]
On = Annotated[date | None, Query(alias="on")]


class Passages(Struct, frozen=True):
    """The doors' decisions in a span; `purged`: a part of it is kept as a month's counts only."""

    decided: tuple[tuple[str, str, int], ...]
    visits: tuple[VisitsDay, ...]
    month: MonthReport | None
    purged: bool

    @property
    def most(self) -> int:
        """Return the count of the most frequent one."""
        return max((count for *_, count in self.decided), default=1)


@pages.get("/sites/{site}/history")
async def history(
    *,
    request: Request,
    seat: Viewer,
    here: SiteHere,
    console: ConsoleHere,
    zone: Zoned = "",
    by: By = "week",
    on: On = None,
) -> Response:
    """Show a zone's day, week or month."""
    span, chosen = span_of(by, on or _today(console, here)), _zone(here, zone)
    figures = await console.stores.past(lambda journal: figures_of(journal, here, chosen, span))
    passages = await _passages(console, here, span)
    lang = lang_of(request)
    return page(
        request,
        "history.html",
        seat=seat,
        site=here,
        zone=chosen,
        span=span,
        today=_today(console, here),
        figures=figures,
        curve=curve_of(figures, here, lang),
        cells=cells_of(figures),
        passages=passages,
        named=_named(span, lang),
        opened=in_words(here.opening_hours),
        words=ReportTexts(lang),
        short=short,
    )


@pages.get("/sites/{site}/history/figures.csv")
async def figures_csv(
    *,
    here: SiteHere,
    seat: Viewer,
    console: ConsoleHere,
    zone: Zoned = "",
    by: By = "week",
    on: On = None,
) -> Response:
    """Return the curve's points as CSV."""
    del seat
    span, chosen = span_of(by, on or _today(console, here)), _zone(here, zone)
    figures = await console.stores.past(lambda journal: figures_of(journal, here, chosen, span))
    name = f"{here.id}-{chosen.id}-{span.first}-{by}.csv"
    return _file(name, "text/csv; charset=utf-8", _as_csv(_rows(figures, here)))


@pages.get("/sites/{site}/history/report.{kind}")
async def report(
    *,
    request: Request,
    here: SiteHere,
    seat: Viewer,
    console: ConsoleHere,
    kind: Literal["pdf", "html", "csv"],
    on: On = None,
) -> Response:
    """Return the month as a file, without personal data: the output of `seuil report`."""
    del seat
    span = span_of("month", on or _today(console, here))
    words = ReportTexts(lang_of(request))

    def made(month: MonthReport) -> bytes:
        # Imported here: drawing a report takes 10 MB, and is needed once per month.
        from gateway.report.page import page as report_page  # noqa: PLC0415
        from gateway.report.pdf import pdf  # noqa: PLC0415

        if kind == "pdf":
            return pdf(month, words)
        if kind == "html":
            return report_page(month, words).encode()
        return _as_csv(csv_rows(month))

    now = console.clock.now()
    content = await console.stores.past(
        lambda journal: made(console.months.of(journal, here, span.first, now))
    )
    return _file(f"{here.id}-{span.first:%Y-%m}.{kind}", KINDS[kind], content)


# -- for programs


class PointBody(BaseModel):
    """Some minutes of a zone from `at` on: mean people over the watched ones, fewest and most."""

    at: datetime
    mean: float
    min: int
    max: int
    minutes: int


class HistoryBody(BaseModel):
    """A zone's curve. Times without a point were not watched."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "zone": "coworking",
                    "capacity": 30,
                    "step": 60,
                    "points": [
                        {
                            "at": "2026-11-16T09:00:00Z",
                            "mean": 11.4,
                            "min": 8,
                            "max": 14,
                            "minutes": 60,
                        }
                    ],
                }
            ]
        }
    )

    zone: str
    capacity: int | None
    step: int
    points: list[PointBody]


@api.get("/history/{zone}")
async def history_body(
    *,
    seat: Viewer,
    here: SiteHere,
    console: ConsoleHere,
    zone: Annotated[str, Path(description="A zone's id.", examples=["coworking"])],
    since: Annotated[AwareDatetime, Query(alias="from", description="Inclusive.")],
    until: Annotated[AwareDatetime, Query(alias="to", description="Exclusive.")],
    step: Annotated[
        Literal["15", "60", "1440"],
        Query(description="Minutes of a point: a quarter, an hour or a day of the site's clock."),
    ] = "60",
) -> HistoryBody:
    """Return a zone's occupancy, as `seuil history` counts it."""
    del seat
    chosen, minutes = _zone(here, zone), int(step)
    if not timedelta() < until - since <= timedelta(minutes=minutes * POINTS_MAX):
        raise _too_long(minutes)
    points = await console.stores.past(
        lambda journal: curve(journal, here, chosen, (since, until), minutes)
    )
    return HistoryBody(
        zone=chosen.id,
        capacity=chosen.capacity,
        step=minutes,
        points=[
            PointBody(at=each.at, mean=each.mean, min=each.low, max=each.high, minutes=each.minutes)
            for each in points
        ],
    )


async def _passages(console: AppContext, site: Site, span: Span) -> Passages:
    """Return a span's decisions: a month's from the report, else those not purged yet."""
    now = console.clock.now()
    firsts = sorted({span.first.replace(day=1), (span.after - timedelta(days=1)).replace(day=1)})

    def asked(
        journal: sqlite3.Connection,
    ) -> tuple[list[MonthReport], tuple[tuple[str, str, int], ...]]:
        months = [console.months.of(journal, site, first, now) for first in firsts]
        return months, decided(journal, site, span.within(site))

    months, found = await console.stores.past(asked)
    whole = months[0] if span.by == "month" else None
    if whole is not None:
        refused = [("denied", reason, count) for reason, count in whole.refused]
        found = (("granted", "", whole.granted), *refused)
    began, _ = span.within(site)
    oldest = now - timedelta(days=console.settings.passage_days)
    return Passages(found, visits_of(months, span), whole, began < oldest and whole is None)


def _named(span: Span, lang: Lang) -> str:
    """Return the name of the span."""
    if span.by == "day":
        return str(format_date(span.first, "full", locale=LOCALES[lang]))
    if span.by == "week":
        return str(format_interval(span.first, span.last, "yMMMd", locale=LOCALES[lang]))
    return ReportTexts(lang).month(span.first)


def _today(console: AppContext, site: Site) -> date:
    return site.day_of(console.clock.now())


def _zone(site: Site, id_: str) -> Zone:
    """Return the zone that is named; the first where none is.

    Raises:
        Problem: There is none of that name.
    """
    found = site.zone.get(ZoneId(id_)) if id_ else next(iter(site.zones), None)
    if found is None:
        raise Problem(
            404,
            "no-such-zone",
            Phrase("Unknown space"),
            Phrase("Choose one from the list."),
        )
    return found


def _too_long(step: int) -> Problem:
    hours = step * POINTS_MAX // 60
    return Problem(
        422,
        "no-such-span",
        Phrase("Invalid period"),
        Phrase(
            '"from" must be before "to", by at most %(hours)s hours for this step.', hours=hours
        ),
    )


def _rows(figures: ZoneAggregates, site: Site) -> Iterator[tuple[object, ...]]:
    yield "time", "zone", "mean", "min", "max", "minutes"
    for point in figures.points:
        at = point.at.astimezone(site.clock).isoformat()
        yield at, figures.zone.id, point.mean, point.low, point.high, point.minutes


def _as_csv(rows: Iterator[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _file(name: str, media_type: str, content: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
