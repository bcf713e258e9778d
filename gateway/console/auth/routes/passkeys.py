"""The requests of static/passkeys.js: sign in with a passkey, confirm with one, make one.

Each is two steps: the options with a challenge, then the device's answer. The challenge is kept for
this browser alone and is valid once.
"""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.adapters.accounts import accounts
from gateway.console.auth import passkeys
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.passkeys import PasskeyError, RelyingParty
from gateway.console.auth.roles import (
    CSRF_HEADER,
    MineGrave,
    Self,
    is_from_us,
    not_from_our_page,
)
from gateway.console.auth.routes.common import (
    SignInHere,
    address_of,
    body,
    browser_key,
    check_before,
    check_private,
    let_in,
    on_to,
    origin_of,
)
from gateway.console.auth.routes.reauthenticate import refresh
from gateway.console.auth.secrets import csrf_of, own_path
from gateway.console.identity import Principal
from gateway.console.web.errors import Problem
from gateway.core.model.directory import HolderId
from gateway.phrase import Phrase

pages = APIRouter(include_in_schema=False)


@pages.post("/sign-in/passkey/options")
async def options(request: Request, sign_in: SignInHere) -> Response:
    """Return the browser's options to show a passkey: any, or one of who has typed the password."""
    check_private(request)
    key, holder = await _browser(request, sign_in)
    sign_in.limiter.count("passkey", address_of(request))
    return await _to_show(request, sign_in, key, holder)


@pages.post("/sign-in/passkey")
async def shown(request: Request, sign_in: SignInHere) -> Response:
    """Check the passkey that was shown, and begin the session."""
    check_private(request)
    sent = await body(request)
    key, holder = await _browser(request, sign_in)
    sign_in.limiter.count("passkey", address_of(request))
    found = await _shown(request, sign_in, key, sent, holder)
    return await let_in(
        request, sign_in, found, "passkey", own_path(str(sent.get("next", ""))), as_json=True
    )


@pages.post("/sign-in/again/passkey/options")
async def again_options(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """Return the browser's options to show one of the seat's own passkeys."""
    return await _to_show(request, sign_in, seat.key, seat.holder.id)


@pages.post("/sign-in/again/passkey")
async def shown_again(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """Check the passkey that was shown as a confirmation."""
    sent = await body(request)
    sign_in.limiter.count("again", address_of(request), seat.holder.id)
    await _shown(request, sign_in, seat.key, sent, seat.holder.id)
    await refresh(request, sign_in, seat, "passkey")
    return on_to(own_path(str(sent.get("next", ""))), as_json=True)


@pages.post("/me/passkeys/options")
async def make_options(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Return the browser's options to make a passkey."""
    origin = _origin(request, sign_in)

    def look(files: Files) -> tuple[str, bytes]:
        from gateway.console.auth import webauthn_ceremonies  # noqa: PLC0415 - 14 MB, for few requests

        with files.store.read() as connection:
            account = accounts.of_holder(connection, seat.holder.id)
            known = passkeys.of_holder(connection, seat.holder.id)
        login = seat.name if account is None else account.login
        return webauthn_ceremonies.to_make(origin, seat.holder.id, login, seat.name, known)

    told, challenge = await sign_in.do(look)
    sign_in.challenges.put(seat.key, challenge, sign_in.clock.now())
    return Response(told, media_type="application/json", headers={"Cache-Control": "no-store"})


@pages.post("/me/passkeys")
async def made(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Store the passkey that was made."""
    sent = await body(request)
    now, origin = sign_in.clock.now(), _origin(request, sign_in)
    challenge = sign_in.challenges.take(seat.key, now)
    name, credential = str(sent.get("name", "")), _credential(sent)

    def keep(files: Files) -> None:
        from gateway.console.auth import webauthn_ceremonies  # noqa: PLC0415 - 14 MB, for few requests

        if challenge is None:
            raise PasskeyError("took too long")
        detail = f"passkey made: {name[:60]}"
        entry = sign_in.entry(request, "account", seat.holder.id, detail=detail)
        with files.changing(entry) as (connection, _):
            webauthn_ceremonies.made(
                connection,
                origin,
                seat.holder.id,
                credential=credential,
                challenge=challenge,
                name=name,
                now=now,
            )

    try:
        await sign_in.do(keep)
    except PasskeyError as wrong:
        raise await _refusal(request, sign_in, seat, wrong) from wrong
    return on_to("/me", as_json=True)


async def _browser(request: Request, sign_in: SignIn) -> tuple[str, HolderId | None]:
    """Return for which browser a challenge is kept, and whose passkey it must be."""
    half = await sign_in.half(request)
    if half is None:
        return browser_key(check_before(request, {})), None
    secret, session = half
    if not is_from_us(request, request.headers.get(CSRF_HEADER, ""), csrf_of(secret)):
        raise not_from_our_page()
    return browser_key(secret), session.holder


async def _to_show(
    request: Request, sign_in: SignIn, key: str, holder: HolderId | None
) -> Response:
    origin = _origin(request, sign_in)

    def look(files: Files) -> tuple[str, bytes]:
        from gateway.console.auth import webauthn_ceremonies  # noqa: PLC0415 - 14 MB, for few requests

        if holder is None:
            return webauthn_ceremonies.to_show(origin)
        with files.store.read() as connection:
            return webauthn_ceremonies.to_show(origin, passkeys.of_holder(connection, holder))

    told, challenge = await sign_in.do(look)
    sign_in.challenges.put(key, challenge, sign_in.clock.now())
    return Response(told, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _shown(
    request: Request, sign_in: SignIn, key: str, sent: dict[str, Any], holder: HolderId | None
) -> HolderId:
    now, origin, credential = sign_in.clock.now(), _origin(request, sign_in), _credential(sent)
    challenge = sign_in.challenges.take(key, now)

    def look(files: Files) -> HolderId:
        from gateway.console.auth import webauthn_ceremonies  # noqa: PLC0415 - 14 MB, for few requests

        if challenge is None:
            raise PasskeyError("took too long")
        with files.store.change() as connection:
            return webauthn_ceremonies.shown(
                connection,
                origin,
                credential=credential,
                challenge=challenge,
                now=now,
                holder=holder,
            )

    try:
        return await sign_in.do(look)
    except PasskeyError as wrong:
        raise await _refusal(request, sign_in, None, wrong) from wrong


def _origin(request: Request, sign_in: SignIn) -> RelyingParty:
    origin = origin_of(request, sign_in)
    if not origin.has_passkeys:
        raise Problem(
            409,
            "no-passkeys-here",
            Phrase("Passkeys unavailable at this address"),
            Phrase("A passkey needs https and a host name, or localhost."),
        )
    return origin


def _credential(sent: dict[str, Any]) -> dict[str, Any]:
    credential = sent.get("credential")
    if not isinstance(credential, dict):
        raise not_from_our_page()
    return credential


async def _refusal(
    request: Request, sign_in: SignIn, seat: Principal | None, wrong: PasskeyError
) -> Problem:
    who = None if seat is None else seat.holder.id
    await sign_in.note(request, "sign-in", who, detail=f"passkey: {wrong}", outcome="wrong")
    return Problem(
        403,
        "passkey-refused",
        Phrase("Passkey not accepted"),
        Phrase("Try again or sign in another way."),
    )
