"""Every kind of topic, as the gateway uses it: the source of the AsyncAPI document."""

from collections.abc import Iterator
from typing import Any, Literal, get_args

from msgspec import Struct

from gateway.core.model.names import DeviceId, DoorId, MachineId, SiteId, ZoneId
from gateway.core.requests import Order
from gateway.wire.commands import (
    AccessCommand,
    Ack,
    SafeStopCommand,
    SwitchCommand,
    UnlockCommand,
    WarningCommand,
    WarningOverCommand,
)
from gateway.wire.offline_rights import RightsMessage, RightsPage, RightsState
from gateway.wire.states import (
    AccessMessage,
    AlarmMessage,
    DoorMessage,
    HealthMessage,
    HintMessage,
    MachineMessage,
    ModeMessage,
    MusterMessage,
    OccupancyMessage,
    ResponseMessage,
    RunMessage,
)
from gateway.wire.topics import Topics
from sensors.native import NativeEvent, StatusMessage


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


def channels(topics: Topics) -> Iterator[Channel]:
    """Yield every channel."""
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
                SwitchCommand,
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
        "gateway-run",
        topics.gateway_run("{instance}"),
        "send",
        {"gateway-run": RunMessage},
        "A run announces itself, so that of two gateways with one name the later one ends.",
        qos=1,
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
    """Yield the channels of retained states, with no more than pseudonyms."""
    found: tuple[tuple[str, str, type[Struct], str], ...] = (
        ("occupancy", topics.occupancy(site, zone), OccupancyMessage, "A zone's head count."),
        ("muster", topics.muster(site, zone), MusterMessage, "Whom an evacuation waits for."),
        ("door", topics.door(site, DoorId("{door}")), DoorMessage, "A door's state."),
        (
            "machine",
            topics.machine(site, MachineId("{machine}")),
            MachineMessage,
            "A machine's power and work, with its user's pseudonym.",
        ),
        ("alarm", topics.alarm(site, "{kind}", "{object}"), AlarmMessage, "Empty when cleared."),
        ("mode", topics.mode(site), ModeMessage, "A site's mode."),
    )
    for name, address, model, summary in found:
        yield Channel(name, address, "send", {name: model}, summary, retain=True, event=True)
    hint = topics.hint(site, "{kind}", "{object}")
    summary = "Something to look at that is no alarm."
    yield Channel("hint", hint, "send", {"hint": HintMessage}, summary)
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


def _tag(model: Any) -> str:  # noqa: ANN401 - a tagged struct
    return str(model.__struct_config__.tag)
