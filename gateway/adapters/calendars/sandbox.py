"""Parses a feed in a separate process, because the time that parsing takes is not bounded.

1,000 weekly events take seconds of Python, which in a thread would delay every decision through
Python's lock; one rule such as "each hour since the year 1" takes far longer, and a thread cannot
be ended. A process can: it has a low priority, bounded time and memory, and no secrets (an empty
environment); one runs at a time. Inside it an alarm ends a series that takes too long, so that one
faulty series does not cost the other events.
"""

import asyncio
import contextlib
import os
import signal
import sys
import zlib
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from msgspec import Struct

from gateway.adapters.calendars.occurrences import Expanded, FeedError, TimeWindow

FEED_BYTES: Final = 2_000_000
"""A feed, unpacked; some 8,000 events."""
READ_S: Final = 60.0
"""Seconds of real time for one feed; 1,000 weekly events take some 5 s on a busy machine."""
_SERIES_S: Final = 5.0
"""Seconds for one series; each hour since 1970 takes 4 s."""
_CPU_S: Final = 60
_MEMORY_BYTES: Final = 1 << 30
_NICE: Final = 10
_GZIP: Final = 31
"""zlib's `wbits` for data with a gzip header."""
_CHILD: Final = "from gateway.adapters.calendars.sandbox import main; main()"


class Body(Struct, frozen=True):
    """A feed's bytes as received."""

    content: bytes
    gzipped: bool = False


class ExpandRequest(Struct, frozen=True):
    """A request to expand a feed: the arguments of `ical.expand`."""

    body: Body
    timezone: str
    window: TimeWindow
    source: str


class _Refused(Struct, frozen=True, tag=True):
    why: str


class _Read(Struct, frozen=True, tag=True):
    expanded: Expanded


_answer = msgspec.msgpack.Decoder(_Refused | _Read).decode


async def expand_apart(order: ExpandRequest) -> Expanded:
    """Return the feed's occurrences, expanded in a separate process.

    Raises:
        FeedError: it cannot be read, or takes too much time or memory.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _CHILD),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,  # a trace would quote the feed
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is ours to handle
        )
    except OSError as error:
        raise FeedError(f"cannot be read, no process can be started: {error.strerror}") from None
    try:
        async with asyncio.timeout(READ_S):
            said, _ = await process.communicate(msgspec.msgpack.encode(order))
    except TimeoutError:
        raise FeedError(f"takes more than {READ_S:g} s to read: too many recurrences") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        how = f"signal {-process.returncode}" if process.returncode < 0 else "a fault of its own"
        raise FeedError(f"cannot be read: the process that reads it was ended by {how}")
    answer: _Refused | _Read = _answer(said)
    if isinstance(answer, _Refused):
        raise FeedError(answer.why)
    return answer.expanded


def main() -> None:
    """Run the separate process: read a request from stdin, write the answer to stdout."""
    _bound()
    from gateway.adapters.calendars.ical import expand  # noqa: PLC0415 - only here, and bounded

    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=ExpandRequest)
    answer: _Refused | _Read
    how = (order.timezone, order.window, order.source)
    try:
        answer = _Read(expand(unpacked(order.body), *how, bounded=_series_bounded))
    except FeedError as error:
        answer = _Refused(str(error))
    except MemoryError:
        answer = _Refused(f"takes more than {_MEMORY_BYTES >> 20} MB to read")
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


def unpacked(body: Body) -> bytes:
    """Return the feed's bytes, decompressed.

    Raises:
        FeedError: they are too many, or not valid gzip.
    """
    content = body.content
    if body.gzipped:
        packed = zlib.decompressobj(_GZIP)
        try:
            content = packed.decompress(body.content, FEED_BYTES + 1)
        except zlib.error:
            raise FeedError("is no gzip, as its server says it is") from None
        if not packed.eof and len(content) <= FEED_BYTES:
            raise FeedError("was cut off")
    if len(content) > FEED_BYTES:
        raise FeedError(f"has more than {FEED_BYTES:,} bytes")
    return content


@contextmanager
def _series_bounded() -> Iterator[None]:
    """Raise TimeoutError in the block after `_SERIES_S`, where the system supports it."""
    if sys.platform == "win32":
        yield
        return
    signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, _SERIES_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _ring(_number: int, _frame: object) -> None:
    raise TimeoutError


def _bound() -> None:
    """Limit this process's priority, time and memory."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on every system

        os.nice(_NICE)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
