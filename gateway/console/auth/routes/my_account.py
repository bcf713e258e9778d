"""/me: the user's own account: language, password, passkeys, codes, sessions."""

from fastapi import APIRouter
from msgspec import Struct, structs
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.accounts import Account
from gateway.console.auth import passkeys, passwords, sessions, tokens
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.passkeys import Passkey
from gateway.console.auth.roles import ConsoleHere, MineGrave, Self, console_of
from gateway.console.auth.routes.common import SignInHere, fields, names_here, origin_of, say_in
from gateway.console.auth.sessions import LoginSession
from gateway.console.auth.tokens import DAYS_MAX, SCOPES, Token
from gateway.console.identity import Principal
from gateway.console.web.rendering import COOKIE, COOKIE_LIFE_S, show
from gateway.core.model.names import SiteId
from gateway.translation import LANGS

pages = APIRouter(include_in_schema=False)


class Own(Struct, frozen=True):
    """A user's own ways to sign in."""

    account: Account | None
    passkeys: tuple[Passkey, ...]
    sessions: tuple[LoginSession, ...]
    tokens: tuple[Token, ...]


@pages.get("/me")
async def me(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """Show the user's own page."""
    return await page(request, sign_in, seat)


class Desk(BaseModel):
    """The seconds for which grave acts need no password, and until the desk locks (null: never)."""

    fresh_s: float
    locks_in_s: float | None


@pages.get("/me/desk")
async def desk(seat: Self, console: ConsoleHere, site: str = "") -> Desk:
    """Return the state of the desk, without counting as its use."""
    now, place = console.clock.now(), console.sites.get(SiteId(site))
    locks_in_s = None if place is None else seat.locks_in_s(place, now)
    return Desk(fresh_s=seat.fresh_s(now), locks_in_s=locks_in_s)


@pages.post("/me/desk")
async def use_desk(seat: Self, console: ConsoleHere, site: str = "") -> Desk:
    """Record that somebody uses the desk by hand, unless it has locked itself."""
    seen = await desk(seat, console, site)
    if seen.locks_in_s == 0:
        return seen
    console.seats.attended(seat)
    now = console.clock.now()
    return await desk(structs.replace(seat, used=now) if seat.used else seat, console, site)


@pages.post("/me/language")
async def language(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """Set the user's language, for every browser."""
    lang = (await fields(request)).get("lang", "")
    answer = RedirectResponse("/me", 303)
    if lang in LANGS:
        await _change(sign_in, seat, lang=lang)
        answer.set_cookie(COOKIE, lang, max_age=COOKIE_LIFE_S, httponly=True, samesite="lax")
    return answer


@pages.post("/me/password")
async def password(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Change the password; sessions with the old one end, tokens are revoked."""
    typed = (await fields(request)).get("password", "")
    own = await own_of(sign_in, seat)
    login = "" if own.account is None else own.account.login
    fault = passwords.what_is_wrong(typed, (seat.name, login, *names_here(request)))
    if fault is not None:
        return await page(request, sign_in, seat, status=422, wrong=say_in(request, fault))
    hashed = await sign_in.hashed(typed)

    def change(files: Files) -> None:
        entry = sign_in.entry(request, "account", seat.holder.id, detail="password changed")
        with files.changing(entry) as (connection, _):
            accounts.change(connection, seat.holder.id, password=hashed)
            sessions.end(connection, seat.holder.id, None, seat.key)
            tokens.revoke_all(connection, seat.holder.id)

    await sign_in.do(change)
    return RedirectResponse("/me", 303)


@pages.post("/me/passkeys/remove")
async def remove_passkey(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Remove a passkey."""
    id_ = (await fields(request)).get("id", "")

    def remove(files: Files) -> None:
        entry = sign_in.entry(request, "account", seat.holder.id, detail="passkey removed")
        with files.changing(entry) as (connection, _):
            passkeys.remove(connection, seat.holder.id, id_)

    await sign_in.do(remove)
    return RedirectResponse("/me", 303)


@pages.post("/me/sessions/end")
async def end_sessions(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """End one session, or all but this one."""
    key = (await fields(request)).get("key") or None
    but = "" if key is not None else seat.key

    def end(files: Files) -> None:
        detail = key or "all others"
        entry = sign_in.entry(request, "sessions-ended", seat.holder.id, detail=detail)
        with files.changing(entry) as (connection, _):
            sessions.end(connection, seat.holder.id, key, but)

    await sign_in.do(end)
    return RedirectResponse("/me", 303)


async def page(
    request: Request,
    sign_in: SignIn,
    seat: Principal,
    *,
    status: int = 200,
    wrong: str = "",
    new_token: str = "",
    token_wrong: str = "",
) -> Response:
    """Return the user's own page; a new token is shown on it once."""
    own = await own_of(sign_in, seat)
    sites = console_of(request).sites.values()
    return show(
        request,
        "me.html",
        status=status,
        seat=seat,
        csrf=seat.csrf,
        own=own,
        here=next(iter(sites)),
        sites=[site for site in sites if seat.may("viewer", site.id)],
        wrong=wrong,
        has_passkeys=origin_of(request, sign_in).has_passkeys,
        scopes=SCOPES,
        days_max=DAYS_MAX,
        length=passwords.LENGTH_MIN,
        new_token=new_token,
        token_wrong=token_wrong,
    )


async def own_of(sign_in: SignIn, seat: Principal) -> Own:
    """Return the ways to sign in of the seat's holder."""
    now, holder = sign_in.clock.now(), seat.holder.id

    def look(files: Files) -> Own:
        with files.store.read() as connection:
            return Own(
                accounts.of_holder(connection, holder),
                passkeys.of_holder(connection, holder),
                sessions.of_holder(connection, holder, now),
                tokens.of_holder(connection, holder),
            )

    return await sign_in.do(look)


async def _change(sign_in: SignIn, seat: Principal, **values: object) -> None:
    def change(files: Files) -> None:
        with files.store.change() as connection:
            accounts.change(connection, seat.holder.id, **values)

    await sign_in.do(change)
