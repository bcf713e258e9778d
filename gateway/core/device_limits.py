"""What a device may claim, in one place: beyond it a message is a dead letter, by its number.

A device is as trustworthy as its password: each of these bounds keeps what one sends from harming
more than itself. The shapes of numbers and texts are with the readings (`gateway.core.readings`),
the size of a payload with the wire (`gateway.wire.message`), how many numbers, gaps and boots are
remembered with the numbering (`gateway.core.sequence`).
"""

from datetime import UTC, datetime, timedelta
from typing import Final

AHEAD_MAX: Final = timedelta(hours=24)
"""A clock in a wrong time zone is ahead by less; a later time is one that was never set, and the
calendar's end breaks arithmetic."""
BEHIND_MAX: Final = timedelta(days=90)
"""Of a badge: how long passages are kept, and a reader may have been cut off. An earlier time is
that of a clock that began at 1970 or 2000."""
EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
"""Of a sensor's reading: recordings of former years may be replayed; before it, times are below
zero, and the calendar's begin breaks arithmetic."""


def is_possible(at: datetime, now: datetime, *, is_badge: bool) -> bool:
    """Return whether a device's time can be true."""
    earliest = now - BEHIND_MAX if is_badge else EARLIEST
    return earliest <= at <= now + AHEAD_MAX


def bounded(at: datetime, now: datetime) -> datetime:
    """Return the nearest time of a badge that can be true."""
    return min(max(at, now - BEHIND_MAX), now + AHEAD_MAX)
