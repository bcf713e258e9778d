"""Purges old rows: decisions become counts, other rows are deleted or stripped of persons.

The journal's rows up to `n`, which are older than the retention time of passages:

| row                        | becomes                                                            |
|----------------------------|--------------------------------------------------------------------|
| a decision                 | one more in `access_past`                                          |
| a space file               | stays, without what followed from it                               |
| an operator's request      | stays with its answer; a member in it is replaced by `NOBODY`      |
| an alarm, a day's visits   | a tick with these facts alone: neither names a person              |
| everything else            | nothing                                                            |

Requests and alarms are deleted, too, at the end of the retention time of operators' acts. Each
function here does the work of one transaction, small enough not to delay a door.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Final

import msgspec
from msgspec import Struct, structs

from gateway.adapters.journal.rows import from_us, to_us
from gateway.adapters.journal.writer import FORGET_DIRECTORIES
from gateway.core.events import Event, Requested, Tick
from gateway.core.facts import (
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    Fact,
    ModeChanged,
    RequestAnswered,
    VisitsDay,
)
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.requests import EnrolBadge, MarkLeft, MarkMustered

ROWS: Final = 50
"""Rows per transaction: it takes 2 ms (at most 7), for which a door may wait; 200 rows take 6
(12) ms (badges of 2 kB per row, 2 shared cores)."""
NOBODY: Final = HolderId("nobody")
"""The holder in operators' old requests."""
_FACTS = msgspec.json.Decoder(tuple[Fact, ...])
_EVENT = msgspec.json.Decoder(Event)
_TICK = msgspec.json.encode(Tick()).decode()


class MonthSummary(Struct, frozen=True):
    """A site's figures of one local month; None: withheld, because there were too few people."""

    site: SiteId
    month: str
    visitors: int | None
    stay_s: float | None


def forget_snapshots(db: sqlite3.Connection, n: int) -> None:
    """Delete the snapshots up to row `n`, and the directories that no other snapshot needs."""
    sites = [
        site for (site,) in db.execute("SELECT DISTINCT site FROM snapshot WHERE n <= ?", (n,))
    ]
    db.execute("DELETE FROM snapshot WHERE n <= ?", (n,))
    for site in sites:
        db.execute(FORGET_DIRECTORIES, (site,))


def purge_rows(db: sqlite3.Connection, until: int, clocks: Mapping[SiteId, tzinfo]) -> int:
    """Purge the next rows up to row `until`; return their number, 0 at the end.

    `clocks` are the sites' time zones, which determine the month of a decision.
    """
    (low,) = db.execute("SELECT coalesce(max(n), 0) FROM purged").fetchone()
    last = db.execute(_LAST, (low, until, ROWS)).fetchone()
    count, high, received = last
    if not count:
        return 0
    _count_decisions(db, low, high, clocks)
    _thin(db, low, high)
    db.execute(_PURGED, (high, received))
    return int(count)


def ended(db: sqlite3.Connection, now: datetime) -> None:
    """Store the time at which the last purge ended."""
    db.execute(_RAN, (to_us(now),))


def purge_audit(db: sqlite3.Connection, site: SiteId, until: int) -> int:
    """Delete some of a site's requests and alarms up to `until`; return how many, 0 at the end.

    Only rows that `purge_rows` has reduced: younger rows are still evidence of passages.
    """
    gone = 0
    for query in (_OLD_REQUESTS, _OLD_ALARMS):
        gone += db.execute(query, (site, until, ROWS)).rowcount
    return gone


def purge_letters(db: sqlite3.Connection, before: datetime) -> int:
    """Delete some dead letters received before `before`; return how many, 0 at the end."""
    return db.execute(_OLD_LETTERS, (to_us(before), ROWS)).rowcount


def keep_month(db: sqlite3.Connection, month: MonthSummary) -> None:
    """Store a month's figures; existing ones are not changed."""
    db.execute(_MONTH, structs.astuple(month))


