"""Members: what the forms of a member's page do. Each changes one thing, and comes back."""

from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.adapters.directory import DirectoryStore, Member, holder_of
from gateway.console.pages import lang_of
from gateway.console.people.change import (
    change,
    changed_meanwhile,
    check_rights,
    keep_administrators,
    note,
    write,
)
from gateway.console.people.faults import in_words
from gateway.console.people.imports import known_here
from gateway.console.people.office import OfficeHere
from gateway.console.people.roster import no_such_member
from gateway.console.place import Console
from gateway.console.screens.members import draw_member, draw_new
from gateway.console.seat import Administrator, ConsoleHere, GraveAdministrator, Seat, SiteHere
from gateway.core.directory import Holder, HolderId, Membership
from gateway.core.site import RoleId, Site, SiteId, TrainingId
from gateway.members import cells as read
from gateway.members import edit
from gateway.members.cells import Known, Wrong
from gateway.members.edit import Revise
from gateway.privacy.member import erase_member, export_member

pages = APIRouter(include_in_schema=False)
STATUSES: Final = ("active", "suspended", "lost", "stolen")
_LONGEST_VISIT: Final = timedelta(days=31)


@pages.post("/sites/{site}/members")
async def add(
    request: Request, seat: Administrator, here: SiteHere, console: ConsoleHere
) -> Response:
    """Somebody new, with the plan that they bought."""
    given = _texts(await request.form())
    try:
        member = await add_member(console, seat, here, given)
    except Wrong as wrong:
        return draw_new(
            request, seat, here, console, given, wrong=(wrong.column, said(request, wrong))
        )
    return _back(here, member.holder.id, "added")


