"""A store that answers anything: no point may be given up for that, and none be missing at the end.

The real outbox sends a real journal's points; only its pauses are short.
"""

import asyncio
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiohttp import web
from msgspec import Struct

from benchmarks import synthetic_journal, synthetic_site
from benchmarks.crash_judge import asked
from benchmarks.processes import BenchError
from benchmarks.sensor_site import with_sensors
from gateway.adapters.directory import credential_key
from gateway.adapters.influx.influx_points import points
from gateway.adapters.influx.outbox import CURSOR, Outbox
from gateway.adapters.influx.settings import InfluxSettings
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.reader import JournalFile
from gateway.clock import SystemClock
from gateway.config import load_settings

ROWS: Final = 800
ASKED: Final = 4
"""Requests that get one wrong answer before the next kind."""
PAUSE_S: Final = 0.02
PATIENCE_S: Final = 60.0
HUGE_BYTES: Final = 50_000_000
TIMEOUT_S: Final = 0.5
BAD_SHARE: Final = 211
"""One point in so many is bad, in the second part."""
_PAGE: Final = "<html><body>The plain HTTP request was sent to HTTPS port</body></html>"
Answer = Callable[[web.Request], web.StreamResponse | None]


class Stored(Struct):
    """The fate of the points."""

    points: int
    answers: int
    """Wrong answers that the store gave."""
    missing: int
    burnt: int
    """Good points that became dead letters."""
    passed: int
    """Bad points that did not become dead letters."""

    @property
    def is_good(self) -> bool:
        """True if nothing is missing, and no good point was given up."""
        return bool(self.points and self.answers) and not self.missing + self.burnt + self.passed


class Moody:
    """A server that accepts lines, or answers `mood` instead."""

    def __init__(self) -> None:
        self.took: set[str] = set()
        self.moods: list[str] = []
        self.left = 0
        self.given = 0
        self.is_bad: Callable[[str], bool] = lambda _line: False
        self.bad_status = 400
        self.url = ""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/api/v2/write", self._write)
        self._runner = web.AppRunner(app, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self._runner.cleanup()

    async def _write(self, request: web.Request) -> web.StreamResponse:
        lines = (await request.text()).splitlines()
        if self.moods:
            self.given += 1
            mood = self.moods[0]
            self.left -= 1
            if self.left <= 0:
                self.moods.pop(0)
                self.left = ASKED
            return await MOODS[mood](request)
        if any(map(self.is_bad, lines)):
            self.given += 1
            self.took.update(line for line in lines if not self.is_bad(line))  # a partial write
            return web.json_response({"message": "it will not do"}, status=self.bad_status)
        self.took.update(lines)
        return web.Response(status=204)


async def misbehaving(folder: Path) -> Stored:
    """Run every mood one after the other, then bad points among good ones.

    Raises:
        BenchError: the outbox did not get through.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    site = with_sensors(synthetic_site.place(4, contacts=True))
    synthetic_site.enrol(
        data, credential_key(load_settings(data_dir=data)), synthetic_site.badges(20)
    )
    await synthetic_journal.write_past(data, site, ROWS, SystemClock().now(), lambda _rows: None)
    journal = Journal(data / JOURNAL_FILE)
    await journal.open()
    try:
        async with Moody() as server:
            made = _points(journal.path)
            server.moods, server.left = list(MOODS), ASKED
            await _carried(journal, server)
            missing, burnt = len(made - server.took), len(_letters(journal.path))
            passed = 0
            for status in (400, 500):
                bad = {line for line in made if zlib.crc32(line.encode()) % BAD_SHARE == 0}
                server.took.clear()
                server.is_bad, server.bad_status = bad.__contains__, status
                before = len(_letters(journal.path))
                await journal.move_cursor(CURSOR, 0)
                await _carried(journal, server)
                missing += len(made - bad - server.took)
                letters = _letters(journal.path)[before:]
                burnt += len(letters) - len(bad.intersection(letters))
                passed += len(bad.difference(letters))
            return Stored(len(made), server.given, missing, burnt, passed)
    finally:
        await journal.close()


async def _carried(journal: Journal, server: Moody) -> None:
    """Run an outbox until its cursor is at the journal's end."""
    store = InfluxSettings(server.url, "bench", timeout_s=TIMEOUT_S)
    outbox = Outbox(store, journal, SystemClock(), backoff=lambda _attempt: PAUSE_S)
    running = asyncio.create_task(outbox.run(), name="outbox")
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await journal.cursor(CURSOR) < journal.last_n:
                await asyncio.sleep(PAUSE_S)
    except TimeoutError:
        raise BenchError(f"points stay behind: {outbox.trouble or 'nobody knows why'}") from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _points(path: Path) -> set[str]:
    file, n, made = JournalFile(path), 0, set[str]()
    try:
        while rows := file.rows_after(n, 1000):
            made.update(line for row in rows for line in points(row))
            n = rows[-1].n
    finally:
        file.close()
    return made


def _letters(path: Path) -> list[str]:
    """Return the points that were given up, in order."""
    with asked(path) as ask:
        found = ask("SELECT payload FROM dead_letter WHERE source = 'influx' ORDER BY id")
    return [payload for (payload,) in found]


async def _page(_request: web.Request, status: int = 400) -> web.StreamResponse:
    return web.Response(status=status, text=_PAGE, content_type="text/html")


async def _json(_request: web.Request, status: int) -> web.StreamResponse:
    return web.json_response({"code": "internal error", "message": "not now"}, status=status)


async def _garbage(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None  # noqa: S101 - it is connected
    transport.write(b"\x00\xff SSH-2.0-OpenSSH_9 \r\n\r\n")
    transport.close()
    return web.Response(status=500)


async def _huge(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=503)
    await answer.prepare(request)
    try:
        for _ in range(HUGE_BYTES // 100_000):
            await answer.write(b"x" * 100_000)
    except ConnectionError:
        pass
    return answer


async def _hangs(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(2 * TIMEOUT_S)
    return web.Response(status=503)


async def _closes(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


MOODS: Final = {
    "400 of a proxy": _page,
    "413 of a proxy": lambda request: _page(request, 413),
    "422": lambda request: _json(request, 422),
    "500": lambda request: _json(request, 500),
    "503": lambda request: _json(request, 503),
    "404": lambda request: _page(request, 404),
    "200 with a page": lambda request: _page(request, 200),
    "garbage": _garbage,
    "a huge answer": _huge,
    "no answer": _hangs,
    "a closed connection": _closes,
}
