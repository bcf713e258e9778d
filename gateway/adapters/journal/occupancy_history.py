"""History from the journal alone: the measurements' names and numbers, without InfluxDB.

`occupancy_1m` is the table of the same name. A zone's days are computed from it as the engine does
(`gateway.core.occupancy.daily_statistics`), with the space file that is in force now; access_1d is
a view. They are read through a separate read-only connection, so that a query over last year does
not delay a door.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.adapters.journal.rows import from_us, to_us
from gateway.core.events import Event, SpaceChanged
from gateway.core.facts import OccupancyDay
from gateway.core.model.names import Text, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.occupancy import daily_statistics
from gateway.core.occupancy.daily_statistics import THRESHOLD, Piece, in_use_from

_EVER = (-(2**63), 2**63 - 1)
_BEGIN, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_LONGEST_DAY = timedelta(hours=26)
"""A day on which clocks go back, and a margin."""
_EVENT = msgspec.json.Decoder(Event)
_BUSY_S = 5.0
"""In WAL, SQLite's readers do not wait for a writer, except for a checkpoint at the start."""


class HistoryError(Exception):
    """There is no journal to read; the message contains the path."""


class HistoryQuery(Struct, frozen=True):
    """A selection of the history: `since` inclusive, `until` exclusive, None for all."""

    site: str | None = None
    zone: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class OccupancyMinutes(Struct, frozen=True):
    """A zone's minute that begins at `time`: mean over the minute, minimum, maximum (people)."""

    time: datetime
    site: str
    zone: str
    mean: float
    min: int
    max: int


class ZoneDay(Struct, frozen=True):
    """A zone's local day that begins at `time`, of which `minutes` are known; `max` is its peak.

    `in_use` is the share of its open minutes in which it was in use; None: it was not open.
    """

    time: datetime
    site: str
    zone: str
    mean: float
    min: int
    max: int
    in_use: float | None
    minutes: int


class AccessDay(Struct, frozen=True):
    """The count of an access point's decisions with one result and reason on one UTC day."""

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
_QUARTERS = """
    SELECT time / 900000000 * 900000000, sum(mean), min(min), max(max), count(*),
           sum(mean >= :in_use_from)
    FROM occupancy_1m
    WHERE site = :site AND zone = :zone AND time >= :since AND time < :until
    GROUP BY time / 900000000 ORDER BY 1
"""
_SITES = """
    SELECT event FROM journal WHERE n IN (
        SELECT max(n) FROM journal
        WHERE kind = 'space' AND (:site IS NULL OR site = :site) GROUP BY site)
"""
_ZONES = "SELECT DISTINCT zone FROM occupancy_1m WHERE site = ?"
_ACCESS_1D = """
    SELECT time, site, access_point, decision, reason, count FROM access_1d
    WHERE time >= :since AND time < :until AND (:site IS NULL OR site = :site)
    ORDER BY time, site, access_point, decision, reason
"""


@contextmanager
def opened(journal: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection.

    Raises:
        HistoryError: There is no journal, or the file is not one.
    """
    if not journal.is_file():
        raise HistoryError(f"{journal}: there is no journal; `seuil run` makes one")
    # An absolute path as URI: SQLite would interpret a "?" or "#" in a name.
    address = f"{journal.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as connection:
            yield connection
    except msgspec.MsgspecError as error:
        raise HistoryError(f"{journal}: a row cannot be read ({error})") from error
    except sqlite3.Error as error:
        older = "; start the gateway of this release once" if "no such table" in str(error) else ""
        raise HistoryError(f"{journal}: no journal that can be read ({error}){older}") from error


def occupancy_1m(connection: sqlite3.Connection, query: HistoryQuery) -> Iterator[OccupancyMinutes]:
    """Yield each minute of each zone, in chronological order."""
    for time, *values in connection.execute(_OCCUPANCY_1M, _parameters(query)):
        yield OccupancyMinutes(from_us(time), *values)


def occupancy_1d(connection: sqlite3.Connection, query: HistoryQuery) -> Iterator[ZoneDay]:
    """Yield each local day of each zone, chronologically; a day is in `query` if its start is.

    The current day is included as far as it is known.
    """
    first, end = query.since or _BEGIN, query.until or _END
    found = [
        ZoneDay(day.at, site.id, day.zone, day.mean, day.min, day.max, day.in_use, day.minutes)
        for site in _sites(connection, query)
        for zone in _zones(connection, site, query)
        for day in days(site, zone, quarters(connection, site, zone, (first, end + _LONGEST_DAY)))
        if first <= day.at < end
    ]
    yield from sorted(found, key=lambda day: (day.time, day.site, day.zone))


def quarters(
    connection: sqlite3.Connection,
    site: Site,
    zone: Zone,
    within: tuple[datetime, datetime],
    threshold: float = THRESHOLD,
) -> Iterator[tuple[datetime, Piece]]:
    """Return a zone's observed quarters of an hour by their start (UTC)."""
    asked = {
        "site": site.id,
        "zone": zone.id,
        "since": to_us(within[0]),
        "until": to_us(within[1]),
        "in_use_from": in_use_from(zone, threshold),
    }
    for at, *sums in connection.execute(_QUARTERS, asked):
        yield from_us(at), Piece(*sums)


def days(
    site: Site,
    zone: Zone,
    pieces: Iterable[tuple[datetime, Piece]],
    hours: str | None = None,
) -> Iterator[OccupancyDay]:
    """Yield a zone's local days from its ordered quarters; open in `hours`, else by the file."""
    opens = partial(daily_statistics.is_open, site, hours or site.opening_hours)
    for day, of_day in groupby(pieces, key=lambda each: site.day_of(each[0])):
        yield daily_statistics.whole(
            site, zone.id, day, ((piece, opens(at)) for at, piece in of_day)
        )


def access_1d(connection: sqlite3.Connection, query: HistoryQuery) -> Iterator[AccessDay]:
    """Yield the counts of decisions per UTC day; `zone` is ignored, since a door has two."""
    for time, *values in connection.execute(_ACCESS_1D, _parameters(query)):
        yield AccessDay(from_us(time), *values)


def _sites(connection: sqlite3.Connection, query: HistoryQuery) -> Iterator[Site]:
    """Yield the sites of the query, from their space files in force."""
    for (event,) in connection.execute(_SITES, {"site": query.site}):
        told = _EVENT.decode(event)
        if isinstance(told, SpaceChanged):
            yield told.site


def _zones(connection: sqlite3.Connection, site: Site, query: HistoryQuery) -> Iterator[Zone]:
    """Yield the zones of a site that have minutes, including those removed from the space file."""
    for (id_,) in connection.execute(_ZONES, (site.id,)):
        if query.zone is None or query.zone == id_:
            yield site.zone.get(id_) or Zone(ZoneId(id_), Text(id_, id_))


def _parameters(query: HistoryQuery) -> dict[str, str | int | None]:
    first, last = _EVER
    return {
        "site": query.site,
        "zone": query.zone,
        "since": first if query.since is None else to_us(query.since),
        "until": last if query.until is None else to_us(query.until),
    }
