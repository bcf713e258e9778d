"""The journal's read side: a read-only connection for restarts, the outbox, `why` and `replay`.

Blocking; the gateway uses it from a separate thread (`Journal.read`).
"""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.adapters.journal.rows import from_us, to_us
from gateway.clock import Uptime
from gateway.core.events import Event, SpaceChanged
from gateway.core.facts import Decided, Fact, JournalRow
from gateway.core.model.directory import Directory
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.site import Site
from gateway.core.state import State, decode

_FACTS = msgspec.json.Decoder(tuple[Fact, ...])
_EVENT = msgspec.json.Decoder(Event)
_CHUNK = 2000
"""Rows read at a time, so that a long journal is never in memory as a whole."""


class StoredEvent(Struct, frozen=True):
    """A row with its decoded event, as a replay needs it."""

    row: JournalRow
    event: Event


class Restored(Struct, frozen=True):
    """A site's snapshot; `n` is 0 and the state empty if there is none."""

    n: int
    state: State


class StoredDecision(Struct, frozen=True):
    """One decision with its explanation."""

    row: JournalRow
    event: Event
    decided: Decided
    handover: str
    left_s: float = 0.0
    """Seconds for which an answer to be sent again is still valid, by the uptime."""


class Purged(Struct, frozen=True):
    """The purged part: rows up to `n`, received at `received`; the last purge ended at `ran`.

    `n` 0: no row has been purged yet.
    """

    n: int
    received: datetime
    ran: datetime


class ToldEvent(Struct, frozen=True):
    """An event with its time of receipt and its decision; None if it required no decision."""

    n: int
    received: datetime
    event: Event
    decision: str | None
    reason: str | None


