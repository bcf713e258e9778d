"""Access log: who passed where, who was refused and why; new lines appear as they happen."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse
from msgspec import structs
from pydantic import AwareDatetime
from starlette.requests import Request

from gateway.adapters.journal.queries import DecisionLine, DecisionWhy, decision, decisions
from gateway.console.access_log.api_models import DecisionBody, DecisionsBody, WhyBody
from gateway.console.access_log.decision_text import Reading, answer
from gateway.console.access_log.log import (
    CHOICES_MAX,
    LINES,
    Wanted,
    csv_lines,
    no_such_decision,
    page_of,
    people_called,
    read_wanted,
    sentence,
    short,
    shown,
)
from gateway.console.audit.recording import look
from gateway.console.auth.roles import ConsoleHere, Operator, RecentAuth, SiteHere
from gateway.console.context import AppContext
from gateway.console.web.errors import RESPONSES
from gateway.console.web.labels import as_typed, door_at, point_name
from gateway.console.web.rendering import lang_of, page
from gateway.core.access.reasons import REASONS
from gateway.core.model.directory import HolderId
from gateway.core.model.site import Site
from gateway.translation import both

SQLITE_MAX = 2**63 - 1
PARTS = ("since", "until", "where", "decision", "reason", "before")

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["log"], responses=RESPONSES)


async def asked(request: Request, here: SiteHere) -> Wanted:
    """Return the filter in the address; its person is a pseudonym already."""
    return _wanted(request, here, request.query_params.get("who", "").strip())


AskedFor = Annotated[Wanted, Depends(asked)]
Number = Annotated[int, Path(ge=1, le=SQLITE_MAX, description="The decision's number.")]


@pages.get("/sites/{site}/log")
async def log(request: Request, seat: Operator, here: SiteHere, console: ConsoleHere) -> Response:
    """Show the page; where several people share the name, let the operator choose one."""
    who = request.query_params.get("who", "").strip()[:100]
    people = await people_called(console, who) if who else []
    found = people[0] if len(people) == 1 else None
    wanted = _wanted(request, here, found[0] if found else "")
    several = who and not found
    if not several:
        await look(console, seat, here.id, "log", wanted.holder or None)
    names = await console.stores.names()
    read = None if several else await page_of(console, here, wanted)
    return page(
        request,
        "log.html",
        seat=seat,
        site=here,
        wanted=wanted,
        who=_typed_name(found, names.values()) if found else who,
        person=found,
        people=people[:CHOICES_MAX],
        more_people=len(people) > CHOICES_MAX,
        several=several,
        lines=shown(read.lines, here, names, lang_of(request)) if read else [],
        before=read.before if read else None,
        newest=max((line.n for line in read.lines), default=0) if read else 0,
        points=here.access_points,
        point_name=lambda point: point_name(here, point.id),
        reasons=[(reason, short(reason)) for reason in REASONS],
        as_typed=lambda at: as_typed(at, here),
        blank=_BLANK,
    )


@pages.get("/sites/{site}/log/new")
async def new(
    *,
    request: Request,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    wanted: AskedFor,
    after: Annotated[int, Query(ge=0, le=SQLITE_MAX)] = 0,
) -> Response:
    """Return the lines newer than those on the open page, newest first, ready to place."""
    del seat
    read = await page_of(console, here, structs.replace(wanted, before=None))
    names = await console.stores.names()
    lines = [line for line in read.lines if line.n > after]
    ready = shown(lines, here, names, lang_of(request))
    return JSONResponse(
        {
            "lines": [structs.asdict(line) for line in ready],
            "newest": max((line.n for line in lines), default=after),
        },
        headers={"Cache-Control": "no-store"},
    )


@pages.post("/sites/{site}/log/export")
async def export(
    request: Request, seat: RecentAuth, here: SiteHere, console: ConsoleHere, wanted: AskedFor
) -> Response:
    """Return the lines as a CSV file, written page by page."""
    wanted.query(here)  # faults of the filter are reported before the file begins
    await look(console, seat, here.id, "log", wanted.holder or None, action="export")
    today = console.clock.now().astimezone(here.clock)
    rows = csv_lines(console, here, structs.replace(wanted, before=None), lang_of(request))
    name = f"{here.id}-passages-{today:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_as_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)


@pages.get("/sites/{site}/log/{n}")
async def why(
    request: Request, seat: Operator, here: SiteHere, console: ConsoleHere, n: Number
) -> Response:
    """Show one decision: every rule in order, with its verdict and the values that it saw."""
    known = await _decision(console, here, n)
    await look(console, seat, here.id, f"why {n}", known.holder)
    names, lang = await console.stores.names(), lang_of(request)
    (line,) = shown([_line_of(known)], here, names, lang)
    said = answer(known.decision, known.reason, known.verdicts, Reading(here, names, lang))
    return page(request, "why.html", seat=seat, site=here, why=known, line=line, answer=said)


# -- for programs


@api.get("/decisions")
async def decisions_page(
    *,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    since: Annotated[AwareDatetime | None, Query(description="From then on.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before then.")] = None,
    where: Annotated[str, Query(description="An access point's id, or `door:` and a door's.")] = "",
    decision: Literal["granted", "denied"] | None = None,
    reason: str = "",
    holder: Annotated[str, Query(description="A pseudonym.", max_length=64)] = "",
    cursor: Annotated[int | None, Query(ge=1, le=SQLITE_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = LINES,
) -> DecisionsBody:
    """Decisions, newest first by their own time."""
    wanted = Wanted(since, until, where, decision, reason, holder, cursor)
    query = wanted.query(here, limit)
    await look(console, seat, here.id, "log", holder or None)
    read = await console.stores.past(lambda journal: decisions(journal, query))
    names = await console.stores.names()
    lines = [
        DecisionBody(
            n=line.n,
            at=line.at,
            reader=line.device,
            access_point=line.access_point,
            door=door_at(here, line.access_point, line.reason, line.device),
            holder=line.holder,
            name=names.get(HolderId(line.holder)) if line.holder else None,
            decision=line.decision,
            reason=line.reason,
            message=structs.asdict(both(sentence(line.reason))),
            late=line.late,
            handover=line.handover,
        )
        for line in read.lines
    ]
    return DecisionsBody(decisions=lines, cursor=read.before)


@api.get("/decisions/{n}", response_model=WhyBody)
async def decision_why(
    seat: Operator, here: SiteHere, console: ConsoleHere, n: Number
) -> dict[str, object]:
    """Explain a decision, as `seuil why --json` does."""
    known = await _decision(console, here, n)
    await look(console, seat, here.id, f"why {n}", known.holder)
    return known.as_data()


_BLANK = dict.fromkeys(
    ("id", "at", "time", "decision", "word", "place", "way", "reason", "who", "note", "href"), ""
)


def _wanted(request: Request, site: Site, holder: str) -> Wanted:
    parts = {name: request.query_params.get(name, "") for name in PARTS}
    return read_wanted(site, parts, holder)


def _typed_name(found: tuple[HolderId, str], names: Iterable[str]) -> str:
    """Return the text of the form's field: the name, or the pseudonym where several share it."""
    return found[1] if list(names).count(found[1]) == 1 else found[0]


async def _decision(console: AppContext, site: Site, n: int) -> DecisionWhy:
    known = await console.stores.past(lambda journal: decision(journal, n))
    if known is None or known.site != site.id:
        raise no_such_decision()
    return known


def _line_of(why: DecisionWhy) -> DecisionLine:
    return DecisionLine(**{name: getattr(why, name) for name in DecisionLine.__struct_fields__})


async def _as_csv(rows: AsyncIterator[list[str]]) -> AsyncIterator[str]:
    """Yield the rows as CSV, with the byte order mark by which a spreadsheet recognises UTF-8."""
    text, told = io.StringIO("\ufeff"), 0
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\r\n")
    async for row in rows:
        writer.writerow(row)
        told += 1
        if told % LINES == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
