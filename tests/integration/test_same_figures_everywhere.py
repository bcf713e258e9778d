"""Days, visits and the week's heat map: InfluxDB, the journal and the report say the same numbers.

Five October days of the engine, with the night in which clocks go back, minute by minute; what it
says goes through a real journal and the outbox into InfluxDB 1.6.7.
"""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gateway.adapters.influx.outbox import Outbox
from gateway.adapters.influx.settings import InfluxSettings
from gateway.adapters.journal import occupancy_history
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.occupancy_history import HistoryQuery, ZoneDay
from gateway.clock import ManualClock
from gateway.report.month import MonthReport, month_of
from tests.servers import InfluxDB, WriteProxy, until
from tests.world.engine import HALL, MEMBERS, SITE, Place
from tests.world.journal import batch_of

BEGINS = datetime(2026, 10, 23, 6, tzinfo=UTC)
"""A Friday, eight in the morning in Paris."""
DAYS = 5
OCTOBER = date(2026, 10, 1)
EIGHT = time(8)
OFFICE = structs.replace(
    SITE,
    zones=tuple(structs.replace(zone, capacity=8) for zone in SITE.zones),
    opening_hours="Mo-Fr 08:00-20:00",
)
WEEK = """
SELECT sum("mean"), count("mean") FROM occupancy_1m
WHERE site = 'hub' AND zone = 'hall' AND time >= '2026-10-01' AND time < '2026-11-01'
GROUP BY time(15m) fill(none)
"""
"""As docs/influxdb.md asks it."""


class Lived(Place):
    """The place, minute by minute."""

    is_checked = False

    def __init__(self) -> None:
        super().__init__(OFFICE, BEGINS)

    def minutes(self, count: int) -> None:
        """Let minutes pass, each with its tick."""
        for _ in range(count):
            self.after(60)

    def day(self, people: int) -> None:
        """So many come one after the other, and leave in the evening; until eight again."""
        for name in MEMBERS[:people]:
            self.enter(name)
            self.minutes(20)
        self.minutes(480)
        for name in MEMBERS[:people]:
            self.leave(name)
            self.minutes(7)
        self.minutes(1)
        while self.now.astimezone(self.site.clock).time() != EIGHT:
            self.minutes(1)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Path]:
    """A Friday of six, a weekend of nobody and of one, a Monday of five, a Tuesday of three."""
    place = Lived()
    for people in (6, 0, 1, 5, 3):
        place.day(people)
    store = Journal(tmp_path / JOURNAL_FILE)
    await store.open()
    await store.commit(batch_of(place.rows))
    yield tmp_path / JOURNAL_FILE
    await store.close()


async def written(journal: Path, url: str) -> None:
    """The outbox writes all of it."""
    store = Journal(journal)
    await store.open()
    outbox = Outbox(InfluxSettings(url, "seuil"), store, ManualClock(BEGINS))
    task = asyncio.create_task(outbox.run(), name="outbox")
    await until(lambda: outbox.points_written and outbox.backlog == 0, "all is written")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await store.close()


def month(journal: Path) -> MonthReport:
    """What the report shows."""
    with closing(sqlite3.connect(journal)) as connection:
        return month_of(connection, OFFICE, OCTOBER, hours=OFFICE.opening_hours)


def told(row: dict[str, Any]) -> ZoneDay:
    """A point of `occupancy_1d` as the history's line."""
    at = datetime.fromtimestamp(row["time"] / 1e9, UTC)
    figures = (row[name] for name in ("mean", "min", "max", "in_use", "minutes"))
    return ZoneDay(at, row["site"], row["zone"], *figures)


async def test_every_aggregate_is_the_same_everywhere(
    journal: Path, influxdb: InfluxDB, influx_proxy: WriteProxy
) -> None:
    """Peak, mean, use, visits, visitors, stays, and the week by the hour."""
    await written(journal, influx_proxy.url)
    reported = month(journal)
    with occupancy_history.opened(journal) as connection:
        days = list(occupancy_history.occupancy_1d(connection, HistoryQuery()))
    running = max(day.time for day in days)
    whole = [day for day in days if day.time < running]
    points = influxdb.query("SELECT * FROM occupancy_1d")
    found = sorted((told(row) for row in points), key=lambda day: (day.time, day.zone))
    assert found == whole
    assert len(whole) == DAYS * len(OFFICE.zones)
    hall = next(each for each in reported.zones if each.zone.id == HALL)
    assert [(d.at, d.mean, d.max, d.in_use) for d in hall.days] == [
        (d.time, d.mean, d.max, d.in_use) for d in days if d.zone == HALL
    ]
    assert [(d.max, d.in_use is None, d.minutes) for d in whole if d.zone == HALL] == [
        (6, False, 960), (0, True, 1440), (1, True, 1500), (5, False, 1440), (3, False, 1440),
    ]  # fmt: skip
    visits = influxdb.query("SELECT * FROM visits_1d")
    assert [(row["visits"], row["visitors"], row["stay_s"]) for row in visits] == [
        (day.visits, day.visitors, day.stay_s) for day in reported.visits if day.visits
    ]
    assert [row["visitors"] for row in visits] == [6, 5]


async def test_the_weeks_heat_map_is_the_reports(
    journal: Path, influxdb: InfluxDB, influx_proxy: WriteProxy
) -> None:
    """Quarters by InfluxQL, folded by weekday and hour of the site's clock."""
    await written(journal, influx_proxy.url)
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in influxdb.query(WEEK):
        local = datetime.fromtimestamp(row["time"] / 1e9, OFFICE.clock)
        cell = sums[local.weekday(), local.hour]
        cell[0] += row["sum"]
        cell[1] += row["count"]
    hall = next(each for each in month(journal).zones if each.zone.id == HALL)
    shown = {
        (weekday, hour): people
        for weekday, row in enumerate(hall.week)
        for hour, people in enumerate(row)
        if people is not None
    }
    assert {cell: total / count for cell, (total, count) in sums.items()} == pytest.approx(shown)
    assert sums[6, 2][1] == 120  # two o'clock comes twice in that night
    assert max(shown.values()) == 6
    assert timedelta(minutes=sum(count for _, count in sums.values())) > timedelta(days=DAYS - 1)


async def test_a_replay_writes_the_same_points(
    journal: Path, influxdb: InfluxDB, influx_proxy: WriteProxy
) -> None:
    """Written again, into the same store: not one more."""
    await written(journal, influx_proxy.url)
    before = influxdb.query("SELECT * FROM occupancy_1d")
    with closing(sqlite3.connect(journal)) as db:
        db.execute("UPDATE outbox SET n = 0")
        db.commit()
    await written(journal, influx_proxy.url)
    assert influxdb.query("SELECT * FROM occupancy_1d") == before
    assert before
