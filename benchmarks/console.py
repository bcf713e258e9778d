"""`seuil bench console`: the cost of many open pages to the console, and of the console to a door.

A real broker, gateway and console, members who badge, and a crowd of open pages. The gateway's
answers are timed throughout: without pages, with them, and with `faults` while the console is
killed, while it is stopped, and while a thousand clients send requests and read nothing.
"""

import asyncio
import os
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiomqtt
import msgspec
from msgspec import Struct

from benchmarks import console_child, console_clients, gateway_process, synthetic_site
from benchmarks.console_clients import ClientsReport, How
from benchmarks.gateway_child import gateway_child
from benchmarks.gc_pause import frozen
from benchmarks.load_devices import Crowd, connected
from benchmarks.processes import READY_S, BenchError, child, rss_mb
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.adapters.directory import credential_key
from gateway.config import load_settings
from gateway.core.model.names import ZoneId
from gateway.wire.topics import Topics

MEMBERS: Final = 1000
READERS: Final = 20
CHANGES_A_BADGE: Final = 2.0
"""A decision, and usually a count; `changes_a_s` is the rate that was received."""
WARM_S: Final = 3.0
ANSWERS_MIN: Final = 3
"""A phase lasts until there are this many answers, on a machine of any speed."""
"""The first seconds are not counted: imports, the first connection; at most as long as a phase."""
FEW: Final = 20
"""Pages that are open during a fault."""
STUCK: Final = 1000
KILLS: Final = 2
CPU_MAX: Final = 15.0
RSS_MAX_MB: Final = 100.0
RATIO_MAX: Final = 1.3
SLOWEST_RATIO_MAX: Final = 2.0
SLOWEST_MS: Final = 20.0
"""A faster decision is no delay, in any comparison."""


class PhaseRow(Struct):
    """The gateway's answers in one phase, in ms; `ratio` is the slowest over the quiet phase's."""

    what: str
    answers: int
    p50_ms: float
    slowest_ms: float
    ratio: float


class ConsoleResult(Struct):
    """The result that `--json` prints. CPU is in percent of one core."""

    clients: int
    changes_a_s: float
    """Messages on the broker that change what a page shows."""
    writes_a_client_s: float
    console_cpu: float
    console_rss_mb: float
    quiet_cpu: float
    """CPU of the console without an open page."""
    quiet_rss_mb: float
    p50_ms_without: float
    p50_ms_with: float
    ratio: float
    heard: ClientsReport
    faults: list[PhaseRow]

    @property
    def is_good(self) -> bool:
        """True if it meets the limits of issue 5."""
        return (
            self.console_cpu <= CPU_MAX
            and self.console_rss_mb <= RSS_MAX_MB
            and self.ratio <= RATIO_MAX
            and all(
                row.ratio <= SLOWEST_RATIO_MAX or row.slowest_ms <= SLOWEST_MS
                for row in self.faults
            )
        )


class _Run(Struct):
    """The shared objects of a run's phases."""

    people: Crowd
    order: console_child.ConsoleChildConfig
    seconds: float
    on_step: Callable[[str], None]