@pages.post("/sites/{site}/members/{holder}/identity")
async def identity(
    request: Request,
    seat: Administrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """Name, e-mail, kind and groups."""
    given, known = _texts(await request.form()), known_here(console, here)

    def revise(member: Member) -> Member:
        return edit.with_identity(member, given, known)

    return await _changed(request, seat, here, console, office, holder, "identity", revise, given)


@pages.post("/sites/{site}/members/{holder}/plans")
async def plans(
    request: Request,
    seat: Administrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """A plan given, changed or taken away."""
    given, known = _texts(await request.form()), known_here(console, here)
    return await _changed(
        request, seat, here, console, office, holder, "plan", plan_change(given, known, here), given
    )


@pages.post("/sites/{site}/members/{holder}/trainings")
async def trainings(
    request: Request,
    seat: Administrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """A training given or withdrawn."""
    given, known = _texts(await request.form()), known_here(console, here)
    now = console.clock.now()

    def revise(member: Member) -> Member:
        if "withdraw" in given:
            return edit.untrained(member, TrainingId(given["withdraw"]))
        return edit.trained(member, edit.training_of(given, known, seat.holder.id, now))

    return await _changed(request, seat, here, console, office, holder, "training", revise, given)


@pages.post("/sites/{site}/members/{holder}/roles")
async def roles(
    request: Request,
    seat: GraveAdministrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """Who is viewer, operator or administrator, or has another role here."""
    given = _texts(await request.form())
    known = {name for site in console.sites.values() for name in (each.id for each in site.roles)}
    wanted = {
        RoleId(field.removeprefix("role-")): value
        for field, value in given.items()
        if field.startswith("role-")
        and field.removeprefix("role-") in known | {str(each) for each in read.STANDING_ROLES}
    }

    def revise(member: Member) -> Member:
        for role, value in wanted.items():
            member = role_change(member, role, value, here.id)
        return member

    return await _changed(request, seat, here, console, office, holder, "roles", revise, given)


@pages.post("/sites/{site}/members/{holder}/badges")
async def badges(
    request: Request,
    seat: Administrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """A badge or code suspended, lost, stolen, or in force again."""
    given = _texts(await request.form())

    def revise(member: Member) -> Member:
        return badge_change(member, given.get("place", ""), given.get("status", ""))

    return await _changed(request, seat, here, console, office, holder, "badge", revise, given)


@pages.post("/sites/{site}/members/{holder}/export")
async def export(
    seat: GraveAdministrator, here: SiteHere, console: ConsoleHere, office: OfficeHere, holder: str
) -> Response:
    """Everything that is kept of somebody, for them."""
    member = await office.roster.member(here.id, holder)
    await note(console, seat, here.id, "export", member.holder.id)
    folder, now = console.settings.data_dir, console.clock.now()
    told = await console.stores.members(lambda _: export_member(folder, member.holder.id, now))
    if told is None:
        raise no_such_member()
    headers = {
        "Content-Disposition": f'attachment; filename="{member.holder.id}.json"',
        "Cache-Control": "no-store",
    }
    return Response(told.as_json(), media_type="application/json", headers=headers)


@pages.post("/sites/{site}/members/{holder}/erase")
async def erase(
    request: Request,
    seat: GraveAdministrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """Somebody is forgotten, once their reference was typed."""
    member = await office.roster.member(here.id, holder)
    typed = _texts(await request.form()).get("ref", "")
    if typed != member.ref:
        wrong = ("erase", "ref", said(request, Wrong("ref", "is not the reference of this member")))
        return await draw_member(request, seat, here, console, member, wrong=wrong)
    await erase_here(console, seat, here, member)
    return RedirectResponse(f"/sites/{here.id}/members?done=erased", 303)


async def add_member(console: Console, seat: Seat, here: Site, given: dict[str, str]) -> Member:
    """Add somebody new.

    Raises:
        Wrong: A field says nothing, or the reference is somebody's.
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

    def work(store: DirectoryStore) -> None:
        version = store.version()
        if store.find(ref) is not None or store.find(member.holder.id) is not None:
            raise Wrong("ref", "is another member's")
        check_rights(console, seat, blank_of(member), member)
        write(store, (member,), (), version)

    await console.stores.members(work)
    await note(console, seat, here.id, "add", member.holder.id)
    return member


def _check_visit(plan: Membership, now: datetime) -> None:
    if plan.ends is None:
        raise Wrong("until", "is empty: a visit has an end")
    if plan.ends - max(now, plan.starts or now) > _LONGEST_VISIT:
        raise Wrong("until", "is more than a month away: that is a member, not a visitor")


async def erase_here(console: Console, seat: Seat, here: Site, member: Member) -> None:
    """Erase somebody, on record."""
    holder, folder = member.holder.id, console.settings.data_dir

    def work(store: DirectoryStore) -> bool:
        check_rights(console, seat, member, blank_of(member))
        keep_administrators(console, store, (holder,), ())
        return erase_member(folder, holder) is not None

    if not await console.stores.members(work):
        raise no_such_member()
    await note(console, seat, here.id, "erase", "nobody")


def plan_change(given: dict[str, str], known: Known, here: Site) -> Revise:
    """What a plan's form does."""

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


def role_change(member: Member, role: RoleId, value: str, here: SiteId) -> Member:
    """A role as it is chosen for this site: `no`, `here` or `all`; other sites keep theirs."""
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


def badge_change(member: Member, place: str, status: str) -> Member:
    """A badge's new status.

    Raises:
        Wrong: There is no such badge, or no such status.
    """
    number = int(place) if place.isdecimal() else 0
    if not 0 < number <= len(member.credentials):
        raise Wrong("place", "is no badge of this member")
    return edit.marked(member, read.one_of({"status": status}, "status", *STATUSES), number)


def blank_of(member: Member) -> Member:
    """The member without any right, as they were before anybody knew them."""
    return edit.with_holder(member, memberships=(), roles=(), trainings=())


async def _changed(
    request: Request,
    seat: Seat,
    here: Site,
    console: Console,
    office: OfficeHere,
    holder: str,
    part: str,
    revise: Revise,
    given: dict[str, str],
) -> Response:
    """Change a member and come back to them; what is wrong is said where it was given."""
    try:
        await change(console, seat, here, holder, revise, action=part, was=given.get("was"))
    except Wrong as wrong:
        member = await office.roster.member(here.id, holder)
        told = (part, wrong.column, said(request, wrong))
        return await draw_member(request, seat, here, console, member, wrong=told)
    return _back(here, holder, part)


def _back(here: Site, holder: HolderId | str, done: str) -> Response:
    return RedirectResponse(f"/sites/{here.id}/members/{holder}?done={done}#{done}", 303)


def said(request: Request, wrong: Wrong) -> str:
    """What is wrong, in the asker's language."""
    return in_words(str(wrong), lang_of(request))


def _where(given: dict[str, str], here: Site) -> str:
    """The sites of a new plan, as a cell: this one, unless all were chosen."""
    return "" if given.get("where") == "all" else str(here.id)


def _texts(form: FormData) -> dict[str, str]:
    """A form's fields as a file's cells: text without spaces around it."""
    return {
        name: value.strip()
        for name, value in form.items()
        if isinstance(value, str) and name != "csrf"
    }
