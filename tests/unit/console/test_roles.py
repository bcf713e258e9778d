"""Who may what: every route of the console, for every role."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from gateway.console.seat import CSRF_FIELD, PUBLIC, RANKS, SAFE, Needs, Rank
from tests.console_place import ConsolePlace, seat

ORDER: tuple[Rank, ...] = ("viewer", "operator", "administrator")


def needs_of(route: APIRoute) -> list[Needs]:
    """What a route asks of its seat."""

    def walk(dependant: Dependant) -> Iterator[Needs]:
        if isinstance(dependant.call, Needs):
            yield dependant.call
        for inner in dependant.dependencies:
            yield from walk(inner)

    return list(walk(route.dependant))


def routes(place: ConsolePlace) -> list[APIRoute]:
    """Every route of the app, those of the screens too."""
    found = [context.original_route for context in iter_route_contexts(place.app.routes)]
    known = [route for route in found if isinstance(route, APIRoute)]
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


def method_of(route: APIRoute) -> str:
    """The one method that a route answers."""
    (method,) = route.methods or {"GET"}
    return method


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