async def measure(
    clients: int,
    changes: float,
    seconds: float,
    *,
    faults: bool = False,
    pause_s: float = 5.0,
    on_step: Callable[[str], None] = lambda _step: None,
) -> ConsoleResult:
    """Measure without and with pages, then the faults.

    Raises:
        BenchError: a process could not be started, or failed.
        BrokerError: no broker could be started.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        data, site, badges = (
            Path(folder),
            synthetic_site.place(READERS),
            synthetic_site.badges(MEMBERS),
        )
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
        async with EmbeddedBroker(data / "broker", kind="mosquitto", autosave=False) as broker:
            order = gateway_process.GatewayChildConfig(broker.url, folder, site)
            async with (
                gateway_child(order) as gateway,
                connected(Crowd(broker.url, site, badges)) as people,
            ):
                await gateway.start()
                console = console_child.ConsoleChildConfig(broker.url, folder, site, free_port())
                run = _Run(people, console, seconds, on_step)
                load = asyncio.create_task(people.busy(changes / CHANGES_A_BADGE), name="load")
                try:
                    with frozen():
                        result = await _pages(run, clients, broker.port)
                        if faults:
                            result.faults = [row async for row in _faults(run, pause_s)]
                finally:
                    load.cancel()
                    await asyncio.gather(load, return_exceptions=True)
                return result


async def _pages(run: _Run, clients: int, broker_port: int) -> ConsoleResult:
    warm_s = min(WARM_S, run.seconds)
    async with _console(run) as pid, _counted(run, broker_port) as count:
        await _phase(run, "warming up", warm_s)
        cpu_s = _cpu_s(pid)
        without = await _phase(run, "no page is open", run.seconds)
        quiet_s, quiet_rss = _cpu_s(pid) - cpu_s, rss_mb(pid)
        async with _clients(run, clients, "open") as pages:
            await _phase(run, "pages are opened", warm_s)
            cpu_s, told, began = _cpu_s(pid), count.messages, time.monotonic()
            within = await _phase(run, f"{clients} pages are open", run.seconds)
            took_s = time.monotonic() - began
            used_s, told, rss = _cpu_s(pid) - cpu_s, count.messages - told, rss_mb(pid)
        heard = pages.heard
    return ConsoleResult(
        clients=clients,
        changes_a_s=round(told / took_s, 1),
        writes_a_client_s=round(heard.writes / clients / (took_s + warm_s), 1),
        console_cpu=round(100 * used_s / took_s, 1),
        console_rss_mb=rss,
        quiet_cpu=round(100 * quiet_s / run.seconds, 1),
        quiet_rss_mb=quiet_rss,
        p50_ms_without=round(statistics.median(without), 3),
        p50_ms_with=round(statistics.median(within), 3),
        ratio=round(statistics.median(within) / statistics.median(without), 3),
        heard=heard,
        faults=[],
    )


async def _faults(run: _Run, pause_s: float) -> AsyncIterator[PhaseRow]:
    """Run each fault, with a quiet phase before it; all with some pages open."""
    long_s = max(run.seconds, pause_s)
    quiet: list[float] = []
    rows: list[tuple[str, list[float]]] = []
    async with _console(run) as pid, _clients(run, FEW, "open"):
        quiet += await _phase(run, "nothing happens", long_s)
        what = f"SIGSTOP {pause_s:.0f} s"
        os.kill(pid, signal.SIGSTOP)
        try:
            rows.append((what, await _phase(run, what, pause_s)))
        finally:
            os.kill(pid, signal.SIGCONT)
        quiet += await _phase(run, "nothing happens", long_s)
        async with _clients(run, STUCK, "stuck"):
            what = f"{STUCK} stuck clients"
            rows.append((what, await _phase(run, what, long_s)))
        quiet += await _phase(run, "nothing happens", long_s)
    async with _clients(run, FEW, "waiting"):
        rows.append(("kill -9", await _killed(run, long_s)))
    yield _row("quiet", quiet, max(quiet))
    for what, took in rows:
        yield _row(what, took, max(quiet))


async def _killed(run: _Run, long_s: float) -> list[float]:
    """Kill and restart the console, twice; return the latencies, with those at its starts."""
    first = len(run.people.seen.answers)
    for _ in range(KILLS):
        async with _console(run, killed=True):
            await _phase(run, "kill -9", long_s / KILLS / 2)
        await _phase(run, "the console is dead", long_s / KILLS / 2)
    return [ms for _, ms in run.people.seen.answers[first:]]


def _row(what: str, took: list[float], quiet_ms: float) -> PhaseRow:
    return PhaseRow(
        what=what,
        answers=len(took),
        p50_ms=round(statistics.median(took), 3),
        slowest_ms=round(max(took), 1),
        ratio=round(max(took) / quiet_ms, 2),
    )


async def _phase(run: _Run, name: str, seconds: float) -> list[float]:
    """Wait until the time is over and a few were answered; return the latencies in ms.

    Raises:
        BenchError: the gateway no longer answers.
    """
    run.on_step(name)
    first, deadline = len(run.people.seen.answers), time.monotonic() + seconds + READY_S
    await asyncio.sleep(seconds)
    while len(took := [ms for _, ms in run.people.seen.answers[first:]]) < ANSWERS_MIN:
        if time.monotonic() > deadline:
            raise BenchError(f"{name}: no answers")
        await asyncio.sleep(0.05)
    return took


@asynccontextmanager
async def _console(run: _Run, *, killed: bool = False) -> AsyncIterator[int]:
    """Run a console that answers; yield its process id. `killed`: it ends by SIGKILL."""
    order = msgspec.json.encode(run.order)
    async with child("benchmarks.console_child", order=order) as process:
        deadline = time.monotonic() + READY_S
        while not await _answers(run.order.port):
            if time.monotonic() > deadline:
                raise BenchError("the console does not answer")
            await asyncio.sleep(0.05)
        yield process.pid
        if killed:
            process.kill()
            await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


class _Opened(Struct):
    heard: ClientsReport


@asynccontextmanager
async def _clients(run: _Run, number: int, how: How) -> AsyncIterator[_Opened]:
    """Open pages in a separate process; their report is available at the end."""
    path = f"/sites/{run.order.site.id}/events?lang=en"
    order = console_clients.ClientsConfig(run.order.port, path, number, how)
    opened = _Opened(ClientsReport())
    async with child("benchmarks.console_clients", order=msgspec.json.encode(order)) as process:
        yield opened
        process.terminate()
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        opened.heard = msgspec.json.decode(await process.stdout.read(), type=ClientsReport)
        await process.wait()


class _Count(Struct):
    messages: int = 0


@asynccontextmanager
async def _counted(run: _Run, port: int) -> AsyncIterator[_Count]:
    """Count the messages that change a page of the site."""
    count, topics, site = _Count(), Topics(), run.order.site.id
    zone = ZoneId("+")

    async def listen(client: aiomqtt.Client) -> None:
        async for _message in client.messages:
            count.messages += 1

    async with aiomqtt.Client(LOOPBACK, port) as client:
        for topic in (topics.occupancy(site, zone), topics.access(site), topics.door(site, "+")):
            await client.subscribe(topic)
        listening = asyncio.create_task(listen(client))
        try:
            yield count
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process (proc(5)); 0 if the system does not provide them."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
