"""Errors as responses: problem+json (RFC 9457) for programs, an error page for people.

A screen raises `Problem`; the two handlers here turn it, and whatever the framework refuses, into a
response in the user's language. Nothing of a request's content is repeated.
"""

from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.console.web.errors import API, JSON, Problem, ProblemBody, phrase
from gateway.console.web.rendering import lang_of, show
from gateway.phrase import Phrase
from gateway.translation import Lang, in_lang

PROGRAMS: Final = (API, "/spaceapi.json", "/metrics", "/bookings.ics")
"""Path prefixes that programs ask: they get no page."""


def install(app: FastAPI) -> None:
    """Register the handlers of all errors."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _problem(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, Problem)  # noqa: S101 - the handler of this class alone
    return _answer(request, wrong)


async def _refused(request: Request, wrong: Exception) -> Response:
    """Return the response to what the framework refuses: no such path, a wrong method."""
    assert isinstance(wrong, HTTPException)  # noqa: S101
    code = phrase(wrong.status_code).lower().replace(" ", "-")
    text = _FRAMEWORK.get(wrong.status_code, Phrase("Request refused"))
    advice = _ADVICE.get(wrong.status_code, "")
    return _answer(request, Problem(wrong.status_code, code, text, advice, headers=wrong.headers))


async def _invalid(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, RequestValidationError)  # noqa: S101
    problem = Problem(
        422,
        "invalid-request",
        Phrase("Invalid request"),
        Phrase("Please fix the fields named below."),
    )
    problem.errors = [
        {"where": ".".join(str(part) for part in error["loc"]), "what": error["msg"]}
        for error in wrong.errors()
    ]
    return _answer(request, problem)


_FRAMEWORK: Final = {
    404: Phrase("Page not found"),
    413: Phrase("Request too large"),
    405: Phrase("This address doesn't accept this request"),
}
_ADVICE: Final = {
    404: Phrase("The address may be incomplete or out of date. Start again from the home page."),
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
