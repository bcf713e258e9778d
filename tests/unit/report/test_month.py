"""A month's figures, counted by hand, and that the report tells nobody's path."""

import asyncio
import csv
import io
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.rows import DecisionRow, MinuteRow, event_row, to_us
from gateway.adapters.journal.writer import Batch
from gateway.cli import app
from gateway.core.events import SpaceChanged, Tick
from gateway.core.facts import HolderMoved, VisitsDay
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, Text
from gateway.report.month import MonthReport, ZoneMonth, month_of
from gateway.report.page import page
from gateway.report.pdf import pdf
from gateway.report.tables import csv_rows, summary
from gateway.report.words import ReportTexts
from tests.world.engine import BOOTH, HALL, SITE

OCTOBER = date(2026, 10, 1)
"""Its last Sunday has 25 hours in Paris."""
MONDAY = datetime(2026, 10, 5, 8, tzinfo=UTC)
"""10 o'clock in Paris."""
MINUTE = timedelta(minutes=1)


class Past:
    """A journal in the making."""

    def __init__(self) -> None:
        self.batch = Batch()
        self.happens(MONDAY - timedelta(days=30), SpaceChanged(SITE))

    def happens(
        self, at: datetime, event: SpaceChanged | Tick, *facts: HolderMoved | VisitsDay
    ) -> None:
        """A row."""
        n = len(self.batch.events) + 1
        self.batch.events.append(event_row(n, SITE.id, event, facts, at))

    def visit(self, who: str, came: datetime, hours: float | None) -> None:
        """Somebody comes from the street, and leaves (None: forgets to badge out)."""
        holder = HolderId(who)
        self.happens(came, Tick(), HolderMoved(holder, None, HALL, came))
        if hours is not None:
            left = came + timedelta(hours=hours)
            self.happens(left, Tick(), HolderMoved(holder, HALL, None, left))

    def closes(self, day: date, people: int | None, stay_s: float | None = None) -> None:
        """A day of visits, as the engine tells it after midnight."""
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=2)
        told = VisitsDay(day, at, people and people + 1, people, stay_s)
        self.happens(at + timedelta(hours=24, minutes=1), Tick(), told)

    def minutes(self, start: datetime, count: int, people: float, zone: str = HALL) -> None:
        """So many minutes with so many people."""
        self.batch.minutes += [
            MinuteRow(SITE.id, zone, to_us(start + n * MINUTE), people, int(people), int(people))
            for n in range(count)
        ]

    def decides(self, decision: str, reason: str, at: datetime) -> None:
        """A decision, without its event."""
        n, us = 1000 + len(self.batch.decisions), to_us(at)
        self.batch.decisions.append(
            DecisionRow(n, SITE.id, DeviceId("x"), "x", None, decision, reason, us, None, "none")
        )

    def store(self, folder: Path) -> Path:
        """The journal on disk."""
        asyncio.run(_store(folder / JOURNAL_FILE, self.batch))
        return folder / JOURNAL_FILE


async def _store(file: Path, batch: Batch) -> None:
    journal = Journal(file)
    await journal.open()
    await journal.commit(batch)
    await journal.close()


@pytest.fixture
def past() -> Past:
    """A past to fill."""
    return Past()


@pytest.fixture
def month(past: Past, tmp_path: Path) -> MonthReport:
    """The October of what was put into `past` by the test's parameters: an ordinary Monday."""
    past.minutes(MONDAY, 60, 2.0)
    past.minutes(MONDAY + timedelta(hours=1), 60, 0.0)
    past.minutes(MONDAY, 15, 1.0, BOOTH)
    for who in "abcdef":
        past.visit(who, MONDAY + timedelta(minutes=ord(who) - 97), 2.0)
    past.visit("a", MONDAY + timedelta(hours=5), None)
    past.visit("g", MONDAY + timedelta(days=1), 3.0)
    past.closes(date(2026, 9, 30), 50)
    past.closes(MONDAY.date(), 6, 7200.0)
    past.closes(date(2026, 10, 6), None)
    past.decides("granted", "plan", MONDAY)
    past.decides("denied", "zone-full", MONDAY)
    past.decides("denied", "zone-full", MONDAY)
    past.decides("denied", "no-right", MONDAY - timedelta(days=10))
    return figures(past.store(tmp_path))


