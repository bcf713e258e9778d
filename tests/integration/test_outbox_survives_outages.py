"""The outbox between a real journal and real servers: InfluxDB 1.6.7 and VictoriaMetrics."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.influx.outbox import CURSOR, Outbox
from gateway.adapters.influx.settings import InfluxSettings
from gateway.adapters.journal.journal import Journal
from gateway.adapters.journal.rows import EventRow, to_us
from gateway.adapters.journal.writer import Batch
from gateway.clock import ManualClock
from gateway.core.events import Tick
from gateway.core.facts import (
    Decided,
    DeviceMinute,
    Fact,
    GatewayMinute,
    JournalRow,
    OccupancyChanged,
    OccupancyMinute,
    PeopleCrossed,
    Sensed,
)
from gateway.core.model.names import AccessPointId, DeviceId, SiteId, ZoneId
from tests.fakes.journal import FakeJournal
from tests.servers import DedupVictoriaMetrics, InfluxDB, VictoriaMetrics, WriteProxy, until

START = datetime(2005, 7, 24, tzinfo=UTC)
"""When the CalIt2 data begins."""
SITE = SiteId("calit2")
HALL = ZoneId("hall")
COUNTER = DeviceId("counter")
READER = DeviceId("reader")
_SECOND = timedelta(seconds=1)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An empty journal."""
    journal = Journal(tmp_path / "journal.db")
    await journal.open()
    yield journal
    await journal.close()


@pytest.fixture
async def dedup_victoria_metrics(tmp_path: Path) -> AsyncIterator[VictoriaMetrics]:
    """VictoriaMetrics that drops what it has already."""
    async with DedupVictoriaMetrics(tmp_path / "victoria-dedup") as server:
        yield server


def _event(n: int, at: datetime, *facts: Fact) -> EventRow:
    received = to_us(at) + 2500
    return EventRow(n, SITE, COUNTER, "crossing", to_us(at), received, Tick(), facts)


def _crossings(first: int, count: int, apart: timedelta) -> list[EventRow]:
    """Row n brings n % 7 people in and n % 5 out; totals run along."""
    rows = []
    for n in range(first, first + count):
        at = START + n * apart
        total = sum(k % 7 for k in range(1, n + 1))
        rows.append(
            _event(
                n,
                at,
                PeopleCrossed(COUNTER, HALL, at, entered=n % 7, left=n % 5),
                Sensed(COUNTER, HALL, "in_total", total, at),
            )
        )
    return rows


def _decision(n: int, at: datetime) -> EventRow:
    point = AccessPointId("front-in")
    return _event(n, at, Decided(READER, point, "granted", "plan", None, ()))


def _people_in(rows: Sequence[EventRow]) -> int:
    return sum(row.n % 7 for row in rows)


@asynccontextmanager
async def _outbox(url: str, journal: Journal | FakeJournal) -> AsyncIterator[Outbox]:
    outbox = Outbox(
        InfluxSettings(url, "seuil"), journal, ManualClock(START), backoff=lambda _: 0.01
    )
    task = asyncio.create_task(outbox.run(), name="outbox")
    try:
        yield outbox
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _write_all(url: str, journal: Journal) -> None:
    async with _outbox(url, journal) as outbox:
        await _written(outbox)
    assert await journal.cursor(CURSOR) == journal.last_n


async def _written(outbox: Outbox) -> None:
    await until(lambda: outbox.points_written and outbox.backlog == 0, "all is written")


