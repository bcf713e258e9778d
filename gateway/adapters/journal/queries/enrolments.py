"""Queries for the begin and end of an enrolment, during which a reader waits for a badge."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from gateway.adapters.journal.rows import from_us
from gateway.core.access.enrolment import ENROL_FOR
from gateway.core.events import Event, Requested
from gateway.core.facts import EnrolmentEnded, Fact, RequestAnswered
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId
from gateway.core.requests import EnrolBadge

REQUESTS_MAX: Final = 200
"""The most recent requests of a site that are searched: those of a busy minute."""
_EVENT = msgspec.json.Decoder(Event)
_FACTS = msgspec.json.Decoder(tuple[Fact, ...])
_REQUESTS: Final = """
SELECT n, received, event, facts FROM journal WHERE site = ? AND kind = 'request'
ORDER BY n DESC LIMIT ?"""
_LAST: Final = "SELECT coalesce(max(n), 0) FROM journal"
_ENDED: Final = f"""
SELECT facts FROM journal
WHERE n > ? AND n <= ? AND site = ? AND instr(facts, '"fact":"{EnrolmentEnded.__name__}"')
ORDER BY n"""  # noqa: S608 - our own word


class Begun(Struct, frozen=True):
    """An enrolment that began: its row, the reader, the operator, the holder and its end."""

    n: int
    device: DeviceId
    holder: HolderId
    by: HolderId
    until: datetime


def last_row(connection: sqlite3.Connection) -> int:
    """Return the journal's last row number; 0: it is empty."""
    return int(connection.execute(_LAST).fetchone()[0])


def enrolment_begun(connection: sqlite3.Connection, site: str, transaction: str) -> Begun | None:
    """Return the enrolment that this request began, if it is recent; None: there is none."""
    for n, received, event, facts in connection.execute(_REQUESTS, (site, REQUESTS_MAX)):
        told = _EVENT.decode(event)
        if not isinstance(told, Requested) or told.request.transaction != transaction:
            continue
        order, answered = told.request.order, _FACTS.decode(facts)
        done = any(isinstance(fact, RequestAnswered) and fact.error is None for fact in answered)
        if isinstance(order, EnrolBadge) and order.holder is not None and done:
            until = from_us(received) + ENROL_FOR
            return Begun(n, order.device, order.holder, told.request.by, until)
    return None


def enrolment_ended(
    connection: sqlite3.Connection, site: str, transaction: str, after: int
) -> tuple[EnrolmentEnded | None, int]:
    """Return the end of this request's enrolment (None: not yet), and the last row searched."""
    last = last_row(connection)
    for (facts,) in connection.execute(_ENDED, (after, last, site)).fetchall():
        for fact in _FACTS.decode(facts):
            if isinstance(fact, EnrolmentEnded) and fact.transaction == transaction:
                return fact, last
    return None, last
