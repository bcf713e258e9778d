"""Queries over the journal for other processes than the gateway.

Every query is a function over a read-only connection
(`gateway.adapters.journal.occupancy_history.opened`) and returns tuples: the journal is not held
open while a page is sent over the network. Long lists come in pages, newest first; get the next one
with `before=page.before`.

`decisions` is the access log and its why, `happenings` alarms, hints and operators' requests,
`state` who is where and how the devices are, `export` everything about one holder.
"""

from gateway.adapters.journal.queries.alarms import (
    AlarmLine,
    AuditLine,
    HintLine,
    alarms,
    audit,
    hints,
)
from gateway.adapters.journal.queries.decisions import (
    DecisionLine,
    DecisionQuery,
    DecisionWhy,
    decision,
    decisions,
    explained,
    last_decision,
)
from gateway.adapters.journal.queries.holder_export import HolderRow, HolderRows, export_rows
from gateway.adapters.journal.queries.last_uses import LastUse, last_uses
from gateway.adapters.journal.queries.pagination import LIMIT_MAX, Page, row_at
from gateway.adapters.journal.queries.site_state import (
    BookingLine,
    DeviceLine,
    PastState,
    PresenceLine,
    SiteNow,
    bookings,
    devices,
    duplicates,
    presence,
    sites,
)

__all__ = [
    "LIMIT_MAX",
    "AlarmLine",
    "AuditLine",
    "BookingLine",
    "DecisionLine",
    "DecisionQuery",
    "DecisionWhy",
    "DeviceLine",
    "HintLine",
    "HolderRow",
    "HolderRows",
    "LastUse",
    "Page",
    "PastState",
    "PresenceLine",
    "SiteNow",
    "alarms",
    "audit",
    "bookings",
    "decision",
    "decisions",
    "devices",
    "duplicates",
    "explained",
    "export_rows",
    "hints",
    "last_decision",
    "last_uses",
    "presence",
    "row_at",
    "sites",
]
