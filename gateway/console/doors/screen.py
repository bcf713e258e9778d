"""Doors: their state, the last passage, opening one now, and access points out of service."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from gateway.console.audit.glances import glance
from gateway.console.auth.roles import ConsoleHere, Operating, SiteHere, Viewer
from gateway.console.doors.summary import doorways
from gateway.console.gateway_client import (
    Bilingual,
    Done,
    DoorHere,
    PointHere,
    Reason,
    Why,
    WhyField,
    ask_for_page,
    ask_for_program,
    told_to,
)
from gateway.console.web.errors import RESPONSES
from gateway.console.web.rendering import lang_of, page
from gateway.console.web.requests import RequestBody
from gateway.core.requests import OpenDoor, SetService
from gateway.phrase import Phrase

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["doors"], responses=RESPONSES)


class ServiceForm(BaseModel):
    """The form of an access point's service."""

    in_service: bool
    why: WhyField = ""


@pages.get("/sites/{site}/doors")
async def doors_page(
    request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere
) -> Response:
    """Show every door, and the site's mode."""
    names = seat.sees_people(here.id)
    if names:
        await glance(console, seat, here.id, "doors")
    view = console.viewer.site(here.id, lang_of(request))
    return page(
        request,
        "doors.html",
        seat=seat,
        site=here,
        doors=await doorways(console, here, names=names),
        words={door.id: door for door in view.doors},
        mode=console.picture.sites[here.id].set,
        operates=seat.may("operator", here.id),
        told=told_to(request, console, seat),
        today=console.clock.now(),
    )


@pages.post("/sites/{site}/doors/{door}/open")
async def open_page(
    door: DoorHere, seat: Operating, here: SiteHere, console: ConsoleHere, why: Reason = ""
) -> Response:
    """Release a door once."""
    done = Phrase("%(door)s unlocked.", door=here.name_of(door))
    if door in here.door:
        open_s = f"{here.door[door].unlock_s:g}"
        done = Phrase("%(door)s unlocked for %(n)s s.", door=here.name_of(door), n=open_s)
    order, back = OpenDoor(door, why), f"/sites/{here.id}/doors"
    anchor = f"door-{door}" if door in here.door else ""
    return await ask_for_page(console, here.id, order, seat, back=back, done=done, anchor=anchor)


@pages.post("/sites/{site}/access-points/{point}/service")
async def service_page(
    point: PointHere,
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
    order: Annotated[ServiceForm, Form()],
) -> Response:
    """Take an access point out of service, or put it back."""
    done = Phrase("%(point)s: in service.", point=point)
    if not order.in_service:
        done = Phrase("%(point)s: out of service.", point=point)
    wish = SetService(point, order.in_service, order.why)
    return await ask_for_page(
        console, here.id, wish, seat, back=f"/sites/{here.id}/doors", done=done
    )


class PassageBody(BaseModel):
    """The last decision at a door; `who` only for readers who may know."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    decision: str
    direction: str
    reason: Bilingual
    who: str | None


class AccessPointBody(BaseModel):
    """One direction through a door; `off` is why it is out of service."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    direction: str
    readers: list[str]
    in_service: bool
    off: str


class DoorBody(BaseModel):
    """A door. `opens`: it can be released from here. `free`: an evacuation releases it.

    `reached`: a device that releases it is connected; else no order arrives.
    """

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "front",
                    "name": {"fr": "Porte principale", "en": "Front door"},
                    "state": "locked",
                    "since": "2026-11-22T08:00:05Z",
                    "opens": True,
                    "free": True,
                    "reached": True,
                    "last": {
                        "at": "2026-11-22T08:00:00Z",
                        "decision": "granted",
                        "direction": "entry",
                        "reason": {"fr": "Bienvenue.", "en": "Welcome."},
                        "who": "Ada Lovelace",
                    },
                    "points": [
                        {
                            "id": "front-entry",
                            "direction": "entry",
                            "readers": ["front-in"],
                            "in_service": True,
                            "off": "",
                        }
                    ],
                }
            ]
        },
    )

    id: str
    name: Bilingual
    state: str
    since: datetime | None
    opens: bool
    free: bool
    reached: bool
    last: PassageBody | None
    points: list[AccessPointBody]


class ServiceBody(RequestBody):
    """The service of an access point: in or out of service, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"in_service": False, "why": "broken glass"}]}
    )

    in_service: bool
    why: WhyField = ""


@api.get("/doors")
async def doors(seat: Viewer, here: SiteHere, console: ConsoleHere) -> list[DoorBody]:
    """Every door with its state and its last passage."""
    names = seat.sees_people(here.id)
    if names:
        await glance(console, seat, here.id, "doors")
    found = await doorways(console, here, names=names)
    return [DoorBody.model_validate(door) for door in found]


@api.post("/doors/{door}/open")
async def open_door(
    door: DoorHere, body: Why, seat: Operating, here: SiteHere, console: ConsoleHere
) -> Done:
    """Release a door once, as for a granted badge."""
    return await ask_for_program(console, here.id, OpenDoor(door, body.why), seat)


@api.post("/access-points/{point}/service")
async def set_service(
    point: PointHere, body: ServiceBody, seat: Operating, here: SiteHere, console: ConsoleHere
) -> Done:
    """Take an access point out of service, or put it back."""
    order = SetService(point, body.in_service, body.why)
    return await ask_for_program(console, here.id, order, seat)
