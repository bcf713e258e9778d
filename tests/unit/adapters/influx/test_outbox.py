"""The outbox against a server that answers as the test wishes."""

import asyncio
import logging
import math
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.adapters.influx.delivery import OutageError
from gateway.adapters.influx.influx_points import points
from gateway.adapters.influx.outbox import GZIP_POINTS, WRITE_POINTS, Outbox
from gateway.adapters.influx.resend import of_letters, of_rows, resend
from gateway.adapters.influx.responses import (
    RETRY_AFTER_MAX_S,
    Verdict,
    WriteResult,
    answer_to_status,
    pause_s,
)
from gateway.adapters.influx.settings import InfluxSettings
from gateway.adapters.journal.journal import Journal, JournalError
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import DeadLetter, event_row
from gateway.adapters.journal.writer import Batch
from gateway.clock import ManualClock
from gateway.core.events import Tick
from gateway.core.facts import JournalRow, OccupancyMinute, Sensed
from gateway.core.model.names import DeviceId, SiteId, ZoneId
from tests.fakes.journal import FakeJournal
from tests.servers import PATIENCE_S, stops

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
POISON = 666.0
PROOF = 4
"""Requests that prove that the server takes others: after it was refused alone, and around the
second time that it is."""
TOKEN = "hush-hush"  # noqa: S105 - of a server that lives for one test


def _row(n: int, *values: float) -> JournalRow:
    at = START + timedelta(seconds=n)
    device = DeviceId("thermometer")
    facts = [Sensed(device, None, f"kind-{k}", value, at) for k, value in enumerate(values)]
    return JournalRow(n, SiteId("atelier"), device, "co2", at, at, tuple(facts))


def _rows(count: int) -> list[JournalRow]:
    return [_row(n, float(n)) for n in range(1, count + 1)]


class FakeInflux:
    """Takes lines; `answer` may refuse a request by returning a response of its own."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self.requests: list[list[str]] = []
        self.answer: Callable[[list[str]], web.Response | None] = lambda _: None
        self.held = asyncio.Event()
        self.held.set()

    async def write(self, request: web.Request) -> web.Response:
        assert request.query == {"bucket": "seuil", "org": "-", "precision": "ns"}
        assert request.headers["Authorization"] == f"Token {TOKEN}"
        lines = (await request.text()).splitlines()
        self.requests.append(lines)
        await self.held.wait()
        answer = self.answer(lines)
        if answer is None:
            self.lines.update(lines)
            answer = web.Response(status=204)
        return answer


@pytest.fixture
async def influx() -> FakeInflux:
    """A server that takes everything."""
    return FakeInflux()


async def _welcome(_: web.Request) -> web.Response:
    """What a client that followed a redirected write would take for success."""
    return web.Response(status=204)


@asynccontextmanager
async def _running(
    influx: FakeInflux, journal: FakeJournal, *, compressed: bool = False, timeout_s: float = 5
) -> AsyncIterator[Outbox]:
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/api/v2/write", influx.write)
    app.router.add_get("/elsewhere", _welcome)
    async with TestServer(app) as server:
        settings = InfluxSettings(
            str(server.make_url("/")), "seuil", token=TOKEN, gzip=compressed, timeout_s=timeout_s
        )
        outbox = Outbox(settings, journal, ManualClock(START), backoff=lambda _: 0.0)
        task = asyncio.create_task(outbox.run(), name="outbox")
        try:
            yield outbox
        finally:
            influx.held.set()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _until(true: Callable[[], bool]) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + PATIENCE_S
    while clock() < deadline:
        if true():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"not within {PATIENCE_S:g} s")


def _bad(reason: str = "bad value", status: int = 400) -> web.Response:
    return web.json_response({"code": "invalid", "message": reason}, status=status)


async def test_everything_arrives_in_few_writes_and_the_cursor_follows(influx: FakeInflux) -> None:
    """5,000 rows are three writes, and then the backlog is nought."""
    journal = FakeJournal(_rows(5000))
    async with _running(influx, journal) as outbox:
        await _until(lambda: journal.cursors["influx"] == 5000)
        assert outbox.backlog == 0
        assert outbox.points_written == 5000
    assert len(influx.lines) == 5000
    assert len(influx.requests) == 3
    assert max(map(len, influx.requests)) <= WRITE_POINTS


async def test_fresh_rows_wait_for_company(influx: FakeInflux) -> None:
    """Ten rows that come one by one are one write, not ten."""
    journal = FakeJournal(_rows(150))
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 150)
        for n in range(151, 161):
            journal.append(_row(n, 1.0))
            await asyncio.sleep(0.01)
        await _until(lambda: journal.cursors["influx"] == 160)
    assert [len(lines) for lines in influx.requests] == [150, 10]


async def test_rows_without_points_move_the_cursor_and_write_nothing(influx: FakeInflux) -> None:
    """A door's state is no point."""
    journal = FakeJournal([_row(1), _row(2)])
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 2)
    assert influx.requests == []


