"""The files that the console shares with the gateway: members (read and written), journal (read).

Both block, so both are used in threads: the members by one at a time, the journal by a few, each
with a connection of its own that cannot write and is closed after one query. A query is short: a
long one would keep SQLite from moving its log back into the file.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditEntry, AuditError, AuditLog, Note
from gateway.adapters.directory import FILE, DirectoryError, DirectoryStore
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import HistoryError, opened
from gateway.adapters.journal.queries import PastState, SiteNow
from gateway.config import ConfigError, Settings, known_credential_key
from gateway.console.web.errors import Problem
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.phrase import Phrase

T = TypeVar("T")
READERS: Final = 3
"""Parallel queries of the journal: more would only wait for the same disk."""


class Stores:
    """The members and the journal of `settings.data_dir`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._members: DirectoryStore | None = None
        self._one = asyncio.Lock()
        self._few = asyncio.Semaphore(READERS)
        self._names: tuple[int, dict[HolderId, str]] = (-1, {})
        self._states = PastState()
        self._audit: AuditLog | None = None

    async def members(self, use: Callable[[DirectoryStore], T]) -> T:
        """Call `use` with the members' store and return its result; one caller at a time.

        Raises:
            Problem: The members cannot be read or written, and why.
        """
        async with self._one:
            try:
                return await asyncio.to_thread(lambda: use(self._store()))
            except (ConfigError, DirectoryError) as wrong:
                raise _unavailable("members", str(wrong)) from wrong

    async def change_members(
        self, entry: AuditEntry, use: Callable[[DirectoryStore, Note], T]
    ) -> T:
        """Change members with `use`, recorded before it is done, and return its result.

        Raises:
            Problem: Nothing was changed, and why: the members or the audit cannot be written.
        """

        def change() -> T:
            store = self._store()
            with self._log().noting(entry) as note:
                return use(store, note)

        async with self._one:
            try:
                return await asyncio.to_thread(change)
            except AuditError as wrong:
                raise _unavailable("audit", str(wrong)) from wrong
            except (ConfigError, DirectoryError) as wrong:
                raise _unavailable("members", str(wrong)) from wrong

    async def past(self, use: Callable[[sqlite3.Connection], T]) -> T:
        """Call `use` with the journal, read-only, and return its result.

        Raises:
            Problem: There is no journal that can be read.
        """
        async with self._few:
            try:
                return await asyncio.to_thread(self._asked, use)
            except HistoryError as wrong:
                raise _unavailable("journal", str(wrong)) from wrong

    async def now(self, site: SiteId) -> SiteNow | None:
        """Return a site's state as of the journal's last row; None: the journal has none of it.

        Raises:
            Problem: There is no journal that can be read.
        """
        return await self.past(lambda connection: self._states.at(connection, site))

    async def audit(self, use: Callable[[AuditLog], T]) -> T:
        """Call `use` with the audit log and return its result; one caller at a time.

        Raises:
            Problem: It cannot be read or written. A look that cannot be recorded is refused.
        """
        async with self._one:
            try:
                return await asyncio.to_thread(lambda: use(self._log()))
            except AuditError as wrong:
                raise _unavailable("audit", str(wrong)) from wrong

    async def audit_and_past(self, use: Callable[[AuditLog, sqlite3.Connection], T]) -> T:
        """Call `use` with the audit log and the journal together, and return its result.

        Raises:
            Problem: One of them cannot be read.
        """

        def both(log: AuditLog) -> T:
            return self._asked(lambda journal: use(log, journal))

        try:
            return await self.audit(both)
        except HistoryError as wrong:
            raise _unavailable("journal", str(wrong)) from wrong

    async def names(self) -> dict[HolderId, str]:
        """Return everybody's name by pseudonym, read again when a member has changed."""

        def read(store: DirectoryStore) -> tuple[int, dict[HolderId, str]]:
            version = store.version()
            if version == self._names[0]:
                return self._names
            return version, store.names()

        self._names = await self.members(read)
        return self._names[1]

    def close(self) -> None:
        """Close the files."""
        if self._members is not None:
            self._members.close()
            self._members = None
        if self._audit is not None:
            self._audit.close()
            self._audit = None

    def _log(self) -> AuditLog:
        if self._audit is None:
            self._audit = AuditLog(self._settings.data_dir / AUDIT_FILE)
        return self._audit

    def _store(self) -> DirectoryStore:
        if self._members is None:
            store = DirectoryStore(self._settings.data_dir / FILE)
            try:
                key = known_credential_key(self._settings)
                if key is not None:
                    store.bind(key)
            except BaseException:
                store.close()
                raise
            self._members = store
        return self._members

    def _asked(self, use: Callable[[sqlite3.Connection], T]) -> T:
        with opened(self._settings.data_dir / JOURNAL_FILE) as connection:
            return use(connection)


def _unavailable(store: str, why: str) -> Problem:
    title = Phrase("Data not available")
    return Problem(503, f"no-{store}", title, why, headers={"Retry-After": "5"})
