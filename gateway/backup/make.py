"""A backup: written beside its place, opened once, and moved there as a whole.

What is not finished is in a folder of its own beside the archive, under a lock that ends with the
process: the next backup to that place removes what a killed one left.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.backup import last
from gateway.backup.archive import (
    SPACE,
    BackupError,
    Manifest,
    is_encrypted,
    manifest_of,
    pack,
    unpack,
)
from gateway.backup.stores import STORES, check_store, copy_store
from gateway.config import ConfigError
from gateway.config.settings import KEY_FILE
from gateway.config.space import space_files
from gateway.files import give_to_owner, private_folder, sync_folder, write_whole
from gateway.privacy.erased import DAYS as ERASED_DAYS
from gateway.privacy.erased import FOLDER as ERASED
from gateway.privacy.erased import erased_since, forget, remember

_WORK: Final = ".seuil-backup-"
ERASED_BESIDE: Final = "seuil-erased"
"""The folder beside archives, of the erasures of the last months."""


class Contents(Struct, frozen=True):
    """The installation that is backed up. `space`: its space file, or folder of them."""

    folder: Path
    instance: str
    key: bytes | None
    space: Path | None


def make_backup(
    what: Contents, target: Path, now: datetime, passphrase: str | None = None
) -> Manifest:
    """Write a backup to `target` (0600) and return what is in it; a kill leaves all of it or none.

    Raises:
        BackupError: There is nothing to back up, a store is damaged, or `target` is something else.
        OSError: It cannot be written; what was there before is untouched.
    """
    if target.exists():
        is_encrypted(target)  # raises where it is no backup: it is not replaced then
    with _work_folder(target.parent) as work:
        draft, copies = work / "archive", work / "copies"
        copies.mkdir()
        files = _copied(what, copies)
        manifest = manifest_of(files, now, what.instance)
        draft.touch(mode=0o600)
        with draft.open("wb") as out:
            pack(out, manifest, files, passphrase)
            out.flush()
            os.fsync(out.fileno())
        shutil.rmtree(copies)
        _open_once(draft, work / "opened", passphrase)
        give_to_owner(draft, target.parent)
        draft.replace(target)
        sync_folder(target.parent)
    _tell_erasures(what.folder / ERASED, target.parent / ERASED_BESIDE, now)
    last.remember(what.folder, last.LastBackup(now, str(target.absolute())))
    return manifest


def _tell_erasures(ours: Path, beside: Path, now: datetime) -> None:
    """Keep the erasures beside the archives, too: for a machine whose disk is gone."""
    for holder, at in erased_since(ours, now - timedelta(days=ERASED_DAYS)):
        remember(beside, holder, at)
    forget(beside, now - timedelta(days=ERASED_DAYS))


def _copied(what: Contents, work: Path) -> dict[str, Path]:
    """Copy everything that belongs into the archive, and return it by its name there."""
    files: dict[str, Path] = {}
    for name in STORES:
        if (what.folder / name).exists():
            files[name] = work / name
            copy_store(what.folder / name, work / name)
    if not files:
        raise BackupError(f"{what.folder}: there is nothing to back up; is it the right folder?")
    if what.key is not None:
        files[KEY_FILE] = work / KEY_FILE
        write_whole(files[KEY_FILE], what.key + b"\n", 0o600)
    elif MEMBERS_FILE in files:
        raise BackupError(
            f"{what.folder}: the credential key is not here, and without it no badge of the "
            "members is known: name it (SEUIL_CREDENTIAL_KEY, SEUIL_SECRETS_DIR)"
        )
    for file in _space_files(what.space):
        files[f"{SPACE}/{file.name}"] = file
    return files


def _space_files(space: Path | None) -> list[Path]:
    if space is None:
        return []
    try:
        return space_files(space)
    except ConfigError as wrong:
        raise BackupError(str(wrong)) from None


def _open_once(draft: Path, folder: Path, passphrase: str | None) -> None:
    """Do with a new archive what a restore would do; only then it counts."""
    folder.mkdir()
    for entry in unpack(draft, folder, passphrase).files:
        if entry.name in STORES:
            check_store(folder / entry.name)


@contextmanager
def _work_folder(beside: Path) -> Iterator[Path]:
    """Make a private folder that is removed at the end, now or by the next backup."""
    private_folder(beside)
    for left in beside.glob(f"{_WORK}*"):
        with _locked(left) as is_ours:
            if is_ours:
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_WORK, dir=beside))
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock; False: another process holds it, or has just removed the folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
