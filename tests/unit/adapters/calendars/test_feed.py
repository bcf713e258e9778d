"""A feed's bytes: again only when they changed, never too many, and no word of the address."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from gateway.adapters.calendars import feed as feeds
from gateway.adapters.calendars.feed import Source, http_session
from gateway.adapters.calendars.occurrences import FeedError
from gateway.adapters.calendars.sandbox import FEED_BYTES, unpacked
from gateway.config.calendars import CalendarFeed
from gateway.core.model.bookings import Target
from gateway.core.model.names import SiteId
from tests.fakes.calendar_server import FeedServer
from tests.servers import PATIENCE_S, stops, until


def source(url: str | None = None, file: Path | None = None) -> Source:
    """Where a feed comes from."""
    return Source(CalendarFeed(SiteId("hub"), Target("zone:meeting"), file, url, 300.0))


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """What feeds are asked with."""
    async with http_session() as session:
        yield session


@pytest.fixture
def server() -> Iterator[FeedServer]:
    """A server of one feed."""
    with FeedServer(b"content") as started:
        yield started


# -- over HTTP


async def test_it_comes_again_only_when_it_changed(
    server: FeedServer, http: aiohttp.ClientSession
) -> None:
    """The server's own marks go back to it; a body that was not read well is asked for again."""
    here = source(server.url)
    first = await here.read(http)
    assert first is not None
    assert first.content == b"content"
    assert await here.read(http) is not None
    here.keep(first)
    assert await here.read(http) is None
    assert "if-none-match" not in server.asked[1]
    assert server.asked[2]["if-modified-since"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    server.content = b"other"
    second = await here.read(http)
    assert second is not None
    assert second.content == b"other"


async def test_a_server_that_marks_nothing(server: FeedServer, http: aiohttp.ClientSession) -> None:
    """The same bytes are no news, unless they are wanted anew."""
    server.mode = "plain"
    here = source(server.url)
    body = await here.read(http)
    assert body is not None
    here.keep(body)
    assert await here.read(http) is None
    assert await here.read(http, anew=True) == body


async def test_it_is_not_unpacked_here(server: FeedServer, http: aiohttp.ClientSession) -> None:
    """What a server packed is for the process apart: a bomb costs us its few bytes."""
    server.content, server.gzipped = gzip.compress(b"content"), True
    body = await source(server.url).read(http)
    assert body is not None
    assert body.gzipped
    assert body.content == server.content
    assert unpacked(body) == b"content"


async def test_a_redirect_is_followed(server: FeedServer, http: aiohttp.ClientSession) -> None:
    """To where it leads."""
    server.mode = "redirect"
    body = await source(server.url).read(http)
    assert body is not None
    assert body.content == b"content"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (("error", ""), "is refused by its server: HTTP 500"),
        (("packed", ""), "packed in another way than gzip"),
        (("endless", ""), f"has more than {FEED_BYTES:,} bytes"),
        (("cut", ""), "cannot be fetched: ClientPayloadError"),
        (("redirect", "/here"), "redirected more than 3 times"),
        (("redirect", "file:///etc/passwd"), "not at an http:// or https:// address"),
        (("redirect", "http://[::1"), "cannot be fetched: ValueError"),
        (("redirect", ""), "redirected more than 3 times"),
        (("hang", ""), "did not come within 0.5 s"),
        (("drip", ""), "did not come within 0.5 s"),
    ],
)
async def test_what_a_server_may_do(
    server: FeedServer,
    http: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[str, str],
    why: str,
) -> None:
    """Each ends, as an error that says why and not where."""
    monkeypatch.setattr(feeds, "HTTP_S", 0.5 if answer[0] in ("hang", "drip") else 3600.0)
    server.mode, server.location = answer
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(FeedError, match=why) as caught:
            await source(server.url).read(http)
    assert "5ecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/5ecret", "cannot be reached: Connect"),
        ("http://nowhere.invalid/5ecret", "cannot be reached"),
        ("ftp://127.0.0.1/5ecret", "not at an http:// or https:// address"),
        ("http://127.0.0.1:99999/5ecret", "cannot be fetched"),
    ],
)
async def test_addresses_that_lead_nowhere(http: aiohttp.ClientSession, url: str, why: str) -> None:
    """An error that says so, and not the address."""
    with pytest.raises(FeedError, match=why) as caught:
        await source(url).read(http)
    assert "5ecret" not in str(caught.value)


def test_what_began_under_tls_stays_there() -> None:
    """A secret address must not be said aloud because a server asks for it."""
    with pytest.raises(FeedError, match="from https:// to http://"):
        feeds._moved("https://a.example/x", "http://a.example/x")
    assert feeds._moved("https://a.example/x/y", "../z") == "https://a.example/z"


def test_its_place_is_told_without_the_secret(tmp_path: Path) -> None:
    """The host, or the file."""
    assert source("https://me:pw@cal.example:8443/private-5ecret").place == "https://cal.example"
    assert source(file=tmp_path / "a.ics").place == str(tmp_path / "a.ics")


async def test_asking_ends_when_cancelled(
    server: FeedServer, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of nothing else."""
    monkeypatch.setattr(feeds, "HTTP_S", 3600.0)
    server.mode = "hang"
    task = asyncio.create_task(source(server.url).read(http))
    await until(lambda: server.asked, "it is asked")
    await stops(task)
    assert task.cancelled()


# -- from a file


async def test_a_file_is_read_when_it_changed(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """By its time, size and inode."""
    file = tmp_path / "a.ics"
    file.write_bytes(b"content")
    here = source(file=file)
    body = await here.read(http)
    assert body is not None
    here.keep(body)
    assert await here.read(http) is None
    assert await here.read(http, anew=True) == body
    os.utime(file, ns=(1, 1))
    assert await here.read(http) is None  # touched, and the same
    file.write_bytes(b"others!")
    again = await here.read(http)
    assert again is not None
    assert again.content == b"others!"


@pytest.mark.parametrize("kind", ["absent", "folder", "pipe", "large"])
async def test_what_is_no_calendar_file(
    tmp_path: Path, http: aiohttp.ClientSession, kind: str
) -> None:
    """An error that says why; nothing waits for a pipe."""
    file = tmp_path / "a.ics"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "large":
        file.write_bytes(bytes(FEED_BYTES + 1))
    why = {
        "absent": "cannot be read: No such file",
        "folder": "is not a file",
        "pipe": "is not a file",
        "large": f"has more than {FEED_BYTES:,} bytes",
    }
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(FeedError, match=why[kind]):
            await source(file=file).read(http)
