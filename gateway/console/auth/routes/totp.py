"""/me/totp: an app that makes codes, and the recovery codes."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.console.auth import totp
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.roles import MineGrave
from gateway.console.auth.routes.common import SignInHere, address_of, fields
from gateway.console.auth.routes.reauthenticate import account_of
from gateway.console.identity import Principal
from gateway.console.web.errors import Problem
from gateway.console.web.rendering import show
from gateway.phrase import Phrase

pages = APIRouter(include_in_schema=False)


@pages.post("/me/totp")
async def begin(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Make a new secret, which becomes valid when a first code of it is typed."""
    del request
    secret = totp.new_totp()

    def keep(files: Files) -> None:
        with files.store.change() as connection:
            accounts.change(connection, seat.holder.id, totp_new=secret)

    await sign_in.do(keep)
    return RedirectResponse("/me/totp", 303)


@pages.get("/me/totp")
async def form(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Show the QR code, and the field for the first code."""
    return await _page(request, sign_in, seat)


@pages.get("/me/totp.svg")
async def qr(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Show the QR code."""
    del request
    account = await account_of(sign_in, seat)
    if account is None or account.totp_new is None:
        raise _nothing_begun()
    drawn = totp.qr(account.totp_new, account.login)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@pages.post("/me/totp/confirm")
async def confirm(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Confirm the first code: codes are needed from now on. Shows the recovery codes."""
    sign_in.limiter.count("code", address_of(request), seat.holder.id)
    typed, now = (await fields(request)).get("code", ""), sign_in.clock.now()

    def keep(files: Files) -> tuple[str, ...] | None:
        entry = sign_in.entry(request, "account", seat.holder.id, detail="codes set up")
        with files.changing(entry) as (connection, note):
            account = accounts.of_holder(connection, seat.holder.id)
            if account is None or account.totp_new is None:
                raise _nothing_begun()
            step = totp.step_of(account.totp_new, typed, now)
            if step is None:
                note.nothing_changed = True
                return None
            values = {"totp": account.totp_new, "totp_new": None, "totp_step": step}
            accounts.change(connection, seat.holder.id, **values)
            return totp.new_recovery_codes(connection, seat.holder.id)

    new = await sign_in.do(keep)
    if new is None:
        return await _page(request, sign_in, seat, wrong=True)
    return _codes_page(request, seat, new)


@pages.post("/me/totp/remove")
async def remove(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Remove the app and the recovery codes."""

    def change(files: Files) -> None:
        entry = sign_in.entry(request, "account", seat.holder.id, detail="codes removed")
        with files.changing(entry) as (connection, _):
            totp.remove(connection, seat.holder.id)

    await sign_in.do(change)
    return RedirectResponse("/me", 303)


@pages.post("/me/recovery")
async def recovery(request: Request, seat: MineGrave, sign_in: SignInHere) -> Response:
    """Make new recovery codes; the old ones become invalid."""

    def make(files: Files) -> tuple[str, ...]:
        entry = sign_in.entry(request, "account", seat.holder.id, detail="recovery codes made")
        with files.changing(entry) as (connection, _):
            return totp.new_recovery_codes(connection, seat.holder.id)

    new = await sign_in.do(make)
    return _codes_page(request, seat, new)


def _codes_page(request: Request, seat: Principal, new: tuple[str, ...]) -> Response:
    return show(request, "recovery.html", seat=seat, csrf=seat.csrf, codes=new)


async def _page(
    request: Request, sign_in: SignIn, seat: Principal, *, wrong: bool = False
) -> Response:
    account = await account_of(sign_in, seat)
    if account is None or account.totp_new is None:
        return RedirectResponse("/me", 303)
    return show(
        request,
        "totp.html",
        status=422 if wrong else 200,
        seat=seat,
        csrf=seat.csrf,
        secret=account.totp_new,
        wrong=wrong,
    )


def _nothing_begun() -> Problem:
    return Problem(
        409,
        "nothing-begun",
        Phrase("Nothing to confirm"),
        Phrase("Start from your account page."),
    )