def _count_decisions(
    db: sqlite3.Connection, low: int, high: int, clocks: Mapping[SiteId, tzinfo]
) -> None:
    counts: Counter[tuple[str, str, str, str, int, str]] = Counter()
    for site, point, decision, reason, at in db.execute(_DECISIONS, (low, high)):
        clock = clocks.get(SiteId(site))
        month = f"{from_us(at).astimezone(clock) if clock else from_us(at):%Y-%m}"
        counts[site, point or "", decision, reason, at // _DAY_US * _DAY_US, month] += 1
    db.executemany(_COUNT, [(*key, count) for key, count in counts.items()])
    db.execute("DELETE FROM decision WHERE n > ? AND n <= ?", (low, high))


def _thin(db: sqlite3.Connection, low: int, high: int) -> None:
    kept = [_thinned(*row) for row in db.execute(_TO_KEEP, (low, high)).fetchall()]
    numbers = msgspec.json.encode([n for n, *_ in kept]).decode()
    db.execute(_DELETE, (low, high, numbers))
    db.executemany(_UPDATE, [(kind, event, facts, n) for n, kind, event, facts in kept])


def _thinned(n: int, kind: str, event: str, facts: str) -> tuple[int, str, str, str]:
    """Return a row that is kept, without the persons who passed."""
    if kind == "space":
        return n, kind, event, "[]"
    if kind == "request":
        told, said = _EVENT.decode(event), _only(facts, RequestAnswered, ModeChanged)
        assert isinstance(told, Requested)  # noqa: S101 - its kind says so
        return n, kind, msgspec.json.encode(_about_nobody(told)).decode(), said
    return n, "tick", _TICK, _only(facts, AlarmRaised, AlarmOver, AlarmCleared, VisitsDay)


def _about_nobody(told: Requested) -> Requested:
    request, order = told.request, told.request.order
    if not isinstance(order, MarkLeft | MarkMustered | EnrolBadge) or order.holder is None:
        return told
    order = structs.replace(order, holder=NOBODY)
    return structs.replace(told, request=structs.replace(request, order=order))


def _only(facts: str, *kinds: type[Fact]) -> str:
    kept: Iterable[Fact] = (fact for fact in _FACTS.decode(facts) if isinstance(fact, kinds))
    return msgspec.json.encode(tuple(kept)).decode()


_DAY_US: Final = 86_400_000_000
_LAST = """
SELECT count(*), max(n), max(received) FROM
(SELECT n, received FROM journal WHERE n > ? AND n <= ? ORDER BY n LIMIT ?)"""
_DECISIONS = """
SELECT site, access_point, decision, reason, at FROM decision WHERE n > ? AND n <= ?"""
_COUNT = """
INSERT INTO access_past (site, access_point, decision, reason, time, month, count)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count"""
_TO_KEEP = """
SELECT n, kind, event, facts FROM journal
WHERE n > ? AND n <= ? AND (kind IN ('space', 'request')
    OR instr(facts, '"fact":"Alarm') OR instr(facts, '"fact":"VisitsDay"'))"""
_DELETE = """
DELETE FROM journal WHERE n > ?1 AND n <= ?2 AND n NOT IN (SELECT value FROM json_each(?3))"""
_UPDATE = """
UPDATE journal SET kind = ?, event = ?, facts = ?, device = NULL, at = received WHERE n = ?"""
_PURGED = """
INSERT INTO purged (one, n, received, ran) VALUES (1, ?, ?, 0)
ON CONFLICT DO UPDATE SET n = excluded.n, received = excluded.received"""
_RAN = """
INSERT INTO purged (one, n, received, ran) VALUES (1, 0, 0, ?)
ON CONFLICT DO UPDATE SET ran = excluded.ran"""
_OLD_REQUESTS = """
DELETE FROM journal WHERE n IN (SELECT n FROM journal WHERE site = ?1 AND kind = 'request'
AND n <= min(?2, (SELECT coalesce(max(n), 0) FROM purged)) LIMIT ?3)"""
_OLD_ALARMS = """
DELETE FROM journal WHERE n IN (SELECT n FROM journal WHERE site = ?1
AND instr(facts, '"fact":"Alarm') AND NOT instr(facts, '"fact":"VisitsDay"') AND kind = 'tick'
AND n <= min(?2, (SELECT coalesce(max(n), 0) FROM purged)) LIMIT ?3)"""
_OLD_LETTERS = """
DELETE FROM dead_letter WHERE id IN (SELECT id FROM
(SELECT id, received FROM dead_letter ORDER BY id LIMIT ?2) WHERE received < ?1)"""
_MONTH = "INSERT OR IGNORE INTO visits_past (site, month, visitors, stay_s) VALUES (?, ?, ?, ?)"
