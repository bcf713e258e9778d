"""The interface of a device family's driver, and the values exchanged with the service."""

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
"""The kind of messages on a topic: a device's reports, statuses of native devices (a wildcard),
operators' requests, or messages of unknown devices, which can wait."""
Source = tuple[SiteId, DeviceId]
_WATTS_MAX = 1_000_000


class Subscription(Struct, frozen=True):
    """A topic filter, and the declared devices that write there, which decide its urgency."""

    filter: str
    devices: tuple[Source, ...] = ()
    kind: Kind = "device"
    qos: Literal[0, 1] = 1


class AccessAnswer(Struct, frozen=True):
    """The answer to a reader about the credential that it reported.

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
    """One device family: decodes the messages of its devices, and encodes orders to them.

    A driver holds every device of its family, since several of them may write on one topic.
    """

    name: ClassVar[str]

    @classmethod
    def faults(cls, device: Device) -> list[str]:
        """Return a declaration's faults, as "key: what is wrong; what would be right"."""

    @classmethod
    def identity(cls, site: SiteId, device: Device) -> str:
        """Return the device's identity on the wire, unique in its family."""

    @classmethod
    def says(cls, device: Device) -> frozenset[type[Reading]]:
        """Return the readings that a device declared like this can report."""

    @classmethod
    def switches(cls, device: Device) -> bool:
        """Return whether a device declared like this can switch a machine's power on and off."""

    def __init__(self, topics: Topics, devices: Sequence[tuple[SiteId, Device]]) -> None:
        """Store devices that have no faults and unique identities."""

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return the exact topics (no wildcards) that this driver decodes."""

    def topics(self) -> tuple[str, ...]:
        """Return every exact topic that `decode` knows: subscribed, or under a wildcard."""

    def decode(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        """Return the message's readings; none if it is well-formed and contains nothing we use.

        Raises:
            WireError: the message is not one of this family.
        """

    def answer(self, device: Device, answer: AccessAnswer) -> tuple[Outgoing, ...]:
        """Return the orders that send a reader its answer; none if it accepts none."""

    def unlock(
        self, site: SiteId, device: Device, order_id: str, unlock_s: float, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the orders that release a lock for `unlock_s`; none if the device cannot."""

    def tell_machine(
        self, site: SiteId, device: Device, order: MachineOrder, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the orders that switch a machine, warn its user, or ask it for a safe stop.

        None if the device has no such order: a relay takes no warning and knows no safe stop.
        """


def topic_faults(device: Device) -> list[str]:
    """Return the faults of a topic that has to be one exact MQTT topic."""
    topic = device.topic
    if not topic or topic != topic.strip("/") or any(sign in topic for sign in "+#\0"):
        return ["topic: is not one exact topic; a name without +, # and without / at its ends"]
    return []


def format_faults(device: Device) -> list[str]:
    """Return the faults of a reader's declared format."""
    if device.role == "reader" and device.format not in FORMATS:
        return [f"format: is unknown; one of {', '.join(FORMATS)}"]
    return []


def option_faults(device: Device, *known: str) -> list[str]:
    """Return the options that the driver does not know: typing errors must be reported."""
    right = f"one of {', '.join(known)}" if known else "this driver has no options"
    return [f"options.{name}: is unknown; {right}" for name in device.options if name not in known]


def only_a_reader(device: Device) -> None:
    """Refuse a badge from any device but a reader, before its number is parsed.

    Raises:
        WireError: the device is no reader.
    """
    why = refusal_of(device, None, None, CredentialPresented)
    if why is not None:
        raise WireError(NOT_WIRED, why)


def subscription(topic: str, *sources: tuple[SiteId, Device]) -> Subscription:
    """Return the subscription to a topic on which these devices write."""
    return Subscription(topic, tuple((site, device.id) for site, device in sources))


def power_w(key: str, value: object) -> float:
    """Return a power in watts, absolute: a meter that is wired in reverse counts below zero.

    Raises:
        WireError: it is no number, or more than a machine can draw.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WireError("wrong-type", f"{key}: must be a number")
    watts = abs(float(value))
    if watts > _WATTS_MAX:
        raise WireError(
            "out-of-range", f"{key}: must be a number from -{_WATTS_MAX} to {_WATTS_MAX}"
        )
    return watts


def threshold_faults(device: Device) -> list[str]:
    """Return the faults of `on_above_w`, the power above which a machine runs."""
    if "on_above_w" not in device.options:
        return []
    if device.machine is None:
        return ["options.on_above_w: is for the plug of a machine; declare machine"]
    watts = device.options["on_above_w"]
    if isinstance(watts, int | float) and not isinstance(watts, bool) and watts > 0:
        return []
    return ["options.on_above_w: is no power; watts above 0, such as 30"]
