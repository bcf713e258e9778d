"""Devices: the readers and sensors that work, and what is wrong with the others."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from gateway.adapters.journal.queries import DeviceLine, devices
from gateway.adapters.journal.queries.dead_letters import LetterLine, dead_letters
from gateway.console.auth.roles import ConsoleHere, Operator, RecentAuth, SiteHere, Viewer
from gateway.console.context import AppContext
from gateway.console.devices import diagnosis
from gateway.console.devices.diagnosis import Tone
from gateway.console.gateway_client import (
    DeviceHere,
    Done,
    Reason,
    Why,
    ask_for_page,
    ask_for_program,
    told_to,
)
from gateway.console.web.errors import RESPONSES, Problem
from gateway.console.web.rendering import lang_of, page
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.requests import ResetDevice
from gateway.phrase import Phrase
from gateway.translation import in_lang, words
from gateway.wire.offline_rights import RightsState

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["devices"], responses=RESPONSES)
LETTERS_SHOWN: Final = 20
_WORST: Final[dict[str, int]] = {"alert": 0, "warm": 1, "soft": 2, "calm": 3}


class DeviceRow(Struct, frozen=True):
    """A device as the page shows it: its state in words, and what to do if it needs attention."""

    line: DeviceLine
    place: str
    tone: Tone
    state: str
    do: str
    rights: str
    rights_tone: Tone
    others_run: str
    """The firmware that most of its like run, where it runs another."""
    clock: str
    """The deviation of its clock; empty: less than a second, or it reports no time."""
    is_misnumbered: bool
    """Its numbering is shown, and may be begun again."""


_FRONT: Final[dict[str, Any]] = {
    "device": "front-in",
    "role": "reader",
    "driver": "native",
    "state": "alert",
    "last_seen": "2026-11-22T08:59:41Z",
    "online": False,
    "battery": None,
    "gaps": 0,
    "open_gaps": 0,
    "duplicates": 2,
    "ghosts": 3,
    "ghosts_before": 1,
    "ahead_s": -70.2,
    "generation": 1,
    "boots": [3, 4],
    "firmware": "1.4.1",
    "model": "Portier 2",
    "others_run": "1.4.2",
    "alarms": ["device-offline"],
    "rights": "confirmed",
    "is_installed": True,
}


class DeviceBody(BaseModel):
    """A device and its state.

    `gaps` are events that never came, `duplicates` those of an hour; `ghosts` are invalid numbers
    and badges read twice within a second, on the site's day and on the one before.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_FRONT]})
    device: str
    role: str | None
    driver: str | None
    state: Tone = Field(description="calm: well; soft: never heard; warm, alert: look at it.")
    last_seen: datetime | None
    online: bool | None
    battery: float | None
    gaps: int
    open_gaps: int
    duplicates: int
    ghosts: int
    ghosts_before: int
    ahead_s: float | None = Field(
        description="Seconds that its clock is ahead of the gateway's (below 0: behind)."
    )
    generation: int = Field(description="How often its numbers have begun again.")
    boots: list[int] = Field(description="Its starts that are on record, in this generation.")
    firmware: str | None = Field(description="In the maker's words; null: it does not tell.")
    model: str | None
    others_run: str | None = Field(
        description="What most of its like run, where it runs something else."
    )
    alarms: list[str]
    rights: str | None = Field(description="How a reader stands with its rights list.")
    is_installed: bool


class DevicesBody(BaseModel):
    """All devices of a site, those that need attention first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"devices": [_FRONT]}]})
    devices: list[DeviceBody]


@pages.get("/sites/{site}/devices")
async def shown(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """Show the list, silent devices first."""
    letters: tuple[LetterLine, ...] = ()
    rows: list[DeviceRow] = []
    missing = None
    try:
        lines = await _lines(console, here)
        others = diagnosis.others_run(lines)
        rows = [_row(request, here, console, line, others.get(line.device, "")) for line in lines]
        letters = await console.stores.past(lambda c: dead_letters(c, limit=LETTERS_SHOWN))
    except Problem as wrong:
        missing = wrong.detail
    return page(
        request,
        "devices.html",
        seat=seat,
        site=here,
        rows=rows,
        letters=letters,
        missing=missing,
        today=console.clock.now(),
        bad=sum(row.tone in ("alert", "warm") for row in rows),
        operates=seat.may("operator", here.id),
        told=told_to(request, console, seat),
    )


@pages.get("/sites/{site}/devices/{device}/reset")
async def sure(request: Request, device: DeviceHere, seat: Operator, here: SiteHere) -> Response:
    """Explain what a reset of a device's numbering does, before it is confirmed."""
    if device not in here.device:
        title = Phrase("Unknown device")
        raise Problem(404, "no-such-device", title)
    return page(request, "device_reset.html", seat=seat, site=here, device=device)


