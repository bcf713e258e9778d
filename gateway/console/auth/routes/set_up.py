"""/set-up/…: a one-time link lets a member set up how they sign in."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.accounts import Account, LoginTakenError
from gateway.adapters.audit import AuditEntry
from gateway.adapters.directory import Member
from gateway.config import ConfigError
from gateway.console.auth import links, passwords, sessions, tokens
from gateway.console.auth.authenticator import Files, SignIn
from gateway.console.auth.links import SetupLink
from gateway.console.auth.routes.common import (
    SignInHere,
    address_of,
    before_page,
    check_before,
    check_private,
    fields,
    let_in,
    names_here,
    say_in,
)
from gateway.console.auth.staff import make_administrator
from gateway.console.web.errors import Problem
from gateway.core.model.directory import HolderId
from gateway.phrase import Phrase

_NAME_LONGEST = 120
_TAKEN = Phrase("This login is taken.")
_NEEDED = Phrase("Please fill this in.")

pages = APIRouter(include_in_schema=False)


@pages.get("/set-up/{secret}")
async def form(request: Request, secret: str, sign_in: SignInHere) -> Response:
    """Show the form; this does not use the link up."""
    check_private(request)
    sign_in.limiter.count("link", address_of(request))
    _, member, account = await _of(sign_in, secret)
    return _page(request, member, {"login": _login(member, account)}, {})


@pages.post("/set-up/{secret}")
async def set_up(request: Request, secret: str, sign_in: SignInHere) -> Response:
    """Set a login and a password; the first time, also the administrator's name and address."""
    check_private(request)
    sign_in.limiter.count("link", address_of(request))
    sent = await fields(request)
    check_before(request, sent)
    link, member, _ = await _of(sign_in, secret)
    wrong = _faults(request, sent, member)
    if wrong:
        return _page(request, member, sent, wrong)
    filled = {**sent, "password": await sign_in.hashed(sent["password"])}
    try:
        entry = sign_in.entry(request, "account", link.holder, detail="set up by a link")
        holder, account = await sign_in.do(
            lambda files: _use(files, sign_in, entry, (secret, link), filled)
        )
    except LoginTakenError:
        return _page(request, member, sent, {"login": say_in(request, _TAKEN)})
    if account.has_second:  # after a forgotten password, the second factor is still due
        return RedirectResponse("/sign-in", 303)
    return await let_in(request, sign_in, holder, "link", "/")


def _use(
    files: Files,
    sign_in: SignIn,
    entry: AuditEntry,
    link: tuple[str, SetupLink],
    filled: Mapping[str, str],
) -> tuple[HolderId, Account]:
    """Use the link up: all of it, or nothing. The password of `filled` is hashed already."""
    now = sign_in.clock.now()
    with files.changing(entry) as (connection, _):
        secret, known = link
        if not links.use(connection, secret, now):
            raise _no_link()
        holder = known.holder
        if holder is None:
            if accounts.by_login(connection, filled["login"]) is not None:
                raise LoginTakenError
            holder = _first(sign_in, filled).holder.id
        accounts.make(connection, holder, filled["login"], now)
        accounts.change(connection, holder, password=filled["password"])
        sessions.end(connection, holder)
        tokens.revoke_all(connection, holder)
        account = accounts.of_holder(connection, holder)
    assert account is not None  # noqa: S101 - it was just made
    return holder, account


def _first(sign_in: SignIn, sent: Mapping[str, str]) -> Member:
    try:
        return make_administrator(sign_in.settings, sent["name"].strip(), sent["login"])
    except ConfigError as wrong:
        why = "; ".join(str(fault) for fault in wrong.faults)
        title = Phrase("Can't save members")
        raise Problem(503, "no-members", title, why) from wrong


async def _of(sign_in: SignIn, secret: str) -> tuple[SetupLink, Member | None, Account | None]:
    """Return the member and account that a link is for."""
    now = sign_in.clock.now()

    def look(files: Files) -> tuple[SetupLink, Member | None, Account | None] | None:
        with files.store.read() as connection:
            link = links.of_secret(connection, secret, now)
            if link is None or link.holder is None:
                return None if link is None else (link, None, None)
            account = accounts.of_holder(connection, link.holder)
        member = files.people.member(link.holder)
        return None if member is None else (link, member, account)

    found = await sign_in.do(look)
    if found is None:
        raise _no_link()
    return found


def _login(member: Member | None, account: Account | None) -> str:
    if account is not None:
        return account.login
    return (member.email or "") if member is not None else ""


def _faults(request: Request, sent: Mapping[str, str], member: Member | None) -> dict[str, str]:
    """Return the faults of the form, by field."""
    wrong: dict[str, str] = {}
    asked = ("login", "password") if member is not None else ("name", "login", "password")
    for field in asked:
        if not sent.get(field, "").strip():
            wrong[field] = say_in(request, _NEEDED)
        elif field != "password" and len(sent[field]) > _NAME_LONGEST:
            told = Phrase("At most %(name_longest)s characters.", name_longest=_NAME_LONGEST)
            wrong[field] = say_in(request, told)
    if member is None and "@" not in sent.get("login", "@"):
        told = Phrase("An address like you@example.org.")
        wrong.setdefault("login", say_in(request, told))
    name = member.name if member is not None else sent.get("name", "")
    known = (name, sent.get("login", ""), *names_here(request))
    fault = passwords.what_is_wrong(sent.get("password", ""), known)
    if fault is not None:
        wrong.setdefault("password", say_in(request, fault))
    return wrong


def _page(
    request: Request, member: Member | None, known: Mapping[str, str], wrong: Mapping[str, str]
) -> Response:
    return before_page(
        request,
        "set_up.html",
        status=422 if wrong else 200,
        first=member is None,
        name=known.get("name", "") if member is None else member.name,
        login=known.get("login", ""),
        wrong=wrong,
        length=passwords.LENGTH_MIN,
    )


def _no_link() -> Problem:
    return Problem(
        404,
        "no-such-link",
        Phrase("This link has expired"),
        Phrase(
            "A link works once, within an hour. Ask an administrator for a new one, or "
            "run `seuil console --setup-link`."
        ),
    )
