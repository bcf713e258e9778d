"""History: the numbers of `seuil history` and `seuil report`, in charts that have a table twin."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import HistoryQuery, occupancy_1d, opened
from gateway.cli import app
from gateway.console.history.aggregates import By, HistoryPoint, _points, figures_of, span_of
from gateway.core.model.places import Zone
from gateway.core.occupancy.daily_statistics import Piece
from gateway.report.month import month_of
from gateway.report.tables import csv_rows
from tests.world.console import seat
from tests.world.console_past import ConsolePast
from tests.world.engine import HALL, SITE

PAGE = "/sites/hub/history"
BODY = "/api/v1/sites/hub/history"
NOVEMBER = date(2026, 11, 1)
SUNDAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> ConsolePast:
    """The console after a morning, for who sees no names."""
    past = ConsolePast(tmp_path_factory.mktemp("past"))
    past.sits(seat("viewer"))
    return past


async def get(past: ConsolePast, path: str, language: str = "en") -> str:
    """A page's text."""
    async with past.browser(language) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, answer.text[-600:]
    return answer.text


@pytest.mark.parametrize(
    ("by", "day", "first", "after"),
    [
        ("day", date(2026, 11, 22), date(2026, 11, 22), date(2026, 11, 23)),
        ("week", date(2026, 11, 22), date(2026, 11, 16), date(2026, 11, 23)),
        ("month", date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_spans_are_whole(by: By, day: date, first: date, after: date) -> None:
    """A week begins on Monday; the span before it ends the day before."""
    span = span_of(by, day)
    assert (span.first, span.after) == (first, after)
    assert span_of(by, span.before).after == first


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_the_figures_are_those_of_report_and_history(past: ConsolePast, by: By) -> None:
    """Days, heat map, peak and use: to the last digit."""
    zone: Zone = SITE.zone[HALL]
    with opened(past.settings.data_dir / JOURNAL_FILE) as journal:
        figures = figures_of(journal, SITE, zone, span_of(by, SUNDAY))
        month = month_of(journal, SITE, NOVEMBER, hours=SITE.opening_hours)
        told = list(occupancy_1d(journal, HistoryQuery("hub", HALL)))
    (reported,) = [each for each in month.zones if each.zone == zone]
    assert figures.days == reported.days
    assert figures.week == reported.week
    assert (figures.peak, figures.mean, figures.in_use) == (
        reported.peak,
        reported.mean,
        reported.in_use,
    )
    assert [(day.mean, day.min, day.max, day.minutes) for day in figures.days] == [
        (day.mean, day.min, day.max, day.minutes) for day in told
    ]
    assert sum(point.minutes for point in figures.points) == told[0].minutes
    assert max(point.high for point in figures.points) == told[0].max
    if by == "month":
        (point,) = figures.points
        assert (point.mean, point.low, point.high) == (told[0].mean, told[0].min, told[0].max)


def test_an_hour_is_its_quarters() -> None:
    """Its mean goes by watched minutes, its fewest and most are those of all."""
    start = datetime(2026, 11, 22, 6, tzinfo=UTC)
    quarters = [
        (start, Piece(people=45.0, low=2, high=4, minutes=15, used=15)),
        (start + timedelta(minutes=45), Piece(people=7.0, low=0, high=1, minutes=7, used=7)),
        (start + timedelta(minutes=60), Piece(people=0.0, low=0, high=0, minutes=15, used=0)),
    ]
    first, second = _points(SITE, quarters, 60)
    assert first == HistoryPoint(start, round(52 / 22, 4), 0, 4, 22)
    assert second.at == start + timedelta(hours=1)


def test_the_clock_going_back_loses_no_hour() -> None:
    """The week in which clocks go back has an hour more."""
    span = span_of("week", date(2026, 10, 25))
    start, end = span.within(SITE)
    assert (end - start).total_seconds() == (7 * 24 + 1) * 3600


async def test_the_api_s_minutes_are_the_command_s(past: ConsolePast) -> None:
    """A quarter's mean is that of its minutes in `seuil history`."""
    folder = str(past.settings.data_dir)
    command = ["history", folder, "-m", "occupancy_1m", "--zone", HALL, "--json"]
    told = [json.loads(line) for line in CliRunner().invoke(app, command).stdout.splitlines()]
    body = json.loads(
        await get(
            past,
            f"/api/v1/sites/hub/history/{HALL}"
            "?from=2026-11-22T06:00:00Z&to=2026-11-22T06:15:00Z&step=15",
        )
    )
    (point,) = body["points"]
    quarter = [
        minute for minute in told
        if "2026-11-22T06:00" <= minute["time"] < "2026-11-22T06:15"
    ]  # fmt: skip
    assert quarter
    assert point["mean"] == pytest.approx(
        sum(minute["mean"] for minute in quarter) / len(quarter), abs=1e-4
    )
    assert point["max"] == max(minute["max"] for minute in quarter)
    assert point["minutes"] == len(quarter)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("by", ["day", "week", "month"])
async def test_each_chart_has_its_table(past: ConsolePast, by: str, language: str) -> None:
    """A title that says what it shows, and the numbers in a table beside it; nobody's name."""
    page = await get(past, f"{PAGE}?zone={HALL}&by={by}", language)
    charts = page.count('class="chart')
    assert charts == (1 if by == "day" else 2)
    assert page.count("<details>") == charts
    assert len(re.findall(r"<title id=", page)) == charts
    assert "Ada" not in page.partition("<main")[2]
    assert "style=" not in page
    assert ("Remplissage" if language == "fr" else "How full") in page


async def test_the_reasons_add_up(past: ConsolePast) -> None:
    """The month's and the day's counts are those of the report."""
    with opened(past.settings.data_dir / JOURNAL_FILE) as journal:
        month = month_of(journal, SITE, NOVEMBER, hours=SITE.opening_hours)
    day = _counts(await get(past, f"{PAGE}?by=day"))
    whole = _counts(await get(past, f"{PAGE}?by=month"))
    refused = sum(count for _, count in month.refused)
    assert sum(day) == sum(whole) == month.granted + refused == 7


def _counts(page: str) -> list[int]:
    table = page.partition('class="decided"')[2].partition("</table>")[0]
    return [int(count) for count in re.findall(r'<td class="number">(\d+)</td>', table)]


async def test_files_are_the_command_s(past: ConsolePast) -> None:
    """The month's CSV is that of `seuil report`; the PDF is one; the curve has its points."""
    with opened(past.settings.data_dir / JOURNAL_FILE) as journal:
        month = month_of(journal, SITE, NOVEMBER, hours=SITE.opening_hours)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(csv_rows(month))
    assert await get(past, f"{PAGE}/report.csv?on=2026-11-22") == text.getvalue()
    curve = await get(past, f"{PAGE}/figures.csv?zone={HALL}&by=day")
    assert curve.splitlines()[0] == "time,zone,mean,min,max,minutes"
    assert datetime.fromisoformat(curve.splitlines()[1].split(",")[0]).utcoffset()
    async with past.browser("fr") as browser:
        made = await browser.get(f"{PAGE}/report.pdf")
        assert made.content.startswith(b"%PDF")
        assert "attachment" in made.headers["content-disposition"]
        assert "Fréquentation" in (await browser.get(f"{PAGE}/report.html")).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PAGE}?zone=moon", 404),
        (f"{PAGE}?on=0001-01-01", 422),
        (f"{PAGE}?on=9999-12-31", 422),
        (f"{PAGE}?by=year", 422),
        (f"{PAGE}/report.exe", 422),
        (f"{BODY}/{HALL}?from=2026-11-22T06:00:00&to=2026-11-23T06:00:00Z", 422),
        (f"{BODY}/{HALL}?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", 422),
        (f"{BODY}/{HALL}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 422),
        (f"{BODY}/{HALL}?from=9999-12-31T00:00:00Z&to=9999-12-31T23:59:59Z", 200),
        (f"{BODY}/moon?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", 404),
    ],
)
async def test_nonsense_is_told(past: ConsolePast, path: str, status: int) -> None:
    """No zone, no day, no span: said so, and never a crash."""
    async with past.browser() as browser:
        assert (await browser.get(path)).status_code == status


async def test_an_empty_time_says_so(past: ConsolePast) -> None:
    """Nothing on record is no row of zeros."""
    page = await get(past, f"{PAGE}?by=week&on=2026-03-01")
    assert "No data for this period." in page
    assert '<svg class="chart' not in page
