"""The members on disk: holders, badges and memberships, with names in one table only.

Names are stored in the table `identity` only; everything else uses a holder's pseudonym, which is
derived from the member's reference under the service's key, so that a member has the same pseudonym
after every import. Each change is one transaction that also increments `version`; the service polls
that number.

`hashes` computes keyed hashes, `key` returns their key, `member` is one member with all stored
data, `tables` the schema, `migrations` the steps from older files, `store` reads and writes, and
`rows` converts rows.
"""

from gateway.adapters.directory.hashes import (
    credential_hash,
    holder_of,
    key_mark,
    pin_hash,
    reader_hash,
    reader_key,
)
from gateway.adapters.directory.key import credential_key
from gateway.adapters.directory.member import DirectoryError, Member, Tag, diff
from gateway.adapters.directory.store import FILE, DirectoryStore

__all__ = [
    "FILE",
    "DirectoryError",
    "DirectoryStore",
    "Member",
    "Tag",
    "credential_hash",
    "credential_key",
    "diff",
    "holder_of",
    "key_mark",
    "pin_hash",
    "reader_hash",
    "reader_key",
]
