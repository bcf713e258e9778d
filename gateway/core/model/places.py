"""The parts of a site and their demands: zones, doors, access points."""

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

Direction = Literal["entry", "exit", "machine", "muster", "here"]
Free = Literal["handle", "button", "reader"]
"""The means to leave through a door: a mechanical handle, a button that reports, or a reader."""
FailMode = Literal["safe", "secure"]
"""A door's behaviour in an evacuation: `safe` is released and stays so, `secure` stays locked."""
Strength = Literal["pin", "number", "number-and-pin"]
"""A credential's strength, weakest first: a code alone, a badge or QR code, a badge and its PIN."""
Passback = Literal["off", "soft", "hard", "timed"]
"""The response to a holder who enters where they are already (ONVIF, BACnet: anti-passback).

`soft` lets them in and notes it, `hard` refuses, `timed` refuses for `passback_s` after the entry.

`soft` lets them in and notes it, `hard` refuses, `timed` refuses for `passback_s` after the entry.
"""
Place = tuple[float, float]
"""A place on the floor plan: x to the right and y towards the reader, in metres."""


class Demands(Struct, frozen=True):
    """The demands of a zone or a machine beside a plan's right."""

    trainings: tuple[TrainingId, ...] = ()
    """All of these, each given and not expired."""
    min_present: int = 1
    """People who must be in `present_in`, the requesting holder included: 2 is "never alone"."""
    role_present: RoleId | None = None
    """A holder with this role must be in `present_in`; it may be the requesting one."""
    present_in: ZoneId | None = None
    """The zone where company counts, with inner zones; None: the zone itself, or the machine's."""
    booking: Literal["ignored", "respected", "required"] = "ignored"
    """`respected`: while booked, only for those who booked; `required`: never without a booking."""
    check_in: bool = False
    """For a machine: its user must be in its zone."""
    grace_s: float = 60.0
    """For a machine: the time to meet a missed demand while it runs, before its safe stop."""


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
    """The time after an entry in which a `timed` anti-passback refuses another one."""
    opened_by: RoleId | None = None
    """Each local day the zone is closed until a holder with this role has entered it."""
    escort: bool = False
    """A visitor may enter only while a member is inside."""
    outline: tuple[Place, ...] = ()
    """Its corners on the floor plan; none: the plan does not show it."""

    @property
    def lineage(self) -> tuple[ZoneId, ...]:
        """Return the zone itself, then its ancestors, nearest first."""
        return (self.id, *self.ancestors)


class Door(Struct, frozen=True):
    """A door between `outside` (None: the street) and `zone`, the side that it protects."""

    id: DoorId
    name: Text
    zone: ZoneId
    outside: ZoneId | None = None
    contact: bool = False
    """A device reports this door's opening and closing."""
    contacts: tuple[DeviceId, ...] | None = None
    """The devices that do; None: the space file does not say (`gateway.core.access.wiring`)."""
    lock: DeviceId | None = None
    """The device that releases it; None: the reader that was used does so by itself."""
    exit: Free = "handle"
    buttons: tuple[DeviceId, ...] | None = None
    """The devices that its exit button is wired to; None: the space file does not say."""
    unlock_s: float = 5.0
    held_open_max_s: float = 30.0
    fail_mode: FailMode = "safe"
    rights_valid_s: float = 86_400.0
    """The longest time for which its readers may decide alone while they are cut off; 0: never."""
    at: Place | None = None
    """Its place on the floor plan; None: the plan does not show it."""


class Kiosk(Struct, frozen=True):
    """The public display of a site, in bands; `embed` are the websites that may frame it."""

    zones: tuple[ZoneId, ...]
    embed: tuple[str, ...] = ()


class Interlock(Struct, frozen=True):
    """Doors of which only one may be open at a time (a mantrap). The way out is always free."""

    doors: tuple[DoorId, ...]


class AccessPoint(Struct, frozen=True):
    """One direction through a door, one machine, or a muster point."""

    id: AccessPointId
    direction: Direction
    zone: ZoneId
    """The zone that is entered or left, in which the machine stands or the reader asks who is still
    here, or whose people gather at it."""
    door: DoorId | None = None
    machine: MachineId | None = None
    min_credential: Strength = "number"


class AccessDemands(Struct, frozen=True):
    """The demands at an access point: those of a zone, or of a machine in it."""

    demands: Demands
    zone: ZoneId
    machine: MachineId | None = None
