"""The members on disk: who holds which badge and bought what, with names in one table only.

`identity` is the only place that knows a name; everything else knows a holder's pseudonym, which is
derived from the member's reference under the service's key, so that the same member is the same
holder after every import. Each change is one transaction that also counts `version` up; the service
polls that number.

`hashes` is what becomes of a badge number, `member` one member with what is kept of them, `tables`
the schema, `migrations` how an older file becomes a new one, `store` reading and writing, and
`rows` what a row means.
"""

from gateway.adapters.directory.hashes import (
    credential_hash,
    holder_of,
    key_mark,
    pin_hash,
    reader_hash,
    reader_key,
)
from gateway.adapters.directory.member import DirectoryError, Member, diff
from gateway.adapters.directory.store import FILE, DirectoryStore

__all__ = [
    "FILE",
    "DirectoryError",
    "DirectoryStore",
    "Member",
    "credential_hash",
    "diff",
    "holder_of",
    "key_mark",
    "pin_hash",
    "reader_hash",
    "reader_key",
]
