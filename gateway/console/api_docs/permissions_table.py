"""The rights that the app's routes need, read from the routes themselves.

For the OpenAPI document, for the table in docs/console.md, and for the test that checks every
route.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from gateway.console.auth.roles import SAFE, Requires
from gateway.console.identity import RANKS, Rank, Scope

ORDER: Final[tuple[Rank, ...]] = ("viewer", "operator", "administrator")
"""The ranks, lowest first; each includes those before it."""
SESSIONS: Final = ("no role", *ORDER)
"""The kinds of sessions."""
SCOPES: Final[tuple[Scope, ...]] = ("read", "people", "operate", "administer")


def routes_of(app: FastAPI) -> tuple[APIRoute, ...]:
    """Return every route of the app, those of its routers too, without static files."""
    found = (context.original_route for context in iter_route_contexts(app.routes))
    return tuple(route for route in found if isinstance(route, APIRoute))


def needs_of(route: APIRoute) -> tuple[Requires, ...]:
    """Return what a route demands of its seat: one demand, or none where it is public."""
    return tuple(_walk(route.dependant))


def _walk(dependant: Dependant) -> Iterator[Requires]:
    if isinstance(dependant.call, Requires):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _walk(inner)


def method_of(route: APIRoute) -> str:
    """Return the one method that a route answers."""
    (method,) = route.methods or {"GET"}
    return method


def in_words(need: Requires | None, *, minutes: float, changes: bool) -> str:
    """Return a demand in words; `minutes` are those for which a password stays fresh."""
    if need is None:
        return "Nobody has to sign in."
    if need.rank is None:
        return "Who may: whoever has a session, for what is their own. Tokens may not."
    said = f"Who may: {_or_higher(need.rank)}; a token needs the right `{need.scope}`."
    if need.fresh:
        said += f" A session must have shown its password or passkey in the last {minutes:g} min."
    if changes:
        said += " A session sends its `X-CSRF-Token`."
    return said


def _or_higher(rank: Rank) -> str:
    return f"{rank} or higher" if RANKS[rank] != RANKS[ORDER[-1]] else rank


def table(app: FastAPI) -> str:
    """Return the permissions as a table in Markdown: each route, each rank, each right of a token.

    A token's column stands for an administrator's token that has this one right.
    """
    heads = ("method", "path", "nobody", *SESSIONS, *(f"token: {scope}" for scope in SCOPES))
    lines = [heads, ("---",) * len(heads)]
    lines += (_line(route) for route in sorted(routes_of(app), key=_by_path))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _by_path(route: APIRoute) -> tuple[str, str]:
    return route.path, method_of(route)


def _line(route: APIRoute) -> tuple[str, ...]:
    need = next(iter(needs_of(route)), None)
    return method_of(route), f"`{route.path}`", *_marks(may(need))


def _marks(allowed: Iterable[str]) -> Iterator[str]:
    yes = frozenset(allowed)
    fresh = "yes*" if "fresh" in yes else "yes"
    for who in ("nobody", *SESSIONS, *SCOPES):
        session = who in SESSIONS
        yield (fresh if session else "yes") if who in yes else "–"  # noqa: RUF001 - no minus


def may(need: Requires | None) -> frozenset[str]:
    """Return who is let in: `nobody`, ranks of a session, rights of an administrator's token.

    `fresh` is among them where a session must confirm its identity.
    """
    if need is None:
        return frozenset({"nobody", *SESSIONS, *SCOPES})
    fresh = {"fresh"} if need.fresh else set()
    if need.rank is None:
        return frozenset({*SESSIONS, *fresh})
    return frozenset({*ORDER[ORDER.index(need.rank) :], need.scope, *fresh})


def changes(route: APIRoute) -> bool:
    """Return whether a route changes something."""
    return method_of(route) not in SAFE