def figures(journal: Path, hours: str = "24/7", first: date = OCTOBER) -> MonthReport:
    """The month."""
    with closing(sqlite3.connect(journal)) as connection:
        return month_of(connection, SITE, first, hours=hours)


def hall(of: MonthReport) -> ZoneMonth:
    """The hall's part."""
    return next(each for each in of.zones if each.zone.id == HALL)


def test_a_day_has_its_mean_peak_and_use(month: MonthReport) -> None:
    """Two of three places for an hour, nobody for another: in use half of the time."""
    (day,) = hall(month).days
    assert (day.day, day.mean, day.max, day.in_use, day.minutes) == (
        date(2026, 10, 5), 1.0, 2, 0.5, 120,
    )  # fmt: skip


def test_use_counts_only_while_it_is_open(past: Past, tmp_path: Path) -> None:
    """The empty hour is after closing time; a day without open hours has no use at all."""
    past.minutes(MONDAY, 60, 2.0)
    past.minutes(MONDAY + timedelta(hours=1), 60, 0.0)
    past.minutes(MONDAY + timedelta(days=1, hours=3), 60, 2.0)
    days = hall(figures(past.store(tmp_path), "Mo-Su 10:00-11:00")).days
    assert [day.in_use for day in days] == [1.0, None]


def test_nothing_is_open_on_a_public_holiday(past: Past, tmp_path: Path) -> None:
    """Hours that close on holidays are asked with the site's: Wednesday the 11th of November."""
    past.minutes(datetime(2026, 11, 11, 10, tzinfo=UTC), 60, 2.0)
    past.minutes(datetime(2026, 11, 12, 10, tzinfo=UTC), 60, 2.0)
    france = structs.replace(SITE, country="FR")
    with closing(sqlite3.connect(past.store(tmp_path))) as connection:
        found = month_of(connection, france, date(2026, 11, 1), hours="Mo-Fr 08:00-20:00; PH off")
    assert [day.in_use for day in hall(found).days] == [None, 1.0]


def test_the_week_is_by_the_sites_clock(month: MonthReport) -> None:
    """8 UTC is 10 in Paris; what was not watched is not zero."""
    monday = hall(month).week[0]
    assert (monday[10], monday[11], monday[9]) == (2.0, 0.0, None)


def test_the_long_night_counts_its_hour_twice(past: Past, tmp_path: Path) -> None:
    """On 2026-10-25 it is two o'clock twice: 120 minutes, one hour of the week, one day."""
    past.minutes(datetime(2026, 10, 24, 22, tzinfo=UTC), 25 * 60, 1.0)
    found = hall(figures(past.store(tmp_path)))
    (day,) = found.days
    assert (day.day, day.minutes) == (date(2026, 10, 25), 1500)
    assert found.week[6] == (1.0,) * 24


def test_the_days_of_visits_are_the_engines(month: MonthReport) -> None:
    """September's last day is not in it; the month counts each person once."""
    first, second = month.visits
    assert (first.visits, first.visitors, first.stay_s) == (7, 6, 7200.0)
    assert (second.visits, second.visitors, second.stay_s) == (None, None, None)
    assert (month.visitors, month.stay_s) == (7, 7200.0)


def test_few_people_are_not_told(past: Past, tmp_path: Path) -> None:
    """Four visitors could be recognised: neither their number nor their stay is there."""
    for who in "abcd":
        past.visit(who, MONDAY, 2.0)
    few = figures(past.store(tmp_path))
    assert (few.visitors, few.stay_s) == (None, None)
    assert "moins de 5" in page(few, ReportTexts("fr"))


def test_the_months_visits_say_what_they_leave_out(month: MonthReport) -> None:
    """A day with few hides its number; a month without a closed day has none to tell."""
    first, second = month.visits
    for visits, told in (
        ((first,), "7"),
        ((first, second), "at least 7"),
        ((second,), "fewer than 5 a day"),
        ((), "not measured"),
    ):
        shown = summary(structs.replace(month, visits=visits), ReportTexts("en"))
        rows = {row[0]: row[1] for row in shown.rows}
        assert rows["Visits"] == told
        assert "Granted passages" in rows


def test_a_visit_of_a_whole_day_is_a_forgotten_way_out(past: Past, tmp_path: Path) -> None:
    """It lengthens no stay."""
    for who in "abcde":
        past.visit(who, MONDAY, 1.0)
    past.visit("f", MONDAY, 20.0)
    found = figures(past.store(tmp_path))
    assert (found.visitors, found.stay_s) == (6, 3600.0)


