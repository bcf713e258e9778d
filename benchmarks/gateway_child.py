"""The gateway as a child process that a benchmark starts, kills and restarts."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import msgspec

from benchmarks.gateway_process import GatewayChildConfig
from benchmarks.processes import READY_S, BenchError, rss_mb

STOP_S = 60.0
"""A clean stop stores a last snapshot; a longer one hangs, and is killed."""
_WORDS = 2000
"""Bytes of the log's end that an error quotes."""


class GatewayChild:
    """A gateway process on one data folder. It dies with us, and Ctrl-C is left to us.

    `log` is its standard error, over all of its lives.
    """

    def __init__(
        self, order: GatewayChildConfig, env: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Create it; `env` are additional environment variables."""
        self.log = Path(order.data_dir) / "gateway.log"
        self._env = env
        self.lives = 0
        self._order = msgspec.json.encode(order)
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        """True while it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def rss_mb(self) -> float:
        """Its resident memory in MB; 0 when it is dead."""
        return rss_mb(self._alive().pid) if self.running else 0.0

    @property
    def tracebacks(self) -> int:
        """Unhandled exceptions that it logged."""
        return self.log.read_bytes().count(b"Traceback (most recent call last)")

    async def spawn(self) -> None:
        """Start it, without waiting."""
        self.lives += 1
        tied = (
            "-m",
            "gateway.adapters.broker.embedded_child",
            str(os.getpid()),
            "exec",
            sys.executable,
        )
        with self.log.open("ab") as log:
            self._process = process = await asyncio.create_subprocess_exec(
                *(sys.executable, *tied, "-m", "benchmarks.gateway_process"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self._env} if self._env else None,
            )
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        process.stdin.write(self._order)
        process.stdin.close()

    async def ready(self) -> None:
        """Wait until it reports that it has started.

        Raises:
            BenchError: it ended, or took too long.
        """
        process = self._alive()
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            async with asyncio.timeout(READY_S):
                line = await process.stdout.readline()
        except TimeoutError:
            line = b""
        if line.strip() != b"ready":
            raise BenchError(f"the gateway did not start: {self.last_words()}")

    async def start(self) -> None:
        """Start it and wait until it has.

        Raises:
            BenchError: it did not.
        """
        await self.spawn()
        await self.ready()

    async def kill(self) -> None:
        """Send SIGKILL.

        Raises:
            BenchError: it was dead already, and nobody had killed it.
        """
        process = self._alive()
        if process.returncode is not None:
            raise BenchError(f"the gateway ended by itself: {self.last_words()}")
        process.kill()
        await process.wait()

    async def stop(self) -> bool:
        """Send SIGTERM; return False if it had to be killed, or ended abnormally."""
        process = self._process
        if process is None or process.returncode is not None:
            return False
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                return await process.wait() == 0
        except TimeoutError:
            process.kill()
            await process.wait()
            return False

    async def wait(self) -> None:
        """Return when it has ended."""
        await self._alive().wait()

    def last_words(self) -> str:
        """Return the end of its log."""
        words = self.log.read_bytes()[-_WORDS:] if self.log.exists() else b""
        return words.decode("utf-8", "replace").strip() or "it said nothing"

    def _alive(self) -> Process:
        if self._process is None:
            raise BenchError("the gateway was not started")
        return self._process


@asynccontextmanager
async def gateway_child(order: GatewayChildConfig) -> AsyncIterator[GatewayChild]:
    """Provide a gateway that is not started yet; end it in any case."""
    gateway = GatewayChild(order)
    try:
        yield gateway
    finally:
        if gateway.running:
            await asyncio.shield(gateway.kill())
