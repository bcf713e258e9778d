"""The way back: an archive replaces the stores of a data folder, as a whole.

Everything is unpacked, checked and opened beside the stores first; whoever was erased since the
backup is erased from it. Then the stores are replaced one after the other, out of a folder that a
start of the gateway finishes with if we are killed in between.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.adapters.accounts.store import AccountStore, StoreError
from gateway.adapters.audit import AuditError, AuditLog
from gateway.adapters.directory import DirectoryError, DirectoryStore
from gateway.adapters.journal.folder_lock import FolderTakenError, folder_lock
from gateway.adapters.journal.reader import JournalFile
from gateway.backup import READY
from gateway.backup.archive import SPACE, BackupError, Manifest, unpack
from gateway.backup.make import ERASED_BESIDE
from gateway.backup.stores import STORES, check_store, release_store
from gateway.config.settings import KEY_FILE
from gateway.core.model.directory import HolderId
from gateway.files import give_to_owner, sync_folder
from gateway.privacy.erase_and_export import erase_member
from gateway.privacy.erased import FOLDER as ERASED
from gateway.privacy.erased import erased_since, remember

_PART: Final = "restoring.part"
RESTORED_SPACE: Final = "restored-space"
"""The folder of the restored space files, for a person to compare."""


class RestoreResult(Struct, frozen=True):
    """The outcome of a restore."""

    manifest: Manifest
    erased: int
    """Members who were erased since the backup, and are again."""
    space: Path | None
    """The folder of the space files; None: the backup has none."""


def restore(
    archive: Path, folder: Path, key: bytes | None, now: datetime, passphrase: str | None = None
) -> RestoreResult:
    """Replace the stores of a data folder by those of an archive.

    `key` is the credential key that the settings give, if they do; else the archive's is stored.

    Raises:
        BackupError: The archive or the folder is refused; nothing was changed.
        OSError: It cannot be written.
    """
    try:
        with folder_lock(folder, "seuil restore", now):
            return _restored(archive, folder, key, now, passphrase)
    except FolderTakenError as taken:
        raise BackupError(str(taken)) from None


def finish_restore(folder: Path) -> None:
    """Replace the stores by the files that wait for it, if a restore was killed while it did."""
    ready = folder / READY
    if not ready.is_dir():
        return
    manifest = msgspec.json.decode((ready / "manifest.json").read_bytes(), type=Manifest)
    names = {entry.name for entry in manifest.files}
    for name in (*STORES, KEY_FILE):
        if (ready / name).exists():
            (ready / name).replace(folder / name)
        elif name in STORES and name not in names:
            (folder / name).unlink(missing_ok=True)
    if (ready / SPACE).exists():
        shutil.rmtree(folder / RESTORED_SPACE, ignore_errors=True)
        (ready / SPACE).replace(folder / RESTORED_SPACE)
    sync_folder(folder)
    shutil.rmtree(ready)


def _restored(
    archive: Path, folder: Path, key: bytes | None, now: datetime, passphrase: str | None
) -> RestoreResult:
    finish_restore(folder)
    part = folder / _PART
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        manifest = unpack(archive, part, passphrase)
        _check(part, key)
        erased = _erase_again(
            part, (folder / ERASED, archive.parent / ERASED_BESIDE), manifest, now
        )
        for name in STORES:
            release_store(folder / name)
        _complete(part, folder, manifest)
        part.replace(folder / READY)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    sync_folder(folder)
    has_space = (folder / READY / SPACE).exists()
    finish_restore(folder)
    return RestoreResult(manifest, len(erased), folder / RESTORED_SPACE if has_space else None)


def _check(part: Path, key: bytes | None) -> None:
    """Open each store as the services do: one of a newer seuil, or of another key, is refused."""
    own = (part / KEY_FILE).read_bytes().strip() if (part / KEY_FILE).exists() else None
    if key is not None and own is not None and key != own:
        raise BackupError(
            "the settings give another credential key than the backup's: its badges would all be "
            "unknown. Put the backup's key there, or give none: the backup's is then restored"
        )
    stores = [part / name for name in STORES if (part / name).exists()]
    for store in stores:
        check_store(store)
    try:
        for store in stores:
            _open_once(store, own)
    except (DirectoryError, StoreError, AuditError, sqlite3.Error, msgspec.MsgspecError) as wrong:
        raise BackupError(f"a store of the backup cannot be used: {wrong}") from wrong


def _open_once(store: Path, key: bytes | None) -> None:
    match store.name:
        case "members.db":
            with closing(DirectoryStore(store)) as members:
                if key is not None:
                    members.bind(key)
        case "console.db":
            AccountStore(store).close()
        case "audit.db":
            AuditLog(store).close()
        case _:
            with closing(JournalFile(store)) as journal:
                for site in journal.sites():
                    journal.restore(site)


def _erase_again(
    part: Path, lists: tuple[Path, ...], manifest: Manifest, now: datetime
) -> set[HolderId]:
    """Erase whoever was erased since the backup; the gateway does the journal's part later."""
    found = {holder for each in lists for holder, _ in erased_since(each, manifest.at)}
    erased = {holder for holder in found if erase_member(part, holder, now) is not None}
    for each in lists[1:]:  # known beside the archive only: the next restore needs it, too
        for holder, at in erased_since(each, manifest.at):
            remember(lists[0], holder, at)
    return erased


def _complete(part: Path, folder: Path, manifest: Manifest) -> None:
    """Leave in the part what is to replace, on the disk and with the folder's owner."""
    (part / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    shutil.rmtree(part / ERASED, ignore_errors=True)
    for file in _files(part):
        give_to_owner(file, folder)
        if file.is_file():
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())
    sync_folder(part)


def _files(part: Path) -> Iterator[Path]:
    yield part
    yield from part.rglob("*")
