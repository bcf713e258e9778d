"""Queries for alarms, hints and operators' requests: rare rows, each kind with its own index.

A page ends with a whole row of the journal, so it may have a few lines more than it was asked for.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct, structs

from gateway.adapters.journal.queries.pagination import Page, bounded, row_at
from gateway.adapters.journal.rows import from_us
from gateway.core.events import Event, Requested
from gateway.core.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    Fact,
    ModeChanged,
    Noticed,
    RequestAnswered,
)

T = TypeVar("T")
OfAlarm = TypeVar("OfAlarm", AlarmCleared, AlarmAcknowledged, AlarmOver)

_FACTS = msgspec.json.Decoder(tuple[Fact, ...])
_EVENT = msgspec.json.Decoder(Event)
_CHUNK: Final = 200
_ROWS_MAX: Final = 5000
"""Rows that one page reads at most; the page then ends early, with a cursor to continue."""
_EVER: Final = 2**63 - 1


class AlarmLine(Struct, frozen=True):
    """An alarm: raised at row `n`; `cleared` None: it is still active.

    `over` is when its cause ended, where it stayed listed until somebody acknowledged it.
    `acknowledged_by` is the operator who acknowledged it, `note` their text; None: not
    acknowledged. `ahead_s` is the number of seconds by which a clock was ahead.
    """

    n: int
    site: str
    kind: str
    object: str
    raised: datetime
    cleared: datetime | None
    acknowledged: datetime | None = None
    acknowledged_by: str | None = None
    note: str = ""
    ahead_s: float | None = None
    over: datetime | None = None


class HintLine(Struct, frozen=True):
    """A hint for operators, less than an alarm; `object` is a zone, access point or reader."""

    n: int
    site: str
    kind: str
    object: str
    holder: str | None
    at: datetime


class AuditLine(Struct, frozen=True):
    """An operator's request to the gateway, and its answer; `error` None: it was carried out.

    `order` is the request's own fields (door, mode, holder ...) except the verb and `why`;
    `mode_before` is the mode that a change ended.
    """

    n: int
    site: str
    at: datetime
    by: str
    verb: str
    order: dict[str, Any]
    why: str
    error: str | None
    mode_before: str | None


def alarms(
    connection: sqlite3.Connection,
    site: str,
    *,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[AlarmLine]:
    """Return alarms by the time they were raised, newest first, each with its end."""

    def lines(n: int, facts: str, _event: str, _received: int) -> list[AlarmLine]:
        return [
            _alarm_line(connection, site, n, fact)
            for fact in reversed(_FACTS.decode(facts))
            if isinstance(fact, AlarmRaised)
        ]

    return _page(connection, _ALARMS, _Span(site, since, before, limit), lines)


def hints(
    connection: sqlite3.Connection,
    site: str,
    *,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[HintLine]:
    """Return hints (passback, tailgating, forgotten exit, too many PINs), newest first."""

    def lines(n: int, facts: str, _event: str, _received: int) -> list[HintLine]:
        return [
            HintLine(n, site, fact.kind, fact.object, fact.holder, fact.at)
            for fact in reversed(_FACTS.decode(facts))
            if isinstance(fact, Noticed)
        ]

    return _page(connection, _HINTS, _Span(site, since, before, limit), lines)


def audit(
    connection: sqlite3.Connection,
    site: str,
    *,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[AuditLine]:
    """Return operators' requests, including refused ones, newest first."""

    def lines(n: int, facts: str, event: str, received: int) -> list[AuditLine]:
        told = _EVENT.decode(event)
        if not isinstance(told, Requested):
            return []
        return [_audit_line(n, site, received, told, _FACTS.decode(facts))]

    return _page(connection, _REQUESTS, _Span(site, since, before, limit), lines)


def _audit_line(
    n: int, site: str, received: int, told: Requested, facts: tuple[Fact, ...]
) -> AuditLine:
    request = told.request
    order = msgspec.to_builtins(request.order)
    answer = next((fact for fact in facts if isinstance(fact, RequestAnswered)), None)
    mode = next((fact for fact in facts if isinstance(fact, ModeChanged)), None)
    return AuditLine(
        n=n,
        site=site,
        at=from_us(received),
        by=request.by,
        verb=order.pop("verb"),
        why=order.pop("why", ""),
        order=order,
        error=answer.error if answer else None,
        mode_before=mode.before if mode else None,
    )