def test_passages_are_counted_by_reason_in_the_month(month: MonthReport) -> None:
    """September's refusal is not in it."""
    assert (month.granted, month.refused) == (1, (("zone-full", 2),))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_shows_charts_with_their_tables(month: MonthReport, language: str) -> None:
    """An SVG with a name, and a table twin; one file that loads nothing."""
    text = page(month, ReportTexts("fr" if language == "fr" else "en"))
    assert text.count("<svg") == 2 * len([zone for zone in month.zones if zone.days])
    assert text.count("<svg") == text.count("<details>")
    assert "<title>le hall: La semaine moyenne</title>" in text or language == "en"
    assert "http:" not in text.replace("http://www.w3.org/", "")
    assert "<script" not in text


def test_no_holder_is_in_any_file(month: MonthReport) -> None:
    """Not even a pseudonym."""
    names = {f">{who}<" for who in "abcdefg"}
    lines = io.StringIO()
    csv.writer(lines).writerows(csv_rows(month))
    assert not any(name in page(month, ReportTexts("en")) for name in names)
    assert not set("abcdefg") & {cell for row in csv_rows(month) for cell in map(str, row)}


def test_a_hostile_name_is_harmless(month: MonthReport) -> None:
    """In the page, in the charts' titles and in the PDF's markup."""
    name = Text(fr="<img src=x onerror=alert(1)>", en="</svg><b>")
    zones = tuple(
        structs.replace(each, zone=structs.replace(each.zone, name=name)) for each in month.zones
    )
    evil = structs.replace(month, zones=zones, site=structs.replace(month.site, name=name))
    for language in (ReportTexts("fr"), ReportTexts("en")):
        text = page(evil, language)
        assert "<img" not in text
        assert "</svg><b>" not in text
        assert pdf(evil, language).startswith(b"%PDF")


def test_the_same_month_is_the_same_pdf(month: MonthReport) -> None:
    """No time of making is in it, so that two copies can be compared."""
    assert pdf(month, ReportTexts("fr")) == pdf(month, ReportTexts("fr"))


def test_an_empty_month_is_a_report_all_the_same(past: Past, tmp_path: Path) -> None:
    """Nothing measured is said, not shown as zero people."""
    empty = figures(past.store(tmp_path), first=date(2026, 2, 1))
    assert empty.watched == 0
    assert "not measured" in page(empty, ReportTexts("en"))
    assert pdf(empty, ReportTexts("en")).startswith(b"%PDF")


def test_the_command_writes_three_files(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by site and month."""
    past.minutes(MONDAY, 60, 2.0)
    past.store(tmp_path)
    monkeypatch.chdir(tmp_path)
    asked = ("report", "2026-10", "--data-dir", ".", "--out", "out", "--language", "en")
    result = CliRunner().invoke(app, [*asked])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "hub-2026-10.csv", "hub-2026-10.html", "hub-2026-10.pdf",
    ]  # fmt: skip
    lines = list(csv.DictReader((tmp_path / "out" / "hub-2026-10.csv").read_text().splitlines()))
    peaks = {line["zone"]: line["value"] for line in lines if line["figure"] == "peak"}
    assert peaks == {"hall": "2"}


@pytest.mark.parametrize(
    ("arguments", "told_of"),
    [
        (("2026-13",), "a month is wanted"),
        (("2026-10", "--language", "de"), '"de" is not a language'),
        (("2026-10", "--site", "hob"), 'did you mean "hub"?'),
        (("2026-10", "--hours", "9 to 5"), '--hours: "9 to 5" is not in opening_hours syntax'),
        (("2026-10", "--hours", "Mo-Fr 08:00-20:00; PH off"), '"PH" needs to know whose'),
    ],
    ids=["no month", "no language of ours", "no such site", "no hours", "whose holidays"],
)
def test_what_cannot_be_reported_is_said(
    past: Past, tmp_path: Path, arguments: tuple[str, ...], told_of: str
) -> None:
    """With what would be right; exit code 2."""
    past.store(tmp_path)
    result = CliRunner().invoke(app, ["report", *arguments, "--data-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert told_of in " ".join(result.output.replace("│", " ").split())
