"""A stub of InfluxDB that accepts and counts points: the receiving end of a benchmark's outbox.

A real database would compete for the measured cores; the gateway's work is the same.
"""

from types import TracebackType
from typing import Self

from aiohttp import web


class Sink:
    """Answers `/api/v2/write` with 204 on a free loopback port."""

    def __init__(self) -> None:
        self.points = 0
        self.url = ""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/api/v2/write", self._write)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _write(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.points += len(body.splitlines())
        return web.Response(status=204)
