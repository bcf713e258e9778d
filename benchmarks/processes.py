"""Child processes of a benchmark: started, awaited, measured, ended by their own id."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

READY_S = 120.0
"""A process that is not ready by then hangs, even on a busy machine."""

SETTLED_S = 120.0
"""After that, it is measured as it is."""
IDLE = 0.05
"""The share of a core below which a process counts as idle."""
_LOOK_S = 1.0


class BenchError(Exception):
    """A benchmark could not be carried out; the text gives the reason."""


@asynccontextmanager
async def child(
    module: str, *arguments: str, order: bytes = b"", stop_s: float = 10.0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python module as a child that has printed `ready`; end it at the end.

    Raises:
        BenchError: it did not get ready.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await _say(process, order)
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline() if process.stdout else b""
        if line.strip() != b"ready":
            raise BenchError(f"{module} did not start; its own words are above")
        yield process
    finally:
        await end(process, stop_s)


async def answer_of(module: str, order: bytes) -> bytes:
    """Run a module to its end with an order; return its standard output.

    Raises:
        BenchError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(order)
    if process.returncode:
        raise BenchError(f"{module} failed with {process.returncode}; its own words are above")
    return output


async def end(process: asyncio.subprocess.Process, stop_s: float) -> None:
    """Ask a child to stop, then insist."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(stop_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def cpu_s(pid: int) -> float:
    """Return a process's processor time in s, with that of its ended threads; 0 without /proc."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return 0.0
    fields = status.read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def settled(pid: int) -> None:
    """Wait until a process has nothing to do, such as the readers' lists after a start."""
    deadline = time.monotonic() + SETTLED_S
    before_s = cpu_s(pid)
    while time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_S)
        now_s = cpu_s(pid)
        if now_s - before_s <= IDLE * _LOOK_S:
            return
        before_s = now_s


def rss_mb(pid: int) -> float:
    """Return a process's resident memory in MB; 0 without /proc."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


async def _say(process: asyncio.subprocess.Process, order: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    process.stdin.write(order)
    await process.stdin.drain()
    process.stdin.close()
