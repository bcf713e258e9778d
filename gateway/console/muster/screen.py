"""The people here; in an evacuation, those safe and those missing.

One page, because users search for no other when the alarm rings. Names are for operators; a
viewer gets the figures. A check-off may come twice from a phone with a bad network: it carries its
own transaction, and what was done is not done again.
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from gateway.console.audit.glances import glance
from gateway.console.auth.roles import (
    ConsoleHere,
    Emergency,
    Operating,
    Operator,
    SiteHere,
    Viewer,
)
from gateway.console.gateway_client import (
    Bilingual,
    Done,
    HolderHere,
    Reason,
    Transaction,
    Why,
    ask_for_page,
    ask_for_program,
    told_to,
)
from gateway.console.muster.presence_list import Inside, PresentPerson, RoomPresence, inside
from gateway.console.web.errors import RESPONSES
from gateway.console.web.rendering import page
from gateway.console.web.requests import RequestBody
from gateway.core.requests import MarkLeft, MarkMustered, Mode
from gateway.phrase import Phrase

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["people"], responses=RESPONSES)


@pages.get("/sites/{site}/here")
async def here_page(
    request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere
) -> Response:
    """Show people by zone, or the muster list."""
    names = seat.sees_people(here.id)
    if names:
        await glance(console, seat, here.id, "here")
    return page(
        request,
        "here.html",
        seat=seat,
        site=here,
        now=await inside(console, here),
        names=names,
        told=told_to(request, console, seat),
        today=console.clock.now(),
    )


@pages.get("/sites/{site}/here/list")
async def here_list(
    request: Request, seat: Operator, here: SiteHere, console: ConsoleHere
) -> Response:
    """Show the evacuation list for paper: by zone, with a box to tick."""
    await glance(console, seat, here.id, "evacuation-list")
    now = await inside(console, here)
    return page(
        request, "here_list.html", seat=seat, site=here, now=now, printed=console.clock.now()
    )


@pages.post("/sites/{site}/here/{holder}/left")
async def left_page(
    holder: HolderHere, seat: Operating, here: SiteHere, console: ConsoleHere, why: Reason = ""
) -> Response:
    """Mark a person as outside who forgot to badge out."""
    done = Phrase("Marked as left.")
    order, back = MarkLeft(holder, why), f"/sites/{here.id}/here"
    return await ask_for_page(console, here.id, order, seat, back=back, done=done)


@pages.post("/sites/{site}/muster/{holder}")
async def muster_page(
    holder: HolderHere,
    seat: Emergency,
    here: SiteHere,
    console: ConsoleHere,
    seen: Annotated[Literal["yes", "no"], Form()] = "yes",
) -> Response:
    """Check a person off, without a script."""
    order, back = MarkMustered(holder, seen == "yes"), f"/sites/{here.id}/here"
    return await ask_for_page(console, here.id, order, seat, back=back, anchor=f"p-{holder}")


class PersonBody(BaseModel):
    """A person inside, or in an evacuation expected; `safe` is since when they are safe."""

    model_config = ConfigDict(from_attributes=True)

    holder: str
    name: str
    zone: str
    plan: Bilingual | None = None
    since: datetime | None = None
    came: datetime | None = None
    safe: datetime | None = None
    how: Literal["mustered", "left"] | None = None


class RoomBody(BaseModel):
    """A zone; its figures count the zones inside it, its people are those in itself.

    `people` is absent for readers who may not see people.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: Bilingual
    depth: int
    known: int
    estimate: int | None = None
    low: int | None = None
    high: int | None = None
    unknown: int
    expected: int
    seen: int
    people: list[PersonBody] | None = None


class InsideBody(BaseModel):
    """The people inside, as of `at`; `current` false: last known, the gateway is away."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "evacuation",
                    "since": "2026-11-22T10:41:02Z",
                    "why": "smoke in the fablab",
                    "at": "2026-11-22T10:44:00Z",
                    "current": True,
                    "expected": 2,
                    "seen": 1,
                    "unknown": 0,
                    "rooms": [
                        {
                            "id": "fablab",
                            "name": {"fr": "Fablab", "en": "Fablab"},
                            "depth": 1,
                            "known": 1,
                            "estimate": 1,
                            "low": 1,
                            "high": 2,
                            "unknown": 0,
                            "expected": 2,
                            "seen": 1,
                            "people": [
                                {
                                    "holder": "h-0123456789ab",
                                    "name": "Ada Lovelace",
                                    "zone": "fablab",
                                    "safe": "2026-11-22T10:43:10Z",
                                    "how": "mustered",
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    mode: Mode
    since: datetime | None
    why: str
    at: datetime
    current: bool
    expected: int
    seen: int
    unknown: int
    rooms: list[RoomBody]


class Mark(RequestBody):
    """A mark that a person was seen at the muster point; or its correction."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"seen": True, "transaction": "phone-7-0042"}]}
    )

    seen: bool = True
    transaction: Transaction = None


@api.get("/here")
async def here(seat: Operator, here: SiteHere, console: ConsoleHere) -> InsideBody:
    """The people inside, by zone. This look at people is recorded in the audit."""
    await glance(console, seat, here.id, "here")
    return _body(await inside(console, here), names=True)


@api.post("/here/{holder}/left")
async def left(
    holder: HolderHere, body: Why, seat: Operating, here: SiteHere, console: ConsoleHere
) -> Done:
    """Mark a person as outside who forgot to badge out."""
    return await ask_for_program(console, here.id, MarkLeft(holder, body.why), seat)


@api.get("/muster")
async def muster(seat: Viewer, here: SiteHere, console: ConsoleHere) -> InsideBody:
    """In an evacuation: people expected, safe and missing. Names are shown to operators only."""
    names = seat.sees_people(here.id)
    if names:
        await glance(console, seat, here.id, "here")
    return _body(await inside(console, here), names=names)


@api.post("/muster/{holder}")
async def mark(
    holder: HolderHere, body: Mark, seat: Emergency, here: SiteHere, console: ConsoleHere
) -> Done:
    """Check a person off, or take it back; with its transaction it may be repeated."""
    order = MarkMustered(holder, body.seen)
    return await ask_for_program(console, here.id, order, seat, body.transaction)


def _body(now: Inside, *, names: bool) -> InsideBody:
    return InsideBody(
        mode=now.mode,
        since=now.since,
        why=now.why,
        at=now.at,
        current=now.current,
        expected=len(now.people),
        seen=len(now.people) - now.missing,
        unknown=now.unknown,
        rooms=[_room(room, names=names) for room in now.rooms],
    )


def _room(room: RoomPresence, *, names: bool) -> RoomBody:
    count = room.count
    return RoomBody(
        id=room.id,
        name=Bilingual.model_validate(room.name),
        depth=room.depth,
        known=room.known,
        estimate=count.people if count else None,
        low=count.low if count else None,
        high=count.high if count else None,
        unknown=room.unknown,
        expected=room.expected,
        seen=room.seen,
        people=[_person(person) for person in room.people] if names else None,
    )


def _person(person: PresentPerson) -> PersonBody:
    return PersonBody.model_validate(person)
