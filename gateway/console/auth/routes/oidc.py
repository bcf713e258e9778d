"""/sign-in/oidc: to the provider, and back."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.accounts import LoginTakenError
from gateway.adapters.directory import Member
from gateway.console.auth import cookies
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.oidc import OidcIdentity, ProviderError, is_recent
from gateway.console.auth.routes.common import (
    SignInHere,
    address_of,
    browser_key,
    check_private,
    let_in,
    next_of,
    origin_of,
)
from gateway.console.auth.secrets import new_secret
from gateway.console.auth.staff import is_staff
from gateway.console.web.errors import Problem
from gateway.phrase import Phrase

BACK = "/sign-in/oidc/back"

pages = APIRouter(include_in_schema=False)


@pages.get("/sign-in/oidc")
async def there(request: Request, sign_in: SignInHere, *, again: bool = False) -> Response:
    """Redirect to the provider; `again`: it must ask for the password in any case."""
    check_private(request)
    if not sign_in.provider:
        return RedirectResponse("/sign-in", 303)
    sign_in.limiter.count("oidc", address_of(request))
    secret = cookies.before_secret(request) or new_secret()
    back = origin_of(request, sign_in).url + BACK
    now, to = sign_in.clock.now(), next_of(request, {})
    try:
        answer = await sign_in.provider.send_there(
            request, browser_key(secret), back, to, now, anew=again
        )
    except ProviderError as wrong:
        raise await _failed(request, sign_in, wrong) from wrong
    cookies.put(answer, request, cookies.BEFORE, secret, cookies.BEFORE_LIFE_S)
    return answer


@pages.get(BACK)
async def back(request: Request, sign_in: SignInHere) -> Response:
    """Receive the browser back from the provider: a member with a role is signed in."""
    check_private(request)
    sign_in.limiter.count("oidc", address_of(request))
    now, secret = sign_in.clock.now(), cookies.before_secret(request)
    if not sign_in.provider or secret is None:
        return RedirectResponse("/sign-in", 303)
    try:
        person, to = await sign_in.provider.come_back(request, browser_key(secret), now)
    except ProviderError as wrong:
        raise await _failed(request, sign_in, wrong) from wrong
    member = await sign_in.do(lambda files: _member(files, sign_in, person))
    if member is None:
        await sign_in.note(
            request, "sign-in", None, detail=f"oidc: {person.subject}", outcome="not-a-member"
        )
        raise _stranger()
    fresh = is_recent(person, now)
    return await let_in(request, sign_in, member.holder.id, "oidc", to, fresh=fresh)


def _member(files: Files, sign_in: SignIn, person: OidcIdentity) -> Member | None:
    """Return the member of this identity: by the stored link, the first time by the address.

    So a later change of an address, here or there, never links the identity to another member.
    """
    with files.store.change() as connection:
        holder = accounts.known_at(connection, person.issuer, person.subject)
        if holder is not None:
            member = files.people.member(holder)
            return member if member is not None and is_staff(member.holder) else None
        member = None if person.email is None else files.people.by_email(person.email)
        if member is None or person.email is None or not is_staff(member.holder):
            return None
        if accounts.subject_of(connection, person.issuer, member.holder.id) is not None:
            return None
        if accounts.of_holder(connection, member.holder.id) is None:
            try:
                accounts.make(connection, member.holder.id, person.email, sign_in.clock.now())
            except LoginTakenError:
                return None
        accounts.remember_at(connection, person.issuer, person.subject, member.holder.id)
        return member


async def _failed(request: Request, sign_in: SignIn, wrong: ProviderError) -> Problem:
    await sign_in.note(request, "sign-in", None, detail=f"oidc: {wrong}", outcome="failed")
    return Problem(
        503,
        "provider-failed",
        Phrase("Sign-in with your organisation failed"),
        Phrase("Start again from the sign-in page."),
    )


def _stranger() -> Problem:
    return Problem(
        403,
        "not-a-member",
        Phrase("You have no role here"),
        Phrase("Your verified address doesn't belong to a member with console access."),
    )
