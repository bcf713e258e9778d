"""The members without their names: their credentials, memberships, trainings and roles.

Names and addresses stay in the identity table of `gateway.adapters.directory`; the engine never
sees them. A credential is known by its keyed hash alone.
"""

import re
from datetime import datetime
from functools import cached_property
from typing import Final, Literal, NewType

from immutables import Map
from msgspec import Struct

from gateway.core.model.names import GroupId, PlanId, RoleId, SiteId, TrainingId

HolderId = NewType("HolderId", str)
"""A holder's pseudonym."""
PSEUDONYM: Final = re.compile(r"h-[0-9a-f]{12}")
"""Its pattern, to be matched fully."""
CredentialHash = NewType("CredentialHash", str)
"""HMAC-SHA256 of the canonical badge number under the service's key, as hex."""


class Membership(Struct, frozen=True):
    """A plan bought by a holder, valid from `starts` (inclusive) until `ends` (exclusive).

    No `sites` means every site.
    """

    plan: PlanId
    sites: tuple[SiteId, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    status: Literal["active", "suspended", "unpaid"] = "active"


class Training(Struct, frozen=True):
    """A holder was trained, by `given_by`; it counts until `ends` (exclusive)."""

    training: TrainingId
    given_by: HolderId | None = None
    given: datetime | None = None
    ends: datetime | None = None


class StaffRole(Struct, frozen=True):
    """A role that a holder has at `sites` (none: at every site)."""

    role: RoleId
    sites: tuple[SiteId, ...] = ()


class Credential(Struct, frozen=True):
    """A badge, a code or a QR code of a holder, valid from `starts` until `ends` (exclusive).

    `pin` and `duress_pin` are keyed hashes of the PINs that go with a badge; where a code stands
    alone (`kind` "pin"), `duress` marks the one that is typed under threat.
    `reader_hash` is the number's hash under the readers' key, as sent to readers in rights lists.
    """

    hash: CredentialHash
    holder: HolderId
    status: Literal["active", "suspended", "lost", "stolen"] = "active"
    kind: Literal["badge", "pin", "qr"] = "badge"
    starts: datetime | None = None
    ends: datetime | None = None
    pin: CredentialHash | None = None
    duress_pin: CredentialHash | None = None
    duress: bool = False
    reader_hash: CredentialHash | None = None


class Holder(Struct, frozen=True):
    """A member or visitor, by pseudonym."""

    id: HolderId
    kind: Literal["member", "visitor"] = "member"
    memberships: tuple[Membership, ...] = ()
    trainings: tuple[Training, ...] = ()
    roles: tuple[StaffRole, ...] = ()
    groups: tuple[GroupId, ...] = ()

    def has_role(self, role: RoleId, site: SiteId) -> bool:
        """Return whether the holder has this role at this site."""
        return any(
            entry.role == role and (not entry.sites or site in entry.sites) for entry in self.roles
        )


class Directory(Struct, frozen=True, dict=True):
    """Every holder and credential at one moment."""

    holders: Map[HolderId, Holder] = Map()
    credentials: Map[CredentialHash, Credential] = Map()

    @cached_property
    def staff(self) -> tuple[Holder, ...]:
        """Return the holders who have a role: few, which saves checking every one present."""
        return tuple(holder for holder in self.holders.values() if holder.roles)


class DirectoryChange(Struct, frozen=True):
    """The entries to add and to remove, as one step."""

    holders: tuple[Holder, ...] = ()
    credentials: tuple[Credential, ...] = ()
    removed_holders: tuple[HolderId, ...] = ()
    removed_credentials: tuple[CredentialHash, ...] = ()


def pin_text(credential: str, pin: str) -> str:
    """Return the text hashed for a badge's PIN: with the number, so that equal PINs differ.

    `credential` is the badge number in canonical form.
    """
    return f"pin:{credential}:{pin}"


def changed(directory: Directory, change: DirectoryChange) -> Directory:
    """Return the directory with `change` applied; removing an unknown entry is no error."""
    holders, credentials = directory.holders.mutate(), directory.credentials.mutate()
    for holder in change.holders:
        holders[holder.id] = holder
    for credential in change.credentials:
        credentials[credential.hash] = credential
    for gone in change.removed_holders:
        holders.pop(gone, None)
    for lost in change.removed_credentials:
        credentials.pop(lost, None)
    return Directory(holders=holders.finish(), credentials=credentials.finish())
