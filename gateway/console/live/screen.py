"""Live: how many people are where, and what the doors do and decide, as it happens."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Form, Path
from fastapi.responses import JSONResponse, RedirectResponse, Response
from msgspec import Struct, structs
from pydantic import ConfigDict, Field
from starlette.requests import Request

from gateway.console.api_docs.openapi import answers
from gateway.console.auth.roles import ConsoleHere, Operating, SiteHere, Viewer
from gateway.console.feed.hub import STREAMS_EACH, View
from gateway.console.feed.site_state import GatewayNow, SitePicture
from gateway.console.feed.sse import Stream, too_many
from gateway.console.gateway_client import WHY_MAX, Done, ask_for_program
from gateway.console.live.floor_plan import plan_of
from gateway.console.web.errors import RESPONSES, Problem
from gateway.console.web.rendering import lang_of, page
from gateway.console.web.requests import RequestBody
from gateway.core.model.names import SiteId, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.requests import SetPeople, TellVacant
from gateway.phrase import Phrase
from gateway.wire.alarm_texts import SILENT

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["live"], responses=RESPONSES)
PEOPLE_MAX: Final = 100_000
"""The most people that may be counted in a zone."""
ZoneHere = Annotated[str, Path(max_length=32, description="A zone's id.", examples=["coworking"])]


@pages.get("/sites/{site}/live")
async def live(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """Show the live page, complete before any script runs."""
    lang, people = lang_of(request), seat.sees_people(here.id)
    if people:
        await console.read_names()
    view = console.viewer.site(here.id, lang, people=people)
    return page(
        request,
        "live.html",
        seat=seat,
        site=here,
        view=view,
        zones={zone.id: zone for zone in view.zones},
        doors={door.id: door for door in view.doors},
        blank=defaultdict(str),
        areas=nested(here),
        plan=plan_of(here, lang),
        trends=await console.trends.of(here, lang),
        operates=seat.may("operator", here.id),
        switched={one.id for one in here.machines if one.relay is not None},
        people=people,
    )


@pages.get("/sites/{site}/events")
async def events(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """Stream every screen's content: a snapshot, then changes."""
    view = View(here.id, lang_of(request), seat.sees_people(here.id))
    if console.hub.of(seat.key) >= STREAMS_EACH:
        raise too_many(429)
    watcher = console.hub.join(view, seat.key)
    if watcher is None:
        raise too_many()
    request.app.state.guard.watch(watcher, request)
    return Stream(watcher, console.hub)


