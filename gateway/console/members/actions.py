"""The changes to one member by a form or a program: add, plan, role, badge, erase."""

from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from gateway.adapters.audit import Note
from gateway.adapters.directory import DirectoryStore, Member, holder_of
from gateway.adapters.journal import queries as past
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.members.authorised_change import (
    changed_meanwhile,
    check_rights,
    check_staff,
    entry_of,
    keep_administrators,
    write,
)
from gateway.console.members.imports import known_here
from gateway.console.members.long_exports import MemberExport
from gateway.console.members.search import no_such_member
from gateway.console.web.errors import Problem
from gateway.core.model.directory import Holder, Membership
from gateway.core.model.names import RoleId, SiteId
from gateway.core.model.site import Site
from gateway.members import cells as read
from gateway.members import edit
from gateway.members.edit import Revise
from gateway.members.export import plan_cells
from gateway.members.known import ReferenceData
from gateway.members.wrong import Wrong
from gateway.privacy.erase_and_export import erase_member

STATUSES: Final = ("active", "suspended", "lost", "stolen")
_LONGEST_VISIT: Final = timedelta(days=31)


async def add_member(
    console: AppContext, seat: Principal, here: Site, given: dict[str, str]
) -> Member:
    """Add a new member.

    Raises:
        Wrong: A field is invalid, or the reference is taken.
    """
    known = known_here(console, here)
    ref = read.needed(given, "ref") if given.get("ref") else f"V-{uuid4().hex[:8]}"
    plan = read.membership(given | {"sites": _where(given, here)}, known)
    if plan is None:
        raise Wrong("plan", "is empty")
    if given.get("kind") == "visitor":
        _check_visit(plan, console.clock.now())
    blank = Member(ref, "", Holder(holder_of(known.key, ref), memberships=(plan,)))
    member = edit.with_identity(blank, given, known)

    def work(store: DirectoryStore, _note: Note) -> None:
        version = store.version()
        if store.find(ref) is not None or store.find(member.holder.id) is not None:
            raise Wrong("ref", "is another member's")
        check_rights(console, seat, blank_of(member), member)
        write(store, (member,), (), version)

    entry = entry_of(console, seat, here.id, "add", member.holder.id)
    await console.stores.change_members(entry, work)
    return member


def _check_visit(plan: Membership, now: datetime) -> None:
    if plan.ends is None:
        raise Wrong("until", "is empty: a visit has an end")
    if plan.ends - max(now, plan.starts or now) > _LONGEST_VISIT:
        raise Wrong("until", "is more than a month away: that is a member, not a visitor")


async def erase_here(console: AppContext, seat: Principal, here: Site, member: Member) -> None:
    """Erase a member, on record."""
    holder, folder, now = member.holder.id, console.settings.data_dir, console.clock.now()

    def work(store: DirectoryStore, note: Note) -> bool:
        check_staff(console, seat, member)
        check_rights(console, seat, member, blank_of(member))
        keep_administrators(console, store, (holder,), ())
        note.nothing_changed = erase_member(folder, holder, now) is None
        return not note.nothing_changed

    entry = entry_of(console, seat, here.id, "erase", "nobody")
    if not await console.stores.change_members(entry, work):
        raise no_such_member()


def plan_change(given: dict[str, str], known: ReferenceData, here: Site) -> Revise:
    """Return the change that a plan's form describes."""

    def revise(member: Member) -> Member:
        kept = member.holder.memberships
        place = int(given["place"]) if given.get("place", "").isdecimal() else None
        if place is not None and place >= len(kept):
            raise changed_meanwhile()
        if "remove" in given and place is not None:
            return edit.with_plan(member, place, None)
        sites = _where(given, here) if place is None else " ".join(kept[place].sites)
        plan = read.membership(given | {"sites": sites}, known)
        if plan is None:
            raise Wrong("plan", "is empty")
        return edit.with_plan(member, place, plan)

    return revise


def plan_part(place: int, given: dict[str, str], known: ReferenceData, here: Site) -> Revise:
    """Return the change of the plan at `place` (from 1), of which `given` is only a part.

    `revise` raises:
        Wrong: There is no such plan, or a cell is invalid.
    """

    def revise(member: Member) -> Member:
        kept = member.holder.memberships
        if not 0 < place <= len(kept):
            raise Wrong("place", "is no plan of this member")
        cells = {name: str(cell) for name, cell in plan_cells(kept[place - 1], here.clock).items()}
        return plan_change(cells | given | {"place": str(place - 1)}, known, here)(member)

    return revise


def role_change(member: Member, role: RoleId, value: str, here: SiteId) -> Member:
    """Set a role as chosen for this site: `no`, `here` or `all`; other sites keep theirs."""
    had = next((each.sites for each in member.holder.roles if each.role == role), None)
    elsewhere = tuple(site for site in had or () if site != here)
    match value:
        case "all":
            return edit.with_role(member, role, ())
        case "here" if had is None or here not in had:
            return edit.with_role(member, role, (*elsewhere, here))
        case "no" if had is not None and (not had or here in had):
            return edit.with_role(member, role, elsewhere or None)
        case _:
            return member


def badge_change(member: Member, given: dict[str, str]) -> Member:
    """Set a badge's new status or label, by its number (`place`).

    Raises:
        Wrong: There is no such badge or status, or the label is too long.
    """
    place = given.get("place", "")
    number = int(place) if place.isdecimal() else 0
    if number not in {tag.number for tag, _ in member.tagged}:
        raise Wrong("place", "is no badge of this member")
    if "label" in given:
        if len(given["label"]) > edit.LABEL_MAX:
            raise Wrong("label", f"has more than {edit.LABEL_MAX} characters")
        member = edit.labelled(member, number, given["label"])
    if "status" in given:
        member = edit.marked(member, read.one_of(given, "status", *STATUSES), number)
    return member


def member_export(console: AppContext, member: Member) -> MemberExport:
    """Return the order to export everything that is stored about a member now."""
    folder, now = str(console.settings.data_dir), console.clock.now()
    return MemberExport(folder, member.holder.id, now)


async def last_uses_of(
    console: AppContext, seat: Principal, member: Member
) -> dict[str, past.LastUse]:
    """Return the last uses of a member's badges, where this seat may see who was where."""
    hashes = [each.hash for each in member.credentials]
    try:
        found = await console.stores.past(
            lambda journal: past.last_uses(journal, member.holder.id, hashes)
        )
    except Problem:
        return {}
    return {hash_: use for hash_, use in found.items() if seat.sees_people(SiteId(use.site))}


def blank_of(member: Member) -> Member:
    """Return the member without any rights, as before the first change."""
    return edit.with_holder(member, memberships=(), roles=(), trainings=())


def _where(given: dict[str, str], here: Site) -> str:
    """Return the sites of a new plan, as a cell: this one, unless all were chosen."""
    return "" if given.get("where") == "all" else str(here.id)
