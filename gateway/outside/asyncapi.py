"""The AsyncAPI 3.0 document of the wire, made from the very models that read and write it.

https://www.asyncapi.com/docs/reference/specification/v3.0.0. The application that it describes is
the gateway: it sends states and orders, and receives events and requests. `seuil asyncapi` prints
it; docs/asyncapi.json is checked for drift.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import Struct

from gateway.core.requests import Order
from gateway.core.site import DeviceId, DoorId, SiteId, ZoneId
from gateway.request_wire import RequestEnvelope
from gateway.wire import (
    AccessCommand,
    AccessMessage,
    Ack,
    AlarmMessage,
    DoorMessage,
    HealthMessage,
    ModeMessage,
    MusterMessage,
    OccupancyMessage,
    ResponseMessage,
    RightsMessage,
    RightsPage,
    RightsState,
    SafeStopCommand,
    Topics,
    UnlockCommand,
    WarningCommand,
    WarningOverCommand,
)
from sensors.native import EventEnvelope, NativeEvent, StatusMessage

Schema = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/{name}"
_PARAMETERS: Final = {
    "site": "A site's id.",
    "device": "A device's id; readers, sensors and locks of a site share one set of ids.",
    "zone": "A zone's id.",
    "door": "A door's id.",
    "kind": "What is wrong: forced, held, over-capacity …",
    "object": "The id of the door, zone, machine, access point or device that it is about.",
    "verb": "What is asked for.",
    "page": "A number from 0.",
    "instance": "A gateway's name.",
}


class Channel(Struct, frozen=True):
    """One kind of topic, as the gateway uses it. `event`: its messages carry CloudEvents."""

    name: str
    address: str
    action: Literal["send", "receive"]
    messages: dict[str, Any]
    """Models by message name; None: no JSON, but the words online and offline."""
    summary: str
    qos: Literal[0, 1] = 0
    retain: bool = False
    event: bool = False


def asyncapi() -> Schema:
    """The document."""
    channels = tuple(_channels(Topics()))
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
        "channels": {each.name: _channel(each) for each in channels},
        "operations": {each.name: _operation(each) for each in channels},
        "components": {
            "schemas": _schemas(channels),
            "messages": dict(_messages(channels)),
            "messageTraits": {"cloudEvent": {"headers": _CLOUD_EVENT}},
            "parameters": {name: {"description": said} for name, said in _PARAMETERS.items()},
        },
    }


def _channels(topics: Topics) -> Iterator[Channel]:
    site, device, zone = SiteId("{site}"), DeviceId("{device}"), ZoneId("{zone}")
    yield Channel(
        "event",
        topics.event(site, device),
        "receive",
        {f"event-{_tag(each)}": each for each in get_args(NativeEvent)},
        "What a device reports; it keeps an event until the gateway acknowledges it.",
        qos=1,
    )
    yield Channel(
        "status",
        topics.status(site, device),
        "receive",
        {"status": StatusMessage},
        "Whether a device is there; also its last will.",
        qos=1,
        retain=True,
    )
    yield Channel("ack", topics.ack(site, device), "send", {"ack": Ack}, "What is on disk.")
    yield Channel(
        "command",
        topics.command(site, device),
        "send",
        {
            f"command-{_tag(each)}": each
            for each in (
                AccessCommand,
                UnlockCommand,
                WarningCommand,
                WarningOverCommand,
                SafeStopCommand,
            )
        },
        "Orders; void after their expiry, which is a message expiry, too.",
        qos=1,
    )
    yield Channel(
        "rights",
        topics.rights(site, device),
        "send",
        {"rights": RightsMessage},
        "What a reader may decide alone while it is cut off.",
        qos=1,
        retain=True,
    )
    yield Channel(
        "rights-page",
        topics.rights(site, device) + "/{page}",
        "send",
        {"rights-page": RightsPage},
        "A page of that list.",
        qos=1,
        retain=True,
    )
    yield Channel(
        "rights-state",
        topics.rights_state(site, device),
        "send",
        {"rights-state": RightsState},
        "Whether a reader has its list.",
        retain=True,
    )
    yield from _states(topics, site, zone)
    yield from _requests(topics, site)
    yield Channel(
        "gateway-state",
        topics.gateway_state("{instance}"),
        "send",
        {"gateway-state": None},
        "online or offline; also the gateway's last will.",
        qos=1,
        retain=True,
    )
    yield Channel(
        "gateway-health",
        topics.gateway_health("{instance}"),
        "send",
        {"gateway-health": HealthMessage},
        "The gateway's own figures, each 10 s.",
        retain=True,
    )


def _states(topics: Topics, site: SiteId, zone: ZoneId) -> Iterator[Channel]:
    """What everybody may know."""
    found: tuple[tuple[str, str, type[Struct], str], ...] = (
        ("occupancy", topics.occupancy(site, zone), OccupancyMessage, "A zone's head count."),
        ("muster", topics.muster(site, zone), MusterMessage, "Whom an evacuation waits for."),
        ("door", topics.door(site, DoorId("{door}")), DoorMessage, "A door's state."),
        ("alarm", topics.alarm(site, "{kind}", "{object}"), AlarmMessage, "Empty when cleared."),
        ("mode", topics.mode(site), ModeMessage, "A site's mode."),
    )
    for name, address, model, summary in found:
        yield Channel(name, address, "send", {name: model}, summary, retain=True, event=True)
    summary = "Each decision, with a pseudonym."
    yield Channel(
        "access", topics.access(site), "send", {"access": AccessMessage}, summary, event=True
    )


def _requests(topics: Topics, site: SiteId) -> Iterator[Channel]:
    yield Channel(
        "request",
        topics.request(site, "{verb}"),
        "receive",
        {f"request-{_tag(each)}": each for each in get_args(Order)},
        "What operators ask for; the topic's last level says it. Never retained.",
        qos=1,
    )
    yield Channel(
        "response",
        topics.response(site, "{verb}"),
        "send",
        {"response": ResponseMessage},
        "What became of a request.",
        qos=1,
    )


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


def _messages(channels: Iterable[Channel]) -> Iterator[tuple[str, Schema]]:
    for channel in channels:
        for name, model in channel.messages.items():
            message: Schema = {"name": name, "payload": _ref("schemas", name)}
            if model is None:
                message["contentType"] = "text/plain"
            if channel.event:
                message["traits"] = [_ref("messageTraits", "cloudEvent")]
            if channel.name in ("request", "response"):
                message["correlationId"] = {"location": "$message.payload#/transaction"}
            yield name, message


def _schemas(channels: Iterable[Channel]) -> dict[str, Schema]:
    """One schema a message, under the message's name, and what they refer to under its own."""
    models = {name: model for each in channels for name, model in each.messages.items()}
    known = [model for model in models.values() if model is not None]
    wanted = [*known, EventEnvelope, RequestEnvelope]
    found, shared = msgspec.json.schema_components(wanted, ref_template=_SCHEMAS)
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
    """What an envelope carries and the fields of one kind, side by side as the wire has them."""
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
    """The names of shared schemas that these lead to."""
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


def _tag(model: Any) -> str:  # noqa: ANN401 - a tagged struct
    return str(model.__struct_config__.tag)


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
