"""`seuil what-if`: the decisions of the past that another space file would change."""

import codecs
import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from msgspec import Struct, field
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.what_if import Reached, ReevaluatedDecision, rows_of, speaks_since
from gateway.analysis.what_if import what_if as judge
from gateway.cli import errors
from gateway.cli.journal_option import open_journal
from gateway.cli.time_options import moment
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, load_space
from gateway.core.model.site import Site
from gateway.files import whole

SHOWN: Final = 40
"""Changed decisions in the table; the CSV has them all."""
Change = tuple[str, str, str, str]
"""was, was_reason, would_be, reason"""


class WhatIfSummary(Struct):
    """The result of a trial."""

    decisions: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    first: list[ReevaluatedDecision] = field(default_factory=list)


def what_if(
    rules: Annotated[
        Path, typer.Option("--rules", help="The space file (or folder) to try.", exists=True)
    ],
    *,
    since: Annotated[str, typer.Option(help="A date, a time, or how long ago (30d, 12h).")] = "30d",
    until: Annotated[str, typer.Option(help="Before then; by default now.")] = "0m",
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write every changed decision here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    progress: Annotated[
        Path | None, typer.Option(hidden=True, help="Write how far it is here, for the console.")
    ] = None,
) -> None:
    """Try a changed space file on the decisions of the past: which ones would be others?

    People and doors are taken as they really were at each moment.
    """
    started, now = time.monotonic(), SystemClock().now()
    with errors.told(as_json=as_json), open_journal(data_dir) as file:
        sites, begin = _known(file, load_space(rules), rules), moment(since, now)
        spans = [rows_of(file, site.id, begin) for site in sites]
        with _writer(csv_file) as write, _bar(quiet=as_json) as show:
            outcome, pace = WhatIfSummary(), _Pace(sum(map(len, spans)), (show, _noted(progress)))
            for site, span in zip(sites, spans, strict=True):
                _say_begin(file, site, begin)
                judged = judge(file, site, begin, moment(until, now), pace.within(span))
                _gather(outcome, judged, write)
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        typer.echo(json.dumps(_as_data(outcome, seconds)))
    else:
        _show(outcome, seconds, csv_file)


def _say_begin(file: JournalFile, site: Site, since: datetime) -> None:
    begins = speaks_since(file, site.id, since)
    if begins is not None:
        typer.echo(
            f"{site.id}: judged from {begins:%Y-%m-%d %H:%M} UTC on; before that passages were "
            "purged",
            err=True,
        )


def _known(file: JournalFile, sites: Iterable[Site], rules: Path) -> list[Site]:
    journaled = file.sites()
    known = [site for site in sites if site.id in journaled]
    if not known:
        right = f"the journal's sites are: {', '.join(journaled) or 'none yet'}"
        raise ConfigError(
            (ConfigFault(str(rules), "site.id", f"is no site of this journal; {right}"),)
        )
    return known


def _gather(
    outcome: WhatIfSummary,
    judged: Iterable[ReevaluatedDecision],
    write: Callable[[ReevaluatedDecision], None],
) -> None:
    for each in judged:
        outcome.decisions += 1
        if not each.differs:
            continue
        outcome.changes[each.was, each.was_reason, each.would_be, each.reason] += 1
        write(each)
        if len(outcome.first) < SHOWN:
            outcome.first.append(each)


@contextmanager
def _writer(target: Path | None) -> Iterator[Callable[[ReevaluatedDecision], None]]:
    if target is None:
        yield lambda _judged: None
        return
    try:
        with whole(target) as opened:
            lines = csv.writer(codecs.getwriter("utf-8")(opened), lineterminator="\n")
            lines.writerow(ReevaluatedDecision.__struct_fields__)
            yield lambda one: lines.writerow(msgspec.to_builtins(msgspec.structs.astuple(one)))
    except OSError as wrong:
        fault = ConfigFault(str(target), "", f"cannot be written: {wrong.strerror}")
        raise ConfigError((fault,)) from wrong


class _Pace:
    """Counts the rows of all sites, and reports each percent once: at most a hundred times."""

    def __init__(self, of: int, tell: Iterable[Callable[[Reached], None]]) -> None:
        self._of = of
        self._tell = tuple(tell)
        self._before = 0
        self._percent = -1
        self._started = time.monotonic()

    def within(self, span: range) -> Callable[[int], None]:
        """Return the callback for the rows of the next site."""
        base, self._before = self._before - span.start, self._before + len(span)

        def reached(n: int) -> None:
            now = Reached(base + n, self._of, time.monotonic() - self._started)
            if now.percent > self._percent:
                self._percent = now.percent
                for tell in self._tell:
                    tell(now)

        return reached


def _noted(target: Path | None) -> Callable[[Reached], None]:
    """Return a callback that writes the progress into a file, whole or not at all."""

    def note(now: Reached) -> None:
        if target is not None:
            draft = target.with_suffix(".draft")
            draft.write_bytes(msgspec.json.encode(now))
            draft.replace(target)

    return note


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[Reached], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("rows"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
        task = progress.add_task("rows")
        yield lambda now: progress.update(task, completed=now.done, total=now.of)


def _as_data(outcome: WhatIfSummary, seconds: float) -> dict[str, Any]:
    names = ("was", "was_reason", "would_be", "reason")
    return {
        "decisions": outcome.decisions,
        "changed": outcome.changes.total(),
        "changes": [
            dict(zip(names, change, strict=True)) | {"count": count}
            for change, count in outcome.changes.most_common()
        ],
        "seconds": seconds,
    }


def _show(outcome: WhatIfSummary, seconds: float, csv_file: Path | None) -> None:
    console, changed = Console(highlight=False), outcome.changes.total()
    if changed:
        console.print(_each(outcome))
        if changed > len(outcome.first):
            rest = f"{changed - len(outcome.first):,} more"
            console.print(f"… and {rest}; --csv FILE has them all" if csv_file is None else rest)
        console.print(_sums(outcome))
    console.print(f"{outcome.decisions:,} decisions, {changed:,} would be others ({seconds} s)")
    if csv_file is not None:
        console.print(f"wrote {csv_file}")


def _each(outcome: WhatIfSummary) -> Table:
    table = Table("n", "at", "reader", "holder", "was", "would be")
    for each in outcome.first:
        table.add_row(
            str(each.n),
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.reader,
            each.holder or "",
            _coloured(each.was, each.was_reason),
            _coloured(each.would_be, each.reason),
        )
    return table


def _sums(outcome: WhatIfSummary) -> Table:
    table = Table("was", "would be", "decisions")
    table.columns[2].justify = "right"
    for (was, was_reason, would_be, reason), count in outcome.changes.most_common():
        table.add_row(_coloured(was, was_reason), _coloured(would_be, reason), f"{count:,}")
    return table


def _coloured(decision: str, reason: str) -> str:
    colour = "green" if decision == "granted" else "red"
    return f"[{colour}]{decision}[/] {reason}"
