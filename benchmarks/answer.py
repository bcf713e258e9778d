"""`seuil bench answer`: the gateway's answers beside a bare echo's, on one broker, in one run.

Both are loaded in turn, round by round, first at a fixed rate (latency of an answer), then as fast
as they can (throughput). The gateway has its members, its journal at `synchronous=FULL` and its
points on.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks import gateway_process, synthetic_site
from benchmarks.disk import flush_ms, temporary_disk
from benchmarks.echo import PREFIX
from benchmarks.influx_stub import Sink
from benchmarks.load import LoadConfig, Measured
from benchmarks.load_run import run_load
from benchmarks.processes import child, rss_mb, settled
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.config import load_settings

MEMBERS = 5000
READERS = 50
RATE = 200.0


class LatencyFigures(Struct):
    """The figures of one side."""

    p50_ms: float
    p99_ms: float
    rate: float
    cpu_us: float
    """Processor time of the process, for each badge of the fixed rate."""
    cpu_us_max: float
    """The same at full load."""
    rss_mb: float | None = None


class Ratio(Struct):
    """The gateway's figure over the echo's: medians of the rounds' ratios."""

    p50: float
    p99: float
    rate: float


class AnswerResult(Struct):
    """The result that `--json` prints."""

    echo: LatencyFigures
    gateway: LatencyFigures
    ratio: Ratio
    flush_ms: float
    """The disk's time to flush a page, measured before each load of the gateway."""
    points: int
    """Points that the sink received during the run."""
    lost: int
    """Badges without an answer, on both sides."""


class _Side:
    """One of the two sides that are measured, a process."""

    def __init__(self, pid: int, url: str, topics: list[str], badges: list[str]) -> None:
        self._pid = pid
        self._order = LoadConfig(url=url, topics=topics, badges=badges, seconds=0)
        self._boot = 0
        self.steady: list[Measured] = []
        self.flood: list[Measured] = []
        self.cpu_us: list[float] = []
        self.cpu_us_max: list[float] = []

    async def load(self, seconds: float, rate: float) -> Measured:
        self._boot += 1
        order = msgspec.structs.replace(
            self._order, seconds=seconds, rate=rate, boot=self._boot, seed=self._boot
        )
        measured, cpu_us = await run_load(self._pid, order)
        (self.cpu_us if rate else self.cpu_us_max).append(cpu_us)
        (self.steady if rate else self.flood).append(measured)
        return measured

    @property
    def lost(self) -> int:
        return sum(run.sent - run.answered for run in self.steady + self.flood)

    def figures(self, rss: float | None = None) -> LatencyFigures:
        return LatencyFigures(
            p50_ms=round(statistics.median(run.p50_ms for run in self.steady), 3),
            p99_ms=round(statistics.median(run.p99_ms for run in self.steady), 3),
            rate=round(statistics.median(run.rate for run in self.flood), 1),
            cpu_us=round(statistics.median(self.cpu_us), 1),
            cpu_us_max=round(statistics.median(self.cpu_us_max), 1),
            rss_mb=rss,
        )


async def measure(
    rounds: int,
    seconds: float,
    members: int = MEMBERS,
    on_step: Callable[[str], None] = lambda _step: None,
) -> AnswerResult:
    """Measure both sides in turn.

    Raises:
        BenchError: a process could not be started, or failed; or there is no disk to flush.
        BrokerError: no broker could be started.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-", dir=temporary_disk()) as folder:
        data, flushes = Path(folder), list[float]()
        settings = load_settings(data_dir=data)
        numbers = synthetic_site.badges(members)
        synthetic_site.enrol(data, credential_key(settings), numbers)
        site = synthetic_site.place(READERS)
        async with EmbeddedBroker(data / "broker", autosave=False) as broker, Sink() as sink:
            order = gateway_process.GatewayChildConfig(broker.url, folder, site, sink.url)
            async with (
                child("benchmarks.echo", "127.0.0.1", str(broker.port)) as bare,
                child("benchmarks.gateway_process", order=msgspec.json.encode(order)) as process,
            ):
                topics = [f"{PREFIX}/{device.id}" for device in site.devices]
                echo = _Side(bare.pid, broker.url, topics, numbers)
                topics = [f"seuil/{site.id}/{device.id}" for device in site.devices]
                gateway = _Side(process.pid, broker.url, topics, numbers)
                await settled(process.pid)
                for number in range(rounds):
                    flushes.append(flush_ms(data))
                    for name, side in (("echo", echo), ("gateway", gateway)):
                        on_step(f"round {number + 1}: {name}, {RATE:.0f}/s")
                        await side.load(seconds, RATE)
                        on_step(f"round {number + 1}: {name}, as fast as it can")
                        await side.load(seconds, 0)
                rss = rss_mb(process.pid)
            return AnswerResult(
                echo=echo.figures(),
                gateway=gateway.figures(rss),
                ratio=_ratio(echo, gateway),
                flush_ms=round(statistics.median(flushes), 3),
                points=sink.points,
                lost=echo.lost + gateway.lost,
            )


def _ratio(echo: _Side, gateway: _Side) -> Ratio:
    steady = list(zip(gateway.steady, echo.steady, strict=True))
    flood = zip(gateway.flood, echo.flood, strict=True)
    return Ratio(
        p50=round(statistics.median(ours.p50_ms / bare.p50_ms for ours, bare in steady), 3),
        p99=round(statistics.median(ours.p99_ms / bare.p99_ms for ours, bare in steady), 3),
        rate=round(statistics.median(ours.rate / bare.rate for ours, bare in flood), 3),
    )
