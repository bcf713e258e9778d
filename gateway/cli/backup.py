"""`seuil backup`: everything that an installation cannot be made again from, in one file."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.backup.archive import BackupError, Manifest
from gateway.backup.last import last_backup
from gateway.backup.make import Contents, make_backup
from gateway.backup.rotation import FOLDER, archive_in, rotate
from gateway.cli import errors
from gateway.cli.members_options import AsJson, DataDir
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, known_credential_key, load_settings

LOOK_S: Final = 60.0
"""Seconds between two looks at the clock, which may be set."""
AGAIN_S: Final = 3600.0
"""Seconds until the next attempt after a backup that failed."""


def backup(
    target: Annotated[
        Path | None,
        typer.Argument(
            help="The archive, or a folder; default: SEUIL_BACKUP_DIR, or backups in the data "
            "folder.",
            metavar="[FILE_OR_FOLDER]",
        ),
    ] = None,
    *,
    space: Annotated[
        Path | None, typer.Option(help="Space file or folder; default: SEUIL_SPACE.")
    ] = None,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Ask for a passphrase, where none is set.")
    ] = False,
    rotated: Annotated[
        bool, typer.Option("--rotate", help="Then delete backups older than SEUIL_BACKUP_DAYS.")
    ] = False,
    nightly: Annotated[
        bool,
        typer.Option("--nightly", help="Stay, and make one each night at 3:30; with --rotate."),
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write a backup of every store, the credential key and the space file; nothing has to stop.

    It counts once it was opened and checked. `seuil restore` is the way back.
    """

    def once() -> None:
        _once(target, space, data_dir, encrypt=encrypt, rotated=rotated or nightly, as_json=as_json)

    if not nightly:
        once()
        return
    with errors.told(as_json=as_json):
        folder = load_settings(data_dir=data_dir).data_dir
    while True:
        _wait_for_night(folder)
        try:
            once()
        except typer.Exit:  # it is told; the gateway raises an alarm after three days
            time.sleep(AGAIN_S)


def _wait_for_night(folder: Path) -> None:
    """Wait until half past three after the last backup; not at all where there is none."""
    while (last := last_backup(folder)) and SystemClock().now() < night_after(last.at):
        time.sleep(LOOK_S)


def night_after(at: datetime) -> datetime:
    """Return the next half past three of this machine's time."""
    local = at.astimezone()
    night = local.replace(hour=3, minute=30, second=0, microsecond=0)
    return night if night > local else night + timedelta(days=1)


def _once(
    target: Path | None,
    space: Path | None,
    data_dir: Path | None,
    *,
    encrypt: bool,
    rotated: bool,
    as_json: bool,
) -> None:
    with errors.told(as_json=as_json):
        settings, now = load_settings(data_dir=data_dir, space=space), SystemClock().now()
        passphrase = _passphrase(settings, encrypt=encrypt)
        file = target or settings.backup_dir or settings.data_dir / FOLDER
        if target is None or target.is_dir():
            file = archive_in(file, settings.instance, now, encrypted=passphrase is not None)
        what = Contents(
            settings.data_dir, settings.instance, known_credential_key(settings), settings.space
        )
        try:
            manifest = make_backup(what, file, now, passphrase)
            gone = 0
            if rotated:
                days = min(settings.backup_days, settings.passage_days)
                gone = rotate(file.parent, settings.instance, now, days)
        except BackupError as wrong:
            raise ConfigError([ConfigFault("", "", str(wrong))]) from wrong
        except OSError as wrong:
            raise ConfigError([ConfigFault(str(file), "", f"not written: {wrong}")]) from wrong
    _show(file, manifest, gone, as_json=as_json, encrypted=passphrase is not None)


def _passphrase(settings: Settings, *, encrypt: bool) -> str | None:
    if settings.backup_passphrase is not None:
        return settings.backup_passphrase.get_secret_value()
    if not encrypt:
        return None
    said: str = typer.prompt("passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return said


def _show(file: Path, manifest: Manifest, gone: int, *, as_json: bool, encrypted: bool) -> None:
    size = file.stat().st_size
    if as_json:
        told: dict[str, object] = {
            "file": str(file),
            "bytes": size,
            "encrypted": encrypted,
            "deleted": gone,
        }
        told["files"] = [entry.name for entry in manifest.files]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    names = ", ".join(entry.name for entry in manifest.files)
    typer.echo(f"{file} ({size / 1e6:.1f} MB): {names}; opened and checked")
    if not encrypted:
        typer.echo("not encrypted: it holds the credential key; --encrypt for another machine")
    if gone:
        typer.echo(f"{gone} older ones deleted")
