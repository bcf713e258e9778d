"""A site as the engine sees it: zones, doors, access points, devices and plans, all frozen.

`gateway.config` reads the space file and builds a `Site`; nothing else does. The words are those of
ONVIF PACS and BACnet: an *access point* is one direction through a door, or one machine.
"""

from collections import deque
from datetime import date, datetime
from functools import cached_property
from typing import Literal, NewType
from zoneinfo import ZoneInfo

from msgspec import Struct

SiteId = NewType("SiteId", str)
ZoneId = NewType("ZoneId", str)
DoorId = NewType("DoorId", str)
AccessPointId = NewType("AccessPointId", str)
DeviceId = NewType("DeviceId", str)
MachineId = NewType("MachineId", str)
PlanId = NewType("PlanId", str)
TrainingId = NewType("TrainingId", str)
RoleId = NewType("RoleId", str)
GroupId = NewType("GroupId", str)

Direction = Literal["entry", "exit", "machine", "muster"]
Role = Literal["reader", "sensor", "lock"]
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
Per = Literal["day", "week", "month", "year"]
OPERATOR = RoleId("operator")
"""The staff role that may request (open a door, change the mode, …)."""
VIEWER = RoleId("viewer")
"""Sees the place: counts, doors, alarms; nobody's name."""
ADMINISTRATOR = RoleId("administrator")
"""May do whatever an operator may."""


Place = tuple[float, float]
"""A place on the floor plan: x to the right and y towards the reader, in metres."""


class Text(Struct, frozen=True):
    """One sentence or name in both languages."""

    fr: str
    en: str


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
    lock: DeviceId | None = None
    """The device that releases it; None: the reader that was asked does so by itself."""
    exit: Free = "handle"
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


class Machine(Struct, frozen=True):
    """A machine that is switched on by a credential.

    Its demands are looked at again while it runs: somebody who leaves a laser's user alone starts
    a warning, then `demands.grace_s`, then a request for a safe stop.
    """

    id: MachineId
    name: Text
    zone: ZoneId
    demands: Demands = Demands()


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


class Quota(Struct, frozen=True):
    """How much of a plan may be used in a period of the site's calendar.

    `days` counts days of presence, 0.5 or 1 each (`Accounting`); `half-days` counts each half as 1;
    `hours` counts presence; `entries` counts entries from the street.
    """

    kind: Literal["days", "half-days", "hours", "entries"]
    amount: float
    per: Per


class Accounting(Struct, frozen=True):
    """What a day of presence counts: below `half_from_s` 0, below `whole_from_s` 0.5, else 1."""

    half_from_s: float = 900.0
    whole_from_s: float = 18_000.0


class Plan(Struct, frozen=True):
    """What was bought. All of its quotas must have something left."""

    id: PlanId
    name: Text
    rights: tuple[Right, ...] = ()
    quotas: tuple[Quota, ...] = ()


class PlanRight(Struct, frozen=True):
    """A plan's right that names an access point."""

    plan: Plan
    right: Right


class Asked(Struct, frozen=True):
    """What is asked at an access point: the demands of a zone, or of a machine in it."""

    demands: Demands
    zone: ZoneId
    machine: MachineId | None = None


class Named(Struct, frozen=True):
    """A word of the space file with its name for people: a training, a role, a group."""

    id: str
    name: Text


