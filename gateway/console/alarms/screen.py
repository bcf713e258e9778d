"""Alarms: those that are on, who looks after them, and those of the past.

An acknowledgement is a request to the gateway: it is journaled, and published on the alarm's own
topic, so that every console and other tool sees it. Alarms of duress are on this page for
operators, and on no other screen: the person who threatens a member may look over their shoulder.
"""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse, Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from gateway.adapters.journal import queries as past
from gateway.adapters.journal.queries import Page
from gateway.console.auth.roles import ConsoleHere, Operating, SiteHere, Viewer
from gateway.console.context import AppContext
from gateway.console.feed.page_snapshot import alarm_word, subject
from gateway.console.gateway_client import Done, Reason, Why, ask_for_page, ask_for_program, told_to
from gateway.console.identity import Principal
from gateway.console.muster.presence_list import names_or_none
from gateway.console.web.errors import RESPONSES, Problem
from gateway.console.web.rendering import lang_of, page, waiting_alarms
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.requests import AcknowledgeAlarm
from gateway.phrase import Phrase
from gateway.translation import in_lang
from gateway.wire.alarm_texts import SILENT, alarm_words
from gateway.wire.states import AlarmMessage

SHOWN = 30
"""Past alarms per page."""
Kind = Annotated[str, Path(max_length=32, description="An alarm's kind.", examples=["held"])]
About = Annotated[str, Path(max_length=32, description="What it is about.", examples=["front"])]
Before = Annotated[
    int | None, Query(ge=1, le=2**62, description="`before` of the page before this one.")
]

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["alarms"], responses=RESPONSES)


class Alarm(Struct, frozen=True):
    """An alarm, on or past. `by` and `note` are empty for readers who may not see people.

    `over`: when its cause ended, where it stays listed until somebody acknowledges it.
    """

    kind: str
    object: str
    raised: datetime
    cleared: datetime | None = None
    acknowledged: datetime | None = None
    by: str | None = None
    note: str = ""
    ahead_s: float | None = None
    over: datetime | None = None

    @property
    def lasted(self) -> timedelta | None:
        """Return the time that its cause lasted; None: it still does."""
        ended = self.over or self.cleared
        return ended - self.raised if ended is not None else None


@pages.get("/sites/{site}/alarms")
async def alarms_page(
    request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere, before: Before = None
) -> Response:
    """Show the alarms that are on, and those of the past."""
    try:
        history, readable = await _history(console, here, seat, before), True
    except Problem:
        history, readable = Page[Alarm](()), False
    lang = lang_of(request)
    return page(
        request,
        "alarms.html",
        seat=seat,
        site=here,
        on=await _on(console, here, seat),
        history=history,
        readable=readable,
        first_page=before is None,
        word=lambda alarm: alarm_word(alarm.kind, lang, alarm.ahead_s),
        advice=lambda alarm: in_lang(alarm_words(alarm.kind).do, lang),
        about=lambda alarm: subject(here, alarm.kind, alarm.object, lang),
        operates=seat.may("operator", here.id),
        silent=SILENT,
        told=told_to(request, console, seat),
    )


@pages.get("/sites/{site}/alarms/count")
async def alarms_count(request: Request, seat: Viewer, here: SiteHere) -> Response:
    """Return the number of alarms that are not acknowledged, for the menu; empty: none."""
    return PlainTextResponse(str(waiting_alarms(request, seat, here) or ""))


@pages.post("/sites/{site}/alarms/{kind}/{about}/acknowledge")
async def acknowledge_page(
    *,
    kind: Kind,
    about: About,
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
    why: Reason = "",
) -> Response:
    """Acknowledge an alarm."""
    done = Phrase("Acknowledged: you're on it.")
    order, back = AcknowledgeAlarm(kind, about, why), f"/sites/{here.id}/alarms"
    return await ask_for_page(console, here.id, order, seat, back=back, done=done)


