"""The requests of programs: nothing that is sent is swallowed, nothing that is not sent changes.

A field or parameter that a route does not know is a fault: `?ref=M-1` where no such filter exists
would answer everybody, and a misspelt `status` would give an active plan. A change publishes no
default: generated clients send defaults by themselves, and made suspended members active.
"""

from typing import Any, Final

from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from gateway.console.web.errors import API, Problem
from gateway.phrase import Phrase

_EVERYWHERE: Final = frozenset({"lang"})
"""Parameters of every address: the language of a problem."""


class RequestBody(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid")


def unsent(**options: Any) -> Any:  # noqa: ANN401 - a field of any type, as pydantic's
    """Return a field that may be left out, and then changes nothing; it publishes no default."""
    return Field(default_factory=_nothing, **options)


def check_parameters(request: Request) -> None:
    """Check that a request to the API has only parameters that its route knows.

    Raises:
        Problem: It has others.
    """
    route = request.scope.get("route")
    if not request.url.path.startswith(API) or not isinstance(route, APIRoute):
        return
    known = _known(route)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        problem = Problem(
            422,
            "invalid-request",
            Phrase("Invalid request"),
            Phrase("Please fix the fields named below."),
        )
        told = ", ".join(sorted(known - _EVERYWHERE)) or "none"
        problem.errors = [
            {"where": f"query.{name[:60]}", "what": f"is not known here; known: {told}"}
            for name in unknown[:10]
        ]
        raise problem


def _known(route: APIRoute) -> frozenset[str]:
    fields = get_flat_params(route.dependant)
    names = (field.alias for field in fields if _place_of(field) == "query")
    return _EVERYWHERE.union(names)


def _place_of(field: Any) -> str:  # noqa: ANN401 - FastAPI's own
    place: object = getattr(field.field_info, "in_", "")
    return str(getattr(place, "value", place))


def _nothing() -> None:
    """Return the value of what was not sent."""
