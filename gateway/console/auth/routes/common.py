"""Shared parts of the sign-in pages: forms, the browser before it signs in, redirects."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.adapters.journal.rows import to_us
from gateway.console.auth import cookies, sessions
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.passkeys import RelyingParty
from gateway.console.auth.roles import (
    CSRF_FIELD,
    CSRF_HEADER,
    console_of,
    is_from_us,
    not_from_our_page,
)
from gateway.console.auth.secrets import csrf_of, hash_of, new_secret, own_path
from gateway.console.auth.sessions import How, Stage
from gateway.console.web.errors import Problem
from gateway.console.web.rendering import COOKIE as LANG_COOKIE
from gateway.console.web.rendering import COOKIE_LIFE_S, lang_of, show
from gateway.core.model.directory import HolderId
from gateway.phrase import Phrase
from gateway.translation import in_lang

BODY_MAX: Final = 16 * 1024
"""Bytes of a form or of a passkey's answer; anyone may send them."""
_FIELDS_MAX: Final = 40


def sign_in_of(request: Request) -> SignIn:
    """Return the console's authentication."""
    seats = console_of(request).seats
    assert isinstance(seats, SignIn)  # noqa: S101 - a test without accounts asks for no account
    return seats


SignInHere = Annotated[SignIn, Depends(sign_in_of)]


async def fields(request: Request) -> Mapping[str, str]:
    """Return the fields of a short form; `many` returns several values of one field.

    Raises:
        Problem: It is not short, or its length is not given.
    """
    _is_short(request)
    form = await request.form(max_files=0, max_fields=_FIELDS_MAX)
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def many(request: Request, name: str) -> tuple[str, ...]:
    """Return every value of a field, as of ticked boxes."""
    form = await request.form(max_files=0, max_fields=_FIELDS_MAX)
    return tuple(value for value in form.getlist(name) if isinstance(value, str))


async def body(request: Request) -> dict[str, Any]:
    """Return the JSON object that our own script sends.

    Raises:
        Problem: It is no object, or not short.
    """
    _is_short(request)
    try:
        told = msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.DecodeError as wrong:
        raise not_from_our_page() from wrong
    return told


def before_page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> Response:
    """Return a page with a form, for a browser that has not signed in."""
    secret = cookies.before_secret(request) or new_secret()
    answer = show(request, template, status=status, csrf=csrf_of(secret), **values)
    cookies.put(answer, request, cookies.BEFORE, secret, cookies.BEFORE_LIFE_S)
    return answer


def check_before(request: Request, sent: Mapping[str, str]) -> str:
    """Return the secret of the browser whose form this is.

    Raises:
        Problem: It is from no page of ours: an attacker may want us to sign in as them.
    """
    secret = cookies.before_secret(request)
    token = request.headers.get(CSRF_HEADER) or sent.get(CSRF_FIELD, "")
    if secret is None or not is_from_us(request, token, csrf_of(secret)):
        raise not_from_our_page()
    return secret


def check_private(request: Request) -> None:
    """Refuse a password over a connection that others may read.

    Raises:
        Problem: It is plain http, and not this machine.
    """
    if not cookies.is_private(request):
        raise Problem(
            403,
            "needs-https",
            Phrase("Signing in requires https"),
            Phrase("Over http, anyone on the network could read your password."),
        )


async def let_in(
    request: Request,
    sign_in: SignIn,
    holder: HolderId,
    how: How,
    to: str,
    *,
    stage: Stage = "in",
    fresh: bool = True,
    as_json: bool = False,
) -> Response:
    """Begin a new session in place of the browser's old one, which an attacker may have planted."""
    now, old = sign_in.clock.now(), cookies.session_secret(request)
    agent = request.headers.get("user-agent", "")

    def begin(files: Files) -> tuple[str, str | None]:
        entry = sign_in.entry(request, "sign-in", holder, detail=how)
        with files.changing(entry) as (connection, note):
            note.nothing_changed = stage != "in"  # only the first factor
            gone = None if old is None else sessions.of_secret(connection, old, now)
            if gone is not None:
                sessions.end(connection, gone.holder, gone.key)
            if stage == "in":
                accounts.change(connection, holder, signed_in=to_us(now))
            account = accounts.of_holder(connection, holder)
            secret = sessions.begin(
                connection,
                holder,
                how,
                now,
                stage=stage,
                fresh=fresh,
                address=address_of(request),
                agent=agent,
            )
            return secret, None if account is None else account.lang

    secret, lang = await sign_in.do(begin)
    answer = on_to(to, as_json=as_json)
    cookies.put(answer, request, cookies.SESSION, secret, int(sessions.LIFE.total_seconds()))
    cookies.drop(answer, request, cookies.BEFORE)
    if lang is not None:
        answer.set_cookie(LANG_COOKIE, lang, max_age=COOKIE_LIFE_S, httponly=True, samesite="lax")
    return answer


def on_to(path: str, *, as_json: bool = False) -> Response:
    """Redirect to a page; our script follows by itself."""
    return JSONResponse({"to": path}) if as_json else RedirectResponse(path, 303)


def next_of(request: Request, sent: Mapping[str, str]) -> str:
    """Return the page that the user wanted."""
    return own_path(sent.get("next") or request.query_params.get("next"))


def with_next(path: str, next_path: str) -> str:
    """Return a path that carries the page that the user wanted."""
    return path if next_path == "/" else f"{path}?next={quote(next_path)}"


def address_of(request: Request) -> str:
    """Return the address of the client."""
    return request.client.host if request.client else "-"


def origin_of(request: Request, sign_in: SignIn) -> RelyingParty:
    """Return the address at which the browser knows us."""
    public = sign_in.settings.public_url
    if public is not None:
        return RelyingParty(public.rstrip("/"))
    return RelyingParty(f"{request.url.scheme}://{request.headers.get('host', '')}")


def names_here(request: Request) -> tuple[str, ...]:
    """Return the names of the site, which no password may contain."""
    sites = console_of(request).sites.values()
    return tuple(word for site in sites for word in (site.id, site.name.fr, site.name.en))


def browser_key(secret: str) -> str:
    """Return the key of a browser's pending values."""
    return hash_of(secret)


def say_in(request: Request, text: str) -> str:
    """Return a text in the reader's language."""
    return in_lang(text, lang_of(request))


def _is_short(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > BODY_MAX:
        raise Problem(
            413,
            "too-long",
            Phrase("Request too long"),
            Phrase("This form is short."),
        )
