"""What a device family has to provide, and the values that pass between it and the service."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal, Protocol

from msgspec import Struct

from gateway.core.access.wiring import NOT_WIRED, refusal_of
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.core.readings import CredentialPresented, Reading, Report, WireError
from gateway.wire.commands import MachineOrder
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from sensors.badges import FORMATS

Kind = Literal["device", "status", "request", "stranger"]
"""What comes on a topic: what a device reports, native devices' statuses (a wildcard), operators'
requests, or what may be nobody's and can wait."""
Source = tuple[SiteId, DeviceId]


class Subscription(Struct, frozen=True):
    """A topic filter, and which declared devices write there: that decides how urgent it is."""

    filter: str
    devices: tuple[Source, ...] = ()
    kind: Kind = "device"
    qos: Literal[0, 1] = 1


class AccessAnswer(Struct, frozen=True):
    """What a reader is told about the credential that it reported.

    `unlock_s` is set when the reader itself releases a door; `expires` voids the answer.
    """

    id: str
    site: SiteId
    device: DeviceId
    decision: Literal["granted", "denied"]
    reason: str
    boot: int | None
    seq: int | None
    unlock_s: float | None
    expires: datetime
    message: Text


class Driver(Protocol):
    """One device family: reads what its devices say, and writes the orders that they understand.

    A driver holds every device of its family, for several of them may write on one topic.
    """

    name: ClassVar[str]

    @classmethod
    def faults(cls, device: Device) -> list[str]:
        """What is wrong with a declaration, as "key: what is wrong; what would be right"."""

    @classmethod
    def identity(cls, site: SiteId, device: Device) -> str:
        """How the device is told apart on the wire; no two devices of a family may share it."""

    @classmethod
    def says(cls, device: Device) -> frozenset[type[Reading]]:
        """What a device that is declared like this can report at all."""

    def __init__(self, topics: Topics, devices: Sequence[tuple[SiteId, Device]]) -> None:
        """Devices without faults and with identities of their own."""

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Exact topics (no wildcards); each one is decoded by this driver."""

    def topics(self) -> tuple[str, ...]:
        """Every exact topic that `decode` knows: those subscribed to, and any under a wildcard."""

    def decode(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        """The message's readings; none where it is well-formed and says nothing that we use.

        Raises:
            WireError: the message is not one of this family.
        """

    def answer(self, device: Device, answer: AccessAnswer) -> tuple[Outgoing, ...]:
        """The orders that tell a reader its answer; none where the device cannot be told."""

    def unlock(
        self, site: SiteId, device: Device, order_id: str, unlock_s: float, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """The orders that release a lock for `unlock_s`; none where the device cannot."""

    def tell_machine(
        self, site: SiteId, device: Device, order: MachineOrder, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """The orders that warn a machine's user, or ask it for a safe stop.

        None where the device knows no such words: a plug could only cut the power, and half-cut
        plates and spinning tools are worse than people who come because of the alarm.
        """


def topic_faults(device: Device) -> list[str]:
    """Faults of a topic that has to be one exact MQTT topic."""
    topic = device.topic
    if not topic or topic != topic.strip("/") or any(sign in topic for sign in "+#\0"):
        return ["topic: is not one exact topic; a name without +, # and without / at its ends"]
    return []


def format_faults(device: Device) -> list[str]:
    """Faults of a reader's declared format."""
    if device.role == "reader" and device.format not in FORMATS:
        return [f"format: is unknown; one of {', '.join(FORMATS)}"]
    return []


def option_faults(device: Device, *known: str) -> list[str]:
    """Options that the driver does not know: a misspelt one must not be lost in silence."""
    right = f"one of {', '.join(known)}" if known else "this driver has no options"
    return [f"options.{name}: is unknown; {right}" for name in device.options if name not in known]


def only_a_reader(device: Device) -> None:
    """Refuse a badge from anything else, before its number is read as one.

    Raises:
        WireError: the device is none.
    """
    why = refusal_of(device, None, None, CredentialPresented)
    if why is not None:
        raise WireError(NOT_WIRED, why)


def subscription(topic: str, *sources: tuple[SiteId, Device]) -> Subscription:
    """Return the subscription to a topic on which these devices write."""
    return Subscription(topic, tuple((site, device.id) for site, device in sources))
