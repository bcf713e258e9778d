"""Changes to one stored member, by the command line and the console."""

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import structs

from gateway.adapters.directory import Member
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import ADMINISTRATOR, RoleId, SiteId, TrainingId
from gateway.members import cells as read
from gateway.members.credentials import Status
from gateway.members.dates import moment
from gateway.members.known import ReferenceData
from gateway.members.wrong import Cells, Wrong

Revise = Callable[[Member], Member]
"""A function that returns the changed member."""


LABEL_MAX = 60
"""Characters of a badge's label."""


def marked(member: Member, status: Status, place: int | None = None) -> Member:
    """Return the member with this status on the credential of this number, or on all."""
    changed = tuple(
        structs.replace(each, status=status) if place in (None, tag.number) else each
        for tag, each in member.tagged
    )
    return structs.replace(member, credentials=changed)


def labelled(member: Member, number: int, label: str) -> Member:
    """Return the member with this label on the credential of this number."""
    tags = {
        hash_: structs.replace(tag, label=label) if tag.number == number else tag
        for hash_, tag in member.tags.items()
    }
    return structs.replace(member, tags=tags)


def trained(member: Member, told: Training) -> Member:
    """Return the member with this training, which replaces an earlier one."""
    kept = [each for each in member.holder.trainings if each.training != told.training]
    return with_holder(member, trainings=(*kept, told))


def untrained(member: Member, training: TrainingId) -> Member:
    """Return the member without this training."""
    kept = tuple(each for each in member.holder.trainings if each.training != training)
    return with_holder(member, trainings=kept)


def with_badge(member: Member, hash_: CredentialHash, reader_hash: CredentialHash | None) -> Member:
    """Return the member with one more badge."""
    badge = Credential(hash_, member.holder.id, reader_hash=reader_hash)
    kept = tuple(each for each in member.credentials if each.hash != hash_)
    return structs.replace(member, credentials=(*kept, badge))


def with_role(member: Member, role: RoleId, sites: tuple[SiteId, ...] | None) -> Member:
    """Return the member with the role at these sites (empty: at all); None: without the role."""
    told = None if sites is None else StaffRole(role, sites)
    roles = [told if each.role == role else each for each in member.holder.roles]
    if told is not None and told not in roles:
        roles.append(told)
    return with_holder(member, roles=tuple(each for each in roles if each is not None))


def with_plan(member: Member, place: int | None, plan: Membership | None) -> Member:
    """Return the member with this plan (None: no plan) at `place` (None: at the end)."""
    plans = list(member.holder.memberships)
    new = [] if plan is None else [plan]
    if place is None:
        plans += new
    else:
        plans[place : place + 1] = new
    return with_holder(member, memberships=tuple(plans))


def with_holder(member: Member, **changes: object) -> Member:
    """Return the member with other rights."""
    return structs.replace(member, holder=structs.replace(member.holder, **changes))


def identity_of(member: Member) -> dict[str, str]:
    """Return the cells that `with_identity` reads as the current values."""
    holder = member.holder
    groups = " ".join(holder.groups)
    return {"name": member.name, "email": member.email or "", "kind": holder.kind, "groups": groups}


def with_identity(member: Member, cells: Cells, known: ReferenceData) -> Member:
    """Return the member with the name, e-mail, kind and groups of the cells.

    Raises:
        Wrong: one of them says nothing.
    """
    after = structs.replace(member, name=read.needed(cells, "name"), email=read.email(cells))
    kind = read.one_of(cells, "kind", "member", "visitor")
    return with_holder(after, kind=kind, groups=read.groups(cells, known))


def training_of(cells: Cells, known: ReferenceData, by: HolderId | None, now: datetime) -> Training:
    """Return a training that is given now, from the cells training and until.

    Raises:
        Wrong: one of them says nothing.
    """
    name = read.training_id(read.needed(cells, "training"), "training", known)
    ends = moment(cells.get("until", ""), "until", known.timezone, after=1)
    if ends is not None and ends <= now:
        raise Wrong("until", "is over already")
    return Training(name, by, now.replace(second=0, microsecond=0), ends)


def without_administrator(
    before: Iterable[Member], after: Iterable[Member], sites: Iterable[SiteId]
) -> list[SiteId]:
    """Return the sites that had an administrator and would have none."""
    had, has = _administered(before, sites), _administered(after, sites)
    return sorted(had - has)


def _administered(members: Iterable[Member], sites: Iterable[SiteId]) -> set[SiteId]:
    holders = [member.holder for member in members if member.holder.roles]
    return {site for site in sites if any(one.has_role(ADMINISTRATOR, site) for one in holders)}
