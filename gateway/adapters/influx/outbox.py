"""The outbox: reads the journal from a cursor on and writes its points to InfluxDB.

The cursor moves only after the server has confirmed that the points are written, so an outage of
any length, or a kill at any moment, at worst writes some points again: same series, same time, same
values (`gateway.adapters.influx.influx_points`). It holds one batch in memory; everything else
waits in the journal.

A server's possible answers and their consequences are in `gateway.adapters.influx.responses`.

It shares the event loop with the doors' answers, so it works in slices of at most a millisecond.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

from gateway.adapters.influx.delivery import Delivery, OutageError, Rejected
from gateway.adapters.influx.influx_points import points
from gateway.adapters.influx.responses import Backoff, WriteResult, pause_s
from gateway.adapters.influx.settings import InfluxSettings
from gateway.adapters.journal.journal import JournalError
from gateway.adapters.journal.rows import DeadLetter
from gateway.aio import full_jitter_s
from gateway.clock import Clock
from gateway.core.facts import JournalRow

if TYPE_CHECKING:
    from gateway.adapters.influx.http import HttpStore

_log = logging.getLogger(__name__)

CURSOR = "influx"
"""The outbox's name in the journal."""
GATHER_S = 1.0
"""Seconds for which new rows are gathered: one write per second, points delayed by as much."""
READ_ROWS = 100
"""Rows per read: decoding them holds the interpreter for well under a millisecond."""
WRITE_POINTS = 2000
"""Points per write, some 200 kB: InfluxDB is fastest from about a thousand."""
GZIP_POINTS = 500
"""Points per compressed write: compressing takes 1 ms of the loop's time; 2,000 would take 4."""
SLICE_POINTS = 200
"""Points built between two pauses: 0.4 ms of the loop's time."""
PAYLOAD_LIMIT = 500
"""Characters of a bad point that a dead letter keeps; a good point has at most 300."""


class JournalReader(Protocol):
    """The journal, as the outbox needs it."""

    @property
    def last_n(self) -> int:
        """Return the newest committed row's number."""
        ...

    async def committed(self) -> None:
        """Wait until rows were committed since the last call."""
        ...

    async def rows_after(self, n: int, limit: int) -> list[JournalRow]:
        """Return committed rows after `n`, in order, at most `limit`."""
        ...

    async def cursor(self, name: str) -> int:
        """Return the last row that this reader has processed; 0 at first."""
        ...

    async def move_cursor(self, name: str, n: int) -> None:
        """Store durably that this reader has processed the rows up to `n`."""
        ...

    async def dead_letter(self, letter: DeadLetter) -> None:
        """Store a point that could not be delivered."""
        ...


class Outbox:
    """Writes the journal's points to InfluxDB; `run` ends only by cancellation, at once."""

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
        self._reach: WriteResult | None = None
        self._rejecting = False
        self._failures = 0
        self._delivery: Delivery | None = None

    @property
    def points_written(self) -> int:
        """Return the points written since the start; points written again count again."""
        return self._delivery.written if self._delivery else 0

    @property
    def trouble(self) -> str:
        """Return why no points can be written now; empty if all is well."""
        return "" if self._reach is None else self._reach.why

    @property
    def backlog(self) -> int:
        """Return the number of journal rows that are not in InfluxDB yet."""
        return max(0, self._journal.last_n - self._done_n)

    async def run(self) -> None:
        """Write existing and new rows until cancelled."""
        await self._patiently(self._find_cursor)
        async with await _store(self._settings) as store:
            self._delivery = delivery = Delivery(store)
            while True:
                await self._wait_for_rows()
                await self._patiently(lambda: self._carry_batch(delivery))

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        """Retry a step until the journal can be read and written; the service repairs it."""
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

    async def _carry_batch(self, delivery: Delivery) -> None:
        """Write a batch and move the cursor, or wait for the server and leave the cursor."""
        try:
            await self._write_batch(delivery)
        except OutageError as outage:
            self._tell_reach(outage.answer)
            pause = pause_s(outage.answer, self._failures, self._backoff)
            self._failures += 1
            await asyncio.sleep(pause)

    async def _write_batch(self, delivery: Delivery) -> None:
        lines, n = await self._gather()
        size = GZIP_POINTS if self._settings.gzip else WRITE_POINTS
        rejected: list[Rejected] = []
        for start in range(0, len(lines), size):
            part = lines[start : start + size]
            rejected += await delivery.write(part, self._failures)
        self._failures = 0
        if lines:
            self._tell_reach(WriteResult("written"))
        for one in rejected:
            await self._bury(one)
        self._tell_rejected(rejected)
        await self._journal.move_cursor(CURSOR, n)
        self._done_n = n

    async def _wait_for_rows(self) -> None:
        while self.backlog == 0:
            await self._journal.committed()
        if self.backlog < READ_ROWS:
            await asyncio.sleep(GATHER_S)

    async def _gather(self) -> tuple[list[str], int]:
        """Return a batch of points, and the number of its last row."""
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

    async def _bury(self, rejected: Rejected) -> None:
        line = rejected.line
        await self._journal.dead_letter(
            DeadLetter(
                received=self._clock.now(),
                source="influx",
                topic=line.partition(",")[0],
                reason="rejected",
                detail=rejected.why,
                size=len(line.encode()),
                payload=line[:PAYLOAD_LIMIT],
            )
        )

    def _tell_reach(self, answer: WriteResult) -> None:
        """Log once when the server becomes reachable or unreachable, not at each try."""
        before, self._reach = self._reach, answer
        if before is not None and before.verdict == answer.verdict:
            return
        where = self._settings.where
        match answer.verdict:
            case "written":
                _log.info("InfluxDB takes points (%s); %d rows to go", where, self.backlog)
            case "unreachable":
                _log.warning(_OUT_OF_REACH, where, answer.why)
            case "rejected":
                _log.error(_TAKES_NOTHING, where, answer.why)
            case "refused":
                _log.error(_REFUSES_US, where, answer.why)

    def _tell_rejected(self, rejected: list[Rejected]) -> None:
        """Log when a batch has bad points and the batch before had none."""
        before, self._rejecting = self._rejecting, bool(rejected)
        if rejected and not before:
            _log.warning(_REJECTED, len(rejected), self._settings.where, rejected[0].why)


_OUT_OF_REACH: Final = "InfluxDB is out of reach (%s): %s. Points wait in the journal, none is lost"
_TAKES_NOTHING: Final = (
    "InfluxDB takes no point at all (%s): %s. Is a proxy before it, or http where it wants https? "
    "Points wait in the journal, none is lost"
)
_REFUSES_US: Final = (
    "InfluxDB refuses us (%s): %s. Check the url, the token and its right to write, and that org "
    "and bucket exist. Points wait in the journal, none is lost"
)
_REJECTED: Final = (
    "InfluxDB rejected %d points (%s) and takes others; they are dead letters now (seuil influx "
    "resend writes them again). The first: %s"
)


async def _store(settings: InfluxSettings) -> "HttpStore":
    http = await asyncio.to_thread(import_module, "gateway.adapters.influx.http")
    tls = await asyncio.to_thread(http.tls_context)
    store: HttpStore = http.HttpStore(settings, tls)
    return store
