"""Members: search by name, reference or address, and the page of one member."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from gateway.adapters.directory import Member
from gateway.console.auth.roles import (
    Administrator,
    ConsoleHere,
    GraveAdministrator,
    Operator,
    SiteHere,
)
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.members.actions import last_uses_of
from gateway.console.members.authorised_change import mark, may_at, may_change, note
from gateway.console.members.dependencies import OfficeHere
from gateway.console.members.enrolment import readers
from gateway.console.members.long_exports import ListExport, long_export
from gateway.console.members.member_text import STANDING, Teller
from gateway.console.members.search import PAGE
from gateway.console.web.rendering import lang_of, page
from gateway.core.model.site import Site
from gateway.members.dates import written
from gateway.members.french import Language

pages = APIRouter(include_in_schema=False)
WORDS_MAX: Final = 100
"""Characters of a search."""
TYPES: Final = {
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@pages.get("/sites/{site}/members")
async def members(
    request: Request,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    q: Annotated[str, Query(max_length=WORDS_MAX)] = "",
    start: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show the list, one page at a time."""
    found = await office.roster.search(here.id, q, start)
    teller = teller_of(request, here, console)
    return page(
        request,
        "members.html",
        seat=seat,
        site=here,
        q=q,
        found=found,
        step=PAGE,
        rows=[(member, teller.plans(member), teller.standing(member)) for member in found.members],
        administers=seat.may("administrator", here.id),
        done=request.query_params.get("done", ""),
    )


@pages.get("/sites/{site}/members/new")
async def new(
    request: Request, seat: Administrator, here: SiteHere, console: ConsoleHere, kind: str = ""
) -> Response:
    """Show an empty form, of a member or of a visitor."""
    return draw_new(request, seat, here, console, {"kind": "visitor" if kind == "visitor" else ""})


@pages.get("/sites/{site}/members/export/{form}")
async def export(
    request: Request,
    seat: GraveAdministrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    form: str,
) -> Response:
    """Return the list as a file that an import reads, in the language of the page."""
    return await exported_list(seat, here, console, office, form=form, language=lang_of(request))


@pages.get("/sites/{site}/members/{holder}")
async def member(
    request: Request,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> Response:
    """Show everything that one member has."""
    found = await office.roster.member(here.id, holder)
    return await draw_member(request, seat, here, console, found)


async def exported_list(
    seat: Principal,
    here: Site,
    console: AppContext,
    office: OfficeHere,
    *,
    form: str,
    language: Language = "en",
) -> Response:
    """Return the file, which is recorded before it is sent."""
    suffix = ".xlsx" if form == "xlsx" else ".csv"
    total = (await office.roster.search(here.id, "", limit=0)).total
    await note(console, seat, here.id, "export", detail=f"{total} members")
    name = f"members-{here.id}-{console.clock.now():%Y-%m-%d}{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    folder = str(console.settings.data_dir)
    content = await long_export(ListExport(folder, here.id, here.timezone, suffix, language))
    return Response(content, media_type=TYPES[suffix], headers=headers)


def teller_of(request: Request, here: Site, console: AppContext) -> Teller:
    """Return the teller of members in the user's language."""
    return Teller(here, console.sites.values(), lang_of(request), console.clock.now())


def draw_new(
    request: Request,
    seat: Principal,
    here: Site,
    console: AppContext,
    given: dict[str, str],
    *,
    wrong: tuple[str, str] | None = None,
) -> Response:
    """Return the form of a new member, with the values given and their faults."""
    return page(
        request,
        "member_new.html",
        seat=seat,
        site=here,
        status=422 if wrong else 200,
        given=given,
        wrong=wrong,
        plans=here.plans,
        today=console.clock.now(),
    )


async def draw_member(
    request: Request,
    seat: Principal,
    here: Site,
    console: AppContext,
    found: Member,
    *,
    wrong: tuple[str, str, str] | None = None,
) -> Response:
    """Return a member's page; `wrong` is the part of it, the field and the correction."""
    teller = teller_of(request, here, console)
    names = {str(holder): name for holder, name in (await console.stores.names()).items()}
    administers = seat.may("administrator", here.id) and may_change(console, seat, found)
    return page(
        request,
        "member.html",
        seat=seat,
        site=here,
        status=422 if wrong else 200,
        member=found,
        mark=mark(found),
        plans=[
            (line, plan, written(plan.starts, here.clock), written(plan.ends, here.clock, after=1))
            for line, plan in zip(teller.plans(found), found.holder.memberships, strict=True)
        ],
        trainings=teller.trainings(found, names),
        roles=teller.roles(found),
        credentials=teller.credentials(found, await last_uses_of(console, seat, found)),
        groups=teller.groups(found),
        standing=teller.standing(found),
        offered_roles=role_choices(here, found, teller),
        plan_names={plan.id: plan.name for plan in here.plans},
        readers=readers(here),
        administers=administers,
        everywhere=may_at(console, seat, ()),
        many_sites=len(console.sites) > 1,
        wrong=wrong,
        done=request.query_params.get("done", ""),
    )


def role_choices(here: Site, found: Member, teller: Teller) -> list[tuple[str, str, str]]:
    """Return each role, its name, and the member's extent of it: no, here or all."""
    choices = []
    for role in (*STANDING, *(each.id for each in here.roles)):
        had = next((each for each in found.holder.roles if each.role == role), None)
        has = "no" if had is None else "all" if not had.sites else "no"
        if had is not None and here.id in had.sites:
            has = "here"
        choices.append((str(role), teller.role_name(role), has))
    return choices
