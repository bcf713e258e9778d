"""`seuil members`: who may come in, from a CSV file of the operator's own member list."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gateway.adapters.directory import FILE, DirectoryStore, Member
from gateway.cli import errors
from gateway.cli.members_change import Change, change_of, described, plans_described
from gateway.cli.members_csv import Known, LineFault, Row, read_members
from gateway.config import (
    ConfigError,
    Fault,
    Settings,
    credential_key,
    known_credential_key,
    load_settings,
    load_space,
)
from gateway.core.site import Site

app = typer.Typer(help="Members, their plans and badges.", no_args_is_help=True)

_SHOWN = 40
"""Rows of a table on a terminal; the counts below it tell the rest."""
_NO_KEY_YET = b"a dry run before the first import: compared with nothing"

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the members; default: SEUIL_DATA_DIR, or data."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("import")
def import_members(
    file: Annotated[Path, typer.Argument(help="CSV with a header.", exists=True, dir_okay=False)],
    *,
    space: Annotated[
        Path | None, typer.Option(help="Space file or folder: checks plans, gives the time zone.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Time zone of the dates, where it is not the space's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove members, plans and badges not in the file.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Write the good lines although others are bad.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add and change members. One bad line, and nothing is written (see --skip-bad)."""
    if prune and skip_bad:
        raise typer.BadParameter("--skip-bad with --prune would remove who has a bad line")
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        known = _known(settings, space, timezone, dry_run=dry_run)
        outcome = _import(file, settings, known, dry_run=dry_run, prune=prune, skip_bad=skip_bad)
        _report(outcome, as_json=as_json)
    if outcome.faults:
        raise typer.Exit(errors.FOUND)


