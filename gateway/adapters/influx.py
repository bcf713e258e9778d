"""The outbox: it reads the journal behind a cursor and writes its points to InfluxDB.

The cursor moves only after the server has said that the points are written, so an outage of any
length, or a kill at any moment, at worst writes some points again: same series, same time, same
values (`gateway.adapters.points`). It holds one batch in memory; all else waits in the journal.

What a server may answer, and what follows, is in `influx_answer`.

It shares the loop with the doors' answers, so it works in slices of a millisecond at most.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from gateway.adapters.influx_answer import Answer, Backoff, Verdict, pause_s
from gateway.adapters.influx_settings import InfluxSettings
from gateway.adapters.journal import JournalError
from gateway.adapters.journal_rows import DeadLetter
from gateway.adapters.points import points
from gateway.backoff import full_jitter_s
from gateway.clock import Clock
from gateway.core.facts import JournalRow

if TYPE_CHECKING:
    from gateway.adapters.influx_http import HttpStore

_log = logging.getLogger(__name__)

CURSOR = "influx"
"""The outbox's name in the journal."""
GATHER_S = 1.0
"""Fresh rows wait so long for company: one write a second, and points at most so old."""
READ_ROWS = 100
"""Rows a read: decoding them holds the interpreter for well under a millisecond."""
WRITE_POINTS = 2000
"""Points a write, some 200 kB: InfluxDB is at its fastest from a thousand or so."""
GZIP_POINTS = 500
"""The same where they are compressed, which takes 1 ms of the loop's time; 2,000 would take 4."""
SLICE_POINTS = 200
"""Points made between two pauses: 0.4 ms of the loop's time."""
_PAYLOAD_LIMIT = 500
"""Characters of a bad point that a dead letter keeps; a good point has 300 at most."""


class JournalReader(Protocol):
    """The journal, as the outbox needs it."""

    @property
    def last_n(self) -> int:
        """The newest committed row's number."""
        ...

    async def committed(self) -> None:
        """Return when there is something newer than the last call saw."""
        ...

    async def rows_after(self, n: int, limit: int) -> list[JournalRow]:
        """Committed rows after `n`, in order, `limit` at most."""
        ...

    async def cursor(self, name: str) -> int:
        """How far this reader got; 0 at first."""
        ...

    async def move_cursor(self, name: str, n: int) -> None:
        """Remember, over power cuts, that this reader got to `n`."""
        ...

    async def dead_letter(self, letter: DeadLetter) -> None:
        """Keep what could not be delivered."""
        ...


