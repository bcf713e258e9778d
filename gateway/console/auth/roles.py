"""Roles: the user of a request, and the permission that a route requires.

A *seat* is a user of the console: a session in a browser, or an API token. Its roles are the
holder's own staff roles in the directory (`viewer`, `operator`, `administrator`, each at all sites
or at some), so there is one place to give and to withdraw them, and the gateway applies the same.

Every route declares its needs with one of the `Requires` below, or is listed in `PUBLIC`; a test
checks all routes, so none is forgotten.
"""

import hmac
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Path
from starlette.requests import Request

from gateway.console.context import AppContext
from gateway.console.identity import Principal, Rank, Scope
from gateway.console.web.errors import API, Problem
from gateway.console.web.requests import check_parameters
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.phrase import Phrase

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
PUBLIC: Final = frozenset(
    {
        *("/healthz", "/static", "/", "/sites", "/openapi.json"),
        *("/kiosk/{site}", "/kiosk/{site}/events"),
        *("/spaceapi.json", "/metrics", "/bookings.ics"),  # public by choice, or with a token
        *("/sign-in", "/sign-in/code", "/set-up/{secret}"),
        *("/sign-in/oidc", "/sign-in/oidc/back"),
        *("/sign-in/passkey", "/sign-in/passkey/options"),
    }
)
"""Paths that need no sign-in."""


class Requires:
    """A route's demand, as a FastAPI dependency that provides the seat.

    The site is the path's `{site}`; a route without one needs the rank at some site. A request that
    changes something must carry the session's CSRF token (form field or header) and come from our
    own pages; a token in the Authorization header needs neither, as no browser adds it by itself.
    No rank: any session, for the user's own things; a token cannot manage its holder.

    `fresh`: the user must have proved who they are a moment ago. A desk that nobody has used for
    `desk_lock_s` of its site changes nothing until they do, but for an `emergency`.
    """

    def __init__(
        self, rank: Rank | None, scope: Scope, *, fresh: bool = False, emergency: bool = False
    ) -> None:
        self.rank = rank
        self.scope = scope
        self.fresh = fresh
        self.emergency = emergency

    async def __call__(self, request: Request) -> Principal:
        """Return the seat.

        Raises:
            Problem: Nobody is signed in, they lack the right, or it is not from our own page.
        """
        console: AppContext = request.app.state.console
        seat = await console.seats.of(request)
        if seat is None:
            raise _sign_in(request)
        if seat.owes and self.rank is not None:
            raise _owed(request, seat)
        site = request.path_params.get("site")
        if site is not None and (site not in console.sites or not seat.may("viewer", site)):
            raise no_such_site()
        if not self._suffices(seat, console, site):
            what = f"{request.method} {request.url.path}: {self.rank or 'session'}"
            await console.seats.refused(request, seat, site, what)
            raise Problem(403, "not-allowed", *_NOT_ALLOWED)
        if seat.scopes is None and request.method not in SAFE:
            await _check_origin(request, seat)
            if self.rank is not None and not self.emergency:
                _check_attended(request, seat, console, site)
        if self.fresh:
            check_fresh(request, seat)
        check_parameters(request)
        return seat

    def _suffices(self, seat: Principal, console: AppContext, site: SiteId | None) -> bool:
        if self.rank is None:
            return seat.scopes is None
        if seat.scopes is not None and self.scope not in seat.scopes:
            return False
        where = console.sites if site is None else (site,)
        return any(seat.may(self.rank, each) for each in where)


Viewer = Annotated[Principal, Depends(Requires("viewer", "read"))]
"""Sees the site: counts, doors, alarms, devices; no names."""
Operator = Annotated[Principal, Depends(Requires("operator", "people"))]
"""Sees who was where."""
Operating = Annotated[Principal, Depends(Requires("operator", "operate"))]
"""Changes daily matters: alarms, muster, members' marks."""
RecentAuth = Annotated[Principal, Depends(Requires("operator", "operate", fresh=True))]
"""Exports, resets a device: must confirm the password again after a while."""
Emergency = Annotated[Principal, Depends(Requires("operator", "operate", emergency=True))]
"""Evacuates, locks down, musters: nothing is asked, also at a desk that has locked itself."""
Administrator = Annotated[Principal, Depends(Requires("administrator", "administer"))]
"""Members, accounts, rules."""
GraveAdministrator = Annotated[
    Principal, Depends(Requires("administrator", "administer", fresh=True))
]
"""Erases, imports, gives rights."""
Self = Annotated[Principal, Depends(Requires(None, "read"))]
"""A user's own account, whatever their role."""
MineGrave = Annotated[Principal, Depends(Requires(None, "read", fresh=True))]
"""Changes the user's own ways to sign in."""