async def test_one_row_with_many_points_is_cut_into_writes(influx: FakeInflux) -> None:
    """A network's first tick after a long rest has thousands of minutes."""
    minutes = tuple(
        OccupancyMinute(ZoneId("hall"), START + timedelta(minutes=m), 1.0, 1, 1)
        for m in range(5000)
    )
    journal = FakeJournal([JournalRow(1, SiteId("a"), None, "tick", START, START, minutes)])
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 1)
    assert [len(lines) for lines in influx.requests] == [2000, 2000, 1000]


async def test_gzip_is_what_the_settings_say(influx: FakeInflux) -> None:
    """What was packed unpacks, and packs are small, since packing holds the loop."""
    seen: list[str] = []
    plain = influx.write

    async def write(request: web.Request) -> web.Response:
        seen.append(request.headers["Content-Encoding"])
        return await plain(request)

    influx.write = write  # type: ignore[method-assign]
    journal = FakeJournal(_rows(1200))
    async with _running(influx, journal, compressed=True):
        await _until(lambda: journal.cursors["influx"] == 1200)
    assert seen == ["gzip", "gzip", "gzip"]
    assert max(map(len, influx.requests)) <= GZIP_POINTS
    assert len(influx.lines) == 1200


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("place", [1, 2, 500, 777, 1000])
async def test_one_bad_point_of_a_thousand_is_found(
    influx: FakeInflux, status: int, place: int
) -> None:
    """It alone becomes a dead letter, after 2·log2(1000) + 1 requests, and a few that prove it."""

    def answer(lines: list[str]) -> web.Response | None:
        bad = any(" value=666.0 " in line for line in lines)
        return _bad("666 is not a temperature", status) if bad else None

    influx.answer = answer
    rows = [_row(n, POISON if n == place else 1.0) for n in range(1, 1001)]
    journal = FakeJournal(rows)
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 1000)
    assert len(influx.lines) == 999
    (letter,) = journal.letters
    assert (letter.source, letter.topic, letter.reason) == ("influx", "sensor", "rejected")
    assert "666 is not a temperature" in letter.detail
    assert " value=666.0 " in letter.payload
    assert letter.received == START
    assert len(influx.requests) <= 2 * math.ceil(math.log2(1000)) + 1 + PROOF


