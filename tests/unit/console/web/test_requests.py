"""Programs' requests: nothing that is sent is swallowed, and no default changes anybody."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.console.api_docs.permissions_table import method_of, needs_of, routes_of
from gateway.console.web.errors import API
from tests.paths import ROOT
from tests.world.console import ConsolePlace, seat

DOCUMENT: Final[dict[str, Any]] = json.loads((ROOT / "docs/openapi.json").read_text())
SITE: Final = "le-seuil"


@pytest.fixture
def place(tmp_path: Path) -> ConsolePlace:
    """A console at which an administrator sits."""
    place = ConsolePlace(tmp_path)
    place.sits(seat("administrator"))
    return place


def bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each JSON body that the API takes: its method, its name, its schema."""
    for operations in DOCUMENT["paths"].values():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
                yield method, name, DOCUMENT["components"]["schemas"][name]


def test_no_field_is_swallowed() -> None:
    """A body with a field that is not known is refused, whichever route it is for."""
    taken = list(bodies())
    assert len(taken) >= 15
    assert [name for _, name, schema in taken if schema.get("additionalProperties", True)] == []


def test_a_change_publishes_no_default() -> None:
    """Generated clients send defaults by themselves: an unpaid plan became active so."""
    changes = [(name, schema) for method, name, schema in bodies() if method in ("patch", "put")]
    assert {"IdentityWanted", "PlanChanged", "BadgeWanted"} <= {name for name, _ in changes}
    for name, schema in changes:
        sent_alone = [key for key, field in schema["properties"].items() if "default" in field]
        assert sent_alone == [], name


async def test_no_parameter_is_swallowed(place: ConsolePlace) -> None:
    """One that a route does not know is named, with those that it knows."""
    asked = 0
    async with place.browser() as browser:
        for route in routes_of(place.app):
            if method_of(route) != "GET" or not route.path.startswith(API) or not needs_of(route):
                continue
            path = route.path.replace("{site}", SITE)
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", "1")
            answer = await browser.get(path, params={"bogus": "1", "lang": "fr"})
            assert answer.status_code == 422, route.path
            assert [one["where"] for one in answer.json()["errors"]] == ["query.bogus"], route.path
            asked += 1
    assert asked >= 15


def documented() -> Iterator[tuple[str, list[str]]]:
    """Each GET of the API, and its parameters as docs/openapi.json names them."""
    for path, operations in DOCUMENT["paths"].items():
        sent = operations.get("get", {}).get("parameters", [])
        names = [each["name"] for each in sent if each["in"] == "query"]
        if path.startswith(API) and names:
            yield path, names


async def test_a_documented_parameter_is_known(place: ConsolePlace) -> None:
    """Whatever else is wrong with it: those of a whole filter, too."""
    taken = list(documented())
    assert ("/api/v1/sites/{site}/audit", "action") in [
        (path, name) for path, names in taken for name in names
    ]
    async with place.browser() as browser:
        for path, names in taken:
            asked = path.replace("{site}", SITE).replace("{", "").replace("}", "")
            answer = await browser.get(asked, params=dict.fromkeys(names, "1"))
            assert "is not known here" not in answer.text, path
