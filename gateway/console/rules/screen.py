"""Rules: plans and rules as sentences, and the check whether a member may pass."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from msgspec import structs
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from gateway.analysis.access_check import AccessCheck, evaluate
from gateway.console.access_log.api_models import RULING, VerdictBody
from gateway.console.access_log.decision_text import Reading, answer
from gateway.console.access_log.log import CHOICES_MAX, people_called
from gateway.console.audit.recording import look
from gateway.console.auth.roles import ConsoleHere, Operator, SiteHere, Viewer
from gateway.console.context import AppContext
from gateway.console.rules.policy_text import readable
from gateway.console.web.errors import RESPONSES, Problem
from gateway.console.web.labels import as_typed, on_calendar, point_at, point_name, typed_moment
from gateway.console.web.rendering import lang_of, page
from gateway.core.access.rules import Ruling
from gateway.core.engine import step
from gateway.core.events import SpaceChanged
from gateway.core.model.directory import HolderId
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.phrase import Phrase
from gateway.translation import Lang
from gateway.wire.explanation import as_data

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["rules"], responses=RESPONSES)


@pages.get("/sites/{site}/rules")
async def rules(request: Request, seat: Viewer, here: SiteHere) -> Response:
    """Show plans, demands and the ordered rules."""
    told = readable(here, lang_of(request))
    return page(request, "rules.html", seat=seat, site=here, told=told)


@pages.get("/sites/{site}/rules/may")
async def may(request: Request, seat: Operator, here: SiteHere, console: ConsoleHere) -> Response:
    """Show the form, and once it is filled in, the answer with every rule."""
    asked = {name: request.query_params.get(name, "").strip()[:100] for name in _ASKED}
    at = typed_moment(asked["at"], here)
    people = await people_called(console, asked["who"]) if asked["who"] else []
    found = people[0] if len(people) == 1 else None
    said = None
    if found is not None and asked["point"]:
        ruling = await _ruling(console, here, found[0], asked["point"], at)
        await look(console, seat, here.id, f"may pass {asked['point']}", found[0])
        decision = "granted" if ruling.granted else "denied"
        reading = Reading(here, await console.stores.names(), lang_of(request))
        said = answer(decision, ruling.reason, ruling.verdicts, reading)
    return page(
        request,
        "may.html",
        seat=seat,
        site=here,
        asked=asked,
        at=as_typed(at, here),
        person=found,
        people=people[:CHOICES_MAX],
        point_name=lambda point: point_name(here, point),
        answer=said,
    )


# -- for programs


class TopicBody(BaseModel):
    """A thing of the space file, and the sentences about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "nomad",
                    "name": "Nomad",
                    "says": ["Hall, Coworking: Monday to Friday 08:00 to 20:00"],
                }
            ]
        }
    )

    id: str
    name: str
    says: list[str]


class RulesBody(BaseModel):
    """Everything that decides who may pass, in the language of Accept-Language."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "language": "en",
                    "plans": [
                        {
                            "id": "nomad",
                            "name": "Nomad",
                            "says": ["Hall, Coworking: Monday to Friday 08:00 to 20:00"],
                        }
                    ],
                    "zones": [],
                    "machines": [],
                    "doors": [],
                    "days": [],
                    "rules": [
                        {
                            "id": "exit_is_free",
                            "name": "Going out is always free.",
                            "says": [],
                        }
                    ],
                }
            ]
        }
    )
    language: Lang
    plans: list[TopicBody]
    zones: list[TopicBody]
    machines: list[TopicBody]
    doors: list[TopicBody]
    days: list[TopicBody]
    rules: list[TopicBody] = Field(description="The rules in the order in which they are asked.")


class MayBody(BaseModel):
    """An access check: whether the member may pass, and every rule's verdict."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "holder": "h-0123456789ab",
                    "access_point": "lab-entry",
                    "at": "2026-11-22T09:00:00Z",
                    **RULING,
                }
            ]
        }
    )

    holder: str
    access_point: str
    at: datetime
    decision: str
    reason: str
    message: dict[str, str]
    bacnet: str
    verdicts: list[VerdictBody]
    not_asked: list[str]


@api.get("/rules")
async def rules_body(request: Request, seat: Viewer, here: SiteHere) -> RulesBody:
    """Plans, demands and the ordered rules, as sentences."""
    del seat
    lang = lang_of(request)
    told = structs.asdict(readable(here, lang))
    topics = {
        name: [TopicBody(**structs.asdict(topic)) for topic in topics]
        for name, topics in told.items()
    }
    return RulesBody(language=lang, **topics)


@api.get("/may")
async def may_body(
    *,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    holder: Annotated[str, Query(description="A pseudonym, or a member's reference.")],
    point: Annotated[str, Query(description="An access point's id.")],
    at: Annotated[AwareDatetime | None, Query(description="By default now.")] = None,
) -> MayBody:
    """Check whether a member would be let in there, as `seuil may` does."""
    member = await console.stores.members(lambda store: store.find(holder))
    if member is None:
        raise _nobody()
    who, at = member.holder.id, on_calendar(at or console.clock.now())
    ruling = await _ruling(console, here, who, point, at)
    await look(console, seat, here.id, f"may pass {point}", who)
    said = as_data("granted" if ruling.granted else "denied", ruling.reason, ruling.verdicts)
    return MayBody(holder=who, access_point=point, at=at, **said)


_ASKED = ("who", "point", "at")


async def _ruling(
    console: AppContext, site: Site, holder: HolderId, point: str, at: datetime | None
) -> Ruling:
    """Return the rules' decision, by the journal's last state and the members as they are.

    Raises:
        Problem: There is no such member or access point.
    """
    known = point_at(site, point)
    directory = await console.stores.members(lambda store: store.load())
    if holder not in directory.holders:
        raise _nobody()
    moment = at or console.clock.now()
    now = await console.stores.now(site.id)
    if now is not None and known in now.site.access_point:
        described, state = now.site, now.state
    else:  # nothing has happened yet: an empty site
        described, state = site, step(site, State(), SpaceChanged(site), moment).state
    wish = AccessCheck(
        site=described,
        state=structs.replace(state, directory=directory),
        point=known,
        holder=holder,
        at=moment,
    )
    return evaluate(wish)


def _nobody() -> Problem:
    return Problem(
        404,
        "no-such-member",
        Phrase("Unknown member"),
        Phrase("See the list of members."),
    )
