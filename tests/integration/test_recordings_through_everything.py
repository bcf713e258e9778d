"""Real recordings through everything: broker, gateway, journal, outbox, and back by a query.

CalIt2 (UCI 156) is the people through a building's door, counted each half hour for fifteen weeks;
ROBOD's room 1 is a lecture room's true head count and its air.
"""

import asyncio
import csv
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.influx.outbox import CURSOR
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import SystemClock
from gateway.core.model.names import DeviceId, SiteId
from gateway.wire.topics import Topics
from simulators.layouts import read_recording
from simulators.link import Broker
from simulators.replay import RecordingResult, Replay
from simulators.run import LiveClock, new_boot
from tests.servers import DedupVictoriaMetrics, InfluxDB, Mosquitto, WriteProxy, until
from tests.world.gateway_process import GatewayProcess

PEOPLE_IN, PEOPLE_OUT = 19_597, 18_837
KILLS = 20
HALF_HOUR = timedelta(minutes=30)
HalfHours = dict[tuple[str, datetime], int]
"""People by way (`in`, `out`) and the half hour's start; none where nobody came."""
KILLED_RATE = 2000.0
"""Events a second while the gateway is killed: slow enough that all kills fall into the telling."""
_PERIOD = "time >= '2005-07-01' AND time < '2005-12-01'"


