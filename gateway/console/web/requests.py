"""The requests of programs: nothing that is sent is swallowed, nothing that is not sent changes.

A field or parameter that a route does not know is a fault: `?ref=M-1` where no such filter exists
would answer everybody, and a misspelt `status` would give an active plan. A change publishes no
default: generated clients send defaults by themselves, and made suspended members active.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastapi.dependencies.models import Dependant
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
    return _EVERYWHERE.union(*(_names_of(field) for field in _parameters(route.dependant)))


def _parameters(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for needed in dependant.dependencies:
        yield from _parameters(needed)


def _names_of(field: Any) -> Iterable[str]:  # noqa: ANN401 - FastAPI's own
    """Return a parameter's name; of a model, the names of all that it holds."""
    model = field.field_info.annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [found.alias or name for name, found in model.model_fields.items()]
    return [field.alias]


def _nothing() -> None:
    """Return the value of what was not sent."""
