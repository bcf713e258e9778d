"""Pages of a long list, newest first, with a cursor for the next page.

Each query reads its result at once and ends its transaction: a reader that stays in a transaction
stops SQLite's checkpoints, and the -wal file would grow meanwhile.
"""

import sqlite3
from datetime import datetime
from typing import Final, Generic, TypeVar

from msgspec import Struct

from gateway.adapters.journal.rows import to_us

T = TypeVar("T")

LIMIT_MAX: Final = 1000
"""Lines of a page at most: some 300 kB of text; more lines need further requests."""


class Page(Struct, Generic[T], frozen=True):
    """Some lines, newest first. `before` is the cursor of the next page; None: the last page."""

    lines: tuple[T, ...]
    before: int | None = None


def bounded(limit: int) -> int:
    """Return the page length that is served: `limit`, at most `LIMIT_MAX`.

    Raises:
        ValueError: it is below 1.
    """
    if limit < 1:
        raise ValueError(f"a page has at least one line, not {limit}")
    return min(limit, LIMIT_MAX)


def row_at(connection: sqlite3.Connection, at: datetime) -> int:
    """Return the number of the last row received before `at`; 0: there is none.

    Our clock never goes back, so this is a binary search: some twenty reads per million rows.
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