async def test_a_batch_of_bad_points_becomes_letters_and_one_line_of_log(
    influx: FakeInflux, caplog: pytest.LogCaptureFixture
) -> None:
    """Points older than the bucket's retention must not stop those that follow."""
    influx.answer = lambda lines: (
        _bad("beyond retention") if "value=666" in "".join(lines[:1]) else None
    )
    journal = FakeJournal([_row(n, POISON) for n in range(1, 65)])
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 64)
        journal.append(_row(65, POISON), _row(66, 1.0))
        await _until(lambda: journal.cursors["influx"] == 66)
    assert len(journal.letters) == 65
    assert len(influx.lines) == 1
    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING and "Influx" in r.msg]
    assert len(warnings) == 1
    assert "rejected 64 points" in warnings[0].getMessage()


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("known", [True, False], ids=["after others", "from the first one on"])
async def test_a_proxy_that_refuses_everything_burns_no_point(
    influx: FakeInflux, status: int, *, known: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Plain HTTP was sent to an HTTPS port, say: an outage, whatever its number."""
    caplog.set_level(logging.INFO, "gateway.adapters.influx.outbox")
    in_the_way = asyncio.Event()

    def answer(_: list[str]) -> web.Response | None:
        if not in_the_way.is_set():
            return None
        return web.Response(status=status, text="<html>plain HTTP to HTTPS port</html>")

    influx.answer = answer
    journal = FakeJournal(_rows(150) if known else [])
    async with _running(influx, journal) as outbox:
        await _until(lambda: len(influx.lines) == len(journal.rows))
        await _until(lambda: journal.cursors["influx"] == len(journal.rows))
        in_the_way.set()
        journal.append(*(_row(n, 1.0) for n in range(len(journal.rows) + 1, 501)))
        asked = len(influx.requests)
        await _until(lambda: len(influx.requests) > asked + 100)
        assert journal.letters == []
        assert journal.cursors["influx"] == (150 if known else 0)
        assert outbox.trouble
        in_the_way.clear()
        await _until(lambda: journal.cursors["influx"] == 500)
        assert not outbox.trouble
    assert journal.letters == []
    assert len(influx.lines) == 500
    said = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert [r.levelname for r in said] == ["ERROR"]
    assert "takes no point at all" in said[0].getMessage()


async def test_a_proxy_that_comes_and_goes_burns_no_point(influx: FakeInflux) -> None:
    """It refuses every third request, in the middle of a search for bad points, too."""
    asked = iter(range(1_000_000))
    influx.answer = lambda _: None if next(asked) % 3 else _bad("a proxy's own trouble")
    journal = FakeJournal(_rows(300))
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 300)
    assert journal.letters == []
    assert len(influx.lines) == 300


async def test_a_small_limit_on_bodies_is_kept_to(influx: FakeInflux) -> None:
    """413 for what is large: all of it arrives in smaller pieces."""

    def answer(lines: list[str]) -> web.Response | None:
        return _bad("too large", 413) if len("\n".join(lines)) > 1000 else None

    influx.answer = answer
    journal = FakeJournal(_rows(300))
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 300)
    assert journal.letters == []
    assert len(influx.lines) == 300


@pytest.mark.parametrize("words", ["partial write: field type conflict", "internal error"])
async def test_a_500_that_stays_while_others_are_taken_is_a_points_fault(
    influx: FakeInflux, words: str
) -> None:
    """Whether its words are known, or it is only stubborn: what is behind the point is written."""

    def answer(lines: list[str]) -> web.Response | None:
        return _bad(words, 500) if any("value=666" in line for line in lines) else None

    influx.answer = answer
    journal = FakeJournal([_row(n, POISON if n == 7 else 1.0) for n in range(1, 151)])
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 150)
    assert len(influx.lines) == 149
    (letter,) = journal.letters
    assert words in letter.detail


async def test_of_a_huge_answer_the_beginning_is_read(influx: FakeInflux) -> None:
    """A proxy's error page of any size; the connection ends there."""
    sent = 0

    async def write(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        await request.read()
        answer = web.StreamResponse(status=503)
        await answer.prepare(request)
        with suppress(ConnectionError):
            for _ in range(2000):
                await answer.write(b"x" * 100_000)
                sent += 1
        return answer

    plain, influx.write = influx.write, write  # type: ignore[method-assign,assignment]
    journal = FakeJournal(_rows(150))
    async with _running(influx, journal) as outbox:
        await _until(lambda: bool(outbox.trouble))
        assert len(outbox.trouble) <= 500
        assert sent < 1000
    influx.write = plain  # type: ignore[method-assign]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_trouble_of_the_server_loses_nothing_and_is_said_once(
    influx: FakeInflux, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Twenty failures, one line when it goes and one when it comes back."""
    caplog.set_level(logging.INFO, "gateway.adapters.influx.outbox")
    failures = iter(range(20))

    def answer(_: list[str]) -> web.Response | None:
        return None if next(failures, None) is None else web.Response(status=status)

    influx.answer = answer
    journal = FakeJournal(_rows(300))
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 300)
    assert len(influx.lines) == 300
    assert journal.letters == []
    said = [r.levelname for r in caplog.records if r.name == "gateway.adapters.influx.outbox"]
    assert said == ["WARNING", "INFO"]


@pytest.mark.parametrize("status", [401, 403, 404, 301, 200])
async def test_a_wrong_token_bucket_or_server_is_no_fault_of_the_points(
    influx: FakeInflux, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """They wait until somebody mends it; the log says what to check, and never the token."""
    mended = asyncio.Event()

    def answer(_: list[str]) -> web.Response | None:
        location = {"Location": "/elsewhere"} if status == 301 else {}
        return None if mended.is_set() else web.Response(status=status, headers=location)

    influx.answer = answer
    journal = FakeJournal(_rows(300))
    async with _running(influx, journal) as outbox:
        await _until(lambda: len(influx.requests) > 3)
        assert journal.cursors["influx"] == 0
        assert outbox.backlog == 300
        mended.set()
        await _until(lambda: journal.cursors["influx"] == 300)
    assert journal.letters == []
    (error,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "Check the url, the token" in error.getMessage()
    assert TOKEN not in caplog.text


async def test_a_server_that_never_answers_is_asked_again(influx: FakeInflux) -> None:
    """A write that takes too long is given up and repeated."""
    influx.held.clear()
    journal = FakeJournal(_rows(150))
    async with _running(influx, journal, timeout_s=0.1):
        await _until(lambda: len(influx.requests) >= 3)
        influx.held.set()
        await _until(lambda: journal.cursors["influx"] == 150)
    assert len(influx.lines) == 150


When = Callable[[Outbox, FakeInflux], Awaitable[None]]


async def _nothing(_: Outbox, __: FakeInflux) -> None:
    """At once, while the client is still being imported."""


async def _in_flight(_: Outbox, influx: FakeInflux) -> None:
    await _until(lambda: len(influx.requests) == 1)


async def _idle(outbox: Outbox, influx: FakeInflux) -> None:
    influx.held.set()
    await _until(lambda: outbox.backlog == 0)


async def _backing_off(_: Outbox, influx: FakeInflux) -> None:
    influx.answer = lambda _: web.Response(status=503, headers={"Retry-After": "60"})
    influx.held.set()
    await _until(lambda: len(influx.requests) == 1)


@pytest.mark.parametrize("when", [_nothing, _in_flight, _idle, _backing_off])
async def test_it_stops_when_it_is_cancelled(influx: FakeInflux, when: When) -> None:
    """Whatever it is doing; what was not confirmed stays behind the cursor."""
    influx.held.clear()
    journal = FakeJournal(_rows(150))
    async with _running(influx, journal) as outbox:
        await when(outbox, influx)
        (task,) = [t for t in asyncio.all_tasks() if t.get_name() == "outbox"]
        await stops(task)
        assert task.cancelled()
    assert journal.cursors["influx"] in ({150} if when is _idle else {0})


class SickJournal(FakeJournal):
    """Its disk fails `failures` times at each thing that it is asked."""

    def __init__(self, rows: list[JournalRow], failures: int) -> None:
        super().__init__(rows)
        self._left = {"cursor": failures, "rows": failures, "move": failures, "letter": failures}

    def _fail(self, what: str) -> None:
        if self._left[what]:
            self._left[what] -= 1
            raise JournalError("disk full")

    async def cursor(self, name: str) -> int:
        self._fail("cursor")
        return await super().cursor(name)

    async def rows_after(self, n: int, limit: int) -> list[JournalRow]:
        self._fail("rows")
        return await super().rows_after(n, limit)

    async def move_cursor(self, name: str, n: int) -> None:
        self._fail("move")
        await super().move_cursor(name, n)

    async def dead_letter(self, letter: DeadLetter) -> None:
        self._fail("letter")
        await super().dead_letter(letter)


async def test_a_journal_that_fails_for_a_while_delays_and_loses_nothing(
    influx: FakeInflux,
) -> None:
    """What was written before the cursor could move is written again; no bad point gets lost."""
    influx.answer = lambda lines: _bad() if any("value=666" in line for line in lines) else None
    journal = SickJournal([_row(n, POISON if n == 7 else 1.0) for n in range(1, 151)], failures=3)
    async with _running(influx, journal):
        await _until(lambda: journal.cursors["influx"] == 150)
    assert len(influx.lines) == 149
    assert {" value=666.0 " in letter.payload for letter in journal.letters} == {True}


async def test_rows_erased_before_they_were_read_are_passed_over(influx: FakeInflux) -> None:
    """Passages are erased after some weeks, even those that an absent InfluxDB never saw."""

    class Emptied(FakeJournal):
        @property
        def last_n(self) -> int:
            return 900

    journal = Emptied(_rows(150))
    async with _running(influx, journal) as outbox:
        await _until(lambda: journal.cursors["influx"] == 900)
        assert outbox.backlog == 0
    assert len(influx.lines) == 150


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, "rejected"),
        (401, "refused"),
        (403, "refused"),
        (404, "refused"),
        (405, "refused"),
        (408, "unreachable"),
        (413, "rejected"),
        (422, "rejected"),
        (429, "unreachable"),
        (500, "unreachable"),
        (503, "unreachable"),
        (302, "refused"),
    ],
)
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    """The table at the top of the module."""
    assert answer_to_status(status, "why").verdict == verdict


@pytest.mark.parametrize(
    "why",
    [
        "partial write: field type conflict: input field people is type integer, dropped=1",
        "unable to parse 'access,site=': missing tag value",
        "partial write: points beyond retention policy dropped=3",
    ],
)
def test_a_failure_whose_words_are_about_the_data_is_a_rejection(why: str) -> None:
    """InfluxDB 2.0 and 2.1 answer 500 to it, for ever."""
    assert answer_to_status(500, why).verdict == "rejected"


@pytest.mark.parametrize(
    ("answer", "attempt", "seconds"),
    [
        pytest.param(
            WriteResult("unreachable"), 3, 3.0, id="the backoff knows how often it failed"
        ),
        pytest.param(WriteResult("refused"), 0, 10.0, id="a refusal is slow from the start"),
        pytest.param(
            WriteResult("unreachable", retry_after_s=7), 2, 9.0, id="Retry-After comes first"
        ),
        pytest.param(
            WriteResult("unreachable", retry_after_s=10**9),
            0,
            RETRY_AFTER_MAX_S,
            id="nobody makes us wait for ever",
        ),
    ],
)
def test_how_long_it_waits(answer: WriteResult, attempt: int, seconds: float) -> None:
    """With a backoff of one second a failure."""
    assert pause_s(answer, attempt, float) == seconds


async def test_retry_after_is_read_from_the_answer(influx: FakeInflux) -> None:
    """A server that asks for a minute is not asked again within it."""
    influx.answer = lambda _: web.Response(status=429, headers={"Retry-After": "60"})
    journal = FakeJournal(_rows(150))
    async with _running(influx, journal):
        await _until(lambda: len(influx.requests) == 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await _until(lambda: len(influx.requests) > 1)


def test_settings_never_show_their_token() -> None:
    """Neither the token nor what a URL hides before its @."""
    settings = InfluxSettings("http://me:hush@db:8086", "seuil", token=TOKEN)
    assert repr(settings) == "InfluxSettings('http://db:8086, bucket seuil')"


# -- written again


@asynccontextmanager
async def _served(influx: FakeInflux) -> AsyncIterator[InfluxSettings]:
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/api/v2/write", influx.write)
    async with TestServer(app) as server:
        yield InfluxSettings(str(server.make_url("/")), "seuil", token=TOKEN)


async def test_rows_are_written_again(influx: FakeInflux, tmp_path: Path) -> None:
    """From a row on, the very points that the outbox made of them."""
    journal = Journal(tmp_path / "journal.db")
    await journal.open()
    events = [
        event_row(row.n, row.site, Tick(), row.facts, row.received)
        for row in (_row(n, float(n)) for n in range(1, 11))
    ]
    await journal.commit(Batch(events=events))
    await journal.close()
    async with _served(influx) as settings:
        with closing(JournalFile(journal.path)) as file:
            done = await resend(settings, of_rows(file, 7))
    assert (done.points, done.rejected) == (3, [])
    assert influx.lines == {line for n in (8, 9, 10) for line in points(_row(n, float(n)))}


async def test_dead_letters_are_written_again(influx: FakeInflux, tmp_path: Path) -> None:
    """Each once; what is still wrong is told, and what was kept in part only is counted."""
    good, bad = "sensor,site=a value=1.0 1", "sensor,site=a value=666.0 2"
    journal = Journal(tmp_path / "journal.db")
    await journal.open()
    for line, size in ((good, len(good)), (good, len(good)), (bad, len(bad)), ("x" * 500, 900)):
        await journal.dead_letter(DeadLetter(START, "influx", "sensor", "rejected", "", size, line))
    await journal.dead_letter(DeadLetter(START, "mqtt", "a/b", "not-json", "", 3, "{{{"))
    await journal.close()
    influx.answer = lambda lines: _bad() if any("666" in line for line in lines) else None
    with closing(sqlite3.connect(journal.path)) as connection:
        lines, cut = of_letters(connection)
    async with _served(influx) as settings:
        done = await resend(settings, lines)
    assert (done.points, [one.line for one in done.rejected], cut) == (1, [bad], 1)
    assert influx.lines == {good}


async def test_an_outage_while_points_are_written_again_is_told(influx: FakeInflux) -> None:
    """Nothing is taken for rejected; it can be run again."""
    influx.answer = lambda _: web.Response(status=400, text="<html>no TLS</html>")
    async with _served(influx) as settings:
        with pytest.raises(OutageError, match="no TLS"):
            await resend(settings, ["sensor value=1.0 1", "sensor value=2.0 2"])
