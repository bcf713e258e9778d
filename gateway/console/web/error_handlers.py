"""What went wrong, told as it helps: problem+json (RFC 9457) to a program, a page to a person.

A screen raises `Problem`; the two handlers here turn it, and whatever the framework refuses, into
an answer in the asker's language. Nothing of a request's content is repeated.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.console.web.i18n import Lang, in_lang
from gateway.console.web.rendering import lang_of, show
from gateway.core.model.names import Text

API: Final = "/api/"
PROGRAMS: Final = (API, "/spaceapi.json", "/metrics", "/bookings.ics")
"""How paths begin that programs ask, which want no page."""
JSON: Final = "application/problem+json"


class ProblemBody(BaseModel):
    """An error as RFC 9457 writes it: `type` is a code that stays, `detail` says what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:seuil:no-such-site",
                    "title": "No such site",
                    "status": 404,
                    "detail": "The sites that you may see are listed at /api/v1/sites.",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
    """Of a request with faults: where each is, and what would be right."""


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A request cannot be served. `code` stays the same for ever; the texts are for people."""

    def __init__(
        self,
        status: int,
        code: str,
        title: Text,
        detail: Text = Text("", ""),  # noqa: B008 - frozen
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors: Sequence[dict[str, str]] = ()


_RENAMED: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""RFC 9110's names, which Python has from 3.13 on; a code of ours is the same on every Python."""


def phrase(status: int) -> str:
    """What a status is called."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": phrase(status)}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)
}
"""What each route of the API may answer beside its own; `openapi` says it in full."""


def install(app: FastAPI) -> None:
    """Answer every error of the app so."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _problem(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, Problem)  # noqa: S101 - the handler of this class alone
    return _answer(request, wrong)


async def _refused(request: Request, wrong: Exception) -> Response:
    """What the framework refuses: no such path, a wrong method."""
    assert isinstance(wrong, HTTPException)  # noqa: S101
    code = phrase(wrong.status_code).lower().replace(" ", "-")
    text = _FRAMEWORK.get(wrong.status_code, Text("Demande refusée", "Request refused"))
    advice = _ADVICE.get(wrong.status_code, Text("", ""))
    return _answer(request, Problem(wrong.status_code, code, text, advice, headers=wrong.headers))


async def _invalid(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, RequestValidationError)  # noqa: S101
    problem = Problem(
        422,
        "invalid-request",
        Text("Demande mal formée", "Request not well formed"),
        Text("Corrigez ce qui est indiqué.", "Correct what is named."),
    )
    problem.errors = [
        {"where": ".".join(str(part) for part in error["loc"]), "what": error["msg"]}
        for error in wrong.errors()
    ]
    return _answer(request, problem)


_FRAMEWORK: Final = {
    404: Text("Cette page n'existe pas", "There is no such page"),
    413: Text("La demande est trop grande", "The request is too large"),
    405: Text("Cette adresse ne s'utilise pas ainsi", "This address is not used so"),
}
_ADVICE: Final = {
    404: Text(
        "L'adresse est peut-être incomplète, ou d'une autre version. Repartez de l'accueil.",
        "The address may be incomplete, or of another version. Go on from the start.",
    ),
}


def _answer(request: Request, problem: Problem) -> Response:
    lang = lang_of(request)
    if request.url.path.startswith(PROGRAMS):
        return _as_json(problem, lang)
    return show(
        request,
        "problem.html",
        status=problem.status,
        headers=problem.headers,
        title=in_lang(problem.title, lang),
        detail=in_lang(problem.detail, lang),
        errors=problem.errors,
    )


def _as_json(problem: Problem, lang: Lang) -> Response:
    title = in_lang(problem.title, lang)
    body = ProblemBody(
        type=f"about:seuil:{problem.code}",
        title=title,
        status=problem.status,
        detail=in_lang(problem.detail, lang) or title,
        errors=list(problem.errors) or None,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), problem.status, problem.headers, media_type=JSON
    )