def check_fresh(request: Request, seat: Principal) -> None:
    """Demand that the user of a session has just proved who they are.

    Raises:
        Problem: They have not; a page leads to the confirmation.
    """
    if seat.scopes is None and not seat.fresh_s(console_of(request).clock.now()):
        raise _again(request)


def console_of(request: Request) -> AppContext:
    """Return the console that the request is for."""
    console: AppContext = request.app.state.console
    return console


def site_of(
    request: Request,
    site: Annotated[str, Path(description="A site's id.", examples=["le-seuil"])],
) -> Site:
    """Return the site of the path.

    Raises:
        Problem: There is none of that name.
    """
    found = console_of(request).sites.get(SiteId(site))
    if found is None:
        raise no_such_site()
    return found


ConsoleHere = Annotated[AppContext, Depends(console_of)]
SiteHere = Annotated[Site, Depends(site_of)]


def no_such_site() -> Problem:
    """Return the problem for a site that does not exist, or that the user may not know of."""
    return Problem(
        404,
        "no-such-site",
        Phrase("Unknown site"),
        Phrase("Choose a site from the list."),
    )


_NOT_ALLOWED: Final = (
    Phrase("Your role doesn't allow this"),
    Phrase("Ask a site administrator. This refusal has been recorded."),
)


def _sign_in(request: Request) -> Problem:
    if request.url.path.startswith(API):
        return Problem(
            401,
            "not-signed-in",
            Phrase("Not signed in"),
            Phrase('Send "Authorization: Bearer" with a token.'),
            headers={"WWW-Authenticate": "Bearer"},
        )
    return _elsewhere(request, "/sign-in", "not-signed-in")


def _again(request: Request) -> Problem:
    if request.url.path.startswith(API):
        return Problem(
            403,
            "sign-in-again",
            Phrase("Confirm it's you"),
            Phrase("Sign in again."),
        )
    return _elsewhere(request, "/sign-in/again", "sign-in-again")


def _owed(request: Request, seat: Principal) -> Problem:
    if request.url.path.startswith(API):
        return Problem(
            403,
            "second-factor-missing",
            Phrase("Second factor required"),
            Phrase("Set one up on your account page."),
        )
    headers = {"Location": seat.owes}
    return Problem(303, "second-factor-missing", Phrase("Sign in"), headers=headers)


def _elsewhere(request: Request, path: str, code: str) -> Problem:
    """Redirect to a page, and back: to the page itself, or to the one whose form was sent."""
    here = request.headers.get("referer", "") if request.method not in SAFE else str(request.url)
    back = _own_path(here)
    headers = {"Location": f"{path}?next={quote(back)}"}
    return Problem(303, code, Phrase("Sign in"), headers=headers)


def _own_path(address: str) -> str:
    """Return the path of one of our pages, with its query."""
    came = urlsplit(address)
    if not came.path.startswith("/") or came.path.startswith("//"):
        return "/"
    return f"{came.path}?{came.query}" if came.query else came.path


async def _check_origin(request: Request, seat: Principal) -> None:
    if not is_from_us(request, await _csrf(request), seat.csrf):
        raise not_from_our_page()


def is_from_us(request: Request, token: str, right: str) -> bool:
    """Return whether a change comes from one of our pages: by its origin and its token."""
    origin = request.headers.get("origin")
    own = origin is None or origin == f"{request.url.scheme}://{request.headers.get('host')}"
    return own and bool(right) and hmac.compare_digest(token.encode(), right.encode())


def not_from_our_page() -> Problem:
    """Return the problem for a form of a foreign page, or one of ours that is too old."""
    return Problem(
        403,
        "not-from-our-page",
        Phrase("This request didn't come from our pages"),
        Phrase("Reload the page and try again."),
    )


async def _csrf(request: Request) -> str:
    header = request.headers.get(CSRF_HEADER)
    if header is not None:
        return header
    if request.headers.get("content-type", "").startswith(_FORMS):
        value = (await request.form()).get(CSRF_FIELD)
        return value if isinstance(value, str) else ""
    return ""


_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def _check_attended(
    request: Request, seat: Principal, console: AppContext, site: SiteId | None
) -> None:
    """Refuse a change from a desk that has locked itself; else it is in use."""
    sites = console.sites.values() if site is None else (console.sites[site],)
    now = console.clock.now()
    if any(seat.locks_in_s(each, now) == 0 for each in sites):
        raise _again(request)
    console.seats.attended(seat)
