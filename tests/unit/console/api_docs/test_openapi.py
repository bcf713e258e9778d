"""The OpenAPI document: of today's routes, whole, and with examples that are true to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from fastapi.routing import APIRoute
from typer.testing import CliRunner

from gateway.cli import app
from gateway.console.api_docs.permissions_table import method_of, needs_of, routes_of
from gateway.console.auth.roles import PUBLIC
from tests.paths import ROOT
from tests.world.console import ConsolePlace

DOCS = ROOT / "docs"
PRINTED = CliRunner().invoke(app, ["openapi"]).stdout
DOCUMENT: dict[str, Any] = json.loads(PRINTED)
OPERATIONS = {
    f"{method.upper()} {path}": (path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
each_operation = pytest.mark.parametrize("name", OPERATIONS)


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, APIRoute]:
    """The app's routes, by method and path."""
    found = routes_of(ConsolePlace(tmp_path_factory.mktemp("app")).app)
    return {f"{method_of(route)} {route.path_format}": route for route in found}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to; anything else is itself."""
    found: Any = node
    while "$ref" in found:
        steps = found["$ref"].removeprefix("#/").split("/")
        found = DOCUMENT
        for step in steps:
            found = found[step]
    return found  # type: ignore[no-any-return]


def examples(content: dict[str, Any]) -> list[Any]:
    """The examples of a body: its own, or those of its schema."""
    if "example" in content:
        return [content["example"]]
    schema = resolved(content["schema"])
    if schema.get("type") == "array":
        return [[one] for one in resolved(schema["items"]).get("examples", [])]
    return schema.get("examples", [])  # type: ignore[no-any-return]


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is sent and what is answered when all is well, by media type."""
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from response.get("content", {}).items()


def test_the_committed_document_has_not_drifted() -> None:
    """`seuil openapi > docs/openapi.json` writes it; the app serves the same."""
    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == PRINTED
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_the_committed_table_has_not_drifted() -> None:
    """`seuil openapi --table` writes the part of docs/who-may.md below its introduction."""
    table = CliRunner().invoke(app, ["openapi", "--table"]).stdout
    assert table.count("\n") > len(OPERATIONS)
    assert (DOCS / "who-may.md").read_text(encoding="utf-8").endswith(f"\n\n{table}")


async def test_the_app_serves_it(tmp_path: Path) -> None:
    """At /openapi.json, whoever asks."""
    async with ConsolePlace(tmp_path).browser() as browser:
        assert (await browser.get("/openapi.json")).json() == DOCUMENT


def test_it_is_openapi() -> None:
    """As its specification has it; and no operation has another's name."""
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    names = [operation["operationId"] for _, operation in OPERATIONS.values()]
    assert len(names) == len({*names})


@each_operation
def test_it_says_what_it_does_and_answers(name: str) -> None:
    """A summary of its own, a model of the answer, and an example of it that fits."""
    _, operation = OPERATIONS[name]
    assert len(operation["summary"].split()) > 1 or "other tools" in operation["tags"]
    answered = next(s for s in operation["responses"] if s.startswith("2"))
    found = list(bodies(operation))
    if answered != "204":
        assert operation["responses"][answered]["content"], name
    for media_type, content in found:
        assert resolved(content["schema"]), f"{name}: nothing is said of the body"
        if "sheet" in media_type or "multipart" in media_type:
            continue  # no text
        shown = examples(content)
        assert shown, f"{name}: no example of {media_type}"
        if "json" in media_type:
            schema = content["schema"] | {"components": DOCUMENT["components"]}
            for one in shown:
                jsonschema.Draft202012Validator(schema).validate(one)


@each_operation
def test_its_errors_are_problems(name: str) -> None:
    """Each is problem+json, and nothing else; whoever may be refused is told how."""
    path, operation = OPERATIONS[name]
    errors = {s: resolved(r) for s, r in operation["responses"].items() if s >= "4"}
    for error in errors.values():
        assert list(error["content"]) == ["application/problem+json"]
    wanted = {"422"} if path in PUBLIC else {"401", "403", "404", "422", "503"}
    assert wanted <= errors.keys()


@each_operation
def test_it_says_who_may(name: str, routes: dict[str, APIRoute]) -> None:
    """In words and as security requirements, as its route demands it."""
    path, operation = OPERATIONS[name]
    if path in PUBLIC:
        assert operation["security"] == []
        assert "Nobody has to sign in." in operation["description"]
        return
    (need,) = needs_of(routes[name])
    assert operation["security"] == [{"token": [need.scope]}, {"session": [need.rank]}]
    assert f"Who may: {need.rank}" in operation["description"]
    assert f"`{need.scope}`" in operation["description"]
    assert ("in the last 5 min" in operation["description"]) == need.fresh
    assert operation["security"][0].keys() <= DOCUMENT["components"]["securitySchemes"].keys()
