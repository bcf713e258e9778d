"""The changes that an import makes: the members of a file compared with the stored ones.

A column that is missing from the file changes nothing, and neither does a missing member. The
file's names, days, PINs, trainings, roles and groups replace the stored ones. Badges, codes, QR
codes and memberships are only added: one that is no longer in the file stays in force without
--prune. A badge that was reported lost stays lost, unless `badge_status` says otherwise or the file
gives it to another member.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from gateway.adapters.directory import Member
from gateway.core.model.directory import Credential, CredentialHash, Holder, HolderId, Membership
from gateway.members.schema import OF_NEW
from gateway.members.sheet_lines import LineFault
from gateway.members.together import Members

_OF_A_MEMBERSHIP = {"until": "ends", "status": "status"}
"""Column -> the field that it changes in the same membership."""
_OF_A_QR = {"qr_from": "starts", "qr_until": "ends"}


class MembersDiff(Struct, frozen=True):
    """Members grouped by the change that they undergo."""

    added: tuple[Member, ...] = ()
    changed: tuple[tuple[Member, Member], ...] = ()
    """Before and after."""
    unchanged: tuple[Member, ...] = ()
    removed: tuple[Member, ...] = ()
    faults: tuple[LineFault, ...] = ()
    """Faults that show only in comparison with the store."""

    @property
    def entering(self) -> tuple[Member, ...]:
        """Members to write."""
        return (*self.added, *(after for _, after in self.changed))

    @property
    def leaving(self) -> tuple[HolderId, ...]:
        """Holders to remove."""
        return tuple(member.holder.id for member in self.removed)


def change_of(kept: Iterable[Member], file: Members, *, prune: bool = False) -> MembersDiff:
    """Return the changes that an import of `file` makes to the members that are `kept`."""
    if file.questions:
        return MembersDiff()  # not even a removal: who is in the file is not known yet
    before = {member.ref: member for member in kept}
    faults = _faults_beside(before, file, prune=prune)
    bad = {fault.line for fault in faults}
    claimed = {c.hash: ref for ref, member in file.members.items() for c in member.credentials}
    added: list[Member] = []
    changed: list[tuple[Member, Member]] = []
    unchanged: list[Member] = []
    for ref, member in file.members.items():
        if file.lines[ref] in bad:
            continue
        if ref not in before:
            added.append(member)
            continue
        after = _merged(before[ref], member, file, claimed, prune=prune)
        if after == before[ref]:
            unchanged.append(after)
        else:
            changed.append((before[ref], after))
    gone = tuple(each for ref, each in before.items() if ref not in file.members) if prune else ()
    return MembersDiff(tuple(added), tuple(changed), tuple(unchanged), gone, tuple(faults))


def _faults_beside(before: Mapping[str, Member], file: Members, *, prune: bool) -> list[LineFault]:
    faults = _new_without(before, file) + _given_by_nobody(before, file)
    if not prune:
        faults += _badges_of_others(before, file)
    for ref, member in file.members.items():
        faults += [
            LineFault(file.lines[ref], "plan", message)
            for message in _unclear_plans(before.get(ref), member, file)
        ]
    return faults


def _new_without(before: Mapping[str, Member], file: Members) -> list[LineFault]:
    """Return a fault for each new member without name or plan, and each missing column."""
    missing = [column for column in OF_NEW if column not in file.columns]
    return [
        LineFault(file.lines[ref], column, f'is required, as "{ref}" is new')
        for ref in file.members
        if ref not in before
        for column in missing
    ]


def _given_by_nobody(before: Mapping[str, Member], file: Members) -> list[LineFault]:
    return [
        LineFault(line, "trainings", f'"{ref}" gave one, who is neither kept nor in this file')
        for ref, line in file.mentioned.items()
        if ref not in before and ref not in file.members
    ]


def _badges_of_others(before: Mapping[str, Member], file: Members) -> list[LineFault]:
    """Return a fault for each badge of a member outside the file; inside it a badge may move."""
    owner = {c.hash: ref for ref, member in before.items() for c in member.credentials}
    faults: list[LineFault] = []
    for ref, member in file.members.items():
        others = {owner.get(c.hash, ref) for c in member.credentials}
        faults += [
            LineFault(
                file.lines[ref],
                "badges",
                f'a badge or code belongs to "{other}", who is not in this file; add that line '
                "without it",
            )
            for other in sorted(others)
            if other not in file.members
        ]
    return faults


def _unclear_plans(old: Member | None, new: Member, file: Members) -> list[str]:
    """Return a message for each plan that may mean several stored ones."""
    return [
        f'{new.ref} has "{plan.plan}" more than once: say which with the columns sites and from'
        for plan in new.holder.memberships
        if old is not None and len(_meant(plan, old.holder.memberships, file.columns)) > 1
    ]


def _merged(
    old: Member,
    new: Member,
    file: Members,
    claimed: Mapping[CredentialHash, str],
    *,
    prune: bool,
) -> Member:
    """Return the stored member with the changes of the file."""
    columns = file.columns
    own = {c.hash: c for c in old.credentials}
    credentials = {
        c.hash: _credential(own.get(c.hash), c, columns, told=c.hash in file.told)
        for c in new.credentials
    }
    kept = {
        hash_: credentials.get(hash_, credential)
        for hash_, credential in own.items()
        if hash_ in credentials
        or (
            claimed.get(hash_, old.ref) == old.ref and not (prune and credential.kind in file.kinds)
        )
    }
    return Member(
        ref=old.ref,
        name=new.name if "name" in columns else old.name,
        email=new.email if "email" in columns else old.email,
        holder=_holder(old.holder, new.holder, columns, prune=prune),
        credentials=tuple((kept | credentials).values()),  # new ones come last
        tags={hash_: tag for hash_, tag in old.tags.items() if hash_ in kept},
    )


def _holder(old: Holder, new: Holder, columns: frozenset[str], *, prune: bool) -> Holder:
    return Holder(
        id=old.id,
        kind=new.kind if "kind" in columns else old.kind,
        memberships=_memberships(old, new, columns, prune=prune),
        trainings=new.trainings if "trainings" in columns else old.trainings,
        roles=new.roles if "roles" in columns else old.roles,
        groups=new.groups if "groups" in columns else old.groups,
    )


def _memberships(
    old: Holder, new: Holder, columns: frozenset[str], *, prune: bool
) -> tuple[Membership, ...]:
    """Return memberships in the stored order; new ones come last."""
    if "plan" not in columns:
        return old.memberships
    changed: dict[Membership, Membership] = {}
    added: list[Membership] = []
    told = [column for column in _OF_A_MEMBERSHIP if column in columns]
    for plan in new.memberships:
        meant = _meant(plan, old.memberships, columns)
        if meant:
            names = [_OF_A_MEMBERSHIP[column] for column in told]
            values = {name: getattr(plan, name) for name in names}
            changed[meant[0]] = structs.replace(meant[0], **values)
        else:
            added.append(plan)
    stay = [changed.get(plan, plan) for plan in old.memberships if not prune or plan in changed]
    return (*stay, *added)


def _meant(
    plan: Membership, kept: tuple[Membership, ...], columns: frozenset[str]
) -> list[Membership]:
    """Return the stored memberships that a plan of the file may mean."""
    return [
        each
        for each in kept
        if each.plan == plan.plan
        and ("sites" not in columns or each.sites == plan.sites)
        and ("from" not in columns or each.starts == plan.starts)
    ]


def _credential(
    old: Credential | None, new: Credential, columns: frozenset[str], *, told: bool
) -> Credential:
    """Return the credential of the file, with the stored values that the file does not give."""
    if old is None:
        return new
    kept: dict[str, object] = {} if told else {"status": old.status}
    kept |= {name: getattr(old, name) for name in ("pin", "duress_pin") if name not in columns}
    kept |= {name: getattr(old, name) for column, name in _OF_A_QR.items() if column not in columns}
    return structs.replace(new, **kept)
