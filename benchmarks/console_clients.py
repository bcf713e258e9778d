"""Many open pages in one process: each holds a stream of the console, as a browser does.

`python -m benchmarks.console_clients` reads a `ClientsConfig` as JSON from its standard input,
prints `ready` when every stream is open (if stuck: when every request is sent), and holds them
until it is ended; then it prints its report. A stuck client reads nothing at all. A stream that
ends is opened again within two seconds, as by the page's own script.
"""

import asyncio
import contextlib
import os
import random
import resource
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from typing import Literal

import msgspec
from msgspec import Struct

from benchmarks.processes import READY_S

NICENESS = 19
"""Browsers run elsewhere: their cost must not affect the measurement."""
FILES = 4096
"""Open files that a thousand connections need, with reserve."""


How = Literal["open", "waiting", "stuck"]
"""`open`: as a page; `waiting`: likewise, before the console is there; `stuck`: send a request, and
then read nothing.
"""


class ClientsConfig(Struct):
    """The pages to open."""

    port: int
    path: str
    clients: int
    how: How = "open"


class ClientsReport(Struct):
    """The report of all pages. `slowest_return_s`: from a stream's end to its next snapshot."""

    snapshots: int = 0
    changes: int = 0
    writes: int = 0
    bytes: int = 0
    refused: int = 0
    lost: int = 0
    slowest_return_s: float = 0.0


class _Pages:
    def __init__(self, order: ClientsConfig) -> None:
        self._order = order
        self._random = random.Random(0)  # noqa: S311 - when to come back
        self._request = (
            f"GET {order.path} HTTP/1.1\r\nHost: 127.0.0.1:{order.port}\r\n"
            "Accept: text/event-stream\r\nAccept-Language: en\r\n\r\n"
        ).encode()
        self.heard = ClientsReport()
        self.open = 0

    async def page(self) -> None:
        """Run one page until cancelled."""
        lost_at: float | None = None
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                async with _connection(self._order.port) as (reader, writer):
                    writer.write(self._request)
                    if self._order.how == "stuck":
                        self.open += 1
                        await asyncio.Event().wait()
                    await self._read(reader, lost_at)
            lost_at = lost_at or time.monotonic()
            await asyncio.sleep(self._random.uniform(0.8, 1.8))

    async def _read(self, reader: asyncio.StreamReader, lost_at: float | None) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            self.heard.refused += 1
            return
        self.open += 1
        try:
            while told := await reader.read(65536):
                self.heard.writes += 1
                self.heard.bytes += len(told)
                self.heard.changes += told.count(b"event: change")
                if snapshots := told.count(b"event: snapshot"):
                    self.heard.snapshots += snapshots
                    if lost_at is not None:
                        away_s = round(time.monotonic() - lost_at, 2)
                        self.heard.slowest_return_s = max(self.heard.slowest_return_s, away_s)
                        lost_at = None
        finally:
            self.open -= 1
            self.heard.lost += 1


@contextlib.asynccontextmanager
async def _connection(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    door = socket.socket()
    door.setblocking(False)  # noqa: FBT003 - the library's
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        await asyncio.get_running_loop().sock_connect(door, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=door, limit=1 << 20)
    except BaseException:
        door.close()
        raise
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _run(order: ClientsConfig) -> ClientsReport:
    pages = _Pages(order)
    tasks = [asyncio.create_task(pages.page()) for _ in range(order.clients)]
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    deadline = time.monotonic() + READY_S
    waited = 0 if order.how == "waiting" else order.clients
    while pages.open < waited and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    print("ready", flush=True)  # noqa: T201 - tells the parent
    pages.heard = ClientsReport()
    await ended.wait()
    heard = msgspec.structs.replace(pages.heard)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return heard


def main() -> None:
    """Hold the streams until ended."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    os.nice(NICENESS)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=ClientsConfig)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_run(order))))


if __name__ == "__main__":
    main()
