"""Pages of a long list: newest first, and how to ask for the next one.

Each question reads what it answers with in one go and lets go of the journal: a reader that stays
in a transaction stops SQLite's checkpoints, and the file would grow as long as somebody looks.
"""

import sqlite3
from datetime import datetime
from typing import Final, Generic, TypeVar

from msgspec import Struct

from gateway.adapters.journal.rows import to_us

T = TypeVar("T")

LIMIT_MAX: Final = 1000
"""Lines of a page at most: some 300 kB of text; whoever wants more asks again."""


class Page(Struct, Generic[T], frozen=True):
    """Some lines, newest first. `before` is what to ask for the next page with; None: no more."""

    lines: tuple[T, ...]
    before: int | None = None


def bounded(limit: int) -> int:
    """A page's length as it is served.

    Raises:
        ValueError: it is none.
    """
    if limit < 1:
        raise ValueError(f"a page has at least one line, not {limit}")
    return min(limit, LIMIT_MAX)


def row_at(connection: sqlite3.Connection, at: datetime) -> int:
    """The number of the last row that was received before `at`; 0: there is none.

    Our clock never goes back, so this is a search by halves: some twenty looks for a million rows.
    """
    wanted = to_us(at)
    low, high = 0, connection.execute(_LAST).fetchone()[0]
    while low < high:
        middle = (low + high + 1) // 2
        found = connection.execute(_AT_OR_BELOW, (middle,)).fetchone()
        if found is None or found[1] < wanted:
            low = middle
        else:
            high = found[0] - 1
    found = connection.execute(_AT_OR_BELOW, (low,)).fetchone()
    return int(found[0]) if found else 0


_LAST = "SELECT coalesce(max(n), 0) FROM journal"
_AT_OR_BELOW = "SELECT n, received FROM journal WHERE n <= ? ORDER BY n DESC LIMIT 1"
