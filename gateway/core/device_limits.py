"""Bounds on what a device may claim: a message beyond them is a dead letter, by its number.

A device is as trustworthy as its password: each of these bounds keeps its messages from harming
more than itself. The formats of numbers and texts are defined with the readings
(`gateway.core.readings`), the size of a payload with the wire (`gateway.wire.message`), the number
of remembered numbers, gaps and boots with the numbering (`gateway.core.sequence`).
"""

from datetime import UTC, datetime, timedelta
from typing import Final

AHEAD_MAX: Final = timedelta(hours=24)
"""A clock in a wrong time zone is ahead by less; a later time is from a clock that was never set,
and the calendar's end breaks arithmetic."""
BEHIND_MAX: Final = timedelta(days=90)
"""For a badge: the time for which passages are kept, and a reader may have been cut off. An earlier
time is from a clock that started at 1970 or 2000."""
EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
"""For a sensor's reading: recordings of former years may be replayed; earlier times are below zero,
and the calendar's start breaks arithmetic."""


def is_possible(at: datetime, now: datetime, *, is_badge: bool) -> bool:
    """Return whether a device's time can be true."""
    earliest = now - BEHIND_MAX if is_badge else EARLIEST
    return earliest <= at <= now + AHEAD_MAX


def bounded(at: datetime, now: datetime) -> datetime:
    """Return the nearest time of a badge that can be true."""
    return min(max(at, now - BEHIND_MAX), now + AHEAD_MAX)
