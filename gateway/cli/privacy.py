"""`seuil privacy`: the export and the erasure of a member's data."""

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditEntry, AuditError, AuditLog
from gateway.adapters.journal.occupancy_history import HistoryError
from gateway.cli import errors
from gateway.cli.decision_output import Language
from gateway.cli.members_options import AsJson, DataDir, Ref, member_of, opened_store
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, load_settings
from gateway.files import write_whole
from gateway.privacy.confirmation import confirm
from gateway.privacy.erase_and_export import Erased, Export, erase_member, export_member
from gateway.privacy.text import text_of

app = typer.Typer(
    help="Export or erase everything that is kept about a member.", no_args_is_help=True
)

Why = Annotated[str, typer.Option(help="Why, for the log of looks: a request's date, say.")]


@app.command("export")
def export(
    ref: Ref,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write REF.json and REF.txt to this folder.")
    ] = None,
    why: Why = "",
    language: Language = "fr",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Export everything about a member: what they bought and learned, and every passage."""
    with _told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        member = member_of(settings, ref)
        # Logged before it is shown: without an audit entry there is no export.
        _log(settings, "export", member.holder.id, why)
        found = export_member(settings.data_dir, member.ref, SystemClock().now())
        if found is None:
            raise ConfigError((ConfigFault("", "REF", f"{ref} was erased meanwhile"),))
        written = _written(found, text_of(found, language), out) if out is not None else []
    if written:
        for path in written:
            typer.echo(json.dumps({"wrote": str(path)}) if as_json else f"wrote {path}")
    elif as_json:
        typer.echo(found.as_json(), nl=False)
    else:
        typer.echo(text_of(found, language), nl=False)


@app.command("erase")
def erase(
    ref: Ref,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Erase a member: name, badges and memberships at once, their pseudonym by the gateway.

    Erasing somebody who is erased already is no error.
    """
    with _told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        member = _still_there(settings, ref)
        if member is not None and not yes:
            question = f"Erase {ref} for good? Export first if they asked for their data."
            typer.confirm(question, abort=True, err=True)
        if member is not None:
            _log(settings, "erase", None, why)
        now = SystemClock().now()
        done = erase_member(settings.data_dir, member, now) if member is not None else None
    if as_json:
        data = {"erased": done is not None}
        told = msgspec.to_builtins(done) if done is not None else {}
        typer.echo(json.dumps(data | told, ensure_ascii=False))
    else:
        _show(ref, done)


@app.command("confirm-clock")
def confirm_clock(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Say that the clock is right, where a purge waits for that.

    After a long time off the gateway would delete many days' passages at once, which a wrong clock
    would look like, too. Where no time server tells, somebody has to.
    """
    with errors.told(as_json=False):
        folder, now = load_settings(data_dir=data_dir).data_dir, SystemClock().now()
        if not yes:
            typer.confirm(f"Is it {now:%A, %d %B %Y, %H:%M} UTC now?", abort=True, err=True)
        try:
            confirm(folder, now)
        except OSError as wrong:
            message = f"cannot be written: {wrong.strerror}"
            raise ConfigError((ConfigFault(str(folder), "", message),)) from wrong
    typer.echo("confirmed: what is older than passages are kept goes within the hour")


def _still_there(settings: Settings, ref: str) -> str | None:
    """Return the member's own reference; None if there is no such member (any more)."""
    with closing(opened_store(settings)) as store:
        member = store.find(ref)
        return member.ref if member is not None else None


def _log(settings: Settings, action: str, subject: str | None, why: str) -> None:
    with closing(AuditLog(settings.data_dir / AUDIT_FILE)) as log:
        by = f"shell:{_user()}"
        log.record(AuditEntry(SystemClock().now(), by, action, subject=subject, detail=why))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


def _written(found: Export, text: str, folder: Path) -> list[Path]:
    stem = "".join(each if each.isalnum() or each in "-_." else "_" for each in found.ref)
    files = {folder / f"{stem}.json": found.as_json(), folder / f"{stem}.txt": text.encode()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            write_whole(path, content, 0o600)
    except OSError as wrong:
        fault = ConfigFault(str(folder), "", f"cannot be written: {wrong.strerror}")
        raise ConfigError((fault,)) from wrong
    return list(files)


def _show(ref: str, done: Erased | None) -> None:
    console = Console(highlight=False, markup=False)
    if done is None:
        console.print(f"nobody is called {ref}: nothing to erase")
        return
    console.print(
        f"erased: name and address, {done.credentials} badges and codes, {done.memberships} "
        f"memberships, {done.trainings} trainings; {done.looks} looks no longer say at whom"
    )
    console.print(
        f"{done.journal_rows} rows of the journal name their pseudonym: the gateway writes over it "
        "within seconds, or when it is started"
    )
    for site in done.inside:
        console.print(f"they were inside at {site}: the count there is one less")


@contextmanager
def _told(*, as_json: bool) -> Iterator[None]:
    with errors.told(as_json=as_json):
        try:
            yield
        except (AuditError, HistoryError) as wrong:
            raise ConfigError((ConfigFault("", "", str(wrong)),)) from wrong
