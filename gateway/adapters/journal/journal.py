"""The journal: SQLite, WAL, `synchronous=FULL` (fsync at each commit), one transaction per batch.

Committed data survives a kill and a power cut; nothing is published or acknowledged before that.

The writer has a thread of its own, so that the next batch gathers while one commits. A lone badge
on a quick disk is committed in the event loop instead: there is nothing to gather, and to hand over
to a thread and back costs more than the commit.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from gateway.adapters.journal.integrity import error_kind, is_damage
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import DeadLetter, letter_row
from gateway.adapters.journal.writer import BUSY_MS, Batch, JournalWriter, Snapshot
from gateway.clock import Uptime
from gateway.core.facts import JournalRow

T = TypeVar("T")

JOURNAL_FILE: Final = "journal.db"
"""The journal in a data folder."""
IN_PLACE_EVENTS: Final = 4
"""The largest batch that is committed in the event loop: under load, more gathers meanwhile."""
IN_PLACE_MS: Final = 2.0
"""The longest time of the last commit for which the next one may be made in the event loop. A flush
takes 0.2 to 1 ms on a good disk; the loop has nothing else to do for that long."""
IN_PLACE_WAIT_MS: Final = 5
"""The longest wait in the event loop for another process that locks the file."""


class JournalError(Exception):
    """The journal could not be written (disk full, locked, I/O error): nothing of it is on disk."""


class Journal:
    """The journal in the event loop: the write side and the read side, each on a thread of its own.

    `last_n` is the newest committed number, `commit_ms` the duration of the last commit (without
    the way to its thread). `uptime`
    returns the uptime of the operating system, from which a restart knows the age of an answer.

    Raises:
        ForeignJournalError: from any method that writes, when the file is not ours any more.
    """

    def __init__(self, path: Path, uptime: Callable[[], Uptime | None] = lambda: None) -> None:
        self.path = path
        self.last_n = 0
        self.commit_ms = 0.0
        self.damage = ""
        """The damage that was found in the file's content; empty: none is known."""
        self._uptime = uptime
        self._writer = JournalWriter(path)
        self._file: JournalFile | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal-reader")
        self._news = asyncio.Event()
        self._jobs: set[Future[Any]] = set()
        """Work of the writer's thread that may not have ended."""

    async def open(self) -> None:
        """Open the file, or create it.

        Raises:
            JournalError: it cannot be opened.
        """
        uptime = self._uptime()
        boot = uptime.boot if uptime else None
        self.last_n = await self._in_thread(lambda: self._writer.open(boot))

    async def commit(self, batch: Batch) -> None:
        """Store a batch, all of it or nothing; return when it is on disk.

        Raises:
            JournalError: nothing was stored.
        """
        uptime = self._uptime()
        decided_us = uptime.us if uptime else None
        if not (self._may_be_in_place(batch) and self._commit_in_place(batch, decided_us)):
            await self._in_thread(lambda: self._commit(batch, decided_us))
        if batch.events:
            self.last_n = batch.events[-1].n
            self._news.set()

    async def check(self) -> None:
        """Check that our file is still in its place, for a turn that stores nothing.

        Raises:
            JournalError: it is gone.
        """
        await self._in_thread(self._writer.check)

    async def snapshot(self, snapshots: Sequence[Snapshot]) -> None:
        """Store the states, and delete all but the newest few snapshots.

        Raises:
            JournalError: nothing was stored.
        """
        await self._in_thread(lambda: self._writer.snapshot(snapshots))

    async def move_cursor(self, name: str, n: int) -> None:
        """Store that the reader `name` has processed the rows up to `n`.

        Raises:
            JournalError: it was not stored.
        """
        await self._in_thread(lambda: self._writer.move_cursor(name, n))

    async def dead_letter(self, letter: DeadLetter) -> None:
        """Store one dead letter.

        Raises:
            JournalError: it was not stored.
        """
        await self.commit(Batch(letters=[letter_row(letter)]))

    async def work(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job`, which changes the file, as one transaction on the writer's thread.

        Every door waits meanwhile, so it should take a few milliseconds at most.

        Raises:
            JournalError: nothing was changed.
        """
        return await self._in_thread(lambda: self._writer.work(job))

    async def tidy(self) -> bool:
        """Merge the -wal file into the journal and empty it, so that no purged data stays in it.

        Returns False if another connection reads now. Later rows overwrite the file in any case.

        Raises:
            JournalError: the file cannot be written.
        """
        return await self._in_thread(self._writer.tidy)

    async def rows_after(self, n: int, limit: int) -> list[JournalRow]:
        """Return committed rows with numbers above `n`, ascending, at most `limit`.

        Raises:
            JournalError: the file cannot be read.
        """
        rows = await self._in_thread(lambda: self._reader().rows_after(n, limit), self._reading)
        # A commit that failed late may still be visible here until `heal` has undone it.
        return [row for row in rows if row.n <= self.last_n]

    async def cursor(self, name: str) -> int:
        """Return the last row that the reader `name` has processed; 0 before its first move.

        Raises:
            JournalError: the file cannot be read.
        """
        return await self._in_thread(lambda: self._reader().cursor(name), self._reading)

    async def read(self, question: Callable[[JournalFile], T]) -> T:
        """Run a query on the read side, off the event loop.

        Raises:
            JournalError: the file cannot be read.
        """
        return await self._in_thread(lambda: question(self._reader()), self._reading)

    async def committed(self) -> None:
        """Wait until rows were committed since the last call."""
        await self._news.wait()
        self._news.clear()

    async def heal(self) -> None:
        """Reopen the file, and check that it can be written and ends at the row that we expect.

        If damage was found before, every page is checked first: otherwise the file would be closed
        and reopened with each batch.

        Raises:
            JournalError: it still cannot be written, or it is not the file that we wrote.
        """
        await self._in_thread(self._close_reader, self._reading)
        is_damaged = bool(self.damage)
        await self._in_thread(lambda: self._writer.reopen(self.last_n, look_through=is_damaged))
        self.damage = ""

    async def close(self) -> None:
        """Close the file; nothing can be stored afterwards."""
        # The writer last: only the last connection to close can merge the -wal file.
        await self._in_thread(self._close_reader, self._reading)
        await self._in_thread(self._writer.close)
        self._thread.shutdown()
        self._reading.shutdown()

    def _may_be_in_place(self, batch: Batch) -> bool:
        """Return whether a commit is quick, and the writer's thread does nothing."""
        if not 0 < self.commit_ms <= IN_PLACE_MS or len(batch.events) > IN_PLACE_EVENTS:
            return False
        self._jobs = {job for job in self._jobs if not job.done()}
        return not self._jobs

    def _commit_in_place(self, batch: Batch, decided_us: int | None) -> bool:
        """Commit in the event loop; False: another process locks the file, nothing was stored."""
        self._writer.wait_for_others(IN_PLACE_WAIT_MS)
        with self._explained():
            try:
                self._commit(batch, decided_us)
            except sqlite3.OperationalError as error:
                if error_kind(error) != sqlite3.SQLITE_BUSY:
                    raise
                return False
        return True

    def _commit(self, batch: Batch, decided_us: int | None) -> None:
        started = time.perf_counter()
        self._writer.commit(batch, decided_us)
        self.commit_ms = (time.perf_counter() - started) * 1000

    async def _in_thread(
        self, work: Callable[[], T], thread: ThreadPoolExecutor | None = None
    ) -> T:
        if thread is not None:
            job = thread.submit(work)
        else:
            job = self._thread.submit(self._patiently, work)
            self._jobs = {one for one in self._jobs if not one.done()} | {job}
        with self._explained():
            return await asyncio.wrap_future(job)

    def _patiently(self, work: Callable[[], T]) -> T:
        self._writer.wait_for_others(BUSY_MS)
        return work()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the disk may do into a `JournalError`."""
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # a bug, not the disk: waiting does not help, a restart replays
        except (sqlite3.Error, msgspec.DecodeError, OSError) as error:
            if is_damage(error) or isinstance(error, msgspec.DecodeError):
                self.damage = str(error)
            raise JournalError(f"{self.path}: {error}") from error

    def _reader(self) -> JournalFile:
        if self._file is None:
            self._file = JournalFile(self.path)
        return self._file

    def _close_reader(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