class _Span(Struct, frozen=True):
    """A selection of a site's rows: received since, below row `before`, at most `limit` lines."""

    site: str
    since: datetime | None
    before: int | None
    limit: int


def _page(
    connection: sqlite3.Connection,
    query: str,
    span: _Span,
    lines: Callable[[int, str, str, int], list[T]],
) -> Page[T]:
    """Return a page of one kind of rows, newest first."""
    limit, oldest = bounded(span.limit), row_at(connection, span.since) if span.since else 0
    newest = span.before if span.before is not None else _EVER
    found, looked = list[T](), 0
    while chunk := connection.execute(query, (span.site, oldest, newest, _CHUNK)).fetchall():
        for n, facts, event, received in chunk:
            found += lines(n, facts, event, received)
            newest, looked = n, looked + 1
            if len(found) >= limit or looked >= _ROWS_MAX:
                more = connection.execute(query, (span.site, oldest, newest, 1)).fetchone()
                return Page(tuple(found), newest if more else None)
    return Page(tuple(found))


def _alarm_line(connection: sqlite3.Connection, site: str, n: int, alarm: AlarmRaised) -> AlarmLine:
    """Return an alarm raised at row `n`, with its end and its acknowledgement."""
    about = (site, n, alarm.kind, alarm.object)
    end = connection.execute(_ENDS, (*about, _EVER)).fetchone()
    cleared = _own(end, AlarmCleared, alarm)
    until = end[0] if end else _EVER  # what comes later is another alarm's
    over = _own(connection.execute(_OVER, (*about, until)).fetchone(), AlarmOver, alarm)
    seen_to = _own(
        connection.execute(_SEEN_TO, (*about, until)).fetchone(), AlarmAcknowledged, alarm
    )
    line = AlarmLine(
        n,
        site,
        alarm.kind,
        alarm.object,
        alarm.at,
        cleared.at if cleared else None,
        ahead_s=alarm.ahead_s,
        over=over.at if over and over.raised == alarm.at else None,
    )
    if seen_to is None or seen_to.raised != alarm.at:
        return line
    return structs.replace(
        line, acknowledged=seen_to.at, acknowledged_by=seen_to.by, note=seen_to.why
    )


def _own(row: tuple[int, str] | None, kind: type[OfAlarm], alarm: AlarmRaised) -> OfAlarm | None:
    """Return the row's fact of this kind about this alarm."""
    facts = _FACTS.decode(row[1]) if row else ()
    own = (fact for fact in facts if isinstance(fact, kind))
    return next(
        (fact for fact in own if (fact.kind, fact.object) == (alarm.kind, alarm.object)), None
    )


# The terms equal the index's word for word: only then does SQLite use a partial index.
_ALARMS = """
SELECT n, facts, event, received FROM journal
WHERE site = ? AND n > ? AND n < ? AND instr(facts, '"fact":"Alarm')
AND instr(facts, '"fact":"AlarmRaised"') ORDER BY n DESC LIMIT ?"""
_HINTS = """
SELECT n, facts, event, received FROM journal
WHERE site = ? AND n > ? AND n < ? AND instr(facts, '"fact":"Noticed"') ORDER BY n DESC LIMIT ?"""
_REQUESTS = """
SELECT n, facts, event, received FROM journal
WHERE site = ? AND n > ? AND n < ? AND kind = 'request' ORDER BY n DESC LIMIT ?"""
_ENDS = """
SELECT n, facts FROM journal
WHERE site = ?1 AND n >= ?2 AND n <= ?5 AND instr(facts, '"fact":"Alarm')
AND instr(facts, '"fact":"AlarmCleared","kind":"' || ?3 || '","object":"' || ?4 || '"')
ORDER BY n LIMIT 1"""
_SEEN_TO = _ENDS.replace("AlarmCleared", "AlarmAcknowledged")
_OVER = _ENDS.replace("AlarmCleared", "AlarmOver")
