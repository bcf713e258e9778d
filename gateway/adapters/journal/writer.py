"""The journal's write side: one connection, its transactions, and the undoing of failed ones.

Blocking; the gateway uses it from a separate thread (`Journal`).

A batch is passed to SQLite as one JSON array per table (`json_each`), not row by row: each row
would acquire and release Python's lock once, and beside a busy event loop every acquisition waits
for a switch interval (300 rows: 175 ms row by row, 17 ms as one array, on two cores).
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct, field

from gateway.adapters.journal.file_identity import (
    ForeignJournalError,
    JournalIdentity,
    check_file,
    check_identity,
    identity_of,
)
from gateway.adapters.journal.integrity import damage_of
from gateway.adapters.journal.rows import DecisionRow, EventRow, LetterRow, MinuteRow, encoded_row
from gateway.adapters.sql.sqlite import prepare
from gateway.core.model.directory import Directory
from gateway.core.model.names import SiteId
from gateway.core.state import State, encode

T = TypeVar("T")
Statement = tuple[str, tuple[object, ...]]
"""SQL with its values."""

LETTERS_MAX: Final = 200_000
"""Dead letters kept; the oldest are deleted first. At some 400 bytes each: 80 MB."""
SNAPSHOTS_MAX: Final = 3
"""Snapshots kept per site: the newest, and two to fall back to."""
ANCHOR_DAYS: Final = 7
"""The first snapshot of each period of so many days is kept as well: a replay begins there once the
first rows are purged. With 90 days of passages these are 13; 5,000 members take a megabyte each."""
RUNS_MAX: Final = 1000
"""Starts that are stored: an answer that is still fresh belongs to one of the last."""
BUSY_MS: Final = 10_000
"""Milliseconds for which a commit waits for another process that locks the file, such as a tool
that reads it for some seconds: half the time that systemd's watchdog allows for one turn."""

_INSERT_EVENTS = """
INSERT INTO journal (n, site, device, kind, at, received, event, facts)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
       value -> 6, value -> 7
FROM json_each(?)"""
_INSERT_DECISIONS = """
INSERT INTO decision (n, site, device, access_point, holder, decision, reason, at, expires,
                      handover, run, uptime)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
       value ->> 7, value ->> 8, value ->> 9, ?2, ?3
FROM json_each(?1)"""
_INSERT_MINUTES = """
INSERT OR REPLACE INTO occupancy_1m (site, zone, time, mean, min, max)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
FROM json_each(?)"""
_INSERT_LETTERS = """
INSERT INTO dead_letter (received, source, topic, reason, detail, size, payload)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?)"""
_TRIM_LETTERS = """
DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?"""
_HAND_OVER = """
UPDATE decision SET handover = ? WHERE handover = 'pending'
AND n IN (SELECT value FROM json_each(?))"""
# A failed commit's rows are ours if they equal what we meant to store, byte for byte.
_FOREIGN = """
SELECT min(n), max(n) FROM journal AS j WHERE n > ?2 AND NOT EXISTS (
    SELECT 1 FROM json_each(?1) WHERE value ->> 0 = j.n AND value ->> 1 = j.site
    AND value ->> 5 = j.received AND value -> 6 = j.event AND value -> 7 = j.facts)"""
_UNDO_LETTERS = """
DELETE FROM dead_letter WHERE (received, topic, payload) IN
(SELECT value ->> 0, value ->> 2, value ->> 6 FROM json_each(?))"""
_UNDO_EVENTS = "DELETE FROM journal WHERE n > ?"
_UNDO_DECISIONS = "DELETE FROM decision WHERE n > ?"
_MOVE_CURSOR = """
INSERT INTO outbox (name, n) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = excluded.n"""
_FORGET_SNAPSHOTS = """
DELETE FROM snapshot WHERE site = ?1
AND n NOT IN (SELECT n FROM snapshot WHERE site = ?1 ORDER BY n DESC LIMIT ?2)
AND n NOT IN (SELECT min(s.n) FROM snapshot AS s JOIN journal AS j USING (n)
              WHERE s.site = ?1 GROUP BY j.received / (?3 * 86400000000))"""
# A snapshot uses the newest directory that is not newer than itself.
FORGET_DIRECTORIES: Final = """
DELETE FROM directory_snapshot AS gone WHERE site = ?1 AND NOT EXISTS (
    SELECT 1 FROM snapshot AS s WHERE s.site = ?1 AND gone.n =
    (SELECT max(d.n) FROM directory_snapshot AS d WHERE d.site = ?1 AND d.n <= s.n))"""