class AlarmBody(BaseModel):
    """An alarm; `cleared` null: it is listed. `by` and `note` are for operators.

    `over`: its cause ended then; forced doors and tampering stay listed until acknowledged.
    `ahead_s`: of `clock-skew`, seconds that the clock is ahead of the gateway's (below 0: behind).
    """

    model_config = ConfigDict(from_attributes=True)

    kind: str
    object: str
    raised: datetime
    cleared: datetime | None
    acknowledged: datetime | None
    by: str | None
    note: str
    ahead_s: float | None
    over: datetime | None


class AlarmsBody(BaseModel):
    """Alarms that are on, and a page of past ones; ask for more with `before`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "on": [
                        {
                            "kind": "held",
                            "object": "front",
                            "raised": "2026-11-22T08:00:00Z",
                            "cleared": None,
                            "acknowledged": "2026-11-22T08:01:30Z",
                            "by": "Ola Operator",
                            "note": "",
                            "ahead_s": None,
                            "over": None,
                        }
                    ],
                    "past": [],
                    "before": None,
                }
            ]
        }
    )

    on: list[AlarmBody]
    past: list[AlarmBody]
    before: int | None


@api.get("/alarms")
async def alarms(
    seat: Viewer, here: SiteHere, console: ConsoleHere, before: Before = None
) -> AlarmsBody:
    """Alarms that are on and past ones. Those of duress are shown to operators only."""
    history = await _history(console, here, seat, before)
    return AlarmsBody(
        on=[AlarmBody.model_validate(each) for each in await _on(console, here, seat)],
        past=[AlarmBody.model_validate(each) for each in history.lines],
        before=history.before,
    )


@api.post("/alarms/{kind}/{about}/acknowledge")
async def acknowledge(
    *,
    kind: Kind,
    about: About,
    body: Why,
    seat: Operating,
    here: SiteHere,
    console: ConsoleHere,
) -> Done:
    """Acknowledge an alarm that is on (`about`: the door, zone, device …)."""
    order = AcknowledgeAlarm(kind, about, body.why)
    return await ask_for_program(console, here.id, order, seat)


def _visible(console: AppContext, seat: Principal, site: SiteId) -> list[AlarmMessage]:
    """Return the alarms that are on and that the seat may see, newest first."""
    alarms = console.picture.sites[site].alarms.values()
    told = [alarm for alarm in alarms if seat.sees_alarm(alarm.kind, site)]
    return sorted(told, key=lambda alarm: alarm.at, reverse=True)


async def _on(console: AppContext, site: Site, seat: Principal) -> list[Alarm]:
    names = await _names(console, seat, site.id)
    return [
        Alarm(
            alarm.kind,
            alarm.object,
            alarm.at,
            acknowledged=alarm.acknowledged_at,
            by=_who(names, alarm.acknowledged_by),
            ahead_s=alarm.ahead_s,
            over=alarm.over_at,
        )
        for alarm in _visible(console, seat, site.id)
    ]


async def _history(
    console: AppContext, site: Site, seat: Principal, before: int | None
) -> Page[Alarm]:
    found = await console.stores.past(
        lambda journal: past.alarms(journal, site.id, before=before, limit=SHOWN)
    )
    names = await _names(console, seat, site.id)
    lines = tuple(
        Alarm(
            line.kind,
            line.object,
            line.raised,
            line.cleared,
            line.acknowledged,
            _who(names, line.acknowledged_by),
            line.note if names is not None else "",
            line.ahead_s,
            line.over,
        )
        for line in found.lines
        if seat.sees_alarm(line.kind, site.id)
    )
    return Page(lines, found.before)


async def _names(console: AppContext, seat: Principal, site: SiteId) -> dict[HolderId, str] | None:
    """Return everybody's names; None: this seat may not see people."""
    return (await names_or_none(console))[0] if seat.sees_people(site) else None


def _who(names: dict[HolderId, str] | None, holder: str | None) -> str | None:
    if names is None or holder is None:
        return None
    return names.get(HolderId(holder), holder)
