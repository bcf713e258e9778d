"""A journal in memory, as the outbox sees one."""

import asyncio

from gateway.adapters.journal.rows import DeadLetter
from gateway.core.facts import JournalRow


class FakeJournal:
    """Rows in a list; a cursor; letters. Rows are numbered from 1 without holes."""

    def __init__(self, rows: list[JournalRow] | None = None, cursor: int = 0) -> None:
        self.rows = rows or []
        self.cursors = {"influx": cursor}
        self.letters: list[DeadLetter] = []
        self._grown = asyncio.Event()

    def append(self, *rows: JournalRow) -> None:
        """Commit more rows."""
        self.rows += rows
        self._grown.set()

    @property
    def last_n(self) -> int:
        """The newest row's number."""
        return len(self.rows)

    async def committed(self) -> None:
        """Return when there are rows that the last call did not see."""
        await self._grown.wait()
        self._grown.clear()

    async def rows_after(self, n: int, limit: int) -> list[JournalRow]:
        """At most `limit` rows."""
        await asyncio.sleep(0)
        return self.rows[n : n + limit]

    async def cursor(self, name: str) -> int:
        """Where this reader is."""
        return self.cursors.get(name, 0)

    async def move_cursor(self, name: str, n: int) -> None:
        """Put this reader there."""
        await asyncio.sleep(0)
        self.cursors[name] = n

    async def dead_letter(self, letter: DeadLetter) -> None:
        """Keep it."""
        self.letters.append(letter)
