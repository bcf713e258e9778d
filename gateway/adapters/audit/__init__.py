"""The console's audit log: sign-ins, exports, and every access to a member's passages.

It is a file of its own (`audit.db`), from which the gateway only deletes old entries at night, so
that many audit entries never wait for a door's commit, nor a door for them. Operators' requests to
the gateway are in the journal; `merged` shows both in one list.

`log` is the file, `merged` the list, `tables` the schema, `migrations` the steps from older files.
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
