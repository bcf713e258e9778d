"""Audit: who did what, when and why, refusals included; for administrators."""

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import URL
from starlette.requests import Request

from gateway.console.audit import entries
from gateway.console.audit.entries import AuditPage
from gateway.console.audit.recording import look
from gateway.console.audit.texts import ACTIONS
from gateway.console.auth.roles import (
    Administrator,
    ConsoleHere,
    GraveAdministrator,
    SiteHere,
)
from gateway.console.gateway_client import Bilingual
from gateway.console.web.errors import RESPONSES
from gateway.console.web.rendering import lang_of, page
from gateway.core.model.directory import HolderId
from gateway.core.model.names import ADMINISTRATOR, OPERATOR
from gateway.core.model.site import Site
from gateway.csv_injection import escape_formula
from gateway.translation import in_lang

SHOWN: Final = 50
EXPORTED: Final = 1000
"""Lines read from the list at a time for an export."""
FIRST_YEAR, LAST_YEAR = 1970, 2999
EXPORTED_MAX: Final = 50_000
"""Lines of an export: a year of a busy site."""

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["audit"], responses=RESPONSES)


class Filter(BaseModel):
    """A filter: author (a pseudonym), action, and local days, both inclusive."""

    by: str | None = None
    action: str | None = None
    since: str | None = None
    until: str | None = None
    place: str | None = None


Filters = Annotated[Filter, Query()]


@pages.get("/sites/{site}/audit")
async def audit_page(
    request: Request, which: Filters, seat: Administrator, here: SiteHere, console: ConsoleHere
) -> Response:
    """Show a page of the audit."""
    found = await entries.audited(console, here, _query(which, here), which.place, SHOWN)
    names = await console.stores.names()
    now = await console.stores.now(here.id)
    known = now.state.directory.holders if now else {}
    staff = [
        (id_, names.get(id_, id_))
        for id_, holder in known.items()
        if any(holder.has_role(role, here.id) for role in (OPERATOR, ADMINISTRATOR))
    ]
    return page(
        request,
        "audit.html",
        seat=seat,
        site=here,
        found=found,
        which=which,
        staff=sorted(staff, key=lambda each: each[1].casefold()),
        actions=ACTIONS,
        url=_own(request),
    )


@pages.get("/sites/{site}/audit.csv")
async def audit_csv(
    request: Request,
    which: Filters,
    seat: GraveAdministrator,
    here: SiteHere,
    console: ConsoleHere,
) -> Response:
    """Return the filtered lines for a spreadsheet. The export is itself recorded in the audit."""
    await look(console, seat, here.id, "audit", action="export")
    lang = lang_of(request)
    written = io.StringIO()
    sheet = csv.writer(written)
    sheet.writerow(("at", "who", "pseudonym", "action", "about", "why", "outcome", "source"))
    place, left = which.place, EXPORTED_MAX
    while left > 0:
        found = await entries.audited(console, here, _query(which, here), place, EXPORTED)
        for line in found.lines:
            cells = (line.at.isoformat(), line.who, line.by, in_lang(line.word, lang))
            reason = in_lang(line.reason, lang)
            rest = (in_lang(line.about, lang), reason, line.outcome or "done", line.source)
            sheet.writerow([escape_formula(cell) for cell in (*cells, *rest)])
        left, place = left - len(found.lines), found.following
        if place is None:
            break
    name = f"audit-{here.id}-{console.clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response("\ufeff" + written.getvalue(), media_type="text/csv", headers=headers)


class LineBody(BaseModel):
    """One thing that was done or refused (`outcome`, null: done)."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    source: str
    by: str
    who: str
    action: str
    about: Bilingual
    why: str
    outcome: str | None


class AuditBody(BaseModel):
    """Lines, newest first; `following` is the `place` of the next page, null: that is all."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "lines": [
                        {
                            "at": "2026-11-22T08:00:00Z",
                            "source": "gateway",
                            "by": "h-0123456789ab",
                            "who": "Ola Operator",
                            "action": "open",
                            "about": {"fr": "Porte principale", "en": "Front door"},
                            "why": "a parcel",
                            "outcome": None,
                        }
                    ],
                    "following": "c12g4711",
                }
            ]
        },
    )

    lines: list[LineBody]
    following: str | None


@api.get("/audit")
async def audit(
    which: Filters, seat: Administrator, here: SiteHere, console: ConsoleHere
) -> AuditBody:
    """List what was done, newest first; continue with `place`."""
    del seat
    found: AuditPage = await entries.audited(console, here, _query(which, here), which.place, SHOWN)
    return AuditBody.model_validate(found)


def _query(which: Filter, site: Site) -> entries.AuditQuery:
    until = _midnight(which.until, site)
    return entries.AuditQuery(
        by=HolderId(which.by) if which.by else None,
        action=which.action or None,
        since=_midnight(which.since, site),
        until=until + timedelta(days=1) if until is not None else None,
    )


def _midnight(day: str | None, site: Site) -> datetime | None:
    """Return the beginning of a local day; None where it is no day of the calendar."""
    try:
        found = date.fromisoformat(day or "")
    except ValueError:
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    return datetime.combine(found, time(), site.clock)


def _own(request: Request) -> URL:
    """Return this page's address without its place, for links that change one parameter of it."""
    return request.url.remove_query_params(["place", "told"])
