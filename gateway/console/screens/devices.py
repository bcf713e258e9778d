"""Devices: which readers and sensors are well, and what is wrong with the others."""

from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from gateway.adapters.past import DeviceLine, devices
from gateway.adapters.past.letters import LetterLine, dead_letters
from gateway.console.i18n import Words, in_lang, words
from gateway.console.pages import lang_of, page
from gateway.console.place import Console
from gateway.console.problems import RESPONSES, Problem
from gateway.console.seat import ConsoleHere, SiteHere, Viewer
from gateway.console.view import alarm_word
from gateway.core.names import DeviceId
from gateway.core.site import Site
from gateway.wire.rights import RightsState

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["devices"], responses=RESPONSES)
LETTERS_SHOWN: Final = 20
Tone = Literal["calm", "warm", "alert", "soft"]
_WORST: Final[dict[str, int]] = {"alert": 0, "warm": 1, "soft": 2, "calm": 3}


class Row(Struct, frozen=True):
    """A device as the page shows it: how it is, in words, and what to do if it is not well."""

    line: DeviceLine
    place: str
    tone: Tone
    state: str
    do: str
    rights: str
    rights_tone: Tone


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
    "alarms": ["device-offline"],
    "rights": "confirmed",
    "is_installed": True,
}


class DeviceBody(BaseModel):
    """A device and how it is. `gaps` are events that never came, `duplicates` those of an hour."""

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
    alarms: list[str]
    rights: str | None = Field(description="How a reader stands with its rights list.")
    is_installed: bool


class DevicesBody(BaseModel):
    """All devices of a site, those that need somebody first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"devices": [_FRONT]}]})
    devices: list[DeviceBody]


@pages.get("/sites/{site}/devices")
async def shown(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """The list; what is silent stands on top."""
    say = words(lang_of(request))
    letters: tuple[LetterLine, ...] = ()
    rows: list[Row] = []
    missing = None
    try:
        lines = await _lines(console, here)
        rights = console.picture.sites[here.id].rights
        rows = sorted(
            (_row(request, here, line, rights.get(DeviceId(line.device)), say) for line in lines),
            key=lambda row: _WORST[row.tone],
        )
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
        bad=sum(row.tone in ("alert", "warm") for row in rows),
    )


@api.get("/devices")
async def listed(seat: Viewer, here: SiteHere, console: ConsoleHere) -> DevicesBody:
    """Every device of the space file, and those that spoke and are gone from it."""
    del seat
    rights = console.picture.sites[here.id].rights
    return DevicesBody(
        devices=[
            _body(line, rights.get(DeviceId(line.device)))
            for line in sorted(await _lines(console, here), key=lambda each: _WORST[_tone(each)])
        ]
    )


async def _lines(console: Console, here: Site) -> tuple[DeviceLine, ...]:
    now = await console.stores.now(here.id)
    if now is None:
        return ()
    at = console.clock.now()
    return await console.stores.past(lambda connection: devices(connection, now, at))


def _row(
    request: Request, here: Site, line: DeviceLine, rights: RightsState | None, say: Words
) -> Row:
    told, tone = _rights(line, rights, say)
    return Row(
        line, _place(request, here, line), _tone(line), *_state(request, line, say), told, tone
    )


def _tone(line: DeviceLine) -> Tone:
    if not line.is_installed or line.last_seen is None:
        return "soft"
    if line.alarms or line.online is False:
        return "alert" if {*line.alarms} - {"battery-low"} or line.online is False else "warm"
    return "warm" if line.open_gaps else "calm"


def _state(request: Request, line: DeviceLine, say: Words) -> tuple[str, str]:
    """How it is, and what to do about it."""
    lang = lang_of(request)
    if not line.is_installed:
        return say("not in the space file"), say(
            "It speaks, but nobody listens: add it, or unplug it."
        )
    if line.alarms:
        return ", ".join(alarm_word(kind, lang) for kind in line.alarms), _advice(line, say)
    if line.online is False:
        return say("offline"), say("Is it powered, and on the network?")
    if line.last_seen is None:
        return say("never heard"), say("Is its address of the broker right, and its password?")
    if line.open_gaps:
        return say("events missing"), say("It may still send them; if not, is its network weak?")
    return say("well"), ""


def _advice(line: DeviceLine, say: Words) -> str:
    said = {
        "device-silent": say("Is it powered, and on the network?"),
        "device-offline": say("Is it powered, and on the network?"),
        "battery-low": say("Change its battery this week."),
        "clock-skew": say("Set its clock (NTP): its badges are refused meanwhile."),
        "tamper": say("Go and look at it: its case was opened."),
    }
    return next((said[kind] for kind in line.alarms if kind in said), "")


def _rights(line: DeviceLine, rights: RightsState | None, say: Words) -> tuple[str, Tone]:
    if line.role != "reader":
        return "", "soft"
    if rights is None:
        return say("no list"), "soft"
    keys = say("badges: %(keys)s", keys=rights.keys)
    if rights.who == "everybody":
        keys = say("everybody")
    if rights.state == "waiting":
        return say("%(keys)s, not confirmed yet", keys=keys), "warm"
    if rights.missing:
        return say("%(keys)s, %(missing)s do not fit", keys=keys, missing=rights.missing), "warm"
    return say("%(keys)s, confirmed", keys=keys), "calm"


def _place(request: Request, here: Site, line: DeviceLine) -> str:
    """The door, machine or zone that a device is at."""
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


def _body(line: DeviceLine, rights: RightsState | None) -> DeviceBody:
    return DeviceBody(
        device=line.device,
        role=line.role,
        driver=line.driver,
        state=_tone(line),
        last_seen=line.last_seen,
        online=line.online,
        battery=line.battery,
        gaps=line.gaps,
        open_gaps=line.open_gaps,
        duplicates=line.duplicates,
        alarms=list(line.alarms),
        rights=rights.state if rights is not None else None,
        is_installed=line.is_installed,
    )
