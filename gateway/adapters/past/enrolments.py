"""How an enrolment ended: what the gateway's journal says of a badge that was held to a reader."""

import sqlite3
from typing import Final

import msgspec

from gateway.core.facts import EnrolmentEnded, Fact

_FACTS = msgspec.json.Decoder(tuple[Fact, ...])
_LAST: Final = "SELECT coalesce(max(n), 0) FROM journal"
_ENDED: Final = f"""
SELECT facts FROM journal
WHERE n > ? AND n <= ? AND site = ? AND instr(facts, '"fact":"{EnrolmentEnded.__name__}"')
ORDER BY n"""  # noqa: S608 - our own word


def last_row(connection: sqlite3.Connection) -> int:
    """The journal's last number; 0: it is empty."""
    return int(connection.execute(_LAST).fetchone()[0])


def enrolment_ended(
    connection: sqlite3.Connection, site: str, transaction: str, after: int
) -> tuple[EnrolmentEnded | None, int]:
    """How the enrolment of this request ended, and up to which row was looked; None: not yet."""
    last = last_row(connection)
    for (facts,) in connection.execute(_ENDED, (after, last, site)).fetchall():
        for fact in _FACTS.decode(facts):
            if isinstance(fact, EnrolmentEnded) and fact.transaction == transaction:
                return fact, last
    return None, last