"""The directories of a site that no snapshot needs."""
_IS_OLD_VIEW = """
SELECT 1 FROM sqlite_master
WHERE type = 'view' AND name = 'access_1d' AND NOT instr(sql, 'access_past')"""


class Batch(Struct):
    """The data that one transaction stores."""

    events: list[EventRow] = field(default_factory=list)
    decisions: list[DecisionRow] = field(default_factory=list)
    minutes: list[MinuteRow] = field(default_factory=list)
    letters: list[LetterRow] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    """Decisions whose answer the broker has acknowledged."""
    undelivered: list[int] = field(default_factory=list)
    """Decisions whose answer expired before the broker acknowledged it."""
    encoded: list[bytes] = field(default_factory=list)
    """`events` as JSON if already encoded: an event that cannot be encoded then fails alone."""

    def __bool__(self) -> bool:
        return bool(
            self.events or self.letters or self.minutes or self.delivered or self.undelivered
        )


class Snapshot(Struct, frozen=True):
    """A site's state after row `n`; `directory` is None if it equals the last snapshot's."""

    n: int
    site: SiteId
    state: State
    directory: Directory | None


class JournalWriter:
    """Writes the file; raises `sqlite3.Error` or `OSError` if it cannot.

    Any method raises `ForeignJournalError` if the file or its last rows are not ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._identity: JournalIdentity | None = None
        self._run = 0
        self._last_n = 0
        self._patience_ms = BUSY_MS
        self._unsure = Batch()
        """The last batch, until it is certain that it was stored."""

    def open(self, boot: str | None = None) -> int:
        """Open or create the file; return its newest number. `boot` identifies the system's run."""
        prepare(self.path)
        self._connect()
        db = self._connection()
        if db.execute(_IS_OLD_VIEW).fetchone():  # of a release that purged nothing
            db.execute("DROP VIEW access_1d")
        _add_columns(db)
        schema = files("gateway.adapters.journal").joinpath("schema.sql").read_text("utf-8")
        db.executescript(schema)
        self._run = self.work(lambda db: _new_run(db, boot))
        self._identity = identity_of(self.path)
        self._last_n = self._newest()
        return self._last_n

    def wait_for_others(self, at_most_ms: int) -> None:
        """Set how long each later change waits for another process that locks the file."""
        if self._db is not None and at_most_ms != self._patience_ms:
            self._db.execute(f"PRAGMA busy_timeout = {at_most_ms}")
            self._patience_ms = at_most_ms

    def check(self) -> None:
        """Raise if our file is no longer in its place; cheap enough for each second."""
        if self._identity is not None:
            check_identity(self.path, self._identity)

    def commit(self, batch: Batch, uptime_us: int | None = None) -> None:
        """Store a batch, all of it or nothing; `uptime_us` is the system's at the decision."""
        self.check()
        if batch.events or not self._unsure:  # a letter of the outbox may come before `reopen`
            self._unsure = batch
        try:
            self._transaction(self._statements(batch, uptime_us))
        except sqlite3.IntegrityError:
            self._unsure = Batch()  # nothing of it was stored
            self._raise_if_foreign(self._last_n)
            raise
        self.check()
        if self._unsure is batch:
            self._unsure = Batch()
        if batch.events:
            self._last_n = batch.events[-1].n

    def _statements(self, batch: Batch, uptime_us: int | None) -> list[Statement]:
        work: list[Statement] = []
        if batch.events:
            rows = b",".join(batch.encoded or [encoded_row(row) for row in batch.events])
            work.append((_INSERT_EVENTS, (f"[{rows.decode()}]",)))
        if batch.decisions:
            decided = (_json(batch.decisions), self._run, uptime_us)
            work.append((_INSERT_DECISIONS, decided))
        if batch.minutes:
            work.append((_INSERT_MINUTES, (_json(batch.minutes),)))
        if batch.letters:
            work.append((_INSERT_LETTERS, (_json(batch.letters),)))
            work.append((_TRIM_LETTERS, (LETTERS_MAX,)))
        if batch.delivered:
            work.append((_HAND_OVER, ("delivered", _json(batch.delivered))))
        if batch.undelivered:
            work.append((_HAND_OVER, ("undelivered", _json(batch.undelivered))))
        return work

    def snapshot(self, snapshots: Sequence[Snapshot]) -> None:
        """Store states, and delete all but the newest few snapshots of each site."""
        work: list[Statement] = []
        for entry in snapshots:
            state = encode(msgspec.structs.replace(entry.state, directory=Directory()))
            work.append(
                ("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", (entry.n, entry.site, state))
            )
            if entry.directory is not None:
                work.append(
                    (
                        "INSERT OR REPLACE INTO directory_snapshot VALUES (?, ?, ?)",
                        (entry.n, entry.site, encode(entry.directory)),
                    )
                )
            work.append((_FORGET_SNAPSHOTS, (entry.site, SNAPSHOTS_MAX, ANCHOR_DAYS)))
            work.append((FORGET_DIRECTORIES, (entry.site,)))
        self._transaction(work)

    def move_cursor(self, name: str, n: int) -> None:
        """Store that the reader `name` has processed the rows up to `n`."""
        self._connection().execute(_MOVE_CURSOR, (name, n))

    def work(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job`, which changes the file, as one transaction."""
        db = self._connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            done = job(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return done

    def tidy(self) -> bool:
        """Merge the -wal file into the journal; return False if another connection reads now."""
        self.wait_for_others(0)  # a door must not wait for a reader
        try:
            busy, _, _ = self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self.wait_for_others(BUSY_MS)
        return not busy

    def reopen(self, last_n: int, *, look_through: bool = False) -> None:
        """Open the file again; never create one, which would begin without its site.

        Rows that a failed commit left after row `last_n` are undone. If the file is gone, our old
        connection stays open until it is back: it holds the last acknowledged rows.
        """
        if self._identity is not None:
            check_file(self.path, self._identity)
        if self._db is not None:
            self._save_log()
        self.close()
        try:
            self._connect()
            if look_through:
                self._raise_if_damaged()
            self._take_up(last_n)
            self._identity = identity_of(self.path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; nothing can be stored until it is opened again."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _connect(self) -> None:
        self._db = db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=BUSY_MS / 1000,
            check_same_thread=False,
        )
        self._patience_ms = BUSY_MS
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")  # what is purged is zeros on the disk

    def _newest(self) -> int:
        (last,) = self._connection().execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()
        return int(last)

    def _take_up(self, last_n: int) -> None:
        """Continue after `last_n`: undo the rows that a failed commit left after it."""
        newest = self._newest()
        if newest < last_n:
            raise sqlite3.DatabaseError(
                f"it ends at row {newest}, but row {last_n} was stored; put the file back "
                "that was here, or restart the gateway to go on with this one"
            )
        self._raise_if_foreign(last_n)
        self._transaction(
            [
                (_UNDO_LETTERS, (_json(self._unsure.letters),)),
                (_UNDO_EVENTS, (last_n,)),
                (_UNDO_DECISIONS, (last_n,)),
                (_MOVE_CURSOR, ("heal", int(time.monotonic()))),
            ]
        )
        self._unsure = Batch()

    def _raise_if_damaged(self) -> None:
        if damage := damage_of(self._connection()):
            raise sqlite3.DatabaseError(f"it is damaged: {damage}; restore it from a backup")

    def _raise_if_foreign(self, last_n: int) -> None:
        """Raise if rows after `last_n` are not those of our last commit.

        The program that wrote them may have acknowledged them: they are not undone.
        """
        ours = (_json(self._unsure.events), last_n)
        low, high = self._connection().execute(_FOREIGN, ours).fetchone()
        if low is not None:
            raise ForeignJournalError(
                f"{self.path}: another program wrote rows {low} to {high}; they are left as they "
                "are. End it, and start this gateway again: it goes on behind them"
            )

    def _save_log(self) -> None:
        """Merge a log whose name was removed into the file: other programs would not find it."""
        try:
            self.check()
        except FileNotFoundError:
            self._connection().execute("PRAGMA wal_checkpoint(FULL)").fetchall()

    def _transaction(self, work: Sequence[Statement]) -> None:
        db = self._connection()
        if len(work) == 1:  # its own transaction, with fewer waits for the lock
            db.execute(*work[0])
            return
        self.work(lambda db: [db.execute(*one) for one in work])

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the journal is not open")
        return self._db


def _add_columns(db: sqlite3.Connection) -> None:
    """Add the columns of `decision` that later releases introduced; old rows have NULL there."""
    known = {name for _, name, *_ in db.execute("PRAGMA table_info(decision)")}
    for column in ("run", "uptime"):
        if known and column not in known:
            db.execute(f"ALTER TABLE decision ADD COLUMN {column} INTEGER")


def _new_run(db: sqlite3.Connection, boot: str | None) -> int:
    """Store a start of the gateway and return its number."""
    run = db.execute("INSERT INTO run (boot) VALUES (?)", (boot,)).lastrowid
    assert run is not None  # noqa: S101 - a row was inserted
    db.execute("DELETE FROM run WHERE id <= ?", (run - RUNS_MAX,))
    return run


def _json(rows: Sequence[object]) -> str:
    return msgspec.json.encode(rows).decode()
