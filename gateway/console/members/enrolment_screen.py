"""Enrolling a badge: it is held to a reader, and the page shows the outcome at once."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from gateway.console.auth.roles import ConsoleHere, Operating, Operator, SiteHere
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.members.dependencies import MembersDependencies, OfficeHere
from gateway.console.members.enrolment import EnrolmentStatus, Outcome, readers
from gateway.console.web.errors import RESPONSES
from gateway.console.web.rendering import lang_of, page
from gateway.console.web.requests import RequestBody
from gateway.core.access.enrolment import declares_where
from gateway.core.model.equipment import Device
from gateway.core.model.names import Text
from gateway.core.model.site import Site
from gateway.translation import in_lang, words

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["members"], responses=RESPONSES)
WAIT_MAX_S: Final = 25.0
"""Seconds that a request may wait for an end: fewer than proxies allow."""
CANCELLED_S: Final = 3.0
"""Seconds in which the gateway records that the reader no longer waits."""


class EnrolmentWanted(RequestBody):
    """A member, and the reader for the badge."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"holder": "h-0123456789ab", "reader": "front-in"}]}
    )
    holder: str = Field(max_length=64, description="A member's pseudonym.")
    reader: str = Field(max_length=32, description="A reader at an entry or a desk.")


class EnrolmentBody(BaseModel):
    """A reader that waits for a badge, and the outcome. Never a number or a hash."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0f6a0f3c1d7b4a2e8c9d5e4f3a2b1c0d",
                    "holder": "h-0123456789ab",
                    "reader": "front-in",
                    "until": "2026-11-22T09:01:00Z",
                    "outcome": "enrolled",
                    "whose": None,
                    "message": "The badge is enrolled.",
                }
            ]
        }
    )
    id: str
    holder: str
    reader: str
    until: str
    outcome: Outcome
    whose: str | None = Field(description="Who holds the badge already, where it is known.")
    message: str


@pages.get("/sites/{site}/members/{holder}/enrol")
async def choose(
    request: Request, seat: Operating, here: SiteHere, office: OfficeHere, holder: str
) -> Response:
    """Show the choice of readers."""
    member = await office.roster.member(here.id, holder)
    choices = [(each.id, reader_name(here, each)) for each in readers(here)]
    return page(
        request,
        "enrol.html",
        seat=seat,
        site=here,
        member=member,
        readers=choices,
        anywhere=not declares_where(here),
    )


@pages.post("/sites/{site}/members/{holder}/enrol")
async def begin(
    seat: Operating,
    here: SiteHere,
    office: OfficeHere,
    holder: str,
    reader: Annotated[str, Form(max_length=32)],
) -> Response:
    """Have the reader wait."""
    member = await office.roster.member(here.id, holder)
    one = await office.enrolments.begin(seat, here, member, reader)
    return RedirectResponse(f"/sites/{here.id}/enrolments/{one.id}", 303)


@pages.get("/sites/{site}/enrolments/{enrolment}")
async def waiting(
    request: Request,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    enrolment: str,
) -> Response:
    """Show the countdown, then the outcome."""
    await office.enrolments.take_up(seat, here, enrolment)
    one = office.enrolments.get(here.id, enrolment)
    left = max(0, round((one.until - console.clock.now()).total_seconds()))
    return page(
        request,
        "enrolment.html",
        seat=seat,
        site=here,
        one=one,
        left=left,
        member=await office.roster.member(here.id, one.holder),
        reader=reader_name(here, here.device[one.device]),
        message=await message_of(request, here, console, one),
    )


@pages.post("/sites/{site}/enrolments/{enrolment}/cancel")
async def cancel(seat: Operating, here: SiteHere, office: OfficeHere, enrolment: str) -> Response:
    """Stop the reader from waiting."""
    await _cancelled(seat, here, office, enrolment)
    return RedirectResponse(f"/sites/{here.id}/enrolments/{enrolment}", 303)


@api.post("/enrolments", status_code=201)
async def begin_enrolment(
    request: Request,
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    wanted: EnrolmentWanted,
) -> EnrolmentBody:
    """Have a reader wait 60 s for a badge: one read there twice in a row is the member's."""
    member = await office.roster.member(here.id, wanted.holder)
    one = await office.enrolments.begin(seat, here, member, wanted.reader)
    return await _body(request, here, console, one)


@api.get("/enrolments/{enrolment}")
async def enrolment(
    request: Request,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    enrolment: str,
    wait: Annotated[float, Query(ge=0, le=WAIT_MAX_S, description="Wait so many s.")] = 0,
) -> EnrolmentBody:
    """An enrolment's state; with `wait`, the response comes as soon as it has ended."""
    await office.enrolments.take_up(seat, here, enrolment)
    one = await office.enrolments.ended(here.id, enrolment, wait)
    return await _body(request, here, console, one)


@api.delete("/enrolments/{enrolment}")
async def cancel_enrolment(
    request: Request,
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    enrolment: str,
) -> EnrolmentBody:
    """Stop the reader from waiting, and return the state."""
    return await _body(request, here, console, await _cancelled(seat, here, office, enrolment))


async def _cancelled(
    seat: Principal, here: Site, office: MembersDependencies, enrolment: str
) -> EnrolmentStatus:
    await office.enrolments.take_up(seat, here, enrolment)
    one = office.enrolments.get(here.id, enrolment)
    if one.outcome == "waiting":
        await office.enrolments.cancel(seat, one)
    return await office.enrolments.ended(here.id, enrolment, CANCELLED_S)


async def _body(
    request: Request, here: Site, console: AppContext, one: EnrolmentStatus
) -> EnrolmentBody:
    return EnrolmentBody(
        id=one.id,
        holder=one.holder,
        reader=one.device,
        until=one.until.isoformat(),
        outcome=one.outcome,
        whose=one.whose,
        message=await message_of(request, here, console, one),
    )


async def message_of(
    request: Request, here: Site, console: AppContext, one: EnrolmentStatus
) -> str:
    """Return an enrolment's state in words."""
    lang = lang_of(request)
    say = words(lang)
    match one.outcome:
        case "waiting":
            return say(
                "Hold the badge to %(reader)s twice in a row.",
                reader=_named(request, here, one),
            )
        case "enrolled":
            return say("The badge is enrolled. It works within two seconds.")
        case "known":
            names = await console.stores.names()
            whose = names.get(one.whose, "?") if one.whose else "?"
            return say("This badge already belongs to %(name)s.", name=whose)
        case "cancelled":
            return say("Cancelled.")
        case "expired":
            return say("No badge was presented in time.")
        case "failed":
            why = in_lang(one.why, lang) if one.why else ""
            return say("Badge read but not enrolled: %(why)s.", why=why)


def _named(request: Request, here: Site, one: EnrolmentStatus) -> str:
    return in_lang(reader_name(here, here.device[one.device]), lang_of(request))


def reader_name(here: Site, device: Device) -> Text | str:
    """Return a reader's name by its door; else its id."""
    point = here.access_point.get(device.access_point) if device.access_point else None
    door = here.door.get(point.door) if point is not None and point.door is not None else None
    return device.id if door is None else door.name
