"""The merged audit list: the console's entries and the operators' requests to the gateway."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from msgspec import Struct

from gateway.adapters.audit.log import COLUMNS, AuditEntry, AuditLog
from gateway.adapters.journal import queries
from gateway.adapters.journal.queries.pagination import bounded


class Merged(Struct, frozen=True):
    """One line of the audit screen, from the console (`entry`) or the gateway (`request`)."""

    at: datetime
    source: str
    n: int
    by: str
    action: str
    site: str | None
    subject: str | None
    detail: str
    outcome: str
    order: dict[str, Any] = {}
    """Of a request: its own fields, such as the door or the mode."""


class MergedCursor(Struct, frozen=True):
    """The position at which a merged page ends in each of its two sources; None: its beginning."""

    console: int | None = None
    gateway: int | None = None


def merged(
    log: AuditLog,
    journal: sqlite3.Connection,
    site: str,
    *,
    since: datetime | None = None,
    place: MergedCursor | None = None,
    limit: int = 50,
) -> tuple[tuple[Merged, ...], MergedCursor | None]:
    """Return console entries and gateway requests, newest first, and the next page's cursor.

    Console entries without a site (sign-ins, tokens) are in every site's list. None: the last page.
    """
    place = place or MergedCursor()
    entries = _entries(log, site, since, place.console)
    requests = _requests(journal, site, since, place.gateway)
    found = merge(entries, requests, key=lambda line: line.at, reverse=True)
    lines = tuple(islice(found, bounded(limit)))
    if len(lines) < limit or next(found, None) is None:
        return lines, None
    console = min((line.n for line in lines if line.source == "console"), default=place.console)
    gateway = min((line.n for line in lines if line.source == "gateway"), default=place.gateway)
    return lines, MergedCursor(console, gateway)


def _entries(
    log: AuditLog, site: str, since: datetime | None, before: int | None
) -> Iterator[Merged]:
    while True:
        page = log.search(since=since, before=before)
        for line in page.lines:
            entry = line.entry
            if entry.site in (None, site):
                yield Merged(source="console", n=line.n, **_fields(entry))
        if page.before is None:
            return
        before = page.before


def _requests(
    journal: sqlite3.Connection, site: str, since: datetime | None, before: int | None
) -> Iterator[Merged]:
    while True:
        page = queries.audit(journal, site, since=since, before=before)
        for line in page.lines:
            yield Merged(
                at=line.at,
                source="gateway",
                n=line.n,
                by=line.by,
                action=line.verb,
                site=site,
                subject=line.order.get("holder"),
                detail=line.why,
                outcome=line.error or "done",
                order=line.order,
            )
        if page.before is None:
            return
        before = page.before


def _fields(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in COLUMNS}
