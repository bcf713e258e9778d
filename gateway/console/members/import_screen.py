"""Members: import of a file, first as a preview, then applied as it was shown."""

from typing import IO, Annotated, Final

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import RedirectResponse, Response
from msgspec import structs
from starlette.requests import Request

from gateway.console.auth.roles import (
    Administrator,
    ConsoleHere,
    GraveAdministrator,
    SiteHere,
)
from gateway.console.members.dependencies import OfficeHere
from gateway.console.members.fault_text import in_words
from gateway.console.members.screen import teller_of
from gateway.console.web.rendering import lang_of, page
from gateway.members import french
from gateway.members.schema import COLUMNS, OF_NEW, REQUIRED
from gateway.translation import in_lang

pages = APIRouter(include_in_schema=False)
LINES_SHOWN: Final = 40
"""Lines of each list; the counts cover the rest."""


@pages.get("/sites/{site}/members/import")
async def choose(
    request: Request, seat: Administrator, here: SiteHere, console: ConsoleHere
) -> Response:
    """Show the form to choose a file."""
    del console
    columns = [each for each in COLUMNS if each not in (*REQUIRED, *OF_NEW)]
    if lang_of(request) == "fr":
        columns = [french.header(each) for each in columns]
    return page(request, "import.html", seat=seat, site=here, columns=columns)


@pages.post("/sites/{site}/members/import")
async def preview(
    seat: GraveAdministrator,
    here: SiteHere,
    office: OfficeHere,
    file: Annotated[UploadFile, File()],
    prune: Annotated[str, Form()] = "",
) -> Response:
    """Read the file, and show what it would change."""
    content: IO[bytes] = file.file
    made = await office.imports.preview(seat, here, content, prune=prune == "yes")
    return RedirectResponse(f"/sites/{here.id}/members/import/{made.id}", 303)


@pages.get("/sites/{site}/members/import/{preview}")
async def shown(
    request: Request,
    seat: Administrator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    preview: str,
) -> Response:
    """Show what would be added, changed and removed, and the faults of the file."""
    made = office.imports.get(seat, here.id, preview)
    teller = teller_of(request, here, console)
    change, lang = made.change, lang_of(request)
    return page(
        request,
        "import_preview.html",
        seat=seat,
        site=here,
        preview=made,
        questions=[
            (
                in_lang(each.text, lang),
                [(choice.value, in_lang(choice.label, lang)) for choice in each.choices],
            )
            for each in made.read.questions
        ],
        notes=[in_lang(each, lang) for each in made.read.notes[:LINES_SHOWN]],
        change=change,
        faults=[
            structs.replace(each, message=in_words(each.message, lang))
            for each in made.faults[:LINES_SHOWN]
        ],
        added=[(each, teller.plans(each)) for each in change.added[:LINES_SHOWN]],
        changed=[
            (after, teller.changes(old, after)) for old, after in change.changed[:LINES_SHOWN]
        ],
        removed=change.removed[:LINES_SHOWN],
    )


@pages.post("/sites/{site}/members/import/{preview}/answers")
async def answer(
    seat: GraveAdministrator,
    here: SiteHere,
    office: OfficeHere,
    preview: str,
    answer: Annotated[list[str], Form()],
) -> Response:
    """Read the file again with the answers to what it leaves open."""
    made = await office.imports.answer(seat, here, preview, answer)
    return RedirectResponse(f"/sites/{here.id}/members/import/{made.id}", 303)


@pages.post("/sites/{site}/members/import/{preview}/apply")
async def apply(
    seat: GraveAdministrator, here: SiteHere, office: OfficeHere, preview: str
) -> Response:
    """Apply the preview that was shown."""
    await office.imports.apply(seat, here, preview)
    return RedirectResponse(f"/sites/{here.id}/members?done=imported", 303)