@app.command("list")
def list_members(
    *,
    names: Annotated[bool, typer.Option("--names", help="Show names and addresses.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List members by pseudonym."""
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        members = _kept(settings)
    if as_json:
        rows = [_as_data(member, names=names) for member in members]
        typer.echo(json.dumps({"members": rows}, ensure_ascii=False))
        return
    table = Table("holder", "ref", "kind", "plans", "badges", *(("name", "email") if names else ()))
    for member in members:
        table.add_row(*_cells(member), *((member.name, member.email or "") if names else ()))
    Console().print(table)


class _Outcome:
    """One import: what it found and what it did."""

    def __init__(self, change: Change, faults: tuple[LineFault, ...], rows: int) -> None:
        self.change = change
        self.faults = faults
        self.rows = rows
        self.written = False
        self.dry_run = False


def _import(
    file: Path, settings: Settings, known: Known, *, dry_run: bool, prune: bool, skip_bad: bool
) -> _Outcome:
    try:
        content = file.read_bytes()
    except OSError as wrong:
        message = f"cannot be read: {wrong.strerror}"
        raise ConfigError([Fault(str(file), "", message)]) from wrong
    read = read_members(content, known, _progress(content.count(b"\n")))
    change = change_of(_kept(settings), read, prune=prune)
    outcome = _Outcome(change, tuple(sorted((*read.faults, *change.faults))), read.rows)
    outcome.dry_run = dry_run
    if not dry_run and (skip_bad or not outcome.faults):
        with closing(DirectoryStore(settings.data_dir / FILE)) as store:
            store.bind(known.key)
            if change.entering or change.leaving:
                store.apply(change.entering, change.leaving)
        outcome.written = True
    return outcome


def _kept(settings: Settings) -> tuple[Member, ...]:
    file = settings.data_dir / FILE
    if not file.exists():
        return ()
    with closing(DirectoryStore(file)) as store:
        key = known_credential_key(settings)
        if key is not None:
            store.bind(key)
        return store.members()


def _known(settings: Settings, space: Path | None, timezone: str | None, *, dry_run: bool) -> Known:
    sites = load_space(space) if space is not None else ()
    key = known_credential_key(settings)
    if key is None:
        key = _NO_KEY_YET if dry_run else credential_key(settings)
    plans = {site.id: frozenset(plan.id for plan in site.plans) for site in sites}
    return Known(key, _timezone(timezone, sites), plans if space is not None else None)


def _timezone(name: str | None, sites: tuple[Site, ...]) -> ZoneInfo | None:
    names = {site.timezone for site in sites}
    if name is None and len(names) > 1:
        message = "is required: the sites have several time zones"
        raise ConfigError([Fault("", "--timezone", message)])
    chosen = name or next(iter(names), None)
    try:
        return None if chosen is None else ZoneInfo(chosen)
    except (ZoneInfoNotFoundError, ValueError):
        message = f'"{chosen}" is not a time zone; write for example "Europe/Paris"'
        raise ConfigError([Fault("", "--timezone", message)]) from None


def _progress(lines: int) -> Callable[[Iterable[Row]], Iterator[Row]]:
    console = Console(stderr=True)

    def watch(rows: Iterable[Row]) -> Iterator[Row]:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            yield from bar.track(rows, total=lines, description="reading")

    return watch


def _report(outcome: _Outcome, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_outcome_as_data(outcome), ensure_ascii=False))
        return
    complaints = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    for fault in outcome.faults[:_SHOWN]:
        complaints.print(str(fault))
    if len(outcome.faults) > _SHOWN:
        complaints.print(f"... and {len(outcome.faults) - _SHOWN} more; --json lists them all")
    rows = list(_changes(outcome.change))
    if rows:
        table = Table("", "ref", "holder", "what")
        for row in rows[:_SHOWN]:
            table.add_row(*row)
        Console(markup=False).print(table)
    if len(rows) > _SHOWN:
        typer.echo(f"... and {len(rows) - _SHOWN} more")
    typer.echo(_summary(outcome))


def _changes(change: Change) -> Iterator[tuple[str, str, str, str]]:
    for member in change.added:
        yield "added", member.ref, member.holder.id, plans_described(member.holder.memberships)
    for before, after in change.changed:
        yield "changed", after.ref, after.holder.id, described(before, after)
    for member in change.removed:
        yield "removed", member.ref, member.holder.id, ""


def _summary(outcome: _Outcome) -> str:
    change = outcome.change
    counts = (
        f"{len(change.added)} added, {len(change.changed)} changed, "
        f"{len(change.unchanged)} unchanged, {len(change.removed)} removed, "
        f"{len(outcome.faults)} bad lines"
    )
    if outcome.written:
        return counts
    return f"{counts}; nothing was written" + (" (dry run)" if outcome.dry_run else "")


def _outcome_as_data(outcome: _Outcome) -> dict[str, object]:
    change = outcome.change
    return {
        "ok": not outcome.faults,
        "written": outcome.written,
        "rows": outcome.rows,
        "added": len(change.added),
        "changed": len(change.changed),
        "unchanged": len(change.unchanged),
        "removed": len(change.removed),
        "changes": [
            {"change": what, "ref": ref, "holder": holder, "detail": detail}
            for what, ref, holder, detail in _changes(change)
        ],
        "faults": [
            {"line": fault.line, "column": fault.column, "message": fault.message}
            for fault in outcome.faults
        ],
    }


def _cells(member: Member) -> tuple[str, str, str, str, str]:
    holder = member.holder
    plans = plans_described(holder.memberships)
    return holder.id, member.ref, holder.kind, plans, str(len(member.credentials))


def _as_data(member: Member, *, names: bool) -> dict[str, object]:
    data: dict[str, object] = {
        "holder": member.holder.id,
        "ref": member.ref,
        "kind": member.holder.kind,
        "badges": len(member.credentials),
        "memberships": [
            {
                "plan": each.plan,
                "sites": each.sites,
                "starts": each.starts and each.starts.isoformat(),
                "ends": each.ends and each.ends.isoformat(),
                "status": each.status,
            }
            for each in member.holder.memberships
        ],
    }
    return data | ({"name": member.name, "email": member.email} if names else {})
