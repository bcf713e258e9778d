"""Where people are and how they get there: zones, doors, access points, and what is asked there."""

from typing import Literal

from msgspec import Struct

from gateway.core.model.names import (
    AccessPointId,
    DeviceId,
    DoorId,
    MachineId,
    RoleId,
    Text,
    TrainingId,
    ZoneId,
)

Direction = Literal["entry", "exit", "machine", "muster"]
Free = Literal["handle", "button", "reader"]
"""How people leave through a door: a mechanical handle, a button that reports, or a reader."""
FailMode = Literal["safe", "secure"]
"""What a door does in an evacuation: `safe` is released and stays so, `secure` stays locked."""
Strength = Literal["pin", "number", "number-and-pin"]
"""A credential's strength, weakest first: a code alone, a badge or QR code, a badge and its PIN."""
Passback = Literal["off", "soft", "hard", "timed"]
"""What happens to somebody who enters where they are already (ONVIF, BACnet: anti-passback).

`soft` lets them in and notes it, `hard` refuses, `timed` refuses for `passback_s` after the entry.
"""
Place = tuple[float, float]
"""A place on the floor plan: x to the right and y towards the reader, in metres."""


class Demands(Struct, frozen=True):
    """What a zone or a machine asks of somebody beside a plan's right."""

    trainings: tuple[TrainingId, ...] = ()
    """All of these, each given and not expired."""
    min_present: int = 1
    """People who must be in `present_in`, the one who asks among them: 2 is "never alone"."""
    role_present: RoleId | None = None
    """Somebody with this role must be in `present_in`; it may be the one who asks."""
    present_in: ZoneId | None = None
    """Where company counts, its inner zones included; None: the zone itself, or the machine's."""
    booking: Literal["ignored", "respected", "required"] = "ignored"
    """`respected`: while it is booked, only for who booked; `required`: never without a booking."""
    check_in: bool = False
    """Of a machine: its user must be in its zone."""
    grace_s: float = 60.0
    """Of a machine: time to mend what its demands miss while it runs, before its safe stop."""


class Zone(Struct, frozen=True):
    """A room, or an area that holds rooms.

    `capacity` is in people; None means no limit. `ancestors` are its parents, nearest first.
    """

    id: ZoneId
    name: Text
    capacity: int | None = None
    ancestors: tuple[ZoneId, ...] = ()
    demands: Demands = Demands()
    passback: Passback = "off"
    passback_s: float = 0.0
    """How long after an entry a `timed` anti-passback refuses another one."""
    opened_by: RoleId | None = None
    """Each local day the zone is shut until somebody with this role has entered it."""
    escort: bool = False
    """A visitor may enter only while a member is inside."""
    outline: tuple[Place, ...] = ()
    """Its corners on the floor plan; none: the plan does not show it."""

    @property
    def lineage(self) -> tuple[ZoneId, ...]:
        """The zone itself, then its ancestors, nearest first."""
        return (self.id, *self.ancestors)


class Door(Struct, frozen=True):
    """A door between `outside` (None: the street) and `zone`, the side that it protects."""

    id: DoorId
    name: Text
    zone: ZoneId
    outside: ZoneId | None = None
    contact: bool = False
    """Some device reports this door's opening and closing."""
    contacts: tuple[DeviceId, ...] | None = None
    """Which devices that is; None: the space does not say (`gateway.core.access.wiring`)."""
    lock: DeviceId | None = None
    """The device that releases it; None: the reader that was asked does so by itself."""
    exit: Free = "handle"
    buttons: tuple[DeviceId, ...] | None = None
    """The devices that its exit button is wired to; None: the space does not say."""
    unlock_s: float = 5.0
    held_open_max_s: float = 30.0
    fail_mode: FailMode = "safe"
    rights_valid_s: float = 86_400.0
    """How long its readers may decide alone while they are cut off, at most; 0: never."""
    at: Place | None = None
    """Where it is on the floor plan; None: the plan does not show it."""


class Kiosk(Struct, frozen=True):
    """What a site shows to everybody, in bands; `embed` are the websites that may frame it."""

    zones: tuple[ZoneId, ...]
    embed: tuple[str, ...] = ()


class Interlock(Struct, frozen=True):
    """Doors of which one is let open at a time (a mantrap). The way out is free all the same."""

    doors: tuple[DoorId, ...]


class AccessPoint(Struct, frozen=True):
    """One direction through a door, one machine, or a muster point."""

    id: AccessPointId
    direction: Direction
    zone: ZoneId
    """The zone that is entered, left, in which the machine stands, or whose people gather here."""
    door: DoorId | None = None
    machine: MachineId | None = None
    min_credential: Strength = "number"


class AccessDemands(Struct, frozen=True):
    """What is asked at an access point: the demands of a zone, or of a machine in it."""

    demands: Demands
    zone: ZoneId
    machine: MachineId | None = None
