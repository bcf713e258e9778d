"""SQLite's own part: opens the file, makes it durable, and locks it for a change."""

import contextlib
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import make_url

from gateway.files import give_to_owner, private_folder

BUSY_S: Final = 5.0
"""Seconds to wait for another process's import; its transaction takes far less."""
BUSY_POLL_S: Final = 0.02
WRITES: Final = "seuil_writes"
"""The execution option of a connection that is going to write."""


def url_of(file: Path) -> URL:
    """Return the URL of a file."""
    return make_url("sqlite+pysqlite://").set(database=str(file))


def prepare(file: Path) -> None:
    """Create the file if there is none, for its owner alone; -wal and -shm get the same mode.

    A file that everybody may read, as older releases made the journal, is closed to them.

    Raises:
        OSError: It cannot be created.
    """
    private_folder(file.parent)
    if not file.exists():
        file.touch(mode=0o600)
        give_to_owner(file)
        return
    for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if each.stat().st_mode & stat.S_IRWXO:
                each.chmod(0o600)


def listen(engine: Engine) -> None:
    """Make each connection durable over power cuts, and each change take the lock at its start.

    Python's sqlite3 would begin a transaction by itself only before the first change, after the
    reads; so its own transactions are turned off. A change that had read under a shared lock could
    fail when it writes, however long it waits.
    """
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def empty_wal(engine: Engine) -> None:
    """Merge the -wal file into the database, so that no erased data stays in it.

    While another connection reads, this does nothing and does not wait: later changes overwrite it.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101 - it is connected
        raw.execute("PRAGMA busy_timeout = 0")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")


def _on_connect(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
    connection.isolation_level = None
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # a name that was erased is zeros on the disk


def _use_wal(connection: sqlite3.Connection) -> None:
    """Set WAL mode; wait if another process creates the same file, as SQLite itself does not."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as wrong:
            if "locked" not in str(wrong) or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(BUSY_POLL_S)
        else:
            return


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
