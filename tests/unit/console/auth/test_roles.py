"""Who may what: every route of the console, for every role."""

from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from gateway.console.api_docs.permissions_table import ORDER, SCOPES, method_of, needs_of, routes_of
from gateway.console.auth.roles import CSRF_FIELD, PUBLIC, SAFE
from gateway.console.identity import RANKS, Principal
from gateway.console.web.errors import Problem
from tests.paths import ROOT
from tests.world.console import CSRF, ConsolePlace, seat

TABLE = ROOT / "docs/who-may.md"
SEATS: dict[str, Principal | None] = {
    "nobody": None,
    "no role": seat(""),
    **{rank: seat(rank) for rank in ORDER},
    **{f"token: {scope}": seat("administrator", scopes=(scope,)) for scope in SCOPES},
}
"""Who sits in each column of the table."""


def routes(place: ConsolePlace) -> tuple[APIRoute, ...]:
    """Every route of the app, those of the screens too."""
    known = routes_of(place.app)
    assert any("{site}" in route.path for route in known)
    return known


@pytest.fixture
def place(tmp_path: Path) -> ConsolePlace:
    """The console of the example's site."""
    return ConsolePlace(tmp_path)


def test_every_route_says_what_it_needs(place: ConsolePlace) -> None:
    """One demand each, or it is listed as public: none was forgotten."""
    for route in routes(place):
        if route.path in PUBLIC:
            assert not needs_of(route), route.path
        else:
            assert len(needs_of(route)) == 1, f"{route.path} needs a seat, or a place in PUBLIC"


def concrete(route: APIRoute, site: str) -> str:
    """A route's path with something in each place."""
    path = route.path.replace("{site}", site)
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", "1" if name in ("n", "number") else "some-thing")
    return path


async def test_each_route_is_refused_below_its_rank(place: ConsolePlace) -> None:
    """Nobody is sent to sign in, a lower role gets 403, another site's role 404, all noted."""
    site = place.sites[0].id
    async with place.browser() as browser:
        for route in routes(place):
            for need in needs_of(route):
                method, path = method_of(route), concrete(route, site)
                place.sits(None)
                answer = await browser.request(method, path)
                assert answer.status_code in (303, 401), path
                if need.rank is None:  # one's own account, whatever one's role; never by a token
                    place.sits(seat("administrator", scopes=("read", "administer")))
                    assert (await browser.request(method, path)).status_code == 403, path
                    continue
                place.sits(seat("", name="no role"))
                assert (await browser.request(method, path)).status_code in (403, 404), path
                for role in ORDER[: ORDER.index(need.rank)]:
                    place.sits(seat(role))
                    refused = len(place.seats.refusals)
                    assert (await browser.request(method, path)).status_code == 403, (role, path)
                    assert len(place.seats.refusals) == refused + 1
                if "{site}" in route.path:
                    place.sits(seat("administrator", "another-site"))
                    assert (await browser.request(method, path)).status_code == 404, path


def rows() -> dict[tuple[str, str], dict[str, str]]:
    """The table of docs/who-may.md: by method and path, each column's word."""
    lines = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in TABLE.read_text("utf-8").splitlines()
        if line.startswith("|")
    ]
    heads, _, *body = lines
    return {
        (method, path.strip("`")): dict(zip(heads[2:], cells, strict=True))
        for method, path, *cells in body
    }


def request(place: ConsolePlace, route: APIRoute) -> Request:
    """A request for a route of our site, from our own page."""
    return Request(
        {
            "type": "http",
            "app": place.app,
            "method": method_of(route),
            "scheme": "http",
            "server": ("localhost", 80),
            "path": concrete(route, place.sites[0].id),
            "path_params": {"site": place.sites[0].id} if "{site}" in route.path else {},
            "query_string": b"",
            "headers": [(b"x-csrf-token", CSRF.encode())],
        }
    )


async def is_let_in(place: ConsolePlace, route: APIRoute, who: Principal | None) -> bool:
    """Whether a route's demand lets somebody pass, to whatever it then does."""
    place.sits(who)
    try:
        for need in needs_of(route):
            await need(request(place, route))
    except Problem:
        return False
    return True


async def test_the_table_is_what_happens(place: ConsolePlace) -> None:
    """Each route, role and right: whom docs/who-may.md lets in is let in, and nobody else."""
    table, known = rows(), routes(place)
    assert {(method_of(route), route.path) for route in known} == table.keys()
    for route in known:
        row = table[method_of(route), route.path]
        assert row.keys() == SEATS.keys()
        for column, word in row.items():
            let_in = await is_let_in(place, route, SEATS[column])
            assert let_in == (word != "\N{EN DASH}"), (column, route.path)


async def test_what_is_grave_is_asked_for_anew(place: ConsolePlace) -> None:
    """Where the table has a star, a session of an hour ago is not enough; a token has no hour."""
    table = rows()
    for route in routes(place):
        row = table[method_of(route), route.path]
        stars = {word for word in row.values() if word.startswith("yes")} - {"yes"}
        stale = await is_let_in(place, route, seat("administrator", fresh=False))
        assert stale == (not stars), route.path
        assert not any("*" in row[f"token: {scope}"] for scope in SCOPES)


async def test_a_change_wants_our_own_page(place: ConsolePlace) -> None:
    """Without the token, or from another origin, nothing is changed."""
    place.sits(seat("administrator"))
    async with place.browser() as browser:
        for route in routes(place):
            if method_of(route) in SAFE or not needs_of(route):
                continue
            method, path = method_of(route), concrete(route, place.sites[0].id)
            answer = await browser.request(method, path, headers={"x-csrf-token": "wrong"})
            assert answer.status_code == 403, path
            answer = await browser.request(method, path, headers={"origin": "http://evil.example"})
            assert answer.status_code == 403, path


def test_the_ranks_are_nested() -> None:
    """Who administrates may operate, who operates may look."""
    assert set(RANKS["administrator"]) < set(RANKS["operator"]) < set(RANKS["viewer"])
    assert CSRF_FIELD == "csrf"
