"""`seuil bench growth`: what grows with sites, members, people inside, and the journal.

Of one place (one site, 1,000 members, few people inside, an empty journal) one size at a time is
made larger. Each is a gateway of its own with the same load, 200 badges a second and then as many
as it can: its processor time for each decision, and its memory at the end, beside those of the
smallest of that kind.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

from benchmarks import synthetic_site
from benchmarks.disk import temporary_disk
from benchmarks.gateway_process import GatewayChildConfig
from benchmarks.load import LoadConfig
from benchmarks.load_run import run_load
from benchmarks.processes import child, rss_mb, settled
from benchmarks.synthetic_journal import BOOT, write_past
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site

RATE: Final = 200.0
READERS: Final = 20
MEMBERS: Final = 1000
PASSING: Final = 10
"""Members who badge while it is measured, so that the others stay where they are."""
SITES: Final = (1, 10, 100)
FEWEST_MEMBERS: Final = 100
INSIDE: Final = (1, 100, 1000)
STEPS: Final = 11
_ENTRY_S: Final = 3.0
"""Seconds in which people come in, as fast as they can."""


class _Size(Struct, frozen=True):
    """The sizes of a place."""

    sites: int = 1
    members: int = MEMBERS
    inside: int = 1
    rows: int = 0


class GrowthRow(Struct):
    """One size, and what a decision costs at it."""

    what: str
    size: int
    cpu_us: float
    p50_ms: float
    cpu_us_max: float
    """Processor time at full load: on a busy machine, batches of the fixed rate grow as well."""
    rss_mb: float
    """Memory at the end."""
    ratio: float
    """Processor time at full load, over that of this kind's smallest size."""


class GrowthResult(Struct):
    """The result that `--json` prints."""

    rows: list[GrowthRow]


async def measure(
    seconds: float,
    rows: int,
    members: int,
    on_step: Callable[[str], None] = lambda _step: None,
) -> GrowthResult:
    """Measure all sizes, one after another.

    Raises:
        BenchError: a process could not be started, or failed; or there is no disk to flush.
        BrokerError: no broker could be started.
        JournalError: the disk is full.
    """
    found: list[GrowthRow] = []
    for what, size, place in _places(rows, members):
        on_step(f"{what}: {size:,}")
        row = await _cost(what, size, place, seconds)
        first = next((one for one in found if one.what == what), row)
        row.ratio = round(row.cpu_us_max / max(first.cpu_us_max, 1e-9), 2)
        found.append(row)
    return GrowthResult(found)


def _places(rows: int, members: int) -> Iterator[tuple[str, int, _Size]]:
    for sites in SITES:
        yield "sites", sites, _Size(sites=sites)
    for count in (FEWEST_MEMBERS, members // 10, members):
        yield "members", count, _Size(members=count)
    for inside in INSIDE:
        yield "people inside", inside, _Size(inside=inside)
    for count in (0, rows):
        yield "rows in the journal", count, _Size(rows=count)


async def _cost(what: str, size: int, place: _Size, seconds: float) -> GrowthRow:
    with tempfile.TemporaryDirectory(prefix="seuil-bench-", dir=temporary_disk()) as folder:
        data, sites = Path(folder), _sites(place.sites)
        badges = synthetic_site.badges(place.members)
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
        if place.rows:
            now = SystemClock().now()
            await write_past(data, sites[0], place.rows, now, _nothing, sensing=False)
        async with EmbeddedBroker(data / "broker", autosave=False) as broker:
            order = GatewayChildConfig(broker.url, folder, sites[0], more_sites=sites[1:])
            coming = LoadConfig(
                url=broker.url,
                topics=_topics(sites, "reader-entry"),
                badges=badges[-place.inside :],
                seconds=_ENTRY_S if place.inside > 1 else 0.5,
                boot=BOOT + 1,
            )
            passing = LoadConfig(
                url=broker.url,
                topics=_topics(sites, "reader-"),
                badges=badges[:PASSING],
                seconds=seconds,
                rate=RATE,
                boot=BOOT + 2,
            )
            async with child(
                "benchmarks.gateway_process", order=msgspec.json.encode(order)
            ) as process:
                await settled(process.pid)
                await run_load(process.pid, coming)
                measured, cpu_us = await run_load(process.pid, passing)
                flood = structs.replace(passing, rate=0.0, boot=passing.boot + 1)
                _, cpu_us_max = await run_load(process.pid, flood)
                memory = rss_mb(process.pid)
    return GrowthRow(
        what, size, round(cpu_us, 1), measured.p50_ms, round(cpu_us_max, 1), memory, ratio=1.0
    )


def _nothing(_rows: int) -> None:
    pass


def _sites(count: int) -> list[Site]:
    """Return so many sites that share all readers of the place as evenly as they can."""
    one = synthetic_site.place(max(2, READERS // count))
    more = [structs.replace(one, id=SiteId(f"{one.id}-{number}")) for number in range(1, count)]
    return [one, *more]


def _topics(sites: list[Site], prefix: str) -> list[str]:
    return [
        f"seuil/{site.id}/{device.id}"
        for site in sites
        for device in site.devices
        if device.id.startswith(prefix)
    ]
