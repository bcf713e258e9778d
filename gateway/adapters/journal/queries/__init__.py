"""The past, read from the journal by another process than the gateway.

Every question is a function over a connection that cannot write
(`gateway.adapters.journal.occupancy_history.opened`) and answers with tuples: nothing holds the
journal open while a page goes over the network. Long lists come in pages, newest first; ask the
next with `before=page.before`.

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
    "presence",
    "row_at",
    "sites",
]
