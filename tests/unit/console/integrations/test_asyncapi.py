"""The AsyncAPI document: whole, of today's models, and true of what is really sent.

AsyncAPI's own JSON schema is not on PyPI in a well-kept package, so the structure is checked here
by hand. The committed document was validated once with @asyncapi/specs 6.11.1 (3.0.0.json) and
@asyncapi/parser, on 2026-11-22: no error.
"""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.console.integrations.asyncapi import asyncapi
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DoorId, SiteId
from gateway.core.requests import OpenDoor, Request
from gateway.wire.commands import UnlockCommand
from gateway.wire.message import encode
from gateway.wire.requests import request_message
from gateway.wire.states import AlarmMessage, DoorMessage, HealthMessage, OccupancyMessage
from gateway.wire.topics import Topics
from tests.paths import ROOT
from tests.world.hive import AT, HUB, decision

COMMITTED = ROOT / "docs" / "asyncapi.json"
DOCUMENT: dict[str, Any] = json.loads(json.dumps(asyncapi()))
OPERATIONS = {"action", "channel", "summary", "messages", "bindings"}
MESSAGES = {"name", "payload", "contentType", "traits", "correlationId"}


def refs(node: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Every reference in the document."""
    if isinstance(node, dict):
        if "$ref" in node:
            assert set(node) == {"$ref"} or "description" in node, node
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def resolved(ref: str) -> Any:  # noqa: ANN401 - JSON
    """What a reference leads to."""
    node: Any = DOCUMENT
    for step in ref.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_the_committed_document_is_of_these_models() -> None:
    """docs/asyncapi.json has not drifted: `seuil asyncapi` writes it."""
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == DOCUMENT
    printed = CliRunner().invoke(app, ["asyncapi"])
    assert json.loads(printed.stdout) == DOCUMENT


def test_it_is_asyncapi_3() -> None:
    """The required keys, and no others than the specification has."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    assert DOCUMENT.keys() == {
        "asyncapi",
        "info",
        "defaultContentType",
        "servers",
        "channels",
        "operations",
        "components",
    }
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= server.keys()
    names = re.compile(r"^[A-Za-z0-9._-]+$")
    for part in DOCUMENT["components"].values():
        assert all(names.match(name) for name in part)


def test_every_reference_leads_somewhere() -> None:
    """None is broken, and each schema and message is used."""
    found = set(refs(DOCUMENT))
    for ref in found:
        assert resolved(ref) is not None
    for kind in ("schemas", "messages", "parameters", "messageTraits"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in found, name


@pytest.mark.parametrize("name", DOCUMENT["operations"])
def test_each_operation_is_whole(name: str) -> None:
    """It sends or receives messages of its own channel, whose parameters are those of its topic."""
    operation = DOCUMENT["operations"][name]
    assert operation.keys() == OPERATIONS
    assert operation["action"] in {"send", "receive"}
    channel = resolved(operation["channel"]["$ref"])
    assert set(re.findall(r"{(\w+)}", channel["address"])) == channel["parameters"].keys()
    for message in operation["messages"]:
        assert message["$ref"].startswith(operation["channel"]["$ref"])
        found = resolved(resolved(message["$ref"])["$ref"])
        assert found.keys() <= MESSAGES
    assert operation["bindings"]["mqtt"]["qos"] in {0, 1}


def test_every_topic_is_in_it() -> None:
    """Whatever `Topics` can name has its channel."""
    topics = Topics()
    made = set()
    for name, method in inspect.getmembers(topics, inspect.ismethod):
        if name.startswith("_"):
            continue
        words = {"about": "object", "device": "device"}
        parameters = inspect.signature(method).parameters
        made.add(method(*(f"{{{words.get(each, each)}}}" for each in parameters)))
    assert made == {channel["address"] for channel in DOCUMENT["channels"].values()}


COUNT = OccupancyMessage(AT, 2, 1, 3, 2, 10, 0.0, 0.1, stale=False)
REQUEST = Request("t1", HolderId("h-0123456789ab"), AT, OpenDoor(DoorId("front")))


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ("occupancy", encode(COUNT)),
        ("door", encode(DoorMessage(AT, "open"))),
        ("alarm", encode(AlarmMessage(AT, "forced", "front"))),
        ("access", encode(decision())),
        ("command-unlock", encode(UnlockCommand("1", 5.0, AT))),
        ("gateway-health", encode(HealthMessage(AT, "ok", "0.1.0", 1, 0, 0, 0.5, 0))),
        ("request-open", request_message(Topics(), SiteId(HUB), REQUEST).payload),
        (
            "event-credential",
            (
                b'{"boot":17,"seq":412,"at":"2026-11-22T08:00:00.120Z","type":"credential",'
                b'"credential":"04a224b2c31990","format":"hex"}'
            ),
        ),
    ],
)
def test_what_is_sent_is_what_is_described(message: str, payload: bytes) -> None:
    """A payload of ours validates, and one without a required field does not."""
    schema = {"$ref": f"#/components/schemas/{message}", "components": DOCUMENT["components"]}
    checker = jsonschema.Draft202012Validator(schema)
    said = msgspec.json.decode(payload)
    checker.validate(said)
    del said[DOCUMENT["components"]["schemas"][message]["required"][0]]
    assert not checker.is_valid(said)