async def test_every_measurement_reads_back_with_influxql(
    influxdb: InfluxDB, influx_proxy: WriteProxy, journal: Journal
) -> None:
    """Tags are tags, whole numbers are whole, and times are the events' own."""
    facts: tuple[Fact, ...] = (
        Decided(READER, AccessPointId("front-in"), "granted", "plan", None, ()),
        OccupancyChanged(HALL, START, 12, 11, 14, 9, 30, 0.0, 0.02, stale=False),
        OccupancyMinute(HALL, START, 11.5, 11, 12),
        PeopleCrossed(COUNTER, HALL, START, entered=3, left=1),
        DeviceMinute(COUNTER, START, True, 88.5, 1.5, 2, 1),  # noqa: FBT003 - online
        GatewayMinute("gw-1", START, 7, 0.5, 40, 0),
    )
    await journal.commit(Batch(events=[_event(1, START, *facts)]))
    await _write_all(influx_proxy.url, journal)

    def one(measurement: str) -> dict[str, object]:
        (row,) = influxdb.query(f"SELECT * FROM {measurement}")  # noqa: S608 - names from below
        return row

    ns = to_us(START) * 1000
    of_hall = {"time": ns, "site": SITE, "zone": HALL}
    assert one("access") == {
        "time": ns + 1,
        "site": SITE,
        "access_point": "front-in",
        "decision": "granted",
        "reason": "plan",
        "count": 1,
        "latency_ms": 2.5,
    }
    assert one("occupancy") == of_hall | {
        "people": 12,
        "low": 11,
        "high": 14,
        "known": 9,
        "capacity": 30,
        "p_vacant": 0,
        "p_full": 0.02,
    }
    assert one("occupancy_1m") == of_hall | {"mean": 11.5, "min": 11, "max": 12}
    assert one("device") == {
        "time": ns,
        "site": SITE,
        "device": COUNTER,
        "online": True,
        "battery": 88.5,
        "last_seen_s": 1.5,
        "gaps": 2,
        "duplicates": 1,
        "ghosts": 0,
    }
    assert one("gateway")["instance"] == "gw-1"
    counted = {row["kind"]: row["value"] for row in influxdb.query("SELECT * FROM sensor")}
    assert counted == {"in": 3, "out": 1}


async def test_people_a_half_hour_are_the_journals(
    influxdb: InfluxDB, influx_proxy: WriteProxy, journal: Journal
) -> None:
    """A sum over each half hour, and no person lost where a clock counts whole seconds."""
    half_hour = timedelta(minutes=30)
    rows = _crossings(1, 500, apart=timedelta())  # one device, one microsecond
    rows += [
        _event(
            n, START + half_hour, PeopleCrossed(COUNTER, HALL, START + half_hour, entered=1, left=0)
        )
        for n in range(501, 601)
    ]
    await journal.commit(Batch(events=rows))
    await _write_all(influx_proxy.url, journal)
    found = influxdb.query(
        "SELECT sum(value) FROM sensor WHERE kind = 'in' AND time >= '2005-07-24' "
        "AND time < '2005-07-24T01:00:00Z' GROUP BY time(30m)"
    )
    assert [row["sum"] for row in found] == [_people_in(rows[:500]), 100]


async def test_an_outage_in_the_middle_loses_nothing(
    influxdb: InfluxDB, influx_proxy: WriteProxy, journal: Journal
) -> None:
    """The server is killed, rows go on, it comes back: all are there, and the cursor is right."""
    rows = _crossings(1, 900, apart=timedelta(seconds=10))
    await journal.commit(Batch(events=rows[:300]))
    async with _outbox(influx_proxy.url, journal) as outbox:
        await _written(outbox)
        await influxdb.kill()
        await journal.commit(Batch(events=rows[300:600]))
        before = influx_proxy.requests
        await until(lambda: influx_proxy.requests > before + 2, "it was tried in vain")
        assert await journal.cursor(CURSOR) == 300
        assert outbox.backlog == 300
        await influxdb.start()
        await journal.commit(Batch(events=rows[600:]))
        await _written(outbox)
    assert await journal.cursor(CURSOR) == 900
    (found,) = influxdb.query("SELECT count(value), sum(value) FROM sensor WHERE kind = 'in'")
    assert (found["count"], found["sum"]) == (900, _people_in(rows))


