"""Fetches a feed's bytes from a file or over HTTP, and again only when they changed.

An address is often the secret itself (`…/private-0a1b2c/basic.ics`), so messages contain only its
host. Nothing is decompressed here: the separate process does that.
"""

import asyncio
import stat
from hashlib import sha256
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from msgspec import Struct

from gateway.adapters.calendars.occurrences import FeedError
from gateway.adapters.calendars.sandbox import FEED_BYTES, Body
from gateway.config.calendars import CalendarFeed

HTTP_S: Final = 20.0
"""From the question to the last byte; `FEED_BYTES` in that time are 100 kB/s."""
REDIRECTS_MAX: Final = 3
_CHUNK_BYTES: Final = 65_536
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_OK, _NOT_MODIFIED = 200, 304


class _Mark(Struct, frozen=True):
    """The identity of the last body: the server's validators or the file's stamp, and a digest."""

    etag: str | None = None
    modified: str | None = None
    file: tuple[int, int, int] | None = None
    digest: bytes = b""


class Source:
    """A feed's file or address, and the identity of its last body."""

    def __init__(self, feed: CalendarFeed) -> None:
        self._feed = feed
        self._mark = _Mark()
        self._next = _Mark()

    @property
    def place(self) -> str:
        """Return the feed's origin without a secret: a file's path, or an address's host."""
        return str(self._feed.file) if self._feed.url is None else _host(self._feed.url)

    async def read(self, http: aiohttp.ClientSession, *, anew: bool = False) -> Body | None:
        """Return the feed; None: unchanged since `keep` was last called (never if `anew`).

        Raises:
            FeedError: it cannot be fetched.
        """
        mark = _Mark() if anew else self._mark
        if self._feed.url is None:
            body = await asyncio.to_thread(self._from_file, mark)
        else:
            body = await self._from_server(http, self._feed.url, mark)
        if body is None or sha256(body.content).digest() == mark.digest:
            return None
        return body

    def keep(self, body: Body) -> None:
        """Remember this body, which was parsed without error: the next one is compared with it."""
        self._mark = _Mark(
            self._next.etag,
            self._next.modified,
            self._next.file,
            sha256(body.content).digest(),
        )

    def _from_file(self, mark: _Mark) -> Body | None:
        file = self._feed.file
        assert file is not None  # noqa: S101 - a feed has one or the other
        try:
            about = file.stat()
            if not stat.S_ISREG(about.st_mode):
                raise FeedError("is not a file")
            stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
            if stamp == mark.file:
                return None
            with file.open("rb") as opened:
                content = opened.read(FEED_BYTES + 1)
        except OSError as error:
            raise FeedError(f"cannot be read: {error.strerror}") from None
        if len(content) > FEED_BYTES:
            raise FeedError(f"has more than {FEED_BYTES:,} bytes")
        self._next = _Mark(file=stamp)
        return Body(content)

    async def _from_server(
        self, http: aiohttp.ClientSession, address: str, mark: _Mark
    ) -> Body | None:
        headers = {"Accept": "text/calendar", "Accept-Encoding": "gzip"}
        if mark.etag is not None:
            headers["If-None-Match"] = mark.etag
        if mark.modified is not None:
            headers["If-Modified-Since"] = mark.modified
        try:
            async with asyncio.timeout(HTTP_S):
                return await self._asked(http, address, headers)
        except TimeoutError:
            raise FeedError(f"did not come within {HTTP_S:g} s") from None
        except aiohttp.ClientConnectorError as error:
            raise FeedError(f"cannot be reached: {error.strerror or 'no such host'}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Their texts may hold the address.
            raise FeedError(f"cannot be fetched: {type(error).__name__}") from None

    async def _asked(
        self, http: aiohttp.ClientSession, url: str, headers: dict[str, str]
    ) -> Body | None:
        for _ in range(REDIRECTS_MAX + 1):
            if not _host(url):
                raise FeedError("is not at an http:// or https:// address")
            async with http.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status in _MOVED:
                    url = _moved(url, answer.headers.get("Location", ""))
                    continue
                if answer.status == _NOT_MODIFIED:
                    return None
                if answer.status != _OK:
                    raise FeedError(f"is refused by its server: HTTP {answer.status}")
                return await self._body(answer)
        raise FeedError(f"is redirected more than {REDIRECTS_MAX} times")

    async def _body(self, answer: aiohttp.ClientResponse) -> Body:
        coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip"):
            raise FeedError("is packed in another way than gzip, which was asked for")
        content = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            content += chunk
            if len(content) > FEED_BYTES:
                raise FeedError(f"has more than {FEED_BYTES:,} bytes")
        self._next = _Mark(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        return Body(bytes(content), gzipped=coding != "identity")


def http_session() -> aiohttp.ClientSession:
    """Return the HTTP session for `Source.read`: bounded, without cookies or decompression."""
    return aiohttp.ClientSession(
        auto_decompress=False,
        connector=aiohttp.TCPConnector(limit=8),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "seuil"},
    )


def _moved(url: str, location: str) -> str:
    target = urljoin(url, location)
    if url.startswith("https:") and target.startswith("http:"):
        raise FeedError("is redirected from https:// to http://, where all could read along")
    return target


def _host(url: str) -> str:
    """Return scheme and host; "" for anything but a web address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    known = parts.scheme in {"http", "https"} and parts.hostname
    return f"{parts.scheme}://{parts.hostname}" if known else ""