class Outbox:
    """Carries the journal's points to InfluxDB; `run` ends only by cancellation, at once."""

    def __init__(
        self,
        settings: InfluxSettings,
        journal: JournalReader,
        clock: Clock,
        backoff: Backoff = full_jitter_s,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._backoff = backoff
        self._done_n = 0
        self._reach: Verdict | None = None
        self._rejecting = False
        self.points_written = 0
        """Since the start; points written again count again."""

    @property
    def backlog(self) -> int:
        """Journal rows that are not in InfluxDB yet."""
        return max(0, self._journal.last_n - self._done_n)

    async def run(self) -> None:
        """Write what the journal has and what it gets, for ever."""
        await self._patiently(self._find_cursor)
        async with await _store(self._settings) as store:
            while True:
                await self._wait_for_rows()
                await self._patiently(lambda: self._carry_batch(store))

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take a step again until the journal can be read and written; the service heals it."""
        attempt = 0
        while True:
            try:
                await step()
            except JournalError as error:
                if attempt == 0:
                    _log.warning("no points leave: %s", error)
                await asyncio.sleep(self._backoff(attempt))
                attempt += 1
            else:
                return

    async def _find_cursor(self) -> None:
        self._done_n = await self._journal.cursor(CURSOR)

    async def _carry_batch(self, store: "HttpStore") -> None:
        lines, n = await self._gather()
        size = GZIP_POINTS if self._settings.gzip else WRITE_POINTS
        rejected: list[str] = []
        for start in range(0, len(lines), size):
            rejected += await self._deliver(store, lines[start : start + size])
        self._tell_rejected(rejected)
        await self._journal.move_cursor(CURSOR, n)
        self._done_n = n

    async def _wait_for_rows(self) -> None:
        while self.backlog == 0:
            await self._journal.committed()
        if self.backlog < READ_ROWS:
            await asyncio.sleep(GATHER_S)

    async def _gather(self) -> tuple[list[str], int]:
        """A batch of points, and the number of the row that it ends with."""
        lines: list[str] = []
        n, paused_at = self._done_n, 0
        while len(lines) < WRITE_POINTS:
            newest = self._journal.last_n
            rows = await self._journal.rows_after(n, READ_ROWS)
            for row in rows:
                lines += points(row)
                n = row.n
                if len(lines) - paused_at >= SLICE_POINTS:
                    paused_at = len(lines)
                    await asyncio.sleep(0)
            if len(rows) < READ_ROWS:
                n = max(n, newest)  # rows that were erased meanwhile leave a hole at the end
                break
        return lines, n

    async def _deliver(self, store: "HttpStore", lines: list[str]) -> list[str]:
        """Every good point written, every bad one a dead letter; the reasons of the bad ones.

        A server that wrote all but the bad points ("partial write") gets the good ones again, which
        changes nothing.
        """
        answer = await self._send(store, lines)
        if answer.verdict == "written":
            self.points_written += len(lines)
            return []
        if len(lines) == 1:
            await self._bury(lines[0], answer.why)
            return [answer.why]
        middle = len(lines) // 2
        rejected = await self._deliver(store, lines[:middle])
        return rejected + await self._deliver(store, lines[middle:])

    async def _send(self, store: "HttpStore", lines: list[str]) -> Answer:
        """The server's word on these points, however long it takes to get one."""
        body = "\n".join(lines).encode()
        attempt = 0
        while True:
            answer = await store.write(body)
            self._tell_reach(answer)
            if answer.verdict in {"written", "rejected"}:
                return answer
            await asyncio.sleep(pause_s(answer, attempt, self._backoff))
            attempt += 1

    async def _bury(self, line: str, why: str) -> None:
        measurement = line.partition(",")[0]
        await self._journal.dead_letter(
            DeadLetter(
                received=self._clock.now(),
                source="influx",
                topic=measurement,
                reason="rejected",
                detail=why,
                size=len(line.encode()),
                payload=line[:_PAYLOAD_LIMIT],
            )
        )

    def _tell_reach(self, answer: Answer) -> None:
        """Say once when the server comes or goes: a night's outage is one line, not thousands."""
        reach: Verdict = "written" if answer.verdict == "rejected" else answer.verdict
        before, self._reach = self._reach, reach
        if reach == before:
            return
        where = self._settings.where
        if reach == "written":
            _log.info("InfluxDB takes points (%s); %d rows to go", where, self.backlog)
        elif reach == "unreachable":
            _log.warning(
                "InfluxDB is out of reach (%s): %s. Points wait in the journal, none is lost",
                where,
                answer.why,
            )
        else:
            _log.error(
                "InfluxDB refuses us (%s): %s. Check the url, the token and its right to write, "
                "and that org and bucket exist. Points wait in the journal, none is lost",
                where,
                answer.why,
            )

    def _tell_rejected(self, reasons: list[str]) -> None:
        """Say when a batch has bad points and the batch before had none."""
        before, self._rejecting = self._rejecting, bool(reasons)
        if reasons and not before:
            _log.warning(
                "InfluxDB rejected %d points (%s); they are dead letters now. The first: %s",
                len(reasons),
                self._settings.where,
                reasons[0],
            )


async def _store(settings: InfluxSettings) -> "HttpStore":
    http = await asyncio.to_thread(import_module, "gateway.adapters.influx_http")
    tls = await asyncio.to_thread(http.tls_context)
    store: HttpStore = http.HttpStore(settings, tls)
    return store
