"""The desk's lock: sessions that nobody has used by hand for a while may only look.

A page that refreshes itself is no use by hand: acts count, and what the pages' script hears of keys
and taps. Kept in memory: after a restart a session counts as used when its owner last proved who
they are, so a restart locks a desk rather than opening one.
"""

from collections import OrderedDict
from datetime import datetime
from typing import Final

SESSIONS_KEPT: Final = 1024
"""Sessions whose last use is remembered; one that is dropped is locked earlier."""


class Attendance:
    """Keep when each session was last used by hand."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, datetime] = OrderedDict()

    def used(self, session: str, now: datetime) -> None:
        """Record that somebody uses this session."""
        self._used[session] = now
        self._used.move_to_end(session)
        while len(self._used) > SESSIONS_KEPT:
            self._used.popitem(last=False)

    def last(self, session: str, proved: datetime) -> datetime:
        """Return the last use; it is no earlier than the last proof of who it is."""
        return max(proved, self._used.get(session, proved))
