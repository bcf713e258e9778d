"""An open stream of server-sent events: a snapshot, then the changes, until one side leaves."""

from collections.abc import AsyncIterator
from typing import Final

from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from gateway.console.feed.hub import Hub, Watcher
from gateway.console.web.errors import Problem
from gateway.phrase import Phrase

SEND_S: Final = 30.0
"""Seconds one write may block: a browser that reads nothing for that time is gone."""


class Stream(EventSourceResponse):
    """A watcher's stream; it leaves the hub however it ends."""

    def __init__(self, watcher: Watcher, hub: Hub) -> None:
        super().__init__(
            _told(watcher, hub),
            ping=0,  # the hub has one heartbeat for all pages
            send_timeout=SEND_S,
            sep="\n",
        )
        self._watcher = watcher
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the reader or the console leaves."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            return
        finally:
            self._hub.leave(self._watcher)


def too_many(status: int = 503) -> Problem:
    """Return the problem for a stream that found the hub full."""
    title = Phrase("Too many open pages")
    return Problem(status, "too-many-streams", title, headers={"Retry-After": "10"})


async def _told(watcher: Watcher, hub: Hub) -> AsyncIterator[bytes]:
    async for told in watcher.follow():
        yield hub.snapshot(watcher.view) if told is None else told
