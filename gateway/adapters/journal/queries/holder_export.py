"""Exports everything that the journal stores about one holder, and nothing about others.

A row may mention several people (a muster, a change of the members); the others are left out, and
so are the keyed hashes of badges and PINs.
"""

import sqlite3
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.adapters.journal.queries.pagination import bounded
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import from_us
from gateway.core.model.directory import PSEUDONYM

ROWS_OF: Final = 5000
"""Rows read in one transaction: some 10 ms."""
SOMEBODY: Final = "(somebody else)"
_SECRET: Final = frozenset(
    {"hash", "pin", "duress_pin", "reader_hash", "credential", "fingerprint"}
)


class HolderRow(Struct, frozen=True):
    """One event of the journal that mentions a holder, and the facts about them."""

    n: int
    site: str
    kind: str
    at: datetime
    received: datetime
    event: dict[str, Any]
    facts: tuple[dict[str, Any], ...]


class HolderRows(Struct, frozen=True):
    """Some rows, oldest first; `after` is the cursor for the next ones, None: there are no more."""

    rows: tuple[HolderRow, ...]
    after: int | None


def export_rows(
    connection: sqlite3.Connection, holder: str, *, after: int = 0, limit: int = 1000
) -> HolderRows:
    """Return rows above `after` that mention a holder; each call reads a bounded number of rows.

    It reads every row, since a pseudonym may occur anywhere: two to three seconds per million.
    """
    limit, last = bounded(limit), JournalFile(connection).last_n()
    until = min(after + ROWS_OF, last)
    found = connection.execute(_ROWS, (after, until, holder, limit)).fetchall()
    rows = tuple(_row(row, holder) for row in found)
    reached = rows[-1].n if len(rows) == limit else until
    return HolderRows(rows, reached if reached < last else None)


def _row(row: tuple[int, str, str, int, int, str, str], holder: str) -> HolderRow:
    n, site, kind, at, received, event, facts = row
    spoken = msgspec.json.decode(facts)
    return HolderRow(
        n=n,
        site=site,
        kind=kind,
        at=from_us(at),
        received=from_us(received),
        event=_of(msgspec.json.decode(event), holder),
        facts=tuple(_of(fact, holder) for fact in spoken if _mentions(fact, holder)),
    )


def _mentions(value: object, holder: str) -> bool:
    """Return whether a value contains a pseudonym at any depth."""
    match value:
        case dict():
            return any(_mentions(key, holder) or _mentions(v, holder) for key, v in value.items())
        case list():
            return any(_mentions(each, holder) for each in value)
        case _:
            return value == holder


def _of(value: Any, holder: str) -> Any:  # noqa: ANN401 - JSON
    """Return the value without other persons and without hashes."""
    match value:
        case dict():
            kept = {key: v for key, v in value.items() if key not in _SECRET}
            return {key: _of(v, holder) for key, v in kept.items()}
        case list() if any(isinstance(each, dict) for each in value):
            return [_of(each, holder) for each in value if _mentions(each, holder)]
        case str() if value != holder and PSEUDONYM.fullmatch(value):
            return SOMEBODY
        case list():
            return [_of(each, holder) for each in value]
        case _:
            return value


_ROWS = """
SELECT n, site, kind, at, received, event, facts FROM journal
WHERE n > ?1 AND n <= ?2 AND (instr(event, '"' || ?3 || '"') OR instr(facts, '"' || ?3 || '"'))
ORDER BY n LIMIT ?4"""
