"""Requests to the gateway on behalf of a user of the console, and its responses.

The gateway decides: it knows the user's roles, journals the request and answers in both languages.
A page shows the response on the screen it came from, a program receives JSON or a problem.
"""

import logging
from typing import Annotated, Final

from fastapi import Form, Path
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request

from gateway.adapters.mqtt.request_client import DeskError, UnansweredError
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.web.errors import Problem
from gateway.console.web.flash import Flash
from gateway.console.web.requests import RequestBody
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, MachineId, SiteId, Text
from gateway.core.requests import Order
from gateway.phrase import Phrase
from gateway.translation import both
from gateway.wire.states import ResponseMessage

WHY_MAX: Final = 200
"""Characters of a reason, as the gateway accepts them."""

Reason = Annotated[str, Form(max_length=WHY_MAX)]
WhyField = Annotated[
    str,
    Field(max_length=WHY_MAX, description="The reason, in your own words; for the audit."),
]
HolderHere = Annotated[
    HolderId,
    Path(max_length=64, description="A member's pseudonym.", examples=["h-0123456789ab"]),
]
DoorHere = Annotated[DoorId, Path(max_length=32, description="A door's id.", examples=["front"])]
MachineHere = Annotated[
    MachineId, Path(max_length=32, description="A machine's id.", examples=["laser"])
]
PointHere = Annotated[
    AccessPointId,
    Path(max_length=32, description="An access point's id.", examples=["front-entry"]),
]
DeviceHere = Annotated[
    DeviceId, Path(max_length=32, description="A device's id.", examples=["front-in"])
]
Transaction = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=64,
        description="Your own id of this request. Sent again with it, nothing is done twice.",
    ),
]

_log = logging.getLogger(__name__)


class Bilingual(BaseModel):
    """A name or a sentence in both languages."""

    model_config = ConfigDict(from_attributes=True)

    @model_validator(mode="before")
    @classmethod
    def _in_both_languages(cls, value: object) -> object:
        return both(value) if isinstance(value, Text | str) else value

    fr: str
    en: str


class Done(BaseModel):
    """The gateway has done it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"transaction": "7f3a", "message": {"fr": "C'est fait.", "en": "Done."}}]
        }
    )

    transaction: str
    message: Bilingual


class Why(RequestBody):
    """A reason, where none is needed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "a parcel"}]})

    why: WhyField = ""


async def ask(
    console: AppContext, site: SiteId, order: Order, seat: Principal, transaction: str | None = None
) -> ResponseMessage:
    """Send a request to the gateway, and return its response.

    Raises:
        Problem: It does not answer.
    """
    try:
        return await console.ask(site, order, seat.holder.id, transaction)
    except UnansweredError as silent:
        _log.warning("%s: %s", site, silent)
        raise Problem(503, "gateway-silent", *_SILENT) from silent
    except DeskError as away:
        _log.warning("%s: %s", site, away)
        raise Problem(503, "broker-away", *_AWAY, headers={"Retry-After": "5"}) from away


async def ask_for_program(
    console: AppContext, site: SiteId, order: Order, seat: Principal, transaction: str | None = None
) -> Done:
    """Send a request to the gateway, and return a program's response when it was done.

    Raises:
        Problem: The gateway refused, or does not answer.
    """
    response = await ask(console, site, order, seat, transaction)
    if response.status != "ok":
        raise refused(response)
    return Done(
        transaction=response.transaction, message=Bilingual.model_validate(response.message)
    )


async def ask_for_page(
    console: AppContext,
    site: SiteId,
    order: Order,
    seat: Principal,
    *,
    back: str,
    done: Phrase | None = None,
    anchor: str = "",
) -> RedirectResponse:
    """Send a request, then show the response on the page `back`; `done` replaces "Done."."""
    try:
        response = await ask(console, site, order, seat)
        told = _told(response, done)
    except Problem as wrong:
        detail = wrong.detail
        told = Flash("alert", Phrase("%(title)s. %(detail)s", title=wrong.title, detail=detail))
    code = console.told.keep(seat.key, told, console.clock.now())
    where = f"#{anchor}" if anchor else ""
    return RedirectResponse(f"{back}?told={code}{where}", 303)


def told_to(request: Request, console: AppContext, seat: Principal) -> Flash | None:
    """Return the result that this page must show, if it follows a change."""
    code = request.query_params.get("told", "")
    return console.told.find(seat.key, code, console.clock.now())


def refused(response: ResponseMessage) -> Problem:
    """Return a gateway's refusal as a problem: 403 where the role does not suffice, else 409."""
    status = {"not-allowed": 403, "unknown-object": 404, "malformed": 422}
    code = response.error or "refused"
    title = Phrase("The gateway refused")
    return Problem(status.get(code, 409), code, title, response.message)


def _told(response: ResponseMessage, done: Phrase | None) -> Flash:
    if response.status == "ok" and not response.unreached:
        return Flash("calm", done or response.message)
    return Flash("alert", response.message)


_AWAY: Final = (
    Phrase("Nothing was changed"),
    Phrase(
        "The broker between the console and the gateway is unreachable. Run `seuil "
        "doctor` for details."
    ),
)
_SILENT: Final = (
    Phrase("The gateway isn't responding"),
    Phrase(
        "Not confirmed. The request has expired and won't be carried out later. "
        "Check the state shown, then try again; run `seuil doctor` for details."
    ),
)
