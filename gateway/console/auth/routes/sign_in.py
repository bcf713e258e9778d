"""/sign-in: with a password, and the second factor where there is one; /sign-out."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.accounts import Account
from gateway.console.auth import cookies, passwords, sessions, totp
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.roles import Self, is_from_us, not_from_our_page
from gateway.console.auth.routes.common import (
    SignInHere,
    address_of,
    before_page,
    check_before,
    check_private,
    fields,
    let_in,
    next_of,
    origin_of,
    with_next,
)
from gateway.console.auth.secrets import csrf_of
from gateway.console.auth.sessions import LoginSession
from gateway.console.auth.staff import DEMO_REF
from gateway.console.web.rendering import show
from gateway.core.model.directory import HolderId

pages = APIRouter(include_in_schema=False)


@pages.get("/sign-in")
async def form(request: Request, sign_in: SignInHere) -> Response:
    """Show the form; a user with a session is redirected."""
    to = next_of(request, {})
    seat = await sign_in.of(request)
    if seat is not None and seat.scopes is None:
        return RedirectResponse(seat.owes or to, 303)
    if sign_in.demo and is_own_machine(request):
        return await let_in(request, sign_in, await _demo_holder(sign_in), "demo", to)
    return _page(request, sign_in, to)


@pages.post("/sign-in")
async def password(request: Request, sign_in: SignInHere) -> Response:
    """Check a login and a password."""
    check_private(request)
    sent = await fields(request)
    check_before(request, sent)
    to, login = next_of(request, sent), accounts.login_of(sent.get("login", ""))
    sign_in.limiter.count("sign-in", address_of(request), login)
    account = await _known(sign_in, login)
    typed = sent.get("password", "")[: passwords.LENGTH_MAX + 1]
    if not await sign_in.is_right(typed, None if account is None else account.password):
        who = None if account is None else account.holder
        await sign_in.note(request, "sign-in", who, detail="password", outcome="wrong")
        return _page(request, sign_in, to, status=403, wrong=True, login=sent.get("login", ""))
    assert account is not None  # noqa: S101 - nobody's password is never right
    sign_in.limiter.forgive("sign-in", login)
    await _hash_anew(sign_in, account, typed)
    if account.has_second:
        on = with_next("/sign-in/code", to)
        return await let_in(request, sign_in, account.holder, "password", on, stage="code")
    return await let_in(request, sign_in, account.holder, "password", to)


@pages.get("/sign-in/code")
async def code_form(request: Request, sign_in: SignInHere) -> Response:
    """Show the second factor's form."""
    half = await sign_in.half(request)
    if half is None:
        return RedirectResponse(with_next("/sign-in", next_of(request, {})), 303)
    return await _code_page(request, sign_in, *half)


@pages.post("/sign-in/code")
async def code(request: Request, sign_in: SignInHere) -> Response:
    """Check a code of the app, or a recovery code."""
    sent = await fields(request)
    half = await sign_in.half(request)
    to = next_of(request, sent)
    if half is None:
        return RedirectResponse(with_next("/sign-in", to), 303)
    secret, session = half
    if not is_from_us(request, sent.get("csrf", ""), csrf_of(secret)):
        raise not_from_our_page()
    sign_in.limiter.count("code", address_of(request), session.holder)
    if not await is_right_code(sign_in, session.holder, sent.get("code", "")):
        await sign_in.note(request, "sign-in", session.holder, detail="code", outcome="wrong")
        return await _code_page(request, sign_in, secret, session, wrong=True)
    sign_in.limiter.forgive("code", session.holder)
    return await let_in(request, sign_in, session.holder, "password", to)


@pages.post("/sign-out")
async def out(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """End this browser's session."""

    def end(files: Files) -> None:
        entry = sign_in.entry(request, "sign-out", seat.holder.id, detail=seat.key)
        with files.changing(entry) as (connection, _):
            sessions.end(connection, seat.holder.id, seat.key)

    await sign_in.do(end)
    # A phone may hold a muster list: its copy, the worker that shows it, and marks.
    answer = show(request, "signed_out.html", headers={"Clear-Site-Data": '"storage"'})
    cookies.drop(answer, request, cookies.SESSION)
    return answer


async def is_right_code(sign_in: SignIn, holder: HolderId, typed: str) -> bool:
    """Return whether this is a valid code, and use it up."""
    now = sign_in.clock.now()

    def look(files: Files) -> bool:
        with files.store.change() as connection:
            account = accounts.of_holder(connection, holder)
            if account is None:
                return False
            if account.totp is not None:
                step = totp.step_of(account.totp, typed, now)
                if step is not None:
                    return totp.use_step(connection, holder, step)
            return totp.use_recovery(connection, holder, typed)

    return await sign_in.do(look)


def is_own_machine(request: Request) -> bool:
    """Return whether the browser runs on this machine, and addresses it as such."""
    return cookies.is_loopback(address_of(request)) and cookies.is_loopback(request.url.hostname)


async def _known(sign_in: SignIn, login: str) -> Account | None:
    def look(files: Files) -> Account | None:
        with files.store.read() as connection:
            return accounts.by_login(connection, login)

    return await sign_in.do(look)


async def _hash_anew(sign_in: SignIn, account: Account, typed: str) -> None:
    """Renew an old hash with today's parameters, while the password is available."""
    if account.password is None or not passwords.is_outdated(account.password):
        return
    kept = await sign_in.hashed(typed)

    def keep(files: Files) -> None:
        with files.store.change() as connection:
            accounts.change(connection, account.holder, password=kept)

    await sign_in.do(keep)


async def _demo_holder(sign_in: SignIn) -> HolderId:
    member = await sign_in.do(lambda files: files.people.find(DEMO_REF))
    assert member is not None  # noqa: S101 - `seuil console --demo` looked
    return member.holder.id


def _page(
    request: Request,
    sign_in: SignIn,
    to: str,
    *,
    status: int = 200,
    wrong: bool = False,
    login: str = "",
) -> Response:
    return before_page(
        request,
        "sign_in.html",
        status=status,
        next=to,
        wrong=wrong,
        login=login,
        private=cookies.is_private(request),
        provider=bool(sign_in.provider),
        passkeys=origin_of(request, sign_in).has_passkeys,
    )


async def _code_page(
    request: Request, sign_in: SignIn, secret: str, session: LoginSession, *, wrong: bool = False
) -> Response:
    def look(files: Files) -> Account | None:
        with files.store.read() as connection:
            return accounts.of_holder(connection, session.holder)

    account = await sign_in.do(look)
    has_passkeys = account is not None and account.passkeys > 0
    return show(
        request,
        "sign_in_code.html",
        status=403 if wrong else 200,
        csrf=csrf_of(secret),
        next=next_of(request, {}),
        wrong=wrong,
        has_totp=account is not None and account.totp is not None,
        passkeys=has_passkeys and origin_of(request, sign_in).has_passkeys,
    )
