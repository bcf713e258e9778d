"""The output of `seuil simulate`: its progress and its result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulators.outcomes import RunTally
from simulators.replay import RecordingResult
from simulators.run import Run


@contextmanager
def progress_bar(total: int, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Show the progress of a recording on a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=hidden or not console.is_terminal) as bar:
        task = bar.add_task("on the gateway's disk", total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def live_line(run: Run) -> Iterator[Callable[[], None]]:
    """Show the progress of a simulation in one line on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    shown = run.now()
    with console.status("connecting") as status:

        def tick() -> None:
            nonlocal shown
            if run.now() - shown < timedelta(seconds=1):
                return
            shown = run.now()
            people = sum(world.people_inside for world in run.worlds)
            where = "" if run.connected.is_set() else "no broker; "
            status.update(f"{where}{people} people inside, {run.tally.credentials} badges shown")

        yield tick


def tally_table(tally: RunTally) -> Table:
    """Return the result of a simulated day as a table."""
    table = Table(box=None, show_header=False)
    table.add_row("badges shown", f"{tally.credentials} ({tally.late} too late for an answer)")
    table.add_row("decisions", f"{tally.decisions}: {tally.granted} granted, {tally.denied} denied")
    for reason, times in tally.denied_by_reason.items():
        table.add_row(f"  {reason}", str(times))
    answer = tally.answer_ms
    table.add_row("answer time, ms", f"median {answer.p50}, p99 {answer.p99}")
    table.add_row("without a decision", str(tally.undecided))
    table.add_row("decided twice", str(tally.decided_twice))
    table.add_row("decided by a cut-off reader", str(tally.decided_alone))
    table.add_row("told otherwise than decided", str(tally.contradicted))
    table.add_row("let in, and must not be", str(tally.wrongly_granted))
    table.add_row("refused on the way out", str(tally.wrongly_denied))
    table.add_row("not acknowledged", str(tally.unacknowledged))
    for site, zones in tally.people.items():
        inside = ", ".join(f"{zone} {people}" for zone, people in zones.items())
        table.add_row(f"people in {site}", inside)
    machines = ", ".join(f"{what} {times}" for what, times in tally.machines.items())
    table.add_row("machines", machines or "not used")
    table.add_row("faults", ", ".join(f"{name} {n}" for name, n in tally.faults.items()) or "none")
    return table


def replayed_table(replayed: RecordingResult) -> Table:
    """Return the result of a recording as a table."""
    table = Table(box=None, show_header=False)
    table.add_row("recording", f"{replayed.layout}, {replayed.events} events")
    table.add_row("acknowledged", f"{replayed.acknowledged} ({replayed.resent} sent again)")
    for name, total in replayed.totals.items():
        table.add_row(f"{name} in the file", f"{total:,}")
    for name, total in replayed.told.items():
        table.add_row(f"{name} told", f"{total:,}")
    table.add_row("seconds", str(replayed.seconds))
    return table
