"""Machines on the live page: their power, and switching it off."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from gateway.console.auth.roles import ConsoleHere, Operating, SiteHere, Viewer
from gateway.console.gateway_client import (
    Bilingual,
    Done,
    MachineHere,
    WhyField,
    ask_for_page,
    ask_for_program,
)
from gateway.console.web.errors import RESPONSES
from gateway.console.web.requests import RequestBody
from gateway.core.requests import PowerOff
from gateway.phrase import Phrase

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["live"], responses=RESPONSES)

SWITCHED_OFF: Final = Phrase("%(machine)s: switched off.")


class PowerOffBody(RequestBody):
    """An order to switch a machine's power off; a running one only with `even_running`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"even_running": False, "why": "smoke"}]}
    )

    even_running: bool = False
    why: WhyField = ""


class MachineBody(BaseModel):
    """A machine: its power and work, and its user for those who may know."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "laser",
                    "name": {"fr": "Laser", "en": "Laser cutter"},
                    "zone": "fablab",
                    "relay": "laser-relay",
                    "state": "running",
                    "since": "2026-11-22T08:58:00Z",
                    "user": "h-0123456789ab",
                    "watts": 350.0,
                }
            ]
        }
    )

    id: str
    name: Bilingual
    zone: str
    relay: str | None
    state: str
    since: datetime | None
    user: str | None
    watts: float | None


@pages.post("/sites/{site}/machines/{machine}/power-off")
async def power_off_page(
    machine: MachineHere,
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
    order: Annotated[PowerOffBody, Form()],
) -> Response:
    """Switch a machine's power off, and end its use."""
    done = SWITCHED_OFF.filled(machine=here.name_of(machine))
    wish = PowerOff(machine, order.even_running, order.why)
    return await ask_for_page(
        console, here.id, wish, seat, back=f"/sites/{here.id}/live", done=done
    )


@api.get("/machines")
async def machines(seat: Viewer, here: SiteHere, console: ConsoleHere) -> list[MachineBody]:
    """Every machine with its power and its user."""
    told = console.picture.sites[here.id].machines
    people = seat.sees_people(here.id)
    return [
        MachineBody(
            id=machine.id,
            name=Bilingual(fr=machine.name.fr, en=machine.name.en),
            zone=machine.zone,
            relay=machine.relay,
            state=now.state if now else "unknown",
            since=now.at if now else None,
            user=now.user if now and people else None,
            watts=now.watts if now else None,
        )
        for machine in here.machines
        for now in [told.get(machine.id)]
    ]


@api.post("/machines/{machine}/power-off")
async def power_off(
    machine: MachineHere,
    body: PowerOffBody,
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
) -> Done:
    """Switch a machine's power off, and end its use."""
    order = PowerOff(machine, body.even_running, body.why)
    return await ask_for_program(console, here.id, order, seat)
