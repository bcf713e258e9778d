"""`seuil influx`: the repair of points that InfluxDB lacks."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from gateway.adapters.influx.delivery import OutageError
from gateway.adapters.influx.resend import Resent, of_letters, of_rows, resend
from gateway.adapters.influx.settings import InfluxSettings, influx_settings
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import HistoryError, opened
from gateway.adapters.journal.queries import row_at
from gateway.adapters.journal.reader import JournalFile
from gateway.cli import errors
from gateway.cli.time_options import moment
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, load_settings

app = typer.Typer(help="Write points to InfluxDB again.", no_args_is_help=True)
_SHOWN = 20
"""Rejected points that a list shows; the counts include the rest."""


@app.callback()
def _influx() -> None:
    pass


def _moment(text: str) -> datetime:
    return moment(text, SystemClock().now())


@app.command("resend")
def resend_points(
    *,
    row: Annotated[int | None, typer.Option(min=1, help="From this row of the journal on.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=_moment, help="From then on: a time (UTC unless it says) or how long ago (30d)."
        ),
    ] = None,
    letters: Annotated[
        bool, typer.Option("--letters", help="Those that are dead letters now.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Write points again: after a restore of InfluxDB, or once what it rejected can be taken.

    It may run beside the gateway; what is there already stays as it is. Ends with 1 where points
    were rejected again.
    """
    if (row is not None) + (since is not None) + letters != 1:
        raise typer.BadParameter("one of --row, --since or --letters says which points")
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        store = influx_settings(settings)
        if store is None:
            raise ConfigError((ConfigFault("", "SEUIL_INFLUX_URL", "is not set"),))
        journal = settings.data_dir / JOURNAL_FILE
        try:
            done = _resent(store, journal, row, since)
        except HistoryError as wrong:
            raise ConfigError((ConfigFault("", "", str(wrong)),)) from wrong
        except OutageError as wrong:
            message = f"{store.where} takes no points now: {wrong}; run it again"
            raise ConfigError((ConfigFault("", "", message),)) from wrong
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(done), ensure_ascii=False))
    else:
        _show(done)
    if done.rejected:
        raise typer.Exit(errors.FOUND)


def _resent(
    store: InfluxSettings, journal: Path, row: int | None, since: datetime | None
) -> Resent:
    console = Console(stderr=True)
    with (
        opened(journal) as connection,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("points", total=None)

        def more(points: int) -> None:
            progress.advance(task, points)

        if row is None and since is None:
            lines, cut = of_letters(connection)
            done = asyncio.run(resend(store, lines, more))
            done.cut = cut
            return done
        after = row_at(connection, since) if since is not None else (row or 1) - 1
        return asyncio.run(resend(store, of_rows(JournalFile(connection), after), more))


def _show(done: Resent) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{done.points} points were written, {len(done.rejected)} rejected")
    for one in done.rejected[:_SHOWN]:
        console.print(f"  {one.line}: {one.why}")
    if len(done.rejected) > _SHOWN:
        console.print(f"  ... and {len(done.rejected) - _SHOWN} more")
    if done.cut:
        console.print(
            f"{done.cut} dead letters keep only the beginning of their point: --row or --since "
            "makes it again"
        )