class JournalFile:
    """Queries on a journal.

    Raises:
        sqlite3.OperationalError: from any method, when the file is missing or cannot be read.
    """

    def __init__(self, journal: Path | sqlite3.Connection) -> None:
        """Open a journal, or use a connection that the caller has opened."""
        self._db = (
            journal
            if isinstance(journal, sqlite3.Connection)
            else sqlite3.connect(
                f"{journal.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def rows_after(self, n: int, limit: int) -> list[JournalRow]:
        """Return rows with numbers above `n`, ascending, at most `limit`."""
        return [_row(found) for found in self._db.execute(_ROWS, (n, limit))]

    def events_after(
        self,
        n: int,
        site: SiteId | None = None,
        on_damage: Callable[[int, Exception], None] | None = None,
    ) -> Iterator[StoredEvent]:
        """Yield all rows above `n` with their events, of one site or of all, in chunks.

        A row that cannot be decoded is skipped and passed to `on_damage`; without that, it raises.
        """
        while chunk := self._db.execute(_EVENTS, (n, site, _CHUNK)).fetchall():
            for *row, event in chunk:
                try:
                    stored = StoredEvent(row=_row(tuple(row)), event=_EVENT.decode(event))
                except (msgspec.MsgspecError, ValueError, StopIteration) as error:
                    if on_damage is None:
                        raise
                    on_damage(row[0], error)
                    continue
                yield stored
            n = chunk[-1][0]

    def told_after(self, n: int, site: SiteId) -> Iterator[ToldEvent]:
        """Yield a site's rows above `n`, only events and decisions, which is faster."""
        while chunk := self._db.execute(_TOLD, (n, site, _CHUNK)).fetchall():
            for number, received, event, decision, reason in chunk:
                yield ToldEvent(number, from_us(received), _EVENT.decode(event), decision, reason)
            n = chunk[-1][0]

    def purged(self) -> Purged:
        """Return the purged part of the journal."""
        try:
            found = self._db.execute("SELECT n, received, ran FROM purged").fetchone()
        except sqlite3.OperationalError as wrong:
            if "no such table" not in str(wrong):
                raise
            found = None  # a journal that no gateway of this release has opened yet
        n, received, ran = found or (0, 0, 0)
        return Purged(n, from_us(received), from_us(ran))

    def is_whole(self, site: SiteId) -> bool:
        """Return whether no row of a site was purged: it may be newer than the last purge."""
        purged = self.purged().n
        return not purged or not self._db.execute(_IS_OLDER, (site, purged)).fetchone()

    def begins(self, site: SiteId) -> int | None:
        """Return the row after which a replay of a site begins: 0, or the oldest snapshot's row.

        None: rows were purged and no snapshot is left.
        """
        return 0 if self.is_whole(site) else next(iter(self.snapshots(site)), None)

    def first_received(self, site: SiteId) -> datetime | None:
        """Return the time at which the first row of a site was received."""
        found = self._db.execute(_FIRST, (site,)).fetchone()
        return from_us(found[0]) if found else None

    def months(self, site: SiteId) -> set[str]:
        """Return the local months whose figures are stored apart from their passages."""
        found = self._db.execute("SELECT month FROM visits_past WHERE site = ?", (site,))
        return {month for (month,) in found}

    def received_at(self, n: int) -> datetime | None:
        """Return the time at which a row was received, by our clock."""
        found = self._db.execute("SELECT received FROM journal WHERE n = ?", (n,)).fetchone()
        return from_us(found[0]) if found else None

    def last_n(self) -> int:
        """Return the number of the last row; 0 in an empty journal."""
        (n,) = self._db.execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()
        return int(n)

    def cursor(self, name: str) -> int:
        """Return the last row that the reader `name` of the journal has processed."""
        found = self._db.execute("SELECT n FROM outbox WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def last_received(self) -> int:
        """Return our clock at the last row, in microseconds; 0 in an empty journal."""
        found = self._db.execute("SELECT received FROM journal ORDER BY n DESC LIMIT 1").fetchone()
        return int(found[0]) if found else 0

    def first(self) -> datetime | None:
        """Return our clock at the oldest row; None for an empty journal."""
        found = self._db.execute("SELECT received FROM journal ORDER BY n LIMIT 1").fetchone()
        return from_us(found[0]) if found else None

    def sites(self) -> list[SiteId]:
        """Return every site that has rows."""
        found = self._db.execute("SELECT DISTINCT site FROM journal WHERE kind = 'space'")
        return sorted(SiteId(site) for (site,) in found)

    def snapshots(self, site: SiteId) -> list[int]:
        """Return the row numbers of a site's snapshots, ascending."""
        found = self._db.execute("SELECT n FROM snapshot WHERE site = ? ORDER BY n", (site,))
        return [n for (n,) in found]

    def snapshot_before(self, site: SiteId, at: datetime) -> int | None:
        """Return the row number of a site's last snapshot that was stored before `at`."""
        found = self._db.execute(_SNAPSHOT_BEFORE, (site, to_us(at))).fetchone()
        return int(found[0]) if found else None

    def restore(self, site: SiteId, at: int | None = None) -> Restored:
        """Return a site's snapshot `at` a row number; the newest by default."""
        state = self._db.execute(_SNAPSHOT, (site, at)).fetchone()
        if state is None:
            return Restored(n=0, state=State())
        n, blob = state
        directory = self._db.execute(_DIRECTORY, (site, n)).fetchone()
        known = decode(directory[0], Directory) if directory else Directory()
        return Restored(n=n, state=msgspec.structs.replace(decode(blob, State), directory=known))

    def space_in_force(self, site: SiteId, n: int) -> Site | None:
        """Return a site's space file in force at row `n`; None before its first row."""
        found = self._db.execute(_SPACE, (site, n)).fetchone()
        event = _EVENT.decode(found[0]) if found else None
        return event.site if isinstance(event, SpaceChanged) else None

    def pending(
        self, now: datetime, uptime: Uptime | None = None
    ) -> tuple[list[StoredDecision], list[int]]:
        """Return the answers not handed over when the gateway ended: the fresh, and the void.

        An answer is fresh only if that is certain: the clock is between the answer and its expiry,
        and the operating system has not been restarted since and has run for less than the answer's
        lifetime. The clock alone may have been set; an answer of an older release lacks the uptime.
        """
        boot, us = (uptime.boot, uptime.us) if uptime else (None, None)
        found = self._db.execute(_PENDING, {"now": to_us(now), "boot": boot, "uptime": us})
        fresh, void = [], []
        for n, left_us in found.fetchall():
            stored = self.decision(n) if left_us is not None else None
            if stored is None:
                void.append(n)
            else:
                fresh.append(msgspec.structs.replace(stored, left_s=left_us / 1e6))
        return fresh, void

    def decision(self, n: int) -> StoredDecision | None:
        """Return the decision with the journal's number `n`."""
        found = self._db.execute(_DECISION, (n,)).fetchone()
        if found is None:
            return None
        *row, event, handover = found
        stored = _row(tuple(row))
        decided = next(fact for fact in stored.facts if isinstance(fact, Decided))
        return StoredDecision(stored, _EVENT.decode(event), decided, handover)

    def last_decision(self, device: DeviceId) -> int | None:
        """Return the number of a reader's newest decision."""
        found = self._db.execute(
            "SELECT max(n) FROM decision WHERE device = ?", (device,)
        ).fetchone()
        return found[0] if found else None

    def count(self, table: str) -> int:
        """Return the number of rows of a table of the schema."""
        if table not in _TABLES:
            raise ValueError(f"{table} is not one of {sorted(_TABLES)}")
        (rows,) = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - checked above
        return int(rows)


_TABLES = frozenset({"journal", "decision", "dead_letter", "occupancy_1m", "snapshot"})
_ROWS = """
SELECT n, site, device, kind, at, received, facts FROM journal WHERE n > ? ORDER BY n LIMIT ?"""
_EVENTS = """
SELECT n, site, device, kind, at, received, facts, event FROM journal
WHERE n > ?1 AND (?2 IS NULL OR site = ?2) ORDER BY n LIMIT ?3"""
_TOLD = """
SELECT j.n, j.received, j.event, d.decision, d.reason
FROM journal AS j LEFT JOIN decision AS d USING (n)
WHERE j.n > ?1 AND j.site = ?2 ORDER BY j.n LIMIT ?3"""
_SNAPSHOT = """
SELECT n, state FROM snapshot WHERE site = ?1 AND (?2 IS NULL OR n = ?2) ORDER BY n DESC LIMIT 1"""
_SNAPSHOT_BEFORE = """
SELECT s.n FROM snapshot AS s JOIN journal AS j USING (n)
WHERE s.site = ?1 AND j.received < ?2 ORDER BY s.n DESC LIMIT 1"""
_DIRECTORY = """
SELECT directory FROM directory_snapshot WHERE site = ? AND n <= ? ORDER BY n DESC LIMIT 1"""
_SPACE = """
SELECT event FROM journal WHERE kind = 'space' AND site = ? AND n <= ? ORDER BY n DESC LIMIT 1"""
_FIRST = "SELECT received FROM journal WHERE kind = 'space' AND site = ? ORDER BY n LIMIT 1"
_IS_OLDER = "SELECT 1 FROM journal WHERE kind = 'space' AND site = ? AND n <= ? LIMIT 1"
# Microseconds for which each is still valid; NULL: it is void. A NULL operand gives NULL.
_PENDING = """
SELECT d.n, CASE WHEN r.boot = :boot AND d.uptime <= :uptime
                  AND :uptime - d.uptime < d.expires - j.received
                  AND :now >= j.received AND :now < d.expires
            THEN d.expires - j.received - (:uptime - d.uptime) END
FROM decision AS d LEFT JOIN journal AS j USING (n) LEFT JOIN run AS r ON r.id = d.run
WHERE d.handover = 'pending' ORDER BY d.n"""
_DECISION = """
SELECT j.n, j.site, j.device, j.kind, j.at, j.received, j.facts, j.event, d.handover
FROM journal AS j JOIN decision AS d USING (n) WHERE j.n = ?"""


def _row(found: tuple[int, str, str | None, str, int, int, str]) -> JournalRow:
    n, site, device, kind, at, received, facts = found
    return JournalRow(
        n=n,
        site=SiteId(site),
        device=DeviceId(device) if device is not None else None,
        kind=kind,
        at=from_us(at),
        received=from_us(received),
        facts=_FACTS.decode(facts),
    )
