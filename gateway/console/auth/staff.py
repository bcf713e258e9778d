"""The members as sign-in sees them: the current roles of each.

With its own connection to the members' file, so that a sign-in never waits for an import. A member
is read again when the directory's version has grown; reading that number takes microseconds.
"""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import closing
from typing import Final

from msgspec import structs

from gateway.adapters.directory import FILE, DirectoryStore, Member, credential_key, holder_of
from gateway.config import Settings
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER, SiteId

_REMEMBERED: Final = 256
"""Members; more than sign in at a site on one day."""
_STANDING: Final = frozenset({ADMINISTRATOR, OPERATOR, VIEWER})
FIRST: Final = "admin"
"""The first administrator's reference."""
DEMO_REF: Final = "demo"
"""The member whom a demo's console signs in; no other folder has them."""


class People:
    """A reader of members. Blocks; one caller at a time."""

    def __init__(self, settings: Settings) -> None:
        self._store = DirectoryStore(settings.data_dir / FILE)
        self._version = -1
        self._known: OrderedDict[HolderId, Member | None] = OrderedDict()

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def version(self) -> int:
        """Return a number that grows with each change of a member."""
        return self._store.version()

    def member(self, holder: HolderId) -> Member | None:
        """Return a member's current state."""
        version = self._store.version()
        if version != self._version:
            self._known.clear()
            self._version = version
        if holder not in self._known:
            self._known[holder] = self._store.find(holder)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        found = self._known[holder]
        return found if found is not None and found.holder.id == holder else None

    def find(self, who: str) -> Member | None:
        """Return a member by reference or pseudonym."""
        return self._store.find(who)

    def by_email(self, email: str) -> Member | None:
        """Return the one member with this address; None where several share it."""
        holder = self._store.holders_by_email().get(email.strip().lower())
        return None if holder is None else self._store.find(holder)

    def staff(self) -> tuple[Member, ...]:
        """Return all members with a role at the console, by reference."""
        return tuple(member for member in self._store.members() if is_staff(member.holder))


def is_staff(holder: Holder) -> bool:
    """Return whether they have a role that opens a page of the console."""
    return any(entry.role in _STANDING for entry in holder.roles)


def is_administrator(holder: Holder) -> bool:
    """Return whether they administrate some site."""
    return any(entry.role == ADMINISTRATOR for entry in holder.roles)


def outranks(asker: Holder, other: Holder, sites: Iterable[SiteId]) -> bool:
    """Return whether `asker` administrates wherever `other` has a role.

    Resetting a member's password means being able to sign in as them: so the administrator of one
    site may not do that to a member with a role at another.
    """
    everywhere = any(entry.role == ADMINISTRATOR and not entry.sites for entry in asker.roles)
    if everywhere:
        return True
    roles = [entry for entry in other.roles if entry.role in _STANDING]
    if not roles or not all(entry.sites for entry in roles):
        return not roles and any(asker.has_role(ADMINISTRATOR, site) for site in sites)
    return all(asker.has_role(ADMINISTRATOR, site) for entry in roles for site in entry.sites)


def make_administrator(settings: Settings, name: str, email: str) -> Member:
    """Return the member who administrates all sites: the one with this address, or a new one.

    Raises:
        gateway.adapters.directory.DirectoryError: Nothing was changed, and why.
        gateway.config.ConfigError: There is no credential key, and none can be made.
    """
    key = credential_key(settings)
    with closing(DirectoryStore(settings.data_dir / FILE)) as store:
        store.bind(key)
        holder = store.holders_by_email().get(email.strip().lower())
        if holder is not None:
            revised = store.revise(holder, _with_the_role)
            if revised is not None:
                return revised[1]
        version = store.version()
        ref = _free(store)
        member = Member(ref, name, Holder(holder_of(key, ref)), email.strip())
        member = _with_the_role(member)
        store.apply((member,), since=version)
        return member


def _with_the_role(member: Member) -> Member:
    roles = [entry for entry in member.holder.roles if entry.role != ADMINISTRATOR]
    holder = structs.replace(member.holder, roles=(*roles, StaffRole(ADMINISTRATOR)))
    return structs.replace(member, holder=holder)


def _free(store: DirectoryStore) -> str:
    taken = {member.ref for member in store.members()}
    number = 1
    while (ref := FIRST if number == 1 else f"{FIRST}-{number}") in taken:
        number += 1
    return ref