class ExceptionalDay(Struct, frozen=True):
    """A local day on which the site's hours are others than plans say.

    `hours` is in the opening_hours syntax and limits every plan on that day ("off": closed to all).
    """

    day: date
    name: Text
    hours: str = "off"


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
    interlocks: tuple[Interlock, ...] = ()
    trainings: tuple[Named, ...] = ()
    roles: tuple[Named, ...] = ()
    groups: tuple[Named, ...] = ()
    country: str | None = None
    """Two letters (ISO 3166): whose public holidays "PH" means in hours."""
    school_zone: Literal["A", "B", "C"] | None = None
    """The French zone whose school holidays "SH" means in hours."""
    opening_hours: str = "24/7"
    """When the place is open, for the figures of its use: it opens no door."""
    exceptional_days: tuple[ExceptionalDay, ...] = ()
    accounting: Accounting = Accounting()
    booking_margin_s: float = 900.0
    """So long before and after a booking the doors on the way to it open."""
    kiosk: Kiosk | None = None
    """None: the site shows nothing to who has not signed in."""

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

    @cached_property
    def machine(self) -> dict[MachineId, Machine]:
        """Machines by id."""
        return {machine.id: machine for machine in self.machines}

    @cached_property
    def exceptional_day(self) -> dict[date, ExceptionalDay]:
        """Exceptional days by their local day."""
        return {each.day: each for each in self.exceptional_days}

    @cached_property
    def readers(self) -> dict[AccessPointId, tuple[DeviceId, ...]]:
        """The readers at each access point."""
        return {
            point.id: tuple(
                device.id
                for device in self.devices
                if device.role == "reader" and device.access_point == point.id
            )
            for point in self.access_points
        }

    @cached_property
    def machine_readers(self) -> dict[MachineId, tuple[DeviceId, ...]]:
        """The readers of each machine's access points: they tell its user."""
        return {
            machine.id: tuple(
                reader
                for point in self.access_points
                if point.machine == machine.id
                for reader in self.readers[point.id]
            )
            for machine in self.machines
        }

    def point_of(self, device: Device) -> AccessPoint | None:
        """Where a reader stands; None: it is none, or stands nowhere."""
        return self.access_point[device.access_point] if device.access_point else None

    def door_of(self, point: AccessPoint | None) -> Door | None:
        """The door that an access point leads through; a machine's has none."""
        return self.door[point.door] if point is not None and point.door is not None else None

    @cached_property
    def releasers(self) -> dict[DoorId, tuple[DeviceId, ...]]:
        """What can release each door without a badge: its lock, else the readers of its entry."""
        entries = [point for point in self.access_points if point.direction == "entry"]
        return {
            door.id: (door.lock,)
            if door.lock is not None
            else tuple(
                reader
                for point in entries
                if point.door == door.id
                for reader in self.readers[point.id]
            )
            for door in self.doors
        }

    @cached_property
    def layouts(self) -> dict[frozenset[ZoneId], object]:
        """What `gateway.core.sensing` worked out of this site, by the zones that are estimated."""
        return {}

    def name_of(self, id_: str) -> Text:
        """What people call a door or a zone; the id itself where it is neither."""
        door, zone = self.door.get(DoorId(id_)), self.zone.get(ZoneId(id_))
        if door is not None:
            return door.name
        return zone.name if zone is not None else Text(fr=id_, en=id_)

    def day_of(self, at: datetime) -> date:
        """The local day that a moment (aware) belongs to."""
        return at.astimezone(self.clock).date()

    @cached_property
    def clock(self) -> ZoneInfo:
        """The clock on the wall."""
        return ZoneInfo(self.timezone)

    @cached_property
    def entered(self) -> dict[AccessPointId, tuple[ZoneId, ...]]:
        """The zones that one enters at each entry: those around it that the other side is not in.

        From the hall to the lab one enters the lab, and not the house that is around both.
        """
        outside = {door.id: door.outside for door in self.doors}
        left = {
            point.id: outside[point.door] if point.door is not None else None
            for point in self.access_points
        }
        return {
            point.id: tuple(
                zone
                for zone in self.zone[point.zone].lineage
                if (side := left[point.id]) is None or zone not in self.zone[side].lineage
            )
            for point in self.access_points
            if point.direction == "entry"
        }

    @cached_property
    def guarded(self) -> dict[AccessPointId, tuple[Zone, ...]]:
        """The zones with an anti-passback that one enters at each access point."""
        return {
            point.id: tuple(
                self.zone[zone]
                for zone in self.entered.get(point.id, ())
                if self.zone[zone].passback != "off"
            )
            for point in self.access_points
        }

    @cached_property
    def asked(self) -> dict[AccessPointId, tuple[Asked, ...]]:
        """What is asked at each access point beside a plan, where anything is.

        A door asks for the zones that one enters through it; a machine asks for itself.
        """
        asked: dict[AccessPointId, tuple[Asked, ...]] = {}
        for point in self.access_points:
            entered = self.entered.get(point.id, ())
            found = [Asked(self.zone[zone].demands, zone) for zone in entered]
            if point.machine is not None:
                machine = self.machine[point.machine]
                found.append(Asked(machine.demands, machine.zone, machine.id))
            asked[point.id] = tuple(each for each in found if each.demands != Demands())
        return asked

    @cached_property
    def rights(self) -> dict[AccessPointId, dict[PlanId, tuple[PlanRight, ...]]]:
        """For each access point what each plan says of it.

        A right to a zone is one to the zones inside it; a machine has to be named itself.
        """
        return {
            point.id: {
                plan.id: tuple(
                    PlanRight(plan, right) for right in plan.rights if self._names(right, point)
                )
                for plan in self.plans
            }
            for point in self.access_points
        }

    @cached_property
    def interlocked(self) -> dict[DoorId, tuple[DoorId, ...]]:
        """The other doors of each door's interlocks."""
        return {
            door.id: tuple(
                other
                for interlock in self.interlocks
                if door.id in interlock.doors
                for other in interlock.doors
                if other != door.id
            )
            for door in self.doors
        }

    @cached_property
    def zones_beyond(self) -> dict[ZoneId, tuple[ZoneId, ...]]:
        """For each zone those that are reached through it, and itself and those around it."""
        return {
            zone.id: tuple(
                other.id
                for other in self.zones
                if other.id in zone.lineage or zone.id in self.ways[other.id]
            )
            for zone in self.zones
        }

    @cached_property
    def machines_beyond(self) -> dict[ZoneId, tuple[MachineId, ...]]:
        """For each zone the machines that are reached through it, or stand in it."""
        return {
            zone.id: tuple(
                machine.id for machine in self.machines if zone.id in self.ways[machine.zone]
            )
            for zone in self.zones
        }

    @cached_property
    def ways(self) -> dict[ZoneId, frozenset[ZoneId]]:
        """The zones that one enters on the shortest ways from the street to each zone, it included.

        A zone that no door leads to is reached as its nearest ancestor with a door is.
        """
        return {zone.id: self._way(zone) for zone in self.zones}

    def _names(self, right: Right, point: AccessPoint) -> bool:
        if point.machine is not None:
            return point.machine in right.machines
        return any(zone in right.zones for zone in self.zone[point.zone].lineage)

    def _way(self, zone: Zone) -> frozenset[ZoneId]:
        steps: dict[ZoneId | None, int] = {None: 0}
        queue: deque[ZoneId | None] = deque([None])
        while queue:
            here = queue.popleft()
            for door in self.doors:
                if door.outside == here and door.zone not in steps:
                    steps[door.zone] = steps[here] + 1
                    queue.append(door.zone)
        goal = next((each for each in zone.lineage if each in steps), None)
        passed: set[ZoneId] = {zone.id}
        ends: list[ZoneId | None] = [goal]
        while ends:
            here = ends.pop()
            if here is None:
                continue
            passed.add(here)
            ends += [
                door.outside
                for door in self.doors
                if door.zone == here and steps.get(door.outside) == steps[here] - 1
            ]
        return frozenset(passed)
