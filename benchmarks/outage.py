"""`seuil bench outage`: InfluxDB is gone for minutes, and the broker restarts.

One run at 200 badges per second: quiet, InfluxDB out of reach, quiet again, a broker restart.
Answers are timed throughout. In the end the points that the store received are compared with those
of the journal's rows, as sets, and the devices' events with the journal's.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from aiohttp import web
from msgspec import Struct

from benchmarks import gateway_process, synthetic_site
from benchmarks.crash_judge import asked, numbered
from benchmarks.gateway_child import GatewayChild, gateway_child
from benchmarks.influx_stub import Sink
from benchmarks.load_devices import Crowd, connected
from benchmarks.processes import BenchError
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.adapters.influx.influx_points import points
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.config import load_settings

MEMBERS = 5000
READERS = 50
BADGES_A_S = 200.0
QUIET_S = (3.0, 60.0)
"""The length of the quiet phases: a quarter of the outage, within these limits."""
WARM_S = 2.0
"""The first seconds are not counted: imports, the first connection."""
RESTART_S = 5.0
"""Seconds of load after the broker is back."""
CAUGHT_UP_S = 180.0
"""The outbox retries half a minute after its last attempt, and then has minutes to write."""
RATIO_MAX = 1.5
RSS_GROWTH_MAX_MB = 20.0
"""Memory is bounded: unwritten points wait on disk."""
PHASES = 6
"""Steps that are reported."""
_ROWS = 2000


class BrokerRestart(Struct):
    """The effect of a broker restart."""

    lost: int
    """Events that are not in the journal."""
    gap_s: float
    """The longest time without an answer."""


class OutageResult(Struct):
    """The result that `--json` prints."""

    minutes: float
    before_p50_ms: float
    outage_p50_ms: float
    after_p50_ms: float
    ratio: float
    missing_points: int
    """Points of the journal's rows that the store did not receive."""
    foreign_points: int
    """Points that the store received and no row has."""
    points: int
    rss_growth_mb: float
    refused_writes: int
    badges: int
    broker_restart: BrokerRestart

    @property
    def is_good(self) -> bool:
        """True if answers are as fast as before, nothing is missing, and memory is bounded."""
        wrong = self.missing_points + self.foreign_points + self.broker_restart.lost
        bounded = self.rss_growth_mb <= RSS_GROWTH_MAX_MB
        return not wrong and self.ratio <= RATIO_MAX and bounded and self.refused_writes > 0


class MoodySink(Sink):
    """A sink that can be out of reach, and that records every point it received."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.refused = 0
        self.took: set[int] = set()
        """The points' hashes: half a million lines would be a hundred MB."""

    async def _write(self, request: web.Request) -> web.Response:
        if self.is_away:
            self.refused += 1
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        body = await request.read()
        self.took.update(map(hash, body.splitlines()))
        return web.Response(status=204)


class _Run(Struct):
    """The shared objects of a run's phases."""

    people: Crowd
    gateway: GatewayChild
    sink: MoodySink
    broker: EmbeddedBroker
    on_step: Callable[[str], None]


