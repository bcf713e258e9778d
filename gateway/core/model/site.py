"""A site as the engine sees it: everything fixed about one place, frozen.

`gateway.config` reads the space file and builds a `Site`; nothing else does. What it is made of:
`names`, `places`, `equipment` and `plans`; `ways` lead through it.
"""

from datetime import date, datetime
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import (
    AccessPointId,
    DeviceId,
    DoorId,
    MachineId,
    Named,
    PlanId,
    SiteId,
    Text,
    ZoneId,
)
from gateway.core.model.places import (
    AccessDemands,
    AccessPoint,
    Demands,
    Door,
    Interlock,
    Kiosk,
    Zone,
)
from gateway.core.model.plans import Accounting, ExceptionalDay, Plan, PlanRight, Right
from gateway.core.model.routes import shortest


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
        """What `gateway.core.occupancy.fusion` worked out of this site, by estimated zones."""
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
    def asked(self) -> dict[AccessPointId, tuple[AccessDemands, ...]]:
        """What is asked at each access point beside a plan, where anything is.

        A door asks for the zones that one enters through it; a machine asks for itself.
        """
        asked: dict[AccessPointId, tuple[AccessDemands, ...]] = {}
        for point in self.access_points:
            entered = self.entered.get(point.id, ())
            found = [AccessDemands(self.zone[zone].demands, zone) for zone in entered]
            if point.machine is not None:
                machine = self.machine[point.machine]
                found.append(AccessDemands(machine.demands, machine.zone, machine.id))
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
        """For each zone those that one enters on the shortest ways to it, it included."""
        return shortest(self.zones, self.doors)

    def _names(self, right: Right, point: AccessPoint) -> bool:
        if point.machine is not None:
            return point.machine in right.machines
        return any(zone in right.zones for zone in self.zone[point.zone].lineage)
