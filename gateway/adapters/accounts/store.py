"""`console.db`: the data for signing in, in a file apart from the members and the journal.

Each change that may take access away (a session ended, a token revoked) calls `ends_seats`: this
increments the version, and open streams then check again whether they may continue.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, select, update
from sqlalchemy.exc import SQLAlchemyError

from gateway.adapters.accounts.tables import ABOUT, REVISION
from gateway.adapters.journal.rows import from_us
from gateway.adapters.sql import sqlite
from gateway.adapters.sql.database import engine_of
from gateway.adapters.sql.migration import Migrations

FILE: Final = "console.db"
_VERSION: Final = select(ABOUT.c.value).where(ABOUT.c.word == "version")


class StoreError(Exception):
    """The accounts on disk cannot be used: the message says why."""


_MIGRATIONS: Final = Migrations(
    Path(__file__).with_name("migrations"), (REVISION,), "accounts", StoreError
)


class AccountStore:
    """The accounts in a file, or in the database at a URL. Blocking; one caller at a time.

    Raises:
        StoreError: The database cannot be opened, was made by a newer seuil, or is of another kind.
            Each method raises it, too, if the database is locked, damaged or unreachable.
    """

    def __init__(self, place: Path | URL) -> None:
        self._name = place.render_as_string() if isinstance(place, URL) else str(place)
        self._engine = engine_of(place)
        self._writing = self._engine.execution_options(**{sqlite.WRITES: True})
        try:
            with self._told():
                if isinstance(place, Path):
                    sqlite.prepare(place)
                self._bring_up_to_date()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that reads everything as of one moment."""
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """Yield a connection for one transaction: all of it is stored, or nothing."""
        with self._told(), self._writing.begin() as connection:
            yield connection

    def version(self) -> int:
        """Return a number that grows whenever a session may have ended or changed."""
        with self.read() as connection:
            return int(connection.scalar(_VERSION) or 0)

    def _bring_up_to_date(self) -> None:
        try:
            with self._engine.begin() as connection:
                if _MIGRATIONS.is_current(connection):
                    return
        except StoreError as wrong:
            raise StoreError(f"{self._name} {wrong}") from None
        with self._writing.begin() as connection:
            _MIGRATIONS.migrate(connection)  # nothing is left where another was first

    @contextmanager
    def _told(self) -> Iterator[None]:
        driver = self._engine.dialect.loaded_dbapi.Error
        try:
            yield
        except (OSError, SQLAlchemyError, driver) as wrong:
            reason = getattr(wrong, "orig", None) or wrong
            raise StoreError(f"{self._name}: {reason}") from wrong


def ends_seats(connection: Connection) -> None:
    """Record that a session may have ended or changed."""
    connection.execute(
        update(ABOUT).where(ABOUT.c.word == "version").values(value=ABOUT.c.value + 1)
    )


def perhaps_moment(kept: int | None) -> datetime | None:
    """Return a stored moment as a datetime; None if there is none."""
    return None if kept is None else from_us(kept)