@pages.get("/sites/{site}/trends")
async def trends(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """Return the lines of the last hours, for a page that has been open for a while."""
    del seat
    found = await console.trends.of(here, lang_of(request))
    return JSONResponse(msgspec.to_builtins(found), headers={"Cache-Control": "no-store"})


@pages.post("/sites/{site}/zones/{zone}/people")
async def people(
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
    zone: str,
    people: Annotated[int, Form(ge=0, le=PEOPLE_MAX)],
) -> Response:
    """Set a zone's head count, after a count by eye."""
    await count(zone, CountBody(people=people), seat, here, console)
    return _back_to(here, zone)


@pages.post("/sites/{site}/zones/{zone}/vacant")
async def vacant(seat: Operating, here: SiteHere, console: ConsoleHere, zone: str) -> Response:
    """Set a zone to empty, after it was seen empty."""
    await tell_vacant(
        zone, SeenEmpty(why="seen by an operator on the live page"), seat, here, console
    )
    return _back_to(here, zone)


class PictureNow(Struct, frozen=True):
    """A site's picture, and the console's connection to the broker."""

    site: SiteId
    connected: bool
    """Whether the broker is connected now."""
    heard: datetime | None
    """The time of the last message."""
    rejected: int
    """Messages that were not understood, since the console's start."""
    gateways: dict[str, GatewayNow]
    picture: SitePicture


_PICTURE = {
    "site": "le-seuil",
    "connected": True,
    "heard": "2026-11-22T09:00:00Z",
    "rejected": 0,
    "gateways": {"main": {"state": "online", "health": None}},
    "picture": {
        "zones": {},
        "doors": {"front": {"at": "2026-11-22T08:59:00Z", "state": "locked"}},
        "machines": {
            "laser": {
                "at": "2026-11-22T08:58:00Z",
                "state": "running",
                "user": "h-0123456789ab",
                "watts": 350.0,
            }
        },
        "alarms": {},
        "mode": "normal",
        "set": None,
        "muster": {},
        "rights": {},
        "decisions": [],
        "hints": [],
    },
}


@api.get("/picture", response_class=Response, responses=answers(PictureNow, _PICTURE))
async def picture(seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """Return a site's picture, as published; pseudonyms only for those who may see people."""
    site = console.picture.sites[here.id]
    known = PictureNow(
        site=here.id,
        connected=console.picture.connected,
        heard=console.picture.heard,
        rejected=console.picture.rejected,
        gateways=console.picture.gateways,
        picture=site if seat.sees_people(here.id) else _without_people(site),
    )
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(known), media_type="application/json", headers=headers)


class CountBody(RequestBody):
    """The number of people that a user counted in a zone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"people": 12}]})

    people: int = Field(ge=0, le=PEOPLE_MAX)


class SeenEmpty(RequestBody):
    """The evidence that a zone is empty; the gateway wants a reason."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "looked in"}]})

    why: str = Field("seen by an operator", min_length=1, max_length=WHY_MAX)


@api.post("/zones/{zone}/people")
async def count(
    zone: ZoneHere, body: CountBody, seat: Operating, here: SiteHere, console: ConsoleHere
) -> Done:
    """Report how many people were counted in a zone by eye."""
    order = SetPeople(_zone_of(here, zone), body.people)
    return await ask_for_program(console, here.id, order, seat)


@api.post("/zones/{zone}/vacant")
async def tell_vacant(
    zone: ZoneHere, body: SeenEmpty, seat: Operating, here: SiteHere, console: ConsoleHere
) -> Done:
    """Report that a zone was seen empty."""
    order = TellVacant(_zone_of(here, zone), body.why)
    return await ask_for_program(console, here.id, order, seat)


def _without_people(site: SitePicture) -> SitePicture:
    """Return the same without pseudonyms, and without alarms that only operators may see."""
    return structs.replace(
        site,
        decisions=[structs.replace(decision, holder=None) for decision in site.decisions],
        hints=[structs.replace(hint, holder=None) for hint in site.hints],
        machines={id_: structs.replace(one, user=None) for id_, one in site.machines.items()},
        alarms={
            key: structs.replace(alarm, acknowledged_by=None)
            for key, alarm in site.alarms.items()
            if alarm.kind not in SILENT
        },
        muster={zone: structs.replace(each, missing=()) for zone, each in site.muster.items()},
        set=structs.replace(site.set, by=None, why="") if site.set is not None else None,
    )


def _back_to(site: Site, zone: str) -> Response:
    return RedirectResponse(f"/sites/{site.id}/live#zone-{zone}", 303)


def _zone_of(site: Site, zone: str) -> ZoneId:
    if zone not in site.zone:
        raise Problem(404, "no-such-zone", Phrase("Unknown zone"))
    return ZoneId(zone)


class Area(Struct, frozen=True):
    """A zone with the zones inside it, for the template."""

    id: ZoneId
    inner: tuple["Area", ...]


def nested(site: Site, parent: ZoneId | None = None) -> tuple[Area, ...]:
    """Return the zones as they nest, in the space file's order."""
    return tuple(Area(zone.id, nested(site, zone.id)) for zone in _inside(site, parent))


def _inside(site: Site, parent: ZoneId | None) -> Iterator[Zone]:
    for zone in site.zones:
        nearest = zone.ancestors[0] if zone.ancestors else None
        if nearest == parent:
            yield zone
