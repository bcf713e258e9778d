"""A member with their name, the difference of two directories, and the directory's error."""

from msgspec import Struct

from gateway.core.model.directory import Credential, Directory, DirectoryChange, Holder


class Member(Struct, frozen=True):
    """A member or visitor with everything that is stored about them."""

    ref: str
    name: str
    holder: Holder
    email: str | None = None
    credentials: tuple[Credential, ...] = ()


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
