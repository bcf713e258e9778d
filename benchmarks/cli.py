"""`seuil bench`: benchmarks of speed and safety. Each figure is measured when it is printed."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.processes import BenchError
from gateway.adapters.broker.embedded import BrokerError
from gateway.adapters.journal.journal import JournalError
from gateway.cli import errors
from gateway.config import ConfigFault

app = typer.Typer(
    name="bench",
    help="Measure how fast and how safe the gateway is, on this machine, now.",
    no_args_is_help=True,
)

R = TypeVar("R", bound=Struct)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Seed = Annotated[int, typer.Option(help="Draws the moments, or the messages; another run's seed.")]

INTERRUPTED = 130
"""The exit code of a shell for a command that Ctrl-C ended."""


@app.command("answer")
def answer(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the figures are medians.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds of each load.")] = 5.0,
    members: Annotated[int, typer.Option("--members", min=1, help="Members.")] = 5000,
    *,
    as_json: Json = False,
) -> None:
    """Compare latency and rate of the answers with those of a bare echo on the same broker."""
    from benchmarks.answer import measure  # noqa: PLC0415 - other commands start without it

    with _steps(4 * rounds, quiet=as_json) as on_step:
        result = _carried_out(measure(rounds, seconds, members, on_step), as_json=as_json)
    _tell(result, as_json=as_json)


@app.command("profile")
def profile(
    rate: Annotated[float, typer.Option(min=1, help="Badges a second.")] = 200.0,
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds of each load.")] = 15.0,
    *,
    as_json: Json = False,
) -> None:
    """Measure where a decision's processor time goes, by stage."""
    from benchmarks.profile import measure  # noqa: PLC0415 - likewise

    with _steps(2, quiet=as_json) as on_step:
        result = _carried_out(measure(rate, seconds, on_step), as_json=as_json)
    _tell(result, as_json=as_json)


@app.command("growth")
def growth(
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds of each load.")] = 5.0,
    rows: Annotated[
        int, typer.Option(min=1000, help="Rows of the longest journal, 1.2 kB each.")
    ] = 1_000_000,
    members: Annotated[int, typer.Option("--members", min=200, help="The most members.")] = 50_000,
    *,
    as_json: Json = False,
) -> None:
    """Measure how time and memory grow with sites, members, people inside and the journal."""
    from benchmarks.growth import STEPS, measure  # noqa: PLC0415 - likewise

    with _steps(STEPS, quiet=as_json) as on_step:
        result = _carried_out(measure(seconds, rows, members, on_step), as_json=as_json)
    _tell(result, as_json=as_json)


@app.command("decisions")
def decisions(
    thousands: Annotated[int, typer.Option(min=1, help="Decisions, in thousands.")] = 40,
    seed: Seed = 0,
    *,
    as_json: Json = False,
) -> None:
    """Measure the pure engine's decisions per second on one core, with every rule on."""
    from benchmarks.decisions import measure  # noqa: PLC0415 - likewise

    with _counter("decisions", 1000 * thousands, quiet=as_json) as reach:
        result = measure(1000 * thousands, seed, reach)
    _tell(result, as_json=as_json)


