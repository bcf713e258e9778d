"""Members for programs: read, added, imported, exported and erased, under /api/v1."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import Response

from gateway.console.api_docs.openapi import answers
from gateway.console.auth.roles import (
    Administrator,
    ConsoleHere,
    GraveAdministrator,
    Operator,
    SiteHere,
)
from gateway.console.members.actions import add_member, erase_here, member_export
from gateway.console.members.api_models import (
    MemberBody,
    MembersBody,
    PreviewBody,
    body_of,
    preview_of,
)
from gateway.console.members.api_requests import ErasureWanted, MemberWanted, invalid
from gateway.console.members.authorised_change import note
from gateway.console.members.dependencies import OfficeHere
from gateway.console.members.long_exports import long_export
from gateway.console.members.screen import TYPES, WORDS_MAX, exported_list
from gateway.console.members.search import PAGE, PAGE_MAX
from gateway.console.web.errors import RESPONSES
from gateway.members.wrong import Wrong
from gateway.privacy.erase_and_export import Export

api = APIRouter(prefix="/api/v1/sites/{site}", tags=["members"], responses=RESPONSES)
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            TYPES[".csv"].partition(";")[0]: {
                "schema": {"type": "string"},
                "example": "ref,name,email,plan\nM-0001,Camille Moreau,c@example.org,resident\n",
            },
            TYPES[".xlsx"]: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
_EXPORT: Final = {
    "at": "2026-11-22T09:00:00Z",
    "ref": "M-0001",
    "holder": "h-0123456789ab",
    "name": "Camille Moreau",
    "email": "camille.moreau@example.org",
    "kind": "member",
    "groups": [],
    "memberships": [{"plan": "resident"}],
    "trainings": [],
    "roles": [],
    "credentials": [{"kind": "badge", "status": "active"}],
    "usage": {},
    "inside": {},
    "passages": [],
    "looks": [],
}


@api.get("/members")
async def members(
    seat: Operator,
    here: SiteHere,
    office: OfficeHere,
    q: Annotated[str, Query(max_length=WORDS_MAX, description="Words of name, ref, e-mail.")] = "",
    ref: Annotated[str | None, Query(max_length=200, description="Exactly this one.")] = None,
    email: Annotated[str | None, Query(max_length=200, description="Exactly this one.")] = None,
    start: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
) -> MembersBody:
    """Members by name, one page at a time."""
    del seat
    found = await office.roster.search(here.id, q, start, limit, ref=ref, email=email)
    return MembersBody(
        members=[body_of(member) for member in found.members], start=start, total=found.total
    )


@api.post("/members", status_code=201)
async def add(
    seat: Administrator, here: SiteHere, console: ConsoleHere, wanted: MemberWanted
) -> MemberBody:
    """Add a member or a visitor."""
    try:
        return body_of(await add_member(console, seat, here, wanted.model_dump(by_alias=True)))
    except Wrong as wrong:
        raise invalid(wrong) from None


@api.get("/members/export", response_class=Response, responses=_FILE)
async def export(
    seat: GraveAdministrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    form: Literal["csv", "xlsx"] = "csv",
) -> Response:
    """The members as a file that an import reads; without badges, whose numbers are not stored."""
    return await exported_list(seat, here, console, office, form=form)


@api.post("/members/imports", status_code=201)
async def preview(
    seat: GraveAdministrator,
    here: SiteHere,
    office: OfficeHere,
    file: Annotated[UploadFile, File(description="CSV or XLSX, 10 MB at most.")],
    prune: Annotated[bool, Form(description="Remove who is not in the file.")] = False,  # noqa: FBT002 - a form's field
) -> PreviewBody:
    """Preview a file's changes; nothing is written."""
    return preview_of(await office.imports.preview(seat, here, file.file, prune=prune))


@api.post("/members/imports/{preview}/apply")
async def apply(
    seat: GraveAdministrator, here: SiteHere, office: OfficeHere, preview: str
) -> PreviewBody:
    """Apply a preview, once."""
    return preview_of(await office.imports.apply(seat, here, preview))


@api.get("/members/{holder}/export", response_class=Response, responses=answers(Export, _EXPORT))
async def export_one(
    seat: GraveAdministrator, here: SiteHere, console: ConsoleHere, office: OfficeHere, holder: str
) -> Response:
    """Everything that is kept of one member (GDPR, articles 15 and 20)."""
    found = await office.roster.member(here.id, holder)
    await note(console, seat, here.id, "export", found.holder.id)
    content = await long_export(member_export(console, found))
    return Response(content, media_type="application/json")


@api.delete("/members/{holder}", status_code=204)
async def erase(
    seat: GraveAdministrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
    wanted: ErasureWanted,
) -> None:
    """Erase a member (GDPR, article 17)."""
    found = await office.roster.member(here.id, holder)
    if wanted.ref != found.ref:
        raise invalid(Wrong("ref", "is not the reference of this member"))
    await erase_here(console, seat, here, found)