@pytest.fixture(scope="session")
def truth(datasets: Path) -> HalfHours:
    """What the file says, read without any code of ours."""
    people: Counter[tuple[str, datetime]] = Counter()
    with (datasets / "uci156-calit2" / "CalIt2.data").open() as lines:
        for flow, day, clock, count in filter(None, csv.reader(lines)):
            begin = datetime.strptime(f"{day} {clock}", "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
            people[{"7": "out", "9": "in"}[flow], begin] += int(count)
    return dict(+people)


@pytest.fixture
async def dedup_victoria_metrics(tmp_path: Path) -> AsyncIterator[DedupVictoriaMetrics]:
    """VictoriaMetrics as docs/influxdb.md says to run it."""
    async with DedupVictoriaMetrics(tmp_path / "victoria") as server:
        yield server


async def tell(
    recording: Path,
    broker: Mosquitto,
    rate: float | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> RecordingResult:
    """The hub's counter tells a recording, until the gateway has acknowledged all of it."""
    clock = SystemClock()
    replay = Replay(
        read_recording(recording),
        SiteId("hub"),
        DeviceId("counter"),
        broker=Broker(broker.url),
        topics=Topics(),
        clock=LiveClock(clock),
        boot=new_boot(clock),
    )
    told = await replay.tell(rate, progress)
    assert told.ok
    return told


async def written(gateway: GatewayProcess) -> None:
    """Wait until every row is in the store."""
    await until(lambda: gateway.ask(lambda file: file.cursor(CURSOR)), "the outbox began")

    def is_written() -> bool:
        return not gateway.ask(lambda file: file.rows_after(file.cursor(CURSOR), 1))

    await until(is_written, "every row is in the store", poll_s=0.1)


@dataclass
class Stage:
    """A broker, an InfluxDB that can be cut off, a place for a gateway, and the recordings."""

    broker: Mosquitto
    influxdb: InfluxDB
    proxy: WriteProxy
    folder: Path
    datasets: Path

    def gateway(self, influx_url: str | None = None) -> GatewayProcess:
        """A gateway that writes there."""
        return GatewayProcess(
            self.folder / "gateway",
            self.broker.url,
            influx_url=influx_url or self.proxy.url,
            influx_bucket=InfluxDB.database,
        )

    async def tell(
        self, rate: float | None = None, progress: Callable[[int], None] = lambda _: None
    ) -> RecordingResult:
        """All of CalIt2."""
        return await tell(self.datasets / "uci156-calit2", self.broker, rate, progress)

    @property
    def events(self) -> int:
        """Of CalIt2, as the counter tells it."""
        return len(read_recording(self.datasets / "uci156-calit2").timed)


@pytest.fixture
def stage(
    fast_broker: Mosquitto,
    influxdb: InfluxDB,
    influx_proxy: WriteProxy,
    datasets: Path,
    tmp_path: Path,
) -> Stage:
    """Everything but the gateway runs."""
    return Stage(fast_broker, influxdb, influx_proxy, tmp_path, datasets)


def half_hours(influxdb: InfluxDB) -> HalfHours:
    """What InfluxQL says, as docs/influxdb.md asks it."""
    rows = influxdb.query(
        "SELECT sum(value) FROM sensor WHERE site = 'hub' AND zone = 'hall' AND "  # noqa: S608 - a test's
        f"(kind = 'in' OR kind = 'out') AND {_PERIOD} GROUP BY time(30m), kind fill(none)"
    )
    return {(row["kind"], _at(row["time"] / 1e9)): int(row["sum"]) for row in rows if row["sum"]}


def totals(influxdb: InfluxDB) -> dict[str, int]:
    """All people, each way."""
    rows = influxdb.query(
        f"SELECT sum(value) FROM sensor WHERE zone = 'hall' AND {_PERIOD} GROUP BY kind"  # noqa: S608 - a test's
    )
    return {row["kind"]: int(row["sum"]) for row in rows if row["kind"] in {"in", "out"}}


def in_victoria(server: DedupVictoriaMetrics) -> HalfHours:
    """People by half hour, from the raw samples."""
    people: Counter[tuple[str, datetime]] = Counter()
    for way in ("in", "out"):
        (series,) = server.export(f'sensor_value{{zone="hall",kind="{way}"}}')
        for value, ms in zip(series["values"], series["timestamps"], strict=True):
            at = _at(ms / 1000)
            begin = at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
            people[way, begin] += int(value)
    return dict(+people)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def test_every_half_hour_is_the_files(
    stage: Stage, truth: HalfHours, dedup_victoria_metrics: DedupVictoriaMetrics
) -> None:
    """In InfluxDB, and again in VictoriaMetrics, written anew from the same journal."""
    async with stage.gateway() as gateway:
        await gateway.hears()
        told = await stage.tell()
        assert told.totals == told.told == {"in": PEOPLE_IN, "out": PEOPLE_OUT}
        await written(gateway)
    assert totals(stage.influxdb) == {"in": PEOPLE_IN, "out": PEOPLE_OUT}
    assert half_hours(stage.influxdb) == truth
    with closing(sqlite3.connect(gateway.data / JOURNAL_FILE)) as db:
        db.execute("UPDATE outbox SET n = 0 WHERE name = ?", (CURSOR,))
        db.commit()
    async with stage.gateway(dedup_victoria_metrics.url) as gateway:
        await written(gateway)
    assert in_victoria(dedup_victoria_metrics) == truth


async def test_with_influxdb_out_of_reach_for_half_of_it(stage: Stage, truth: HalfHours) -> None:
    """The journal keeps it; afterwards every figure is there, once."""
    events = stage.events

    def progress(on_disk: int) -> None:
        stage.proxy.mode = "refuse" if events / 4 < on_disk < events * 3 / 4 else "pass"

    async with stage.gateway() as gateway:
        await gateway.hears()
        await stage.tell(progress=progress)
        await written(gateway)
        assert "InfluxDB is out of reach" in gateway.log
    assert totals(stage.influxdb) == {"in": PEOPLE_IN, "out": PEOPLE_OUT}
    assert half_hours(stage.influxdb) == truth


async def test_with_twenty_kills_of_the_gateway(stage: Stage, truth: HalfHours) -> None:
    """SIGKILL, and a new start at once: nobody is missing, and nobody counted twice."""
    dice = random.Random(20)
    events = stage.events
    on_disk: list[int] = [0]
    async with stage.gateway() as gateway:
        await gateway.hears()
        telling = asyncio.create_task(stage.tell(KILLED_RATE, on_disk.append))
        for kill in range(1, KILLS + 1):
            share = events * (kill - dice.random()) / (KILLS + 1)
            await until(lambda share=share: on_disk[-1] >= share, "it goes on")  # type: ignore[misc]
            assert not telling.done()
            await gateway.kill()
            await gateway.start()
        await telling
        assert gateway.log.count("is ready") == KILLS + 1
        await written(gateway)
    assert totals(stage.influxdb) == {"in": PEOPLE_IN, "out": PEOPLE_OUT}
    assert half_hours(stage.influxdb) == truth


async def test_a_lecture_room_is_in_the_store(stage: Stage) -> None:
    """ROBOD room 1: each row's head count and carbon dioxide, at its own minute."""
    expected: dict[str, dict[int, float]] = {"count": {}, "co2": {}}
    with (stage.datasets / "robod" / "combined_Room1.csv").open() as lines:
        for row in csv.DictReader(lines):
            at = datetime.strptime(row["timestamp"], "%Y-%m-%d %H:%M %z")
            ns = int(at.timestamp()) * 1_000_000_000
            expected["count"][ns] = float(row["occupant_count"])
            if row["indoor_co2"]:
                expected["co2"][ns] = float(row["indoor_co2"])
    async with stage.gateway() as gateway:
        await gateway.hears()
        await tell(stage.datasets / "robod", stage.broker)
        await written(gateway)
    for kind, values in expected.items():
        rows = stage.influxdb.query(f"SELECT value FROM sensor WHERE kind = '{kind}'")  # noqa: S608 - two words
        assert {row["time"]: row["value"] for row in rows} == values
