"""Samples where a process's time goes: the running function, at each tick of processor time.

The system counts the processor time of all threads and interrupts the main thread (SIGPROF); what
it is doing then belongs to a stage by the innermost file that the table below knows. A function in
C counts for its caller. The ticks cost little, as none comes while the process sleeps.
"""

import signal
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

BEGIN: Final = signal.SIGUSR1
TICK_S: Final = 0.001
"""Asked for; most systems round it up to 4 ms."""
THREADS: Final = "other threads"
"""The main thread sleeps in its selector, so the time is another's: a larger commit, the points."""
LISTS: Final = "lists for readers"
"""No part of a decision: what a reader may decide alone, whoever is called for it."""
_LISTS: Final = "gateway/offline_rights/"
OTHER: Final = "other"
_SELECTOR: Final = "/selectors.py"

STAGES: Final = (
    ("read and write packets", ("gateway/adapters/mqtt/",)),
    ("decode", ("sensors/", "gateway/service/decoder.py", "gateway/adapters/directory/")),
    ("decide", ("gateway/core/",)),
    ("rows", ("gateway/adapters/journal/rows.py",)),
    ("commit", ("gateway/adapters/journal/",)),
    ("points", ("gateway/adapters/influx/",)),
    ("messages", ("gateway/service/messages.py", "gateway/wire/", "gateway/translation.py")),
    ("publish", ("gateway/service/publisher.py", "gateway/service/delivery.py")),
    ("gather and pass on", ("gateway/service/",)),
    ("event loop", ("/asyncio/", _SELECTOR, "gateway/aio.py")),
)
"""A badge's way in its order; of a call's files the innermost that is named here counts."""


class Sampler:
    """Counts ticks by stage from a signal `BEGIN` on; for the main thread of a process."""

    def __init__(self) -> None:
        self.ticks: Counter[str] = Counter()
        signal.signal(signal.SIGPROF, self._tick)
        signal.signal(BEGIN, self._begin)

    def write(self, path: Path) -> None:
        """End it, and write what was counted."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        path.write_bytes(msgspec.json.encode(self.ticks))

    def _begin(self, _signal: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)

    def _tick(self, _signal: int, frame: FrameType | None) -> None:
        self.ticks[_stage(frame)] += 1


def _stage(frame: FrameType | None) -> str:
    if frame is not None and frame.f_code.co_filename.endswith(_SELECTOR):
        return THREADS
    found = None
    while frame is not None:
        file = frame.f_code.co_filename
        if _LISTS in file:
            return LISTS
        if found is None:
            found = next(
                (name for name, parts in STAGES if any(part in file for part in parts)), None
            )
        frame = frame.f_back
    return found or OTHER
