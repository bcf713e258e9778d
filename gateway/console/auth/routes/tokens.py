"""Tokens for programs: made at /me for oneself, at /accounts for a service; shown once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.auth import tokens
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.roles import (
    Administrator,
    ConsoleHere,
    GraveAdministrator,
    MineGrave,
    Self,
)
from gateway.console.auth.routes import accounts, my_account
from gateway.console.auth.routes.common import SignInHere, fields, many, say_in
from gateway.console.auth.secrets import new_key
from gateway.console.auth.tokens import DAYS_MAX, SCOPES, TooManyTokensError
from gateway.console.context import AppContext
from gateway.console.identity import Principal, Scope
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.phrase import Phrase

_NAME_LONGEST = 60
_FAULT = Phrase(
    "Enter a name, at least one right, existing sites and 1 to %(days_max)s days.",
    days_max=DAYS_MAX,
)
_TOO_MANY = Phrase("Revoke another token first.")
_NOT_YOURS = Phrase("No such member at sites you administer.")

pages = APIRouter(include_in_schema=False)


class _Wrong(Exception):  # noqa: N818 - a form's fault, told on the form
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@pages.post("/me/tokens")
async def make(
    request: Request, seat: MineGrave, sign_in: SignInHere, console: ConsoleHere
) -> Response:
    """Make a token for the user."""
    if seat.owes:
        return RedirectResponse(seat.owes, 303)
    try:
        secret = await _made(request, sign_in, console, seat, seat.holder.id)
    except _Wrong as wrong:
        told = say_in(request, wrong.text)
        return await my_account.page(request, sign_in, seat, status=422, token_wrong=told)
    return await my_account.page(request, sign_in, seat, new_token=secret)


@pages.post("/me/tokens/revoke")
async def revoke(request: Request, seat: Self, sign_in: SignInHere) -> Response:
    """Revoke a token of the user's own."""
    key = (await fields(request)).get("key", "")
    await _revoked(request, sign_in, seat, seat.holder.id, key)
    return RedirectResponse("/me", 303)


@pages.post("/accounts/tokens")
async def make_for(
    request: Request, seat: GraveAdministrator, sign_in: SignInHere, console: ConsoleHere
) -> Response:
    """Make a token for a service: a member who stands for it, with a role of its own."""
    who = (await fields(request)).get("who", "").strip()
    member = await sign_in.do(lambda files: files.people.find(who))
    if member is None or not accounts.is_below(request, seat, member):
        told = say_in(request, _NOT_YOURS)
        return await accounts.page(request, sign_in, seat, status=422, token_wrong=told)
    try:
        secret = await _made(request, sign_in, console, seat, member.holder.id)
    except _Wrong as wrong:
        told = say_in(request, wrong.text)
        return await accounts.page(request, sign_in, seat, status=422, token_wrong=told)
    return await accounts.page(request, sign_in, seat, new_token=secret)


@pages.post("/accounts/tokens/revoke")
async def revoke_for(request: Request, seat: Administrator, sign_in: SignInHere) -> Response:
    """Revoke a member's token."""
    sent = await fields(request)
    member = await sign_in.do(lambda files: files.people.find(sent.get("holder", "")))
    if member is not None and accounts.is_below(request, seat, member):
        await _revoked(request, sign_in, seat, member.holder.id, sent.get("key", ""))
    return RedirectResponse("/accounts", 303)


async def _made(
    request: Request, sign_in: SignIn, console: AppContext, seat: Principal, holder: HolderId
) -> str:
    sent = await fields(request)
    name, scopes, sites, life = _wished(
        sent, await many(request, "scope"), await many(request, "site"), console
    )
    now = sign_in.clock.now()

    def make(files: Files) -> tuple[str, tokens.Token]:
        key = new_key()
        detail = f"{key} made: {' '.join(sorted(scopes))}"
        entry = sign_in.entry(request, "token", seat.holder.id, subject=holder, detail=detail)
        with files.changing(entry) as (connection, _):
            return tokens.make(
                connection,
                holder,
                name,
                key=key,
                scopes=scopes,
                sites=sites,
                by=seat.holder.id,
                now=now,
                life=life,
            )

    try:
        secret, _ = await sign_in.do(make)
    except TooManyTokensError as wrong:
        raise _Wrong(_TOO_MANY) from wrong
    return secret


def _wished(
    sent: Mapping[str, str], scopes: tuple[str, ...], sites: tuple[str, ...], console: AppContext
) -> tuple[str, tuple[Scope, ...], tuple[SiteId, ...], timedelta]:
    """Return the token's name, scopes, sites and lifetime from the form.

    Raises:
        _Wrong: Something is missing or invalid.
    """
    name, days = sent.get("name", "").strip()[:_NAME_LONGEST], sent.get("days", "")
    is_right = (
        name
        and scopes
        and set(scopes) <= set(SCOPES)
        and set(sites) <= set(console.sites)
        and days.isascii()
        and days.isdigit()
        and 1 <= int(days) <= DAYS_MAX
    )
    if not is_right:
        raise _Wrong(_FAULT)
    return (
        name,
        cast("tuple[Scope, ...]", scopes),
        tuple(SiteId(site) for site in sites),
        timedelta(days=int(days)),
    )


async def _revoked(
    request: Request, sign_in: SignIn, seat: Principal, holder: HolderId, key: str
) -> None:
    entry = sign_in.entry(request, "token", seat.holder.id, subject=holder, detail=f"{key} revoked")

    def revoke(files: Files) -> None:
        with files.changing(entry) as (connection, note):
            note.nothing_changed = not tokens.revoke(connection, holder, key)

    await sign_in.do(revoke)
