"""History from the journal alone: the measurements' names and numbers, without InfluxDB.

`occupancy_1m` is the table of the same name; the days are views over it and over the decisions.
They are read through a connection of their own that cannot write, so that nobody who asks about
last year holds up a door.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from gateway.adapters.journal_rows import from_us, to_us

_EVER = (-(2**63), 2**63 - 1)
_BUSY_S = 5.0
"""SQLite's readers do not wait for a writer in WAL; only a checkpoint at the start can."""


class HistoryError(Exception):
    """There is no journal to ask; the message says where it was looked for."""


class Query(Struct, frozen=True):
    """Which part of history: `since` inclusive, `until` exclusive, None for all."""

    site: str | None = None
    zone: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class OccupancyMinutes(Struct, frozen=True):
    """One minute of a zone that begins at `time`: mean over its time, and extremes, in people."""

    time: datetime
    site: str
    zone: str
    mean: float
    min: int
    max: int


class OccupancyDay(Struct, frozen=True):
    """One UTC day of a zone, of which `minutes` are known."""

    time: datetime
    site: str
    zone: str
    mean: float
    min: int
    max: int
    minutes: int


class AccessDay(Struct, frozen=True):
    """How often an access point decided so for this reason on one UTC day."""

    time: datetime
    site: str
    access_point: str | None
    decision: str
    reason: str
    count: int


_OCCUPANCY_1M = """
    SELECT time, site, zone, mean, min, max FROM occupancy_1m
    WHERE time >= :since AND time < :until
      AND (:site IS NULL OR site = :site) AND (:zone IS NULL OR zone = :zone)
    ORDER BY time, site, zone
"""
_OCCUPANCY_1D = """
    SELECT time, site, zone, mean, min, max, minutes FROM occupancy_1d
    WHERE time >= :since AND time < :until
      AND (:site IS NULL OR site = :site) AND (:zone IS NULL OR zone = :zone)
    ORDER BY time, site, zone
"""
_ACCESS_1D = """
    SELECT time, site, access_point, decision, reason, count FROM access_1d
    WHERE time >= :since AND time < :until AND (:site IS NULL OR site = :site)
    ORDER BY time, site, access_point, decision, reason
"""


@contextmanager
def opened(journal: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write.

    Raises:
        HistoryError: There is no journal, or this is none.
    """
    if not journal.is_file():
        raise HistoryError(f"{journal}: there is no journal; `seuil run` makes one")
    # An absolute path as URI: SQLite would take a "?" or "#" in a name for its own.
    address = f"{journal.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as connection:
            yield connection
    except sqlite3.Error as error:
        older = "; start the gateway of this release once" if "no such table" in str(error) else ""
        raise HistoryError(f"{journal}: no journal that can be read ({error}){older}") from error


def occupancy_1m(connection: sqlite3.Connection, query: Query) -> Iterator[OccupancyMinutes]:
    """Each minute of each zone, in the order of time."""
    for time, *values in connection.execute(_OCCUPANCY_1M, _parameters(query)):
        yield OccupancyMinutes(from_us(time), *values)


def occupancy_1d(connection: sqlite3.Connection, query: Query) -> Iterator[OccupancyDay]:
    """Each UTC day of each zone; a day is in `query` when its start is."""
    for time, *values in connection.execute(_OCCUPANCY_1D, _parameters(query)):
        yield OccupancyDay(from_us(time), *values)


def access_1d(connection: sqlite3.Connection, query: Query) -> Iterator[AccessDay]:
    """Each UTC day's decisions, counted; `zone` does not apply, since a door has two."""
    for time, *values in connection.execute(_ACCESS_1D, _parameters(query)):
        yield AccessDay(from_us(time), *values)


def _parameters(query: Query) -> dict[str, str | int | None]:
    first, last = _EVER
    return {
        "site": query.site,
        "zone": query.zone,
        "since": first if query.since is None else to_us(query.since),
        "until": last if query.until is None else to_us(query.until),
    }
