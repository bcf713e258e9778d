"""The readings that devices of any make report: the engine's input vocabulary.

A driver of `sensors/` turns one MQTT message into `Report`s; all other code uses only these. Names
and fields are those of the native wire (design: "seuil/1"). Facts are past tense.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.core.model.names import DeviceId, SiteId

Total = Annotated[int, Meta(ge=0, le=2**53)]
"""A counter's total; 2**53 is the largest that every JSON reader keeps exactly."""
Number = Annotated[str, Meta(min_length=1, max_length=128)]
"""A badge number or a PIN, as text."""
Label = Annotated[str, Meta(min_length=1, max_length=64)]
"""A maker's name for something: a version, a model."""


class _Reading(Struct, frozen=True, tag_field="type", gc=False):
    """A reading is frozen and tagged with its wire name."""


class CredentialPresented(_Reading, frozen=True, tag="credential"):
    """A user held a badge to a reader or typed a PIN.

    `credential` is the badge number in canonical form (lowercase hex, whole bytes:
    `sensors.badges`). It never reaches the engine or the journal: the service replaces it by a
    keyed hash.
    """

    credential: Number
    format: Annotated[str, Meta(max_length=32)] = "hex"
    pin: Number | None = None
    decided: Literal["granted", "denied"] | None = None
    """The decision that the reader made alone while it was cut off; None: it asks us."""
    pin_failed: bool = False
    """The reader compared a PIN itself, and it was wrong."""


class DoorReported(_Reading, frozen=True, tag="door"):
    """A door contact's state."""

    state: Literal["open", "closed"]


class ExitRequested(_Reading, frozen=True, tag="exit-request"):
    """The exit button was pressed.

    `released`: its board has opened the door by itself, and needs no order.
    """

    released: bool = False


class Crossed(_Reading, frozen=True, tag="crossing"):
    """A counter's totals of people since its start; they wrap, and restart with the device."""

    in_total: Total
    out_total: Total


class Motion(_Reading, frozen=True, tag="motion"):
    """A PIR's output."""

    active: bool


class Presence(_Reading, frozen=True, tag="presence"):
    """A mmWave or ultrasonic presence sensor's output."""

    active: bool


class Counted(_Reading, frozen=True, tag="count"):
    """A device that counts the people it sees."""

    people: Annotated[int, Meta(ge=0, le=1_000_000)]


class Co2(_Reading, frozen=True, tag="co2"):
    """Carbon dioxide in the air."""

    ppm: Annotated[float, Meta(ge=0, le=1_000_000)]


class MachineReported(_Reading, frozen=True, tag="machine"):
    """A machine's state, and what it draws."""

    state: Literal["on", "off"]
    watts: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class RelayReported(_Reading, frozen=True, tag="relay"):
    """The relay that gives a machine its power is on or off, by its own word."""

    state: Literal["on", "off"]


class Tampered(_Reading, frozen=True, tag="tamper"):
    """A device's case was opened (or closed again)."""

    active: bool


class Battery(_Reading, frozen=True, tag="battery"):
    """A device's battery."""

    percent: Annotated[float, Meta(ge=0, le=100)]


class Availability(_Reading, frozen=True, tag="availability"):
    """A device came or went (its status topic or last will); not part of the native `event`."""

    state: Literal["online", "offline"]
    address: Annotated[str, Meta(max_length=64)] | None = None
    """The address that it tells, if orders to it must name it."""


class Firmware(_Reading, frozen=True, tag="firmware"):
    """A device's firmware and model, in its maker's words; not part of the native `event`."""

    version: Label
    model: Label | None = None


Reading = (
    CredentialPresented
    | DoorReported
    | ExitRequested
    | Crossed
    | Motion
    | Presence
    | Counted
    | Co2
    | MachineReported
    | RelayReported
    | Tampered
    | Battery
    | Availability
    | Firmware
)


class Report(Struct, frozen=True):
    """One reading with its origin, as a driver returns it.

    `at` is the device's clock (aware UTC) or None where that clock cannot be trusted. `boot` and
    `seq` are None for devices that do not number their events.
    """

    site: SiteId
    device: DeviceId
    reading: Reading
    at: datetime | None = None
    boot: int | None = None
    seq: int | None = None


class MessageOrigin(Struct, frozen=True):
    """The sender of a message, and its number; None if the device does not number its messages."""

    site: SiteId
    device: DeviceId
    boot: int | None = None
    seq: int | None = None


class WireError(Exception):
    """A message that no driver accepts: `reason` is a code, `detail` explains what would be right.

    `detail` never carries a badge number or PIN. `origin` is set where it could be read all the
    same.
    """

    def __init__(self, reason: str, detail: str, origin: MessageOrigin | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.origin = origin
