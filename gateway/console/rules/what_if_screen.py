"""The trial of a changed space file on the past: its form, progress and result."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from gateway.console.access_log.log import name_of, short
from gateway.console.audit.glances import glance
from gateway.console.auth.roles import Administrator, ConsoleHere, SiteHere
from gateway.console.context import AppContext
from gateway.console.rules.what_if_jobs import BYTES_MAX, WhatIfTrial, check
from gateway.console.web.errors import RESPONSES, Problem
from gateway.console.web.labels import point_name
from gateway.console.web.rendering import lang_of, page
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.phrase import Phrase

DAYS: Final = (1, 7, 30, 90)
"""Days that a trial may go back on the page; a program gives any number up to the last."""

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["rules"], responses=RESPONSES)


@pages.get("/sites/{site}/rules/what-if")
async def what_if_page(
    request: Request, seat: Administrator, here: SiteHere, console: ConsoleHere
) -> Response:
    """Show the form, and a trial's progress and result."""
    return await _page(request, seat, here, console)


@pages.post("/sites/{site}/rules/what-if")
async def try_out(
    *,
    request: Request,
    seat: Administrator,
    here: SiteHere,
    console: ConsoleHere,
    days: Annotated[int, Form()] = 7,
    text: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Begin a trial, and redirect to the page that shows it."""
    given = await file.read(BYTES_MAX + 1) if file is not None and file.size else text.encode()
    try:
        await check(here.id, given)
    except Problem as wrong:
        return await _page(request, seat, here, console, wrong=wrong, text=text, days=days)
    await _begin(console, here, given, days if days in DAYS else DAYS[1])
    return RedirectResponse(f"/sites/{here.id}/rules/what-if", 303)


async def _begin(console: AppContext, here: Site, text: bytes, days: int) -> WhatIfTrial:
    now = console.clock.now()
    return await console.trials.start(here.id, text, now - timedelta(days=days), now)


async def _page(  # with the faults of the form
    request: Request,
    seat: Administrator,
    here: Site,
    console: AppContext,
    *,
    wrong: Problem | None = None,
    text: str = "",
    days: int = DAYS[1],
) -> Response:
    trial = console.trials.last(here.id)
    names, lang = await console.stores.names(), lang_of(request)
    if trial is not None and trial.outcome is not None:
        await glance(console, seat, here.id, "what-if")
    return page(
        request,
        "what_if.html",
        seat=seat,
        site=here,
        status=wrong.status if wrong else 200,
        trial=None if wrong else trial,
        reached=console.trials.reached(here.id),
        wrong=wrong,
        text=text,
        days=days,
        choices=DAYS,
        short=short,
        point_name=lambda point: point_name(here, point),
        name_of=lambda holder: name_of(holder or None, names, lang),
        moment_of=datetime.fromisoformat,
    )


# -- for programs


class DifferenceBody(BaseModel):
    """A number of passages that would change in the same way."""

    model_config = ConfigDict(from_attributes=True)

    was: str
    was_reason: str
    would_be: str
    reason: str
    count: int


class JudgedBody(BaseModel):
    """One passage that would change; `holder` is a pseudonym."""

    n: int
    at: datetime
    reader: str
    access_point: str | None
    holder: str | None
    was: str
    was_reason: str
    would_be: str
    reason: str


class TrialBody(BaseModel):
    """A trial of changed rules on the past. Nothing is put in force."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "state": "running",
                    "since": "2026-11-15T09:00:00Z",
                    "until": "2026-11-22T09:00:00Z",
                    "percent": 34,
                    "left_s": 20,
                    "failed": None,
                    "decisions": None,
                    "changed": None,
                    "changes": [],
                    "first": [],
                }
            ]
        }
    )

    state: Literal["running", "done", "failed"]
    since: datetime
    until: datetime
    percent: int | None = Field(description="Of the journal's rows; null: not begun to judge.")
    left_s: int | None = Field(description="About so many seconds; null: nobody can tell.")
    failed: str | None = Field(description="What went wrong.")
    decisions: int | None = Field(description="Passages that were judged again.")
    changed: int | None = Field(description="Of those, how many would be others.")
    changes: list[DifferenceBody]
    first: list[JudgedBody] = Field(description="The first 200 that would be others.")


@api.post("/what-if", status_code=202)
async def what_if_begin(
    *,
    seat: Administrator,
    here: SiteHere,
    console: ConsoleHere,
    file: Annotated[UploadFile, File(description="A space file, 256 kB at most.")],
    days: Annotated[int, Form(ge=1, le=DAYS[-1], description="How far back to look.")] = DAYS[1],
) -> TrialBody:
    """Try a changed space file on the past; one trial at a time, ten minutes at most."""
    given = await file.read(BYTES_MAX + 1)
    await check(here.id, given)
    await _begin(console, here, given, days)
    return await _body(console, seat, here.id)


@api.get("/what-if")
async def what_if(seat: Administrator, here: SiteHere, console: ConsoleHere) -> TrialBody:
    """The last trial's progress and result, kept until the next one."""
    return await _body(console, seat, here.id)


async def _body(console: AppContext, seat: Administrator, site: SiteId) -> TrialBody:
    trial = console.trials.last(site)
    if trial is None:
        raise _no_trial()
    reached, outcome = console.trials.reached(site), trial.outcome
    if outcome is not None:
        await glance(console, seat, site, "what-if")
    return TrialBody(
        state=trial.state,
        since=trial.since,
        until=trial.until,
        percent=100 if outcome else reached.percent if reached else None,
        left_s=reached.left_s if reached else None,
        failed=trial.failed or None,
        decisions=outcome.decisions if outcome else None,
        changed=outcome.changed if outcome else None,
        changes=[DifferenceBody.model_validate(each) for each in outcome.changes]
        if outcome
        else [],
        first=[_judged(each) for each in outcome.first] if outcome else [],
    )


def _judged(line: dict[str, str]) -> JudgedBody:
    """Return a line of the CSV as a model; an empty cell is null."""
    return JudgedBody.model_validate({name: cell or None for name, cell in line.items()})


def _no_trial() -> Problem:
    return Problem(
        404,
        "no-trial",
        Phrase("No test has been run"),
        Phrase("Upload a new space file."),
    )