@app.command("console")
def console(
    clients: Annotated[int, typer.Option(min=1, max=240, help="Open pages.")] = 200,
    changes: Annotated[float, typer.Option(min=1, help="Changes a second.")] = 20.0,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of each phase.")] = 10.0,
    pause: Annotated[float, typer.Option(min=1, max=60, help="Seconds that it stands still.")] = 5,
    *,
    faults: Annotated[bool, typer.Option("--faults", help="Kill it, stop it, clog it.")] = False,
    as_json: Json = False,
) -> None:
    """Measure the cost of open pages to the console, and of the console to a door."""
    from benchmarks.console import measure  # noqa: PLC0415 - likewise

    with _steps(9 if faults else 4, quiet=as_json) as on_step:
        work = measure(clients, changes, seconds, faults=faults, pause_s=pause, on_step=on_step)
        result = _carried_out(work, as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("crash")
def crash(
    kills: Annotated[int, typer.Option(min=1, help="Times that the gateway is killed.")] = 200,
    seed: Seed = 0,
    *,
    as_json: Json = False,
) -> None:
    """Count lost, doubled and undecided events when the gateway is killed (-9) again and again."""
    from benchmarks.crash import measure  # noqa: PLC0415 - likewise

    with _counter("kills", kills, quiet=as_json) as reach:
        result = _carried_out(measure(kills, seed, reach), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("backup")
def backup(
    times: Annotated[int, typer.Option(min=1, help="Backups, and as many that are killed.")] = 5,
    seed: Seed = 0,
    *,
    as_json: Json = False,
) -> None:
    """Restore backups of a busy gateway, and kill (-9) others: whole, equal, or none."""
    from benchmarks.backup import measure  # noqa: PLC0415 - likewise

    with _counter("backups", 2 * times, quiet=as_json) as reach:
        result = _carried_out(measure(times, seed, reach), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("fuzz")
def fuzz(
    payloads: Annotated[int, typer.Option(min=100, help="Messages.")] = 100_000,
    seed: Seed = 0,
    *,
    as_json: Json = False,
) -> None:
    """Check whether any mutated message crashes the gateway, opens a door, or vanishes."""
    from benchmarks.fuzz import measure  # noqa: PLC0415 - likewise

    with _counter("messages", payloads, quiet=as_json) as reach:
        result = _carried_out(measure(payloads, seed, reach), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("sequences")
def sequences(
    steps: Annotated[int, typer.Option(min=100, help="Events.")] = 200_000,
    seed: Seed = 0,
    *,
    as_json: Json = False,
) -> None:
    """Check whether any sequence of events makes the engine raise, or locks somebody in."""
    from benchmarks.sequences import measure  # noqa: PLC0415 - likewise

    with _counter("events", steps, quiet=as_json) as reach:
        result = measure(steps, seed, reach)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("burst")
def burst(
    events: Annotated[int, typer.Option(min=100, help="Badges at once.")] = 20_000,
    readers: Annotated[int, typer.Option(min=2, max=64, help="Readers.")] = 50,
    max_inflight: Annotated[
        int, typer.Option(min=0, help="mosquitto's max_inflight_messages; 0: no limit.")
    ] = 1000,
    *,
    backlog: Annotated[
        bool, typer.Option("--backlog", help="The gateway is away, and starts behind the burst.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure answers in a burst of too many badges, and beside a reader that floods."""
    from benchmarks.burst import PHASES, measure  # noqa: PLC0415 - likewise

    with _steps(PHASES, quiet=as_json) as on_step:
        work = measure(events, readers, max_inflight=max_inflight, backlog=backlog, on_step=on_step)
        result = _carried_out(work, as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("faults")
def faults(
    dose: Annotated[
        Literal["short", "full"],
        typer.Option(help="short: under a minute; full: some fifteen minutes."),
    ] = "full",
    seed: Seed = 0,
    *,
    as_json: Json = False,
) -> None:
    """Check the faults of a disk, power cuts, a broker, a store and a clock for lost events."""
    from benchmarks.faults.dose import measure  # noqa: PLC0415 - likewise

    with _saying(quiet=as_json) as on_step:
        result = _carried_out(measure(dose, seed, on_step), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("start")
def start(
    rows: Annotated[
        int, typer.Option(min=100, help="Rows of the journal, 1.2 kB each.")
    ] = 1_000_000,
    *,
    as_json: Json = False,
) -> None:
    """Measure the time to the first open door, after a start with a long journal."""
    from benchmarks.start import measure  # noqa: PLC0415 - likewise

    with _counter("rows", rows, quiet=as_json) as reach:
        written = 0

        def more(batch: int) -> None:
            nonlocal written
            written += batch
            reach(written)

        result = _carried_out(measure(rows, more), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("what-if")
def what_if(
    decisions: Annotated[int, typer.Option(min=100, help="Decisions in the journal.")] = 1_000_000,
    *,
    as_json: Json = False,
) -> None:
    """Measure the time to try new rules on so many decisions."""
    from benchmarks.what_if import measure  # noqa: PLC0415 - likewise

    with _counter("rows written", decisions, quiet=as_json) as reach:
        written = 0

        def more(batch: int) -> None:
            nonlocal written
            written += batch
            reach(written)

        result = _carried_out(measure(decisions, more), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("members")
def members(
    members: Annotated[int, typer.Option("--members", min=100, help="Members.")] = 50_000,
    *,
    as_json: Json = False,
) -> None:
    """Measure the import of a long list, and whether its time is proportional."""
    from benchmarks.members import STEPS, measure  # noqa: PLC0415 - likewise

    with _steps(STEPS, quiet=as_json) as on_step:
        result = _carried_out(measure(members, on_step), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("outage")
def outage(
    minutes: Annotated[float, typer.Option(min=0.05, help="Minutes without InfluxDB.")] = 10.0,
    *,
    as_json: Json = False,
) -> None:
    """Measure the effects of minutes without InfluxDB, and of a broker restart."""
    from benchmarks.outage import PHASES, measure  # noqa: PLC0415 - likewise

    with _steps(PHASES, quiet=as_json) as on_step:
        result = _carried_out(measure(minutes, on_step), as_json=as_json)
    _tell(result, as_json=as_json)
    _judge(good=result.is_good)


@app.command("occupancy")
def occupancy(
    data: Annotated[
        list[Path] | None,
        typer.Option(help="A recording (ROBOD, UCI 864, CalIt2), or a folder of them; repeatable."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of each fault, from seed 0 on.")] = 5,
    *,
    as_json: Json = False,
) -> None:
    """Compare the counting of people with usual methods, on recordings and simulated days."""
    from benchmarks.occupancy import measure, trials  # noqa: PLC0415 - likewise
    from benchmarks.occupancy_table import table  # noqa: PLC0415 - likewise

    try:
        todo = trials(data or (), seeds)
    except BenchError as wrong:
        errors.tell((ConfigFault("", "", str(wrong)),), as_json=as_json)
        raise typer.Exit(errors.CANNOT) from None
    with _counter("trials", len(todo), quiet=as_json) as reach:
        result = _carried_out(measure(todo, reach), as_json=as_json)
    if as_json:
        _tell(result, as_json=True)
    else:
        Console(highlight=False).print(table(result))


def _carried_out(work: Coroutine[Any, Any, R], *, as_json: bool) -> R:
    """Return the result; if the benchmark fails, print the error and exit with 2.

    Ctrl-C and SIGTERM end the children and remove the folders first.
    """
    try:
        with _quiet():
            return asyncio.run(_until_told(work))
    except (BenchError, BrokerError, JournalError) as wrong:
        errors.tell((ConfigFault("", "", str(wrong)),), as_json=as_json)
        raise typer.Exit(errors.CANNOT) from None
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(INTERRUPTED) from None


async def _until_told(work: Awaitable[R]) -> R:
    """Return the work's result; the first signal cancels it, a second one waits for the cleanup."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def end() -> None:
        if not task.cancelling():
            task.cancel()

    for ending in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ending, end)
    return await task


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the gateway's warnings of the benchmark's own connections and keys."""
    logger = logging.getLogger("gateway")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _counter(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar with a count on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with _progress(*columns, quiet=quiet) as progress:
        task = progress.add_task(what, total=total)
        yield lambda reached: progress.update(task, completed=reached)


@contextmanager
def _steps(total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a bar with the next step."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with _progress(*columns, quiet=quiet) as progress:
        task = progress.add_task("starting", total=total)
        yield lambda step: progress.update(task, advance=1, description=step)


@contextmanager
def _saying(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a line with the current step."""
    with _progress(TextColumn("{task.description}"), quiet=quiet) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda step: progress.update(task, description=step)


def _progress(*columns: Any, quiet: bool) -> Progress:  # noqa: ANN401 - rich's columns
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=hidden, transient=True)


def _tell(result: Struct, *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(result).decode())
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in _flat(msgspec.to_builtins(result)):
        table.add_row(name, str(value))
    Console(highlight=False).print(table)


def _flat(figures: dict[str, Any], within: str = "") -> Iterator[tuple[str, object]]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def _judge(*, good: bool) -> None:
    if not good:
        raise typer.Exit(errors.FOUND)
