"""The console's API as an OpenAPI 3.1 document: what FastAPI knows of the routes, and the rest.

FastAPI writes the paths and the pydantic models. Added here, all of it read from the code: the
rights that each route needs (its `Requires`), the problems as RFC 9457 defines them, the models of
msgspec, a summary (the docstring's first sentence), and the nulls in the examples, which FastAPI
drops.
"""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from msgspec import Struct
from pydantic import TypeAdapter

from gateway.console.api_docs.permissions_table import (
    changes,
    in_words,
    method_of,
    needs_of,
    routes_of,
)
from gateway.console.auth.cookies import SESSION
from gateway.console.auth.sessions import FRESH
from gateway.console.web.errors import JSON, ProblemBody, phrase

Schema = dict[str, Any]
VERSION: Final = "1"
"""The version of the API, as in its paths; not that of the program."""
SCHEMAS: Final = "#/components/schemas/{model}"
_FIRST_ERROR: Final = 400
_SCHEMES: Final[Schema] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of docs/console.md, shown once when it was made.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION,
        "description": "A browser that has signed in (on https the cookie is `__Host-seuil`). "
        "With it a change also sends the page's token as `X-CSRF-Token`.",
    },
}


def answers(model: type[Struct], example: object) -> dict[int | str, Schema]:
    """Return a route's response that is a msgspec struct, for its `responses`."""
    return {200: {"content": {"application/json": {"schema": _struct(model), "example": example}}}}


def openapi(app: FastAPI) -> Schema:
    """Return the document; the same for the same code."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> Schema:
    told = get_openapi(
        title=app.title,
        version=VERSION,
        summary=app.summary,
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        routes=app.routes,
    )
    schemas = told["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own, which are not sent
        schemas.pop(name, None)
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    shown = [route for route in routes_of(app) if route.include_in_schema]
    for route in shown:
        _complete(told["paths"][route.path_format][method_of(route).lower()], route, schemas)
        for name, examples in _examples(route):
            schemas[name]["examples"] = examples
    told["components"] = {
        "schemas": {name: schemas[name] for name in sorted(schemas)},
        "responses": {_named(status): _problem(status) for status in _statuses(shown)},
        "securitySchemes": _SCHEMES,
    }
    return told


def _complete(operation: Schema, route: APIRoute, schemas: Schema) -> None:
    """Add to an operation everything that FastAPI does not know."""
    said = (route.description or "").strip()
    need = next(iter(needs_of(route)), None)
    who = in_words(need, minutes=FRESH.total_seconds() / 60, changes=changes(route))
    operation["summary"] = route.summary or said.split(". ")[0].split("\n")[0].rstrip(".")
    operation["description"] = f"{said}\n\n{who}"
    operation["operationId"] = f"{route.tags[0]}_{route.name}".replace(" ", "_")
    operation["security"] = (
        [] if need is None else [{"token": [need.scope]}, {"session": [need.rank]}]
    )
    for status, response in operation["responses"].items():
        if int(status) >= _FIRST_ERROR:
            told = f"#/components/responses/{_named(int(status))}"
            operation["responses"][status] = {"$ref": told}
            continue
        for content in response.get("content", {}).values():
            schemas |= content.get("schema", {}).pop("$defs", {})


def _examples(route: APIRoute) -> Iterator[tuple[str, list[Any]]]:
    """Yield the examples of a route's models as they were written, by model."""
    bodies = [each.field_info.annotation for each in route.dependant.body_params]
    for model in (route.response_model, *bodies):
        if model is None:
            continue
        schema = TypeAdapter(model).json_schema()
        for name, each in (schema.get("$defs", {}) | {schema.get("title", ""): schema}).items():
            if "examples" in each and each.get("type") == "object":
                yield name, each["examples"]


def _struct(model: type[Struct]) -> Schema:
    (schema,), models = msgspec.json.schema_components(
        (model,), ref_template="#/components/schemas/{name}"
    )
    for each in models.values():  # Python indents docstrings until 3.12
        if "description" in each:
            each["description"] = cleandoc(each["description"])
    return schema | {"$defs": models}


def _statuses(routes: list[APIRoute]) -> list[int]:
    found = {int(status) for route in routes for status in route.responses}
    return sorted(status for status in found | {422} if status >= _FIRST_ERROR)


def _named(status: int) -> str:
    return phrase(status).title().replace(" ", "")


def _problem(status: int) -> Schema:
    return {
        "description": _PROBLEMS[status],
        "content": {JSON: {"schema": {"$ref": SCHEMAS.format(model="ProblemBody")}}},
    }


_ABOUT: Final = (
    "What the console's pages show and do, for programs. docs/console.md tells of tokens, "
    "paging and errors. Texts are in the language of Accept-Language (en, fr)."
)
_PROBLEMS: Final = {
    400: "The request cannot be read.",
    401: "Nobody is signed in: send a token.",
    403: "The role or the token's rights do not suffice, or the gateway refused the asker.",
    404: "There is no such thing, or not for who asks.",
    409: "It cannot be done as things are; `type` says why.",
    412: "The member is no more as If-Match has them: read them again.",
    413: "More than 10 MB.",
    422: "Something in the request is wrong; `errors` names it.",
    429: "Too often: see Retry-After.",
    503: "The gateway, the broker or a file cannot be asked now; nothing is confirmed.",
}
