"""The audit log: adds, searches and purges entries."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Select, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from gateway.adapters.audit.tables import ENTRY, REVISION
from gateway.adapters.journal.queries.pagination import Page, bounded
from gateway.adapters.journal.rows import from_us, to_us
from gateway.adapters.sql import sqlite
from gateway.adapters.sql.database import engine_of
from gateway.adapters.sql.migration import Migrations

log = logging.getLogger(__name__)

FILE: Final = "audit.db"
LOOK: Final = "look"
"""The action of viewing one person's passages."""
ERASED: Final = "nobody"
"""The subject of entries about a member who was erased."""
DETAIL_MAX: Final = 500
"""Characters of a detail; longer ones are cut."""
COLUMNS: Final = ("at", "by", "action", "site", "subject", "detail", "outcome")


class AuditError(Exception):
    """The log cannot be used: the message says why. An action that cannot be logged is refused."""


class AuditEntry(Struct, frozen=True):
    """An action that a user took or was refused.

    `by` is an account of the console, `action` a word such as look, export, erase, import, sign-in,
    sign-out, token, settings; `subject` is whose data it was about (a pseudonym), `detail` why.
    `site` None: it is about no site. `outcome` is "done" or why it was refused.
    """

    at: datetime
    by: str
    action: str
    site: str | None = None
    subject: str | None = None
    detail: str = ""
    outcome: str = "done"


class EntryLine(Struct, frozen=True):
    """An entry with its number."""

    n: int
    entry: AuditEntry


class Note(Struct):
    """An entry written before the action; set `nothing_changed` if the action had no effect."""

    n: int
    nothing_changed: bool = False


_MIGRATIONS: Final = Migrations(
    Path(__file__).with_name("migrations"), (REVISION,), "the audit", OSError
)


class AuditLog:
    """The console's log. Any thread, one caller at a time.

    Raises:
        AuditError: from any method, when the file is missing, locked, damaged or of a newer seuil.
    """

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        with self._told():
            sqlite.prepare(path)
            self._engine = engine_of(path)
        self._writing = self._engine.execution_options(**{sqlite.WRITES: True})
        try:
            with self._told(), self._engine.connect() as connection:
                is_ready = _MIGRATIONS.is_current(connection)
            if not is_ready:
                with self._changing() as connection:
                    _MIGRATIONS.migrate(connection)  # nothing is left where another was first
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def record(self, entry: AuditEntry) -> int:
        """Store an entry and return its number. It is on disk when this returns."""
        row = {name: getattr(entry, name) for name in COLUMNS}
        row |= {"at": to_us(entry.at), "detail": entry.detail[:DETAIL_MAX]}
        with self._changing() as connection:
            return int(connection.scalar(insert(ENTRY).values(row).returning(ENTRY.c.n)) or 0)

    @contextmanager
    def noting(self, entry: AuditEntry) -> Iterator["Note"]:
        """Store an entry before its action is carried out, and delete it if the action fails.

        An action that cannot be recorded is not carried out. A kill in between leaves one entry
        too many, never one too few.
        """
        note = Note(self.record(entry))
        try:
            yield note
        except BaseException:
            note.nothing_changed = True
            raise
        finally:
            if note.nothing_changed:
                self._take_back(note.n)

    def _take_back(self, n: int) -> None:
        try:
            with self._changing() as connection:
                connection.execute(delete(ENTRY).where(ENTRY.c.n == n))
        except AuditError as wrong:  # one too many then
            log.warning("an entry of what was not done stays in the audit: %s", wrong)

    def search(
        self,
        *,
        by: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        site: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Page[EntryLine]:
        """Return matching entries, newest first; `since` inclusive, `until` exclusive.

        Raises:
            ValueError: `limit` is below 1.
        """
        limit, query = bounded(limit), select(ENTRY)
        same = ((ENTRY.c.by, by), (ENTRY.c.action, action), (ENTRY.c.subject, subject))
        for column, wanted in (*same, (ENTRY.c.site, site)):
            if wanted is not None:
                query = query.where(column == wanted)
        query = _between(query, since, until, before)
        with self._told(), self._engine.begin() as connection:
            rows = connection.execute(query.order_by(ENTRY.c.n.desc()).limit(limit + 1)).all()
        lines = tuple(_line(row) for row in rows[:limit])
        return Page(lines, lines[-1].n if len(rows) > limit else None)

    def purge(self, before: datetime) -> int:
        """Delete entries older than `before`, and return how many."""
        with self._changing() as connection:
            old = delete(ENTRY).where(ENTRY.c.at < to_us(before))
            return connection.execute(old).rowcount

    def about_nobody(self, subject: str) -> int:
        """Replace an erased member as the subject of all entries; return how many changed."""
        with self._changing() as connection:
            change = update(ENTRY).where(ENTRY.c.subject == subject).values(subject=ERASED)
            changed = connection.execute(change).rowcount
        with self._told():
            sqlite.empty_wal(self._engine)
        return changed

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._told(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, SQLAlchemyError, sqlite3.Error) as wrong:
            reason = getattr(wrong, "orig", None) or wrong
            raise AuditError(f"{self._name}: {reason}") from wrong


def _between(
    query: Select[Any], since: datetime | None, until: datetime | None, before: int | None
) -> Select[Any]:
    if since is not None:
        query = query.where(ENTRY.c.at >= to_us(since))
    if until is not None:
        query = query.where(ENTRY.c.at < to_us(until))
    return query if before is None else query.where(ENTRY.c.n < before)


def _line(row: Any) -> EntryLine:  # noqa: ANN401 - a row of any select
    n, at, *rest = row
    return EntryLine(n, AuditEntry(from_us(at), *rest))