@pages.post("/sites/{site}/devices/{device}/reset")
async def reset_page(
    device: DeviceHere, seat: RecentAuth, here: SiteHere, console: ConsoleHere, why: Reason = ""
) -> Response:
    """Reset a device's numbering."""
    done = Phrase("%(device)s: numbering restarted.", device=device)
    order, back = ResetDevice(device, why), f"/sites/{here.id}/devices"
    return await ask_for_page(console, here.id, order, seat, back=back, done=done)


@api.get("/devices")
async def listed(seat: Viewer, here: SiteHere, console: ConsoleHere) -> DevicesBody:
    """Every device of the space file, and those that sent messages and are gone from it."""
    del seat
    rights = console.picture.sites[here.id].rights
    lines = await _lines(console, here)
    others = diagnosis.others_run(lines)
    return DevicesBody(
        devices=[
            _body(line, rights.get(DeviceId(line.device)), others.get(line.device))
            for line in lines
        ]
    )


@api.post("/devices/{device}/reset")
async def reset(
    device: DeviceHere, body: Why, seat: RecentAuth, here: SiteHere, console: ConsoleHere
) -> Done:
    """Restart a device's numbering: its board was erased or replaced, or is shut out."""
    return await ask_for_program(console, here.id, ResetDevice(device, body.why), seat)


async def _lines(console: AppContext, here: Site) -> tuple[DeviceLine, ...]:
    """Return every device, those that need attention first."""
    now = await console.stores.now(here.id)
    if now is None:
        return ()
    at = console.clock.now()
    lines = await console.stores.past(lambda connection: devices(connection, now, at))
    return tuple(sorted(lines, key=lambda line: _WORST[diagnosis.tone(line)]))


def _row(
    request: Request, here: Site, console: AppContext, line: DeviceLine, others: str
) -> DeviceRow:
    lang = lang_of(request)
    rights = console.picture.sites[here.id].rights.get(DeviceId(line.device))
    state, do = diagnosis.state(line, lang)
    told, tone = diagnosis.rights(line, rights, words(lang))
    return DeviceRow(
        line=line,
        place=_place(request, here, line),
        tone=diagnosis.tone(line),
        state=state,
        do=do,
        rights=told,
        rights_tone=tone,
        others_run=others,
        clock=diagnosis.clock(line, lang),
        is_misnumbered=diagnosis.is_misnumbered(line),
    )


def _place(request: Request, here: Site, line: DeviceLine) -> str:
    """Return the door, machine or zone that a device is at."""
    device = here.device.get(DeviceId(line.device))
    if device is None:
        return ""
    point = here.access_point.get(device.access_point) if device.access_point else None
    door = device.door or (point.door if point else None)
    machine = device.machine or (point.machine if point else None)
    if door is not None:
        return in_lang(here.door[door].name, lang_of(request))
    if machine is not None:
        return in_lang(here.machine[machine].name, lang_of(request))
    zone = device.zone or (point.zone if point else None)
    return in_lang(here.zone[zone].name, lang_of(request)) if zone is not None else ""


def _body(line: DeviceLine, rights: RightsState | None, others: str | None) -> DeviceBody:
    return DeviceBody(
        device=line.device,
        role=line.role,
        driver=line.driver,
        state=diagnosis.tone(line),
        last_seen=line.last_seen,
        online=line.online,
        battery=line.battery,
        gaps=line.gaps,
        open_gaps=line.open_gaps,
        duplicates=line.duplicates,
        ghosts=line.ghosts,
        ghosts_before=line.ghosts_before,
        ahead_s=line.ahead_s,
        generation=line.generation,
        boots=list(line.boots),
        firmware=line.firmware,
        model=line.model,
        others_run=others,
        alarms=list(line.alarms),
        rights=rights.state if rights is not None else None,
        is_installed=line.is_installed,
    )
