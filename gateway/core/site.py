"""A site as the engine sees it: zones, doors, access points, devices and plans, all frozen.

`gateway.config` reads the space file and builds a `Site`; nothing else does. The words are those of
ONVIF PACS and BACnet: an *access point* is one direction through a door, or one machine.
"""

from functools import cached_property
from typing import Literal, NewType

from msgspec import Struct

SiteId = NewType("SiteId", str)
ZoneId = NewType("ZoneId", str)
DoorId = NewType("DoorId", str)
AccessPointId = NewType("AccessPointId", str)
DeviceId = NewType("DeviceId", str)
MachineId = NewType("MachineId", str)
PlanId = NewType("PlanId", str)

Direction = Literal["entry", "exit", "machine"]
Role = Literal["reader", "sensor", "lock"]
Free = Literal["handle", "button", "reader"]
"""How people leave through a door: a mechanical handle, a button that reports, or a reader."""


class Text(Struct, frozen=True):
    """One sentence or name in both languages."""

    fr: str
    en: str


class Zone(Struct, frozen=True):
    """A room, or an area that holds rooms.

    `capacity` is in people; None means no limit. `ancestors` are its parents, nearest first.
    """

    id: ZoneId
    name: Text
    capacity: int | None = None
    ancestors: tuple[ZoneId, ...] = ()

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
    lock: DeviceId | None = None
    """The device that releases it; None: the reader that was asked does so by itself."""
    exit: Free = "handle"
    unlock_s: float = 5.0
    held_open_max_s: float = 30.0


class AccessPoint(Struct, frozen=True):
    """One direction through a door, or one machine."""

    id: AccessPointId
    direction: Direction
    zone: ZoneId
    """The zone that is entered, left, or in which the machine stands."""
    door: DoorId | None = None
    machine: MachineId | None = None


class Machine(Struct, frozen=True):
    """A machine that is switched on by a credential."""

    id: MachineId
    name: Text
    zone: ZoneId


class Device(Struct, frozen=True):
    """A reader, a sensor or a lock: whatever speaks on the wire under one identity.

    `options` are the driver's own settings (a hostname, a relay number), already checked by the
    driver.
    """

    id: DeviceId
    role: Role
    driver: str
    topic: str
    access_point: AccessPointId | None = None
    zone: ZoneId | None = None
    door: DoorId | None = None
    machine: MachineId | None = None
    format: str = "hex"
    """How this reader spells badge numbers: a name of `sensors.badges.FORMATS`."""
    silent_after_s: float | None = None
    """Quiet for so long means broken; None: this device may stay silent."""
    options: dict[str, str | int | float | bool] = {}


class Right(Struct, frozen=True):
    """A plan's right: these zones (and the zones inside them) and machines, during `hours`.

    `hours` is in the OpenStreetMap opening_hours syntax, in the site's local time.
    """

    zones: tuple[ZoneId, ...] = ()
    machines: tuple[MachineId, ...] = ()
    hours: str = "24/7"


class Plan(Struct, frozen=True):
    """What was bought."""

    id: PlanId
    name: Text
    rights: tuple[Right, ...] = ()


class Site(Struct, frozen=True, dict=True):
    """Everything fixed about one place. Equal sites are equal values; order is the space file's."""

    id: SiteId
    name: Text
    timezone: str
    zones: tuple[Zone, ...] = ()
    doors: tuple[Door, ...] = ()
    access_points: tuple[AccessPoint, ...] = ()
    machines: tuple[Machine, ...] = ()
    devices: tuple[Device, ...] = ()
    plans: tuple[Plan, ...] = ()

    @cached_property
    def zone(self) -> dict[ZoneId, Zone]:
        """Zones by id."""
        return {zone.id: zone for zone in self.zones}

    @cached_property
    def door(self) -> dict[DoorId, Door]:
        """Doors by id."""
        return {door.id: door for door in self.doors}

    @cached_property
    def access_point(self) -> dict[AccessPointId, AccessPoint]:
        """Access points by id."""
        return {point.id: point for point in self.access_points}

    @cached_property
    def device(self) -> dict[DeviceId, Device]:
        """Devices by id."""
        return {device.id: device for device in self.devices}

    @cached_property
    def plan(self) -> dict[PlanId, Plan]:
        """Plans by id."""
        return {plan.id: plan for plan in self.plans}
