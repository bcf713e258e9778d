"""`seuil bench profile`: where a decision's processor time goes, by stage.

The real gateway, with a real broker, journal and points, beside a generator of badges at a fixed
rate; then at full load. A sampler in its process (`benchmarks.sampler`) counts where it is.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks import synthetic_site
from benchmarks.disk import flush_ms, temporary_disk
from benchmarks.gateway_process import GatewayChildConfig
from benchmarks.influx_stub import Sink
from benchmarks.load import LoadConfig
from benchmarks.load_run import run_load
from benchmarks.processes import child, settled
from benchmarks.sampler import BEGIN, LISTS, OTHER, STAGES, THREADS
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.config import load_settings

MEMBERS = 5000
READERS = 50


class StageTime(Struct):
    """One stage's processor time for each decision."""

    stage: str
    us: float
    us_max: float
    """The same at full load."""


class ProfileResult(Struct):
    """The result that `--json` prints."""

    rate: float
    p50_ms: float
    flush_ms: float
    cpu_us: float
    """Processor time for each decision at this rate, of all stages together."""
    max_rate: float
    cpu_us_max: float
    stages: list[StageTime]


class _Load(Struct):
    """The outcome of one load."""

    p50_ms: float
    rate: float
    cpu_us: float
    shares: dict[str, float]


async def measure(
    rate: float, seconds: float, on_step: Callable[[str], None] = lambda _step: None
) -> ProfileResult:
    """Measure a fixed rate, and full load.

    Raises:
        BenchError: a process could not be started, or failed; or there is no disk to flush.
        BrokerError: no broker could be started.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-", dir=temporary_disk()) as folder:
        data = Path(folder)
        flush = flush_ms(data)
        on_step(f"{rate:.0f} badges/s")
        for one in (data / "steady", data / "flood"):
            one.mkdir()
        steady = await _load(data / "steady", rate, seconds)
        on_step("as fast as it can")
        flood = await _load(data / "flood", 0, seconds)
    names = [*(name for name, _ in STAGES), LISTS, THREADS, OTHER]
    return ProfileResult(
        rate=rate,
        p50_ms=steady.p50_ms,
        flush_ms=round(flush, 3),
        cpu_us=round(steady.cpu_us, 1),
        max_rate=flood.rate,
        cpu_us_max=round(flood.cpu_us, 1),
        stages=[
            StageTime(
                name,
                round(steady.cpu_us * steady.shares.get(name, 0.0), 1),
                round(flood.cpu_us * flood.shares.get(name, 0.0), 1),
            )
            for name in names
        ],
    )


async def _load(data: Path, rate: float, seconds: float) -> _Load:
    """Start a gateway in an empty folder, load it, and end it: it writes what was counted."""
    badges = synthetic_site.badges(MEMBERS)
    synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
    site, ticks = synthetic_site.place(READERS), data / "ticks.json"
    topics = [f"seuil/{site.id}/{device.id}" for device in site.devices]
    async with EmbeddedBroker(data / "broker", autosave=False) as broker, Sink() as sink:
        order = GatewayChildConfig(broker.url, str(data), site, sink.url, ticks=str(ticks))
        load = LoadConfig(url=broker.url, topics=topics, badges=badges, seconds=seconds, rate=rate)
        async with child("benchmarks.gateway_process", order=msgspec.json.encode(order)) as process:
            await settled(process.pid)
            process.send_signal(BEGIN)
            measured, cpu_us = await run_load(process.pid, load)
    counted: dict[str, int] = msgspec.json.decode(ticks.read_bytes())
    whole = max(1, sum(counted.values()))
    shares = {stage: count / whole for stage, count in counted.items()}
    return _Load(measured.p50_ms, measured.rate, cpu_us, shares)
