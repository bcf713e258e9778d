"""/accounts: the users; administrators invite, reset and end those below themselves."""

from collections.abc import Callable

from fastapi import APIRouter
from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.accounts import Account
from gateway.adapters.directory import Member
from gateway.console.auth import links, passkeys, sessions, tokens, totp
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.roles import Administrator, GraveAdministrator, console_of
from gateway.console.auth.routes.common import SignInHere, fields, origin_of, say_in
from gateway.console.auth.staff import is_staff, outranks
from gateway.console.auth.tokens import DAYS_MAX, SCOPES, Token
from gateway.console.identity import Principal
from gateway.console.web.rendering import show
from gateway.phrase import Phrase

_NOT_YOURS = Phrase("No such member with a role at sites you administer.")

pages = APIRouter(include_in_schema=False)


class AccountLine(Struct, frozen=True):
    """A member with a role at the console. `below`: the asker may act on them."""

    member: Member
    account: Account | None
    sessions: int
    tokens: tuple[Token, ...]
    below: bool


@pages.get("/accounts")
async def listed(request: Request, seat: Administrator, sign_in: SignInHere) -> Response:
    """Show all members with a role, and how they sign in."""
    return await page(request, sign_in, seat)


@pages.post("/accounts/link")
async def link(request: Request, seat: GraveAdministrator, sign_in: SignInHere) -> Response:
    """Make a one-time link for a member: an invitation, or a new password."""
    who, now = (await fields(request)).get("who", "").strip(), sign_in.clock.now()

    def make(files: Files) -> tuple[Member, str] | None:
        member = files.people.find(who)
        if member is None or not is_staff(member.holder) or not is_below(request, seat, member):
            return None
        entry = sign_in.entry(
            request, "account", seat.holder.id, subject=member.holder.id, detail="link made"
        )
        with files.changing(entry) as (connection, _):
            return member, links.make(connection, member.holder.id, seat.holder.id, now)

    made = await sign_in.do(make)
    if made is None:
        told = say_in(request, _NOT_YOURS)
        return await page(request, sign_in, seat, status=422, link_wrong=told)
    member, secret = made
    address = origin_of(request, sign_in).url + links.PATH + secret
    return await page(request, sign_in, seat, new_link=address, new_link_for=member.name)


@pages.post("/accounts/end")
async def end(request: Request, seat: Administrator, sign_in: SignInHere) -> Response:
    """End every session of a member."""

    def act(connection: Connection, member: Member) -> None:
        sessions.end(connection, member.holder.id)

    return await _acted(request, sign_in, seat, act, "sessions ended")


@pages.post("/accounts/second")
async def second(request: Request, seat: GraveAdministrator, sign_in: SignInHere) -> Response:
    """Remove a lost telephone's codes and passkeys, end all sessions, and revoke all tokens."""

    def act(connection: Connection, member: Member) -> None:
        totp.remove(connection, member.holder.id)
        passkeys.remove(connection, member.holder.id)
        sessions.end(connection, member.holder.id)
        tokens.revoke_all(connection, member.holder.id)

    return await _acted(request, sign_in, seat, act, "second factor removed")


async def _acted(
    request: Request,
    sign_in: SignIn,
    seat: Principal,
    act: Callable[[Connection, Member], None],
    what: str,
) -> Response:
    """Act on the account of a member below the asker."""
    who = (await fields(request)).get("holder", "")

    def do(files: Files) -> Member | None:
        member = files.people.find(who)
        if member is None or not is_below(request, seat, member):
            return None
        entry = sign_in.entry(
            request, "account", seat.holder.id, subject=member.holder.id, detail=what
        )
        with files.changing(entry) as (connection, _):
            act(connection, member)
        return member

    member = await sign_in.do(do)
    if member is None:
        told = say_in(request, _NOT_YOURS)
        return await page(request, sign_in, seat, status=422, link_wrong=told)
    return RedirectResponse("/accounts", 303)


async def page(
    request: Request,
    sign_in: SignIn,
    seat: Principal,
    *,
    status: int = 200,
    link_wrong: str = "",
    new_link: str = "",
    new_link_for: str = "",
    new_token: str = "",
    token_wrong: str = "",
) -> Response:
    """Return the list; a new link or token is shown on it once."""
    lines = await _lines(request, sign_in, seat)
    sites = console_of(request).sites.values()
    return show(
        request,
        "accounts.html",
        status=status,
        seat=seat,
        csrf=seat.csrf,
        lines=lines,
        held=[(line.member, line.tokens) for line in lines if line.below],
        here=next(iter(sites)),
        sites=[site for site in sites if seat.may("administrator", site.id)],
        scopes=SCOPES,
        days_max=DAYS_MAX,
        link_wrong=link_wrong,
        new_link=new_link,
        new_link_for=new_link_for,
        new_token=new_token,
        token_wrong=token_wrong,
    )


async def _lines(request: Request, sign_in: SignIn, seat: Principal) -> tuple[AccountLine, ...]:
    now = sign_in.clock.now()

    def look(files: Files) -> tuple[AccountLine, ...]:
        staff = files.people.staff()
        with files.store.read() as connection:
            return tuple(
                AccountLine(
                    member,
                    accounts.of_holder(connection, member.holder.id),
                    len(sessions.of_holder(connection, member.holder.id, now)),
                    tokens.of_holder(connection, member.holder.id),
                    is_below(request, seat, member),
                )
                for member in staff
                if _is_of_their_sites(seat, member)
            )

    return await sign_in.do(look)


def is_below(request: Request, seat: Principal, member: Member) -> bool:
    """Return whether the asker may act on a member's account; a token may act on none.

    Otherwise a leaked token could set its holder's password.
    """
    sites = console_of(request).sites
    return seat.scopes is None and outranks(seat.holder, member.holder, sites)


def _is_of_their_sites(seat: Principal, member: Member) -> bool:
    """Return whether a member has a role at a site that the asker administrates."""
    return any(
        not entry.sites or any(seat.may("administrator", site) for site in entry.sites)
        for entry in member.holder.roles
    )
