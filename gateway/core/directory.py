"""Who may hold which credential, and what they bought: the pseudonymous half of the members.

Names and addresses stay in the identity table of `gateway.adapters.directory`; the engine never
sees them. A credential is known by its keyed hash alone.
"""

from datetime import datetime
from typing import Literal, NewType

from immutables import Map
from msgspec import Struct

from gateway.core.site import PlanId, SiteId

HolderId = NewType("HolderId", str)
"""A holder's pseudonym."""
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
    status: Literal["active", "suspended"] = "active"


class Credential(Struct, frozen=True):
    """A badge of a holder."""

    hash: CredentialHash
    holder: HolderId
    status: Literal["active", "suspended", "lost"] = "active"


class Holder(Struct, frozen=True):
    """A member or visitor, by pseudonym."""

    id: HolderId
    kind: Literal["member", "visitor"] = "member"
    memberships: tuple[Membership, ...] = ()


class Directory(Struct, frozen=True):
    """Every holder and credential at one moment."""

    holders: Map[HolderId, Holder] = Map()
    credentials: Map[CredentialHash, Credential] = Map()


class DirectoryChange(Struct, frozen=True):
    """What to put in and what to take out, as one step."""

    holders: tuple[Holder, ...] = ()
    credentials: tuple[Credential, ...] = ()
    removed_holders: tuple[HolderId, ...] = ()
    removed_credentials: tuple[CredentialHash, ...] = ()


def changed(directory: Directory, change: DirectoryChange) -> Directory:
    """The directory with `change` applied; removing what is not there is no error."""
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
