"""The site's mode: normal, lockdown, evacuation. Each change is confirmed on a page of its own.

To begin an evacuation or a lockdown is never more than two taps, from every screen: no password, no
reason, also at a desk that has locked itself. To end one, somebody proves who they are.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from gateway.console.auth.roles import (
    ConsoleHere,
    Emergency,
    Operator,
    SiteHere,
    Viewer,
    check_fresh,
)
from gateway.console.gateway_client import Done, Reason, WhyField, ask_for_page, ask_for_program
from gateway.console.muster.presence_list import names_or_none
from gateway.console.web.errors import RESPONSES
from gateway.console.web.rendering import page
from gateway.console.web.requests import RequestBody
from gateway.core.requests import Mode, SetMode
from gateway.phrase import Phrase

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["mode"], responses=RESPONSES)

_DONE = {
    "normal": Phrase("The site is back to normal."),
    "lockdown": Phrase("Lockdown: every entry is blocked."),
    "evacuation": Phrase("Evacuation started: the doors are being unlocked."),
}


@pages.get("/sites/{site}/mode/{mode}")
async def sure(
    request: Request, mode: Mode, seat: Operator, here: SiteHere, console: ConsoleHere
) -> Response:
    """Explain what a mode does, before it is confirmed."""
    now = console.picture.sites[here.id]
    outermost = [zone.id for zone in here.zones if not zone.ancestors]
    return page(
        request,
        "mode.html",
        seat=seat,
        site=here,
        mode=mode,
        now=now.mode or "normal",
        free=[door for door in here.doors if door.fail_mode == "safe"],
        secure=[door for door in here.doors if door.fail_mode != "safe"],
        people=sum(now.zones[zone].count.people for zone in outermost if zone in now.zones),
        console=console,
    )


@pages.post("/sites/{site}/mode")
async def set_page(
    request: Request,
    mode: Annotated[Mode, Form()],
    seat: Emergency,
    here: SiteHere,
    console: ConsoleHere,
    why: Reason = "",
) -> Response:
    """Set the site's mode; only its end asks who it is."""
    if mode == "normal":
        check_fresh(request, seat)
    screen = "here" if mode == "evacuation" else "doors"
    back = f"/sites/{here.id}/{screen}"
    order = SetMode(mode, why.strip())
    return await ask_for_page(console, here.id, order, seat, back=back, done=_DONE[mode])


class ModeBody(BaseModel):
    """The mode; `by` is a name only for readers who may know it. Nulls: it was never changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "lockdown",
                    "since": "2026-11-22T08:00:00Z",
                    "by": "Ola Operator",
                    "why": "a fight in the hall",
                }
            ]
        }
    )

    mode: Mode | None
    since: datetime | None
    by: str | None
    why: str


class ModeOrder(RequestBody):
    """A mode, and the reason for it, if there is time for one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"mode": "evacuation", "why": "smoke in the fablab"}]}
    )

    mode: Mode
    why: WhyField = ""


@api.get("/mode")
async def mode(seat: Viewer, here: SiteHere, console: ConsoleHere) -> ModeBody:
    """The mode as the gateway last published it; null: not yet."""
    now = console.picture.sites[here.id].set
    if now is None:
        return ModeBody(mode=None, since=None, by=None, why="")
    by = None
    if now.by is not None and seat.sees_people(here.id):
        by = (await names_or_none(console))[0].get(now.by, now.by)
    return ModeBody(mode=now.mode, since=now.since, by=by, why=now.why)


@api.post("/mode")
async def set_mode(
    request: Request, body: ModeOrder, seat: Emergency, here: SiteHere, console: ConsoleHere
) -> Done:
    """Set the site's mode. A session that ends one must have shown its password just before."""
    if body.mode == "normal":
        check_fresh(request, seat)
    return await ask_for_program(console, here.id, SetMode(body.mode, body.why), seat)
