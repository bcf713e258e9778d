"""`seuil replay`: a second run of the journal through the engine."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.replay import ReplayResult
from gateway.analysis.replay import replay as replay_site
from gateway.cli import errors
from gateway.cli.journal_option import open_journal


def replay(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Feed the journal through the engine again: same decisions, same facts, same state?"""
    with errors.told(as_json=as_json), open_journal(data_dir) as file:
        results = _replay_all(file, quiet=as_json)
    equal = not any(result.differences for result in results)
    if as_json:
        typer.echo(json.dumps({"equal": equal, "sites": [_as_data(result) for result in results]}))
    else:
        _show(results)
    if not equal:
        raise typer.Exit(errors.FOUND)


def _replay_all(file: JournalFile, *, quiet: bool) -> list[ReplayResult]:
    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("replaying", total=file.count("journal"))
        return [replay_site(file, site, lambda: progress.advance(task)) for site in file.sites()]


def _as_data(result: ReplayResult) -> dict[str, object]:
    return {
        "site": result.site,
        "rows": result.rows,
        "after": result.after,
        "since": result.since.isoformat() if result.since else None,
        "snapshots_compared": result.snapshots,
        "differences": [{"n": entry.n, "what": entry.what} for entry in result.differences],
    }


def _show(results: list[ReplayResult]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for result in results:
        verdict = "differs" if result.differences else "equal"
        console.print(
            f"[bold]{result.site}[/]: {result.rows} rows, {result.snapshots} snapshots: {verdict}"
        )
        if result.since is not None:
            console.print(
                f"  from row {result.after + 1} on, after {result.since:%Y-%m-%d %H:%M} UTC: "
                "before that passages were purged"
            )
        for entry in result.differences:
            console.print(f"  row {entry.n}: {entry.what}", markup=False)
