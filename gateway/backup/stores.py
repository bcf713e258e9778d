"""The stores of a data folder: copied while they are in use, and checked."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from gateway.adapters.accounts.store import FILE as CONSOLE_FILE
from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.journal.integrity import damage_of
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.backup.archive import BackupError

STORES: Final = (MEMBERS_FILE, CONSOLE_FILE, AUDIT_FILE, JOURNAL_FILE)
"""The members come first: an erasure that the gateway ends meanwhile is then still in their copy,
and carried out again."""
BUSY_S: Final = 30.0


def copy_store(store: Path, copy: Path) -> None:
    """Copy a store that is in use, as of one moment, into a file that stands alone.

    In one step: a writer of a WAL file is not held up by a reader, and SQLite begins a copy in
    several steps again at each write of another process.

    Raises:
        BackupError: It cannot be copied.
    """
    try:
        with _opened(store, "rw") as source, _opened(copy, "rwc") as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE").fetchone()
        copy.chmod(0o600)
    except sqlite3.Error as wrong:
        raise BackupError(f"{store}: cannot be copied: {wrong}") from wrong


def check_store(store: Path) -> None:
    """Open a store that nobody else uses, and check every page.

    Raises:
        BackupError: It is damaged, or no database.
    """
    try:
        with _opened(store, "ro") as db:
            found = damage_of(db)
    except sqlite3.Error as wrong:
        found = str(wrong)
    if found:
        raise BackupError(f"{store.name} is damaged: {found}")


def release_store(store: Path) -> None:
    """Check that no process has a store open, and remove its -wal file.

    Raises:
        BackupError: Another process has it open, or it cannot be written.
    """
    if not store.exists() or not store.stat().st_size:
        return
    try:
        with _opened(store, "rw", busy_s=0) as db:
            db.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as wrong:
        raise BackupError(
            f"{store} is in use ({wrong}): stop the gateway and the console first "
            "(systemctl stop seuil seuil-console)"
        ) from wrong
    except sqlite3.DatabaseError:  # damaged, which is why it is replaced
        for end in ("-wal", "-shm"):
            store.with_name(store.name + end).unlink(missing_ok=True)


@contextmanager
def _opened(file: Path, mode: str, busy_s: float = BUSY_S) -> Iterator[sqlite3.Connection]:
    address = f"{file.absolute().as_uri()}?mode={mode}"
    mask = os.umask(0o077)
    try:
        connection = sqlite3.connect(address, uri=True, timeout=busy_s)
        connection.execute("PRAGMA schema_version")  # makes the file
    finally:
        os.umask(mask)
    with closing(connection):
        yield connection
