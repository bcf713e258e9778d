"""A member with their name, the difference of two directories, and the directory's error."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Directory,
    DirectoryChange,
    Holder,
)


class Tag(Struct, frozen=True):
    """The marks that tell one of a member's badges and codes from the others.

    `number` counts a member's from 1, and stays when others come and go. `label` is in the
    operator's words. `enrolled` None: before this was recorded.
    """

    number: int
    label: str = ""
    enrolled: datetime | None = None


class Member(Struct, frozen=True):
    """A member or visitor with everything that is stored about them.

    `tags` are those of the stored credentials; the store gives one to each that is new.
    """

    ref: str
    name: str
    holder: Holder
    email: str | None = None
    credentials: tuple[Credential, ...] = ()
    tags: Mapping[CredentialHash, Tag] = {}

    @property
    def tagged(self) -> tuple[tuple[Tag, Credential], ...]:
        """Return the badges and codes by their numbers; one that is not stored yet has 0."""
        pairs = ((self.tags.get(each.hash, _NEW), each) for each in self.credentials)
        return tuple(sorted(pairs, key=lambda pair: pair[0].number))


_NEW = Tag(0)


class DirectoryError(Exception):
    """The members on disk cannot be used: the message says why."""


def diff(old: Directory, new: Directory) -> DirectoryChange | None:
    """Return the change that turns `old` into `new`; None if they are equal."""
    change = DirectoryChange(
        holders=tuple(h for h in new.holders.values() if old.holders.get(h.id) != h),
        credentials=tuple(c for c in new.credentials.values() if old.credentials.get(c.hash) != c),
        removed_holders=tuple(id_ for id_ in old.holders if id_ not in new.holders),
        removed_credentials=tuple(h for h in old.credentials if h not in new.credentials),
    )
    return None if change == DirectoryChange() else change
