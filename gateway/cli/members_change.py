"""What an import would change: the members of a file against those that are kept.

An import adds and changes; it takes nothing away unless it is told to prune. So a badge or a plan
that is no longer in the file stays in force without --prune. A badge that was reported lost stays
lost, whatever the file says, unless the file gives it to somebody else.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec
from msgspec import Struct

from gateway.adapters.directory import Member
from gateway.cli.members_csv import LineFault, Members, membership_key
from gateway.core.directory import Credential, CredentialHash, HolderId, Membership


class Change(Struct, frozen=True):
    """Members by what happens to them."""

    added: tuple[Member, ...] = ()
    changed: tuple[tuple[Member, Member], ...] = ()
    """Before and after."""
    unchanged: tuple[Member, ...] = ()
    removed: tuple[Member, ...] = ()
    faults: tuple[LineFault, ...] = ()
    """Badges that belong to members who are not in the file."""

    @property
    def entering(self) -> tuple[Member, ...]:
        """Members to write."""
        return (*self.added, *(after for _, after in self.changed))

    @property
    def leaving(self) -> tuple[HolderId, ...]:
        """Holders to take out."""
        return tuple(member.holder.id for member in self.removed)


def change_of(kept: Iterable[Member], file: Members, *, prune: bool = False) -> Change:
    """What importing `file` does to the members that are `kept`."""
    before = {member.ref: member for member in kept}
    faults = [] if prune else _badges_of_others(before, file)
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
        after = _merged(before[ref], member, claimed, prune=prune)
        if after == before[ref]:
            unchanged.append(after)
        else:
            changed.append((before[ref], after))
    gone = tuple(each for ref, each in before.items() if ref not in file.members) if prune else ()
    return Change(tuple(added), tuple(changed), tuple(unchanged), gone, tuple(faults))


def described(before: Member, after: Member) -> str:
    """What changed of one member, without badge numbers."""
    said = [
        f"{column} changed"
        for column in ("name", "email")
        if getattr(before, column) != getattr(after, column)
    ]
    if before.holder.kind != after.holder.kind:
        said.append(f"{before.holder.kind} -> {after.holder.kind}")
    said += _memberships_described(before.holder.memberships, after.holder.memberships)
    old, new = ({c.hash for c in each.credentials} for each in (before, after))
    said += [f"{len(new - old)} badge more"] if new - old else []
    said += [f"{len(old - new)} badge less"] if old - new else []
    return "; ".join(said)


def plans_described(memberships: Iterable[Membership]) -> str:
    """Plans in one line: "resident, fablab until 2026-12-31"."""
    return ", ".join(f"{membership.plan}{_validity(membership)}" for membership in memberships)


def _badges_of_others(before: Mapping[str, Member], file: Members) -> list[LineFault]:
    """A badge moves between members of the file; from anybody else it would be taken in silence."""
    owner = {c.hash: ref for ref, member in before.items() for c in member.credentials}
    faults: list[LineFault] = []
    for ref, member in file.members.items():
        others = {owner.get(c.hash, ref) for c in member.credentials}
        faults += [
            LineFault(
                file.lines[ref],
                "badges",
                f'a badge belongs to "{other}", who is not in this file; add that line without it',
            )
            for other in sorted(others)
            if other not in file.members
        ]
    return faults


def _merged(
    old: Member, new: Member, claimed: Mapping[CredentialHash, str], *, prune: bool
) -> Member:
    """The member of the file on top of what is kept of them."""
    own = {c.hash: c for c in old.credentials}
    credentials = {c.hash: own.get(c.hash, c) for c in new.credentials}
    memberships = {membership_key(m): m for m in new.holder.memberships}
    if not prune:
        kept = {h: c for h, c in own.items() if claimed.get(h, old.ref) == old.ref}
        credentials = kept | credentials
        memberships = {membership_key(m): m for m in old.holder.memberships} | memberships
    return msgspec.structs.replace(
        new,
        holder=msgspec.structs.replace(new.holder, memberships=tuple(memberships.values())),
        credentials=tuple(sorted(credentials.values(), key=_by_hash)),
    )


def _by_hash(credential: Credential) -> str:
    return credential.hash


def _memberships_described(
    before: tuple[Membership, ...], after: tuple[Membership, ...]
) -> list[str]:
    old = {membership_key(m): m for m in before}
    new = {membership_key(m): m for m in after}
    said = [f"+ {m.plan}{_validity(m)}" for key, m in new.items() if key not in old]
    said += [f"- {m.plan}{_validity(m)}" for key, m in old.items() if key not in new]
    said += [
        f"{m.plan}{_validity(old[key])} ->{_validity(m) or ' without an end'}"
        for key, m in new.items()
        if key in old and old[key] != m
    ]
    return said or (["order of plans"] if before != after else [])


def _validity(membership: Membership) -> str:
    """The part of a membership that changes: its end, and whether it is suspended."""
    words = ""
    if membership.ends is not None:
        # It ends at a local midnight: half a day before is the last day, in every zone but +13.
        words = f" until {membership.ends - timedelta(hours=12):%Y-%m-%d}"
    return words + (" suspended" if membership.status == "suspended" else "")
