"""A server of calendars that misbehaves when asked to."""

import http.server
import threading
from types import TracebackType
from typing import Final, Self

from gateway.adapters.broker.ports import LOOPBACK

CHUNK: Final = b"X" * 65_536


class FeedServer:
    """Answers GET by `mode`.

    `feed`: the content, with ETag and Last-Modified, 304 where they are known; `plain`: without
    them; `hang`: nothing; `drip`: a byte now and then; `endless`: more and more; `cut`: half of it;
    `error`: 500; `packed`: brotli, it says; `redirect`: to `location`.
    """

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.gzipped = False
        self.mode = "feed"
        self.location = "/elsewhere"
        self.asked: list[dict[str, str]] = []
        """The headers of each request, names in lowercase."""
        self.closing = threading.Event()
        self._server = _Server((LOOPBACK, 0), _Request)
        self._server.feed = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """The feed's address, with a secret in it."""
        return f"http://{LOOPBACK}:{self._server.server_port}/private-5ecret/basic.ics"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    feed: FeedServer
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what the tests want."""


class _Request(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        feed = self.server.feed
        feed.asked.append({name.lower(): value for name, value in self.headers.items()})
        getattr(self, f"_{feed.mode}")(feed)

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _feed(self, feed: FeedServer) -> None:
        etag = f'"{hash(feed.content)}"'
        if self.headers.get("If-None-Match") == etag:
            self._head(304)
            return
        packed = {"Content-Encoding": "gzip"} if feed.gzipped else {}
        self._head(200, ETag=etag, **{"Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}, **packed)
        self.wfile.write(feed.content)

    def _plain(self, feed: FeedServer) -> None:
        self._head(200)
        self.wfile.write(feed.content)

    def _hang(self, feed: FeedServer) -> None:
        feed.closing.wait()

    def _drip(self, feed: FeedServer) -> None:
        self._head(200)
        while not feed.closing.wait(0.1):
            self.wfile.write(b"X")

    def _endless(self, feed: FeedServer) -> None:
        self._head(200)
        while not feed.closing.is_set():
            self.wfile.write(CHUNK)

    def _cut(self, feed: FeedServer) -> None:
        self._head(200, **{"Content-Length": str(len(feed.content))})
        self.wfile.write(feed.content[: len(feed.content) // 2])

    def _error(self, _: FeedServer) -> None:
        self._head(500)

    def _packed(self, _: FeedServer) -> None:
        self._head(200, **{"Content-Encoding": "br"})

    def _redirect(self, feed: FeedServer) -> None:
        if self.path == "/elsewhere" and feed.location == "/elsewhere":
            self._feed(feed)
        else:
            self._head(302, Location=feed.location)

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
