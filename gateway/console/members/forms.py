"""Members: the forms of a member's page. Each changes one thing, and returns to the page."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.adapters.directory import Member
from gateway.console.auth.roles import (
    Administrator,
    ConsoleHere,
    GraveAdministrator,
    SiteHere,
)
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.members.actions import (
    add_member,
    badge_change,
    erase_here,
    member_export,
    plan_change,
    role_change,
)
from gateway.console.members.authorised_change import change, note
from gateway.console.members.dependencies import OfficeHere
from gateway.console.members.fault_text import in_words
from gateway.console.members.imports import known_here
from gateway.console.members.long_exports import long_export
from gateway.console.members.screen import draw_member, draw_new
from gateway.console.web.rendering import lang_of
from gateway.core.model.directory import HolderId
from gateway.core.model.names import RoleId, TrainingId
from gateway.core.model.site import Site
from gateway.members import edit
from gateway.members.edit import Revise
from gateway.members.known import STANDING_ROLES
from gateway.members.wrong import Wrong

pages = APIRouter(include_in_schema=False)


@pages.post("/sites/{site}/members")
async def add(
    request: Request, seat: Administrator, here: SiteHere, console: ConsoleHere
) -> Response:
    """Add a new member, with the plan that they bought."""
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
    """Change name, e-mail, kind and groups."""
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
    """Give, change or remove a plan."""
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
    """Give or withdraw a training."""
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
    """Set whether the member is viewer, operator or administrator, or has another role here."""
    given = _texts(await request.form())
    known = {name for site in console.sites.values() for name in (each.id for each in site.roles)}
    wanted = {
        RoleId(field.removeprefix("role-")): value
        for field, value in given.items()
        if field.startswith("role-")
        and field.removeprefix("role-") in known | {str(each) for each in STANDING_ROLES}
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
    """Set a badge or code to suspended, lost, stolen, or active again; or label it."""
    given = _texts(await request.form())

    def revise(member: Member) -> Member:
        return badge_change(member, given)

    return await _changed(request, seat, here, console, office, holder, "badge", revise, given)


@pages.post("/sites/{site}/members/{holder}/export")
async def export(
    seat: GraveAdministrator, here: SiteHere, console: ConsoleHere, office: OfficeHere, holder: str
) -> Response:
    """Return everything that is stored about a member, for that member."""
    member = await office.roster.member(here.id, holder)
    await note(console, seat, here.id, "export", member.holder.id)
    content = await long_export(member_export(console, member))
    headers = {
        "Content-Disposition": f'attachment; filename="{member.holder.id}.json"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/json", headers=headers)


@pages.post("/sites/{site}/members/{holder}/erase")
async def erase(
    request: Request,
    seat: GraveAdministrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """Erase a member, once their reference was typed."""
    member = await office.roster.member(here.id, holder)
    typed = _texts(await request.form()).get("ref", "")
    if typed != member.ref:
        wrong = ("erase", "ref", said(request, Wrong("ref", "is not the reference of this member")))
        return await draw_member(request, seat, here, console, member, wrong=wrong)
    await erase_here(console, seat, here, member)
    return RedirectResponse(f"/sites/{here.id}/members?done=erased", 303)


async def _changed(
    request: Request,
    seat: Principal,
    here: Site,
    console: AppContext,
    office: OfficeHere,
    holder: str,
    part: str,
    revise: Revise,
    given: dict[str, str],
) -> Response:
    """Change a member and return to their page; a fault is shown beside its field."""
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
    """Return a fault in the user's language."""
    return in_words(str(wrong), lang_of(request))


def _texts(form: FormData) -> dict[str, str]:
    """Return a form's fields as a file's cells: text without spaces around it."""
    return {
        name: value.strip()
        for name, value in form.items()
        if isinstance(value, str) and name != "csrf"
    }
