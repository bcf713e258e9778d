"""The AsyncAPI 3.0 document of the wire, made from the very models that read and write it.

https://www.asyncapi.com/docs/reference/specification/v3.0.0. The application that it describes is
the gateway: it sends states and orders, and receives events and requests. `seuil asyncapi` prints
it; docs/asyncapi.json is checked for drift.
"""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any, Final

import msgspec

from gateway.console.integrations.asyncapi_channels import Channel, channels
from gateway.wire.requests import RequestEnvelope
from gateway.wire.topics import Topics
from sensors.native import EventEnvelope

Schema = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/{name}"
_PARAMETERS: Final = {
    "site": "A site's id.",
    "device": "A device's id; readers, sensors and locks of a site share one set of ids.",
    "zone": "A zone's id.",
    "door": "A door's id.",
    "machine": "A machine's id.",
    "kind": "What is wrong: forced, held, over-capacity …",
    "object": "The id of the door, zone, machine, access point or device that it is about.",
    "verb": "What is asked for.",
    "page": "A number from 0.",
    "instance": "A gateway's name.",
}


def asyncapi() -> Schema:
    """Return the document."""
    found = tuple(channels(Topics()))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Seuil",
            "version": "1",
            "description": "The native wire seuil/1: readers and sensors, states, requests.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "localhost:1883",
                "protocol": "mqtt",
                "protocolVersion": "5.0",
                "description": "The place's own broker; mqtts where others use the network.",
            }
        },
        "channels": {each.name: _channel(each) for each in found},
        "operations": {each.name: _operation(each) for each in found},
        "components": {
            "schemas": _schemas(found),
            "messages": dict(_messages(found)),
            "messageTraits": {"cloudEvent": {"headers": _CLOUD_EVENT}},
            "parameters": {name: {"description": said} for name, said in _PARAMETERS.items()},
        },
    }


def _channel(channel: Channel) -> Schema:
    names = [name for name in _PARAMETERS if f"{{{name}}}" in channel.address]
    return {
        "address": channel.address,
        "messages": {name: _ref("messages", name) for name in channel.messages},
        "parameters": {name: _ref("parameters", name) for name in names},
    }


def _operation(channel: Channel) -> Schema:
    binding = {"qos": channel.qos, "retain": channel.retain, "bindingVersion": "0.2.0"}
    place = f"#/channels/{channel.name}"
    return {
        "action": channel.action,
        "channel": {"$ref": place},
        "summary": channel.summary,
        "messages": [{"$ref": f"{place}/messages/{name}"} for name in channel.messages],
        "bindings": {"mqtt": binding},
    }


def _messages(known: Iterable[Channel]) -> Iterator[tuple[str, Schema]]:
    for channel in known:
        for name, model in channel.messages.items():
            message: Schema = {"name": name, "payload": _ref("schemas", name)}
            if model is None:
                message["contentType"] = "text/plain"
            if channel.event:
                message["traits"] = [_ref("messageTraits", "cloudEvent")]
            if channel.name in ("request", "response"):
                message["correlationId"] = {"location": "$message.payload#/transaction"}
            yield name, message


def _schemas(known: Iterable[Channel]) -> dict[str, Schema]:
    """Return one schema per message, by its name, and the schemas that they refer to, by theirs."""
    models = {name: model for each in known for name, model in each.messages.items()}
    wanted = [each for each in models.values() if each is not None]
    wanted += [EventEnvelope, RequestEnvelope]
    found, shared = msgspec.json.schema_components(wanted, ref_template=_SCHEMAS)
    for schema in shared.values():  # Python indents docstrings until 3.12
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    of = {model: _named(schema, shared) for model, schema in zip(wanted, found, strict=True)}
    schemas: dict[str, Schema] = {}
    for name, model in models.items():
        if model is None:
            schemas[name] = {"type": "string", "enum": ["online", "offline"]}
        elif name.startswith("event-"):
            schemas[name] = _merged(of[EventEnvelope], of[model])
        elif name.startswith("request-"):
            schemas[name] = _merged(of[RequestEnvelope], of[model], without="verb")
        else:
            schemas[name] = of[model]
    referred = {name: shared[name] for name in sorted(_referred(schemas.values(), shared))}
    return schemas | referred


def _named(schema: Schema, shared: dict[str, Schema]) -> Schema:
    return shared[schema["$ref"].rsplit("/", 1)[1]]


def _merged(envelope: Schema, own: Schema, without: str = "") -> Schema:
    """Return the fields of an envelope and of one kind, side by side as on the wire."""
    properties = envelope["properties"] | own["properties"]
    required = [*envelope["required"], *own["required"]]
    merged = {
        "type": "object",
        "description": own.get("description", ""),
        "properties": {key: value for key, value in properties.items() if key != without},
        "required": [key for key in required if key != without],
    }
    return merged | {key: own[key] for key in ("additionalProperties",) if key in own}


def _referred(schemas: Iterable[Any], shared: dict[str, Schema]) -> set[str]:
    """Return the names of the shared schemas that these refer to."""
    found: set[str] = set()
    ahead = list(schemas)
    while ahead:
        here = ahead.pop()
        if isinstance(here, dict):
            name = str(here.get("$ref", "")).rsplit("/", 1)[-1]
            if name in shared and name not in found:
                found.add(name)
                ahead.append(shared[name])
            ahead += here.values()
        elif isinstance(here, list):
            ahead += here
    return found


def _ref(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


_CLOUD_EVENT: Final[Schema] = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode, as MQTT 5 user properties. What is told again "
    "to a broker that came back has none.",
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string", "format": "uri-reference"},
        "type": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
    },
}