async def test_a_replay_from_the_beginning_changes_nothing(
    influxdb: InfluxDB, influx_proxy: WriteProxy, journal: Journal
) -> None:
    """Same series, same times, same values: what is written twice is there once."""
    rows = _crossings(1, 400, apart=timedelta(seconds=10))
    await journal.commit(Batch(events=rows))
    await _write_all(influx_proxy.url, journal)
    before = influxdb.query("SELECT * FROM sensor")
    await journal.move_cursor(CURSOR, 0)
    await _write_all(influx_proxy.url, journal)
    assert influxdb.query("SELECT * FROM sensor") == before
    assert len(before) == 3 * 400


async def test_influxdbs_own_refusal_of_a_point_is_kept_with_its_words(
    influxdb: InfluxDB, influx_proxy: WriteProxy
) -> None:
    """No store takes an infinite temperature; the other 199 rows are written."""
    rows = [
        JournalRow(
            n,
            SITE,
            COUNTER,
            "co2",
            START,
            START,
            (Sensed(COUNTER, HALL, "co2", math.inf if n == 77 else n, START + n * _SECOND),),
        )
        for n in range(1, 201)
    ]
    journal = FakeJournal(rows)
    async with _outbox(influx_proxy.url, journal) as outbox:
        await _written(outbox)
    (letter,) = journal.letters
    assert "value=inf" in letter.payload
    assert "unable to parse" in letter.detail
    (found,) = influxdb.query("SELECT count(value) FROM sensor")
    assert found["count"] == 199


async def test_victoria_metrics_over_an_outage_and_a_replay(
    dedup_victoria_metrics: VictoriaMetrics, journal: Journal
) -> None:
    """With its deduplication on, sums are the journal's, whatever was written twice."""
    server = dedup_victoria_metrics
    rows = _crossings(1, 600, apart=timedelta(seconds=10))
    await journal.commit(Batch(events=rows[:300]))
    async with _outbox(server.url, journal) as outbox:
        await _written(outbox)
        await server.stop()
        await journal.commit(Batch(events=rows[300:]))
        await server.start()
        await _written(outbox)
    await journal.move_cursor(CURSOR, 0)
    await _write_all(server.url, journal)
    (found,) = server.export('sensor_value{kind="in"}')
    assert len(found["values"]) == 600
    assert sum(found["values"]) == _people_in(rows)
    assert found["metric"] == {
        "__name__": "sensor_value",
        "site": SITE,
        "zone": HALL,
        "device": COUNTER,
        "kind": "in",
    }


async def test_what_victoria_metrics_makes_of_one_millisecond(
    victoria_metrics: VictoriaMetrics,
    dedup_victoria_metrics: VictoriaMetrics,
    journal: Journal,
) -> None:
    """It keeps milliseconds only, as docs/influxdb.md warns.

    Ten crossings of a counter in one: without deduplication all are kept (and all again after a
    replay), with it any one is. The running total is right from the next report on.
    """
    rows = _crossings(1, 10, apart=timedelta())
    later = START + _SECOND
    total = Sensed(COUNTER, HALL, "in_total", _people_in(rows), later)
    await journal.commit(Batch(events=[*rows, _event(11, later, total)]))
    await _write_all(victoria_metrics.url, journal)
    await journal.move_cursor(CURSOR, 0)
    await _write_all(dedup_victoria_metrics.url, journal)
    (every,) = victoria_metrics.export('sensor_value{kind="in"}')
    (one,) = dedup_victoria_metrics.export('sensor_value{kind="in"}')
    assert sum(every["values"]) == _people_in(rows)
    assert len(one["values"]) == 1
    for server in (victoria_metrics, dedup_victoria_metrics):
        (totals,) = server.export('sensor_value{kind="in_total"}')
        assert totals["values"][-1] == _people_in(rows)
    await journal.move_cursor(CURSOR, 0)
    await _write_all(victoria_metrics.url, journal)
    (twice,) = victoria_metrics.export('sensor_value{kind="in"}')
    assert sum(twice["values"]) == 2 * _people_in(rows)
