"""The readings that a device may report, by its role and its wiring: one table.

A device is as trustworthy as its password, and any passer-by can take down a reader that hangs
outside. So we accept only the readings that the space file declares for a device: a reader reads
badges, and reports an open door only if that door's contact is wired to it. Anything else is a dead
letter, `not-wired`, with an alarm about the device: its password was stolen, or the space file does
not declare its wiring.

The engine applies `TABLE`, `seuil check` checks a space file against it, and docs/devices.md prints
it.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from gateway.core.model.equipment import Device
from gateway.core.model.places import Direction, Door
from gateway.core.model.site import Site
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    Counted,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    Firmware,
    MachineReported,
    Motion,
    Presence,
    Reading,
    RelayReported,
    Tampered,
)

Standing = Literal[
    "entry-reader",
    "exit-reader",
    "machine-reader",
    "muster-reader",
    "zone-sensor",
    "door-sensor",
    "machine-sensor",
    "lock",
]
"""The role of a device, and what it belongs to."""
Wire = Literal["always", "contact", "button", "apart", "relay"]
"""The wiring that is required: none (`always`), its door's contact, its door's exit button; or
neither of these two (`apart`), as for a counter over a door; or a machine's power (`relay`)."""

NOT_WIRED: Final = "not-wired"
"""The reason of such a dead letter."""
WORDS: Final[Mapping[Standing, str]] = {
    "entry-reader": "a reader at an entry",
    "exit-reader": "a reader at an exit",
    "machine-reader": "a reader at a machine",
    "muster-reader": "a reader at a muster point",
    "zone-sensor": "a sensor of a zone",
    "door-sensor": "a sensor of a door",
    "machine-sensor": "a sensor of a machine",
    "lock": "a lock",
}
"""In the order of the table's columns."""


class Row(NamedTuple):
    """The devices that may report a reading, and why no others may."""

    by: Mapping[Standing, Wire]
    why: str


def _all(*standings: Standing) -> dict[Standing, Wire]:
    return dict.fromkeys(standings, "always")


_READERS: Final[tuple[Standing, ...]] = (
    "entry-reader", "exit-reader", "machine-reader", "muster-reader",
)  # fmt: skip
_AT_A_DOOR: Final[tuple[Standing, ...]] = ("entry-reader", "exit-reader", "door-sensor", "lock")
_OF_PEOPLE: Final[dict[Standing, Wire]] = {"zone-sensor": "always", "door-sensor": "apart"}
_OF_ITSELF: Final = "it is about the device itself, and about no other"

TABLE: Final[Mapping[type[Reading], Row]] = {
    CredentialPresented: Row(_all(*_READERS), "only a reader reads badges"),
    DoorReported: Row(
        dict.fromkeys(_AT_A_DOOR, "contact"), "the door's contact has to be wired to it: `contact`"
    ),
    ExitRequested: Row(
        dict.fromkeys(_AT_A_DOOR, "button"),
        'the door\'s exit button has to be wired to it: `exit = "button"` and `exit_button`',
    ),
    Crossed: Row(_OF_PEOPLE, "counters are sensors, of a zone or over a door"),
    Motion: Row(_OF_PEOPLE, "only sensors see people"),
    Presence: Row(_OF_PEOPLE, "only sensors see people"),
    Counted: Row(_OF_PEOPLE, "only sensors see people"),
    Co2: Row(_OF_PEOPLE, "only sensors measure the air"),
    MachineReported: Row(
        _all("machine-reader", "machine-sensor"), "it has to belong to the machine: `machine`"
    ),
    RelayReported: Row(
        {"machine-reader": "relay", "machine-sensor": "relay", "lock": "relay"},
        "a machine's power has to be wired to it: `relay`",
    ),
    Tampered: Row(_all(*WORDS), _OF_ITSELF),
    Battery: Row(_all(*WORDS), _OF_ITSELF),
    Availability: Row(_all(*WORDS), _OF_ITSELF),
    Firmware: Row(_all(*WORDS), _OF_ITSELF),
}
"""A device that is not named in a row may not report it."""


def refusal(site: Site, device: Device, reading: Reading) -> str | None:
    """Return why a device may not report this, in words for a dead letter; None: it may."""
    key = device.id, type(reading)
    try:
        return site.refusals[key]
    except KeyError:
        point = site.point_of(device)
        direction = point.direction if point else None
        return site.refusals.setdefault(
            key, refusal_of(device, direction, door_of(site, device), type(reading))
        )


def refusal_of(
    device: Device, direction: Direction | None, door: Door | None, kind: type[Reading]
) -> str | None:
    """Return the same for a device with this door, and an access point of this direction."""
    row, standing = TABLE[kind], standing_of(device, direction)
    wire = row.by.get(standing)
    if wire is not None and (wire == "always" or _fits(wire, door, device)):
        return None
    return f"{word_of(kind)}: not from {WORDS[standing]} as the space file wires it; {row.why}"


def standing_of(device: Device, direction: Direction | None) -> Standing:
    """Return a device's standing; a reader that guards nothing is treated as a muster reader."""
    if device.role == "lock":
        return "lock"
    if device.role == "sensor":
        if device.door is not None:
            return "door-sensor"
        return "machine-sensor" if device.machine is not None else "zone-sensor"
    return "muster-reader" if direction is None else _BY_DIRECTION[direction]


def door_of(site: Site, device: Device) -> Door | None:
    """Return the door that a device reports on: its own, or its access point's."""
    return site.door[device.door] if device.door else site.door_of(site.point_of(device))


def has_button(door: Door, device: Device) -> bool:
    """Return whether the exit button of its door is wired to a device.

    If the space file does not declare it, any device that belongs to the door counts.
    """
    if door.exit != "button":
        return False
    return door.buttons is None or device.id in door.buttons


def has_contact(door: Door, device: Device) -> bool:
    """Return whether the contact of its door is wired to a device.

    If the space file does not declare it, the door's sensors count, and where the door has a
    contact, its lock and readers.
    """
    if door.contacts is None:
        return door.contact or device.role == "sensor"
    return device.id in door.contacts


def word_of(kind: type[Reading]) -> str:
    """Return a reading's name on the wire."""
    return str(kind.__struct_config__.tag)


_BY_DIRECTION: Final[Mapping[Direction, Standing]] = {
    "entry": "entry-reader",
    "exit": "exit-reader",
    "machine": "machine-reader",
    "muster": "muster-reader",
    "here": "muster-reader",
}


def _fits(wire: Wire, door: Door | None, device: Device) -> bool:
    if wire == "relay":
        return device.switches
    if door is None:
        return False
    if wire == "contact":
        return has_contact(door, device)
    if wire == "button":
        return has_button(door, device)
    return device.id not in (door.contacts or ()) and device.id not in (door.buttons or ())
