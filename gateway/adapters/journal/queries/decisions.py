"""The access log: decisions by holder and access point, granted or denied, with their reasons."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from gateway.adapters.journal.queries.pagination import Page, bounded
from gateway.adapters.journal.reader import JournalFile, StoredDecision
from gateway.adapters.journal.rows import from_us, to_us
from gateway.core.access.decision import TOLD_LATE
from gateway.core.access.explanation import not_asked
from gateway.core.access.reasons import EXIT_BUTTON
from gateway.core.facts import RuleVerdict
from gateway.core.model.names import DeviceId
from gateway.wire.explanation import as_data


class DecisionQuery(Struct, frozen=True):
    """A selection of decisions: `since` inclusive, `until` exclusive, by the event's own time.

    No `access_points` means all; `buttons` are devices whose exit buttons are included as well, as
    these have no access point. `before` is the cursor of a page, None for the newest.
    """

    site: str
    access_points: tuple[str, ...] = ()
    holder: str | None = None
    decision: Literal["granted", "denied"] | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    buttons: tuple[str, ...] = ()
    limit: int = 50


class DecisionLine(Struct, frozen=True):
    """One decision. `late`: a reader decided alone, or claims so, and reported it afterwards.

    `handover` is the state of the answer: none (no answer needed), pending, delivered or
    undelivered.
    """

    n: int
    site: str
    device: str
    access_point: str | None
    holder: str | None
    decision: str
    reason: str
    at: datetime
    late: bool
    handover: str


class DecisionWhy(Struct, frozen=True):
    """One decision with its explanation: every rule's verdict, and the rules not evaluated."""

    n: int
    site: str
    device: str
    access_point: str | None
    holder: str | None
    decision: str
    reason: str
    at: datetime
    received: datetime
    late: bool
    handover: str
    verdicts: tuple[RuleVerdict, ...]
    not_asked: tuple[str, ...]
    door: str | None = None
    """The door of an exit button, which has no access point."""

    def as_data(self) -> dict[str, Any]:
        """Return the data for JSON, with the texts of rules and reason in both languages."""
        return {
            "n": self.n,
            "site": self.site,
            "at": self.at.isoformat(),
            "received": self.received.isoformat(),
            "reader": self.device,
            "access_point": self.access_point,
            "door": self.door,
            "holder": self.holder,
            "late": self.late,
            "handover": self.handover,
        } | as_data(self.decision, self.reason, self.verdicts)


def decisions(connection: sqlite3.Connection, query: DecisionQuery) -> Page[DecisionLine]:
    """Return a page of the log, newest first by the events' own time.

    Raises:
        ValueError: `limit` is below 1.
    """
    limit = bounded(query.limit)
    where, values = _where(connection, query)
    if where is None:
        return Page(())
    sql = f"{_LINES} WHERE {' AND '.join(where)} ORDER BY at DESC, n DESC LIMIT ?"
    found = connection.execute(sql, (*values, limit + 1)).fetchall()
    lines = tuple(_line(row) for row in found[:limit])
    return Page(lines, lines[-1].n if len(found) > limit else None)


def decision(connection: sqlite3.Connection, n: int) -> DecisionWhy | None:
    """Return the decision with this number and its explanation; None: unknown or purged."""
    stored = JournalFile(connection).decision(n)
    return explained(stored) if stored is not None else None


def explained(stored: StoredDecision) -> DecisionWhy:
    """Return a stored decision with its explanation."""
    decided = stored.decided
    return DecisionWhy(
        n=stored.row.n,
        site=stored.row.site,
        device=decided.device,
        access_point=decided.access_point,
        holder=decided.holder,
        decision=decided.decision,
        reason=decided.reason,
        at=stored.row.at,
        received=stored.row.received,
        late=decided.late,
        handover=stored.handover,
        verdicts=decided.verdicts,
        not_asked=tuple(not_asked(decided.verdicts)),
        door=decided.door,
    )


def last_decision(connection: sqlite3.Connection, device: str) -> int | None:
    """Return the number of a reader's newest decision."""
    return JournalFile(connection).last_decision(DeviceId(device))


_LINES = (
    "SELECT n, site, device, access_point, holder, decision, reason, at, handover FROM decision"
)


def _where(
    connection: sqlite3.Connection, query: DecisionQuery
) -> tuple[list[str] | None, list[object]]:
    """Return the SQL terms and their values; None: the preceding page was purged."""
    terms: list[tuple[str, Iterable[object]]] = [("site = ?", (query.site,))]
    if query.access_points or query.buttons:
        points = f"access_point IN ({_marks(query.access_points)})"
        buttons = f"(reason = ? AND device IN ({_marks(query.buttons)}))"
        values = (*query.access_points, EXIT_BUTTON, *query.buttons)
        terms.append((f"({points} OR {buttons})", values))
    same = (("holder", query.holder), ("decision", query.decision), ("reason", query.reason))
    terms += [(f"{column} = ?", (wanted,)) for column, wanted in same if wanted is not None]
    if query.since is not None:
        terms.append(("at >= ?", (to_us(query.since),)))
    if query.until is not None:
        terms.append(("at < ?", (to_us(query.until),)))
    if query.before is not None:
        last = connection.execute("SELECT at FROM decision WHERE n = ?", (query.before,)).fetchone()
        if last is None:
            return None, []
        terms.append(("(at, n) < (?, ?)", (last[0], query.before)))
    return [term for term, _ in terms], [value for _, values in terms for value in values]


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))


def _line(row: tuple[int, str, str, str | None, str | None, str, str, int, str]) -> DecisionLine:
    n, site, device, access_point, holder, said, reason, at, handover = row
    return DecisionLine(
        n=n,
        site=site,
        device=device,
        access_point=access_point,
        holder=holder,
        decision=said,
        reason=reason,
        at=from_us(at),
        late=reason in TOLD_LATE,
        handover=handover,
    )
