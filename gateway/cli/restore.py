"""`seuil restore`: the way back from a backup."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.backup.archive import BackupError, is_encrypted
from gateway.backup.restore import RestoreResult
from gateway.backup.restore import restore as restored_from
from gateway.backup.stores import STORES
from gateway.cli import errors
from gateway.cli.members_options import AsJson, DataDir
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, load_settings


def restore(
    archive: Annotated[Path, typer.Argument(help="What seuil backup wrote.", metavar="FILE")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Replace the stores of the data folder by those of a backup.

    Gateway and console must be stopped. Members who were erased since the backup are erased again.
    """
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        try:
            passphrase = _passphrase(settings, archive)
            _confirm(settings.data_dir, archive, yes=yes)
            done = _restored(settings, archive, passphrase)
        except BackupError as wrong:
            raise ConfigError([ConfigFault("", "", str(wrong))]) from wrong
        except OSError as wrong:
            message = f"not restored: {wrong}"
            raise ConfigError([ConfigFault(str(settings.data_dir), "", message)]) from wrong
    _show(done, settings, as_json=as_json)


def _restored(settings: Settings, archive: Path, passphrase: str | None) -> RestoreResult:
    given = settings.credential_key
    key = given.get_secret_value().encode() if given is not None else None
    return restored_from(archive, settings.data_dir, key, SystemClock().now(), passphrase)


def _passphrase(settings: Settings, archive: Path) -> str | None:
    if not is_encrypted(archive):
        return None
    if settings.backup_passphrase is not None:
        return settings.backup_passphrase.get_secret_value()
    if not sys.stdin.isatty():
        raise BackupError(
            f"{archive}: is encrypted: give its passphrase (SEUIL_BACKUP_PASSPHRASE, or on a "
            "terminal)"
        )
    said: str = typer.prompt("passphrase", hide_input=True, err=True)
    return said


def _confirm(folder: Path, archive: Path, *, yes: bool) -> None:
    there = [name for name in STORES if (folder / name).exists()]
    if there and not yes:
        question = (
            f"{folder} has {', '.join(there)}: replace them by {archive}? What happened since that "
            "backup is then lost"
        )
        typer.confirm(question, abort=True, err=True)


def _show(done: RestoreResult, settings: Settings, *, as_json: bool) -> None:
    if as_json:
        told = {
            "folder": str(settings.data_dir),
            "at": done.manifest.at.isoformat(),
            "files": [entry.name for entry in done.manifest.files],
            "erased_again": done.erased,
            "space": str(done.space) if done.space else None,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"{settings.data_dir} is as of {done.manifest.at:%Y-%m-%d %H:%M:%S} UTC")
    if done.erased:
        typer.echo(f"{done.erased} members who were erased since then are erased again")
    if done.space is not None:
        typer.echo(f"the space file of then is in {done.space}; yours was not touched")
    typer.echo("look at it (seuil doctor), then start gateway and console")
