"""What people did at the console: sign-ins, exports, and every look at somebody's log.

A file of its own (`audit.db`), of which the gateway only forgets at night what is old: a burst of
looks never waits for a door's commit, nor a door for them. What operators ask of the gateway is in
the journal; `merged` shows both in one list.

`log` is the file, `merged` the list, `tables` the schema, `migrations` how an older file becomes a
new one.
"""

from gateway.adapters.audit.log import (
    ERASED,
    FILE,
    LOOK,
    AuditEntry,
    AuditError,
    AuditLog,
    EntryLine,
    Note,
)
from gateway.adapters.audit.merged import Merged, MergedCursor, merged

__all__ = [
    "ERASED",
    "FILE",
    "LOOK",
    "AuditEntry",
    "AuditError",
    "AuditLog",
    "EntryLine",
    "Merged",
    "MergedCursor",
    "Note",
    "merged",
]