async def measure(
    minutes: float, on_step: Callable[[str], None] = lambda _step: None
) -> OutageResult:
    """Run through the phases, and compare.

    Raises:
        BenchError: something did not come back.
        BrokerError: there is no mosquitto.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        data, site, badges = (
            Path(folder),
            synthetic_site.place(READERS),
            synthetic_site.badges(MEMBERS),
        )
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
        async with (
            EmbeddedBroker(data / "broker", kind="mosquitto", autosave=False) as broker,
            MoodySink() as sink,
        ):
            order = gateway_process.GatewayChildConfig(broker.url, folder, site, sink.url)
            crowd = Crowd(broker.url, site, badges)
            async with (
                gateway_child(order) as gateway,
                connected(crowd) as people,
            ):
                await gateway.start()
                run = _Run(people, gateway, sink, broker, on_step)
                return await _phases(run, minutes, data / JOURNAL_FILE)


async def _phases(run: _Run, minutes: float, path: Path) -> OutageResult:
    quiet_s = min(max(minutes * 60 / 4, QUIET_S[0]), QUIET_S[1])
    load = asyncio.create_task(run.people.busy(BADGES_A_S), name="load")
    try:
        await _phase(run, "warming up", WARM_S)
        before = await _phase(run, "all is well", quiet_s)
        rss = run.gateway.rss_mb
        run.sink.is_away = True
        outage = await _phase(run, "InfluxDB is out of reach", minutes * 60)
        growth = run.gateway.rss_mb - rss
        run.sink.is_away = False
        after = await _phase(run, "InfluxDB is back", quiet_s)
        gap_s = await _restart(run)
    finally:
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
    run.on_step("everything is written")
    await run.people.settled(CAUGHT_UP_S)
    until = await _caught_up(run, path)
    await run.gateway.stop()
    missing, foreign = await asyncio.to_thread(_compare, path, run.sink.took, until)
    return OutageResult(
        minutes=minutes,
        before_p50_ms=_median(before),
        outage_p50_ms=_median(outage),
        after_p50_ms=_median(after),
        ratio=round(statistics.median(outage) / statistics.median(before), 3),
        missing_points=missing,
        foreign_points=foreign,
        points=len(run.sink.took),
        rss_growth_mb=round(growth, 1),
        refused_writes=run.sink.refused,
        badges=run.people.seen.sent,
        broker_restart=BrokerRestart(lost=_lost(path, run.people), gap_s=gap_s),
    )


async def _phase(run: _Run, name: str, seconds: float) -> list[float]:
    """Wait for so long; return the latencies in ms.

    Raises:
        BenchError: there was no answer, or the gateway died.
    """
    run.on_step(name)
    first = len(run.people.seen.answers)
    await asyncio.sleep(seconds)
    took = [ms for _, ms in run.people.seen.answers[first:]]
    if not took or not run.gateway.running:
        raise BenchError(f"{name}: no answers; {run.gateway.last_words()}")
    return took


async def _restart(run: _Run) -> float:
    """Restart the broker under load; return the longest time without an answer."""
    run.on_step("the broker restarts")
    first = len(run.people.seen.answers)
    await run.broker.stop()
    await run.broker.start()
    await asyncio.sleep(RESTART_S)
    came = [at for at, _ in run.people.seen.answers[max(0, first - 1) :]]
    if len(came) < 2:  # noqa: PLR2004 - a gap has two ends
        raise BenchError(f"no answers after the broker's restart: {run.gateway.last_words()}")
    return round(max(later - earlier for earlier, later in pairwise(came)), 3)


async def _caught_up(run: _Run, path: Path) -> int:
    """Wait until the outbox has processed every row; return the last one's number.

    Raises:
        BenchError: it takes too long.
    """
    deadline = time.monotonic() + CAUGHT_UP_S
    while True:
        with asked(path) as ask:
            ((last, done),) = ask(_PROGRESS)
        if done >= last:
            return int(last)
        if time.monotonic() > deadline:
            raise BenchError(f"{last - done} rows were not written: {run.gateway.last_words()}")
        await asyncio.sleep(0.2)


def _compare(path: Path, took: set[int], until: int) -> tuple[int, int]:
    """Return the points of rows up to `until` that the store lacks, and those that no row has."""
    file, expected, later, n = JournalFile(path), set[int](), set[int](), 0
    try:
        while rows := file.rows_after(n, _ROWS):
            for row in rows:
                made = {hash(line.encode()) for line in points(row)}
                (expected if row.n <= until else later).update(made)
            n = rows[-1].n
    finally:
        file.close()
    return len(expected - took), len(took - expected - later)


def _lost(path: Path, people: Crowd) -> int:
    with asked(path) as ask:
        return len(people.made - numbered(ask).keys())


def _median(took: list[float]) -> float:
    return round(statistics.median(took), 3)


_PROGRESS = """
SELECT (SELECT max(n) FROM journal),
       coalesce((SELECT n FROM outbox WHERE name = 'influx'), 0)"""
