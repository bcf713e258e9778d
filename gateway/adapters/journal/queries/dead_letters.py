"""Dead letters: messages that the gateway could not decode, with the reason and a correction."""

import sqlite3
from datetime import datetime

from msgspec import Struct

from gateway.adapters.journal.queries.pagination import bounded
from gateway.adapters.journal.rows import from_us


class LetterLine(Struct, frozen=True):
    """A message that could not be decoded: `payload` is its beginning, with numbers masked."""

    id: int
    received: datetime
    source: str
    topic: str
    reason: str
    detail: str
    size: int
    payload: str


def dead_letters(
    connection: sqlite3.Connection, since: datetime | None = None, limit: int = 50
) -> tuple[LetterLine, ...]:
    """Return dead letters, newest first; the gateway keeps a bounded number of them."""
    rows = connection.execute(
        "SELECT id, received, source, topic, reason, detail, size, payload FROM dead_letter"
        " ORDER BY id DESC LIMIT ?",
        (bounded(limit),),
    ).fetchall()
    lines = (LetterLine(id_, from_us(received), *rest) for id_, received, *rest in rows)
    return tuple(line for line in lines if since is None or line.received >= since)
