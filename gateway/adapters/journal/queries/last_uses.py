"""The last use of each of a holder's badges and codes: what tells the lost one from the others."""

import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Final

from msgspec import Struct

from gateway.adapters.journal.rows import from_us

LOOKS_MAX: Final = 2000
"""Decisions of one holder that are looked through: years of one person, some 20 ms."""


class LastUse(Struct, frozen=True):
    """The last time that a badge was held to a reader, the place, and the decision."""

    at: datetime
    site: str
    access_point: str | None
    device: str
    decision: str


def last_uses(
    connection: sqlite3.Connection, holder: str, credentials: Collection[str]
) -> dict[str, LastUse]:
    """Return the last use of each credential, by its hash; those not used lately are absent.

    The journal keeps decisions for `SEUIL_PASSAGE_DAYS`.
    """
    found: dict[str, LastUse] = {}
    for at, site, point, device, decision, event in connection.execute(
        _DECISIONS, (holder, LOOKS_MAX)
    ):
        for credential in credentials:
            if credential not in found and f'"{credential}"' in event:
                found[credential] = LastUse(from_us(at), site, point, device, decision)
        if len(found) == len(credentials):
            break
    return found


_DECISIONS: Final = """
SELECT d.at, d.site, d.access_point, d.device, d.decision, j.event
FROM decision AS d JOIN journal AS j ON j.n = d.n
WHERE d.holder = ? ORDER BY d.at DESC LIMIT ?"""
