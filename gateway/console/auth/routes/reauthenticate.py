"""/sign-in/again: a user confirms their identity before a grave action."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.accounts import Account
from gateway.console.auth import sessions
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.roles import Self
from gateway.console.auth.routes.common import SignInHere, address_of, fields, next_of, origin_of
from gateway.console.identity import Principal
from gateway.console.web.rendering import show

pages = APIRouter(include_in_schema=False)


@pages.get("/sign-in/again")
async def form(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """Show the form."""
    return await _page(request, sign_in, seat, next_of(request, {}))


@pages.post("/sign-in/again")
async def password(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """Check the password again."""
    sent = await fields(request)
    to, holder = next_of(request, sent), seat.holder.id
    sign_in.limiter.count("again", address_of(request), holder)
    account = await account_of(sign_in, seat)
    kept = None if account is None else account.password
    if not await sign_in.is_right(sent.get("password", ""), kept):
        await sign_in.note(request, "sign-in-again", holder, detail="password", outcome="wrong")
        return await _page(request, sign_in, seat, to, wrong=True)
    sign_in.limiter.forgive("again", holder)
    await refresh(request, sign_in, seat, "password")
    return RedirectResponse(to, 303)


async def refresh(request: Request, sign_in: SignIn, seat: Principal, how: str) -> None:
    """Allow grave actions without another confirmation for five minutes."""
    now = sign_in.clock.now()

    def keep(files: Files) -> None:
        entry = sign_in.entry(request, "sign-in-again", seat.holder.id, detail=how)
        with files.changing(entry) as (connection, _):
            sessions.refresh(connection, seat.key, now)

    await sign_in.do(keep)


async def account_of(sign_in: SignIn, seat: Principal) -> Account | None:
    """Return the seat's own account; a demo's operator has none."""

    def look(files: Files) -> Account | None:
        with files.store.read() as connection:
            return accounts.of_holder(connection, seat.holder.id)

    return await sign_in.do(look)


async def _page(
    request: Request, sign_in: SignIn, seat: Principal, to: str, *, wrong: bool = False
) -> Response:
    account = await account_of(sign_in, seat)
    has_passkeys = account is not None and account.passkeys > 0
    return show(
        request,
        "sign_in_again.html",
        status=403 if wrong else 200,
        seat=seat,
        csrf=seat.csrf,
        next=to,
        wrong=wrong,
        login="" if account is None else account.login,
        has_password=account is not None and account.password is not None,
        provider=bool(sign_in.provider),
        passkeys=has_passkeys and origin_of(request, sign_in).has_passkeys,
    )
