"""A site as the engine sees it: everything fixed about one place, frozen.

`gateway.config` reads the space file and builds a `Site`; nothing else does. Its parts are in
`names`, `places`, `equipment` and `plans`; `routes` finds the ways through it.
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
from gateway.core.model.routes import ways_to


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
    """The country (two letters, ISO 3166) whose public holidays "PH" stands for in hours."""
    school_zone: Literal["A", "B", "C"] | None = None
    """The French zone whose school holidays "SH" stands for in hours."""
    opening_hours: str = "24/7"
    """The place's opening hours, for the figures of its use: they open no door."""
    exceptional_days: tuple[ExceptionalDay, ...] = ()
    accounting: Accounting = Accounting()
    company_trust_s: float | None = None
    """The time for which a badge alone is believed behind a door that is left without one; None:
    for ever, as in journals of release 0.2.0."""
    booking_margin_s: float = 900.0
    """The time before and after a booking in which the doors on the way to it open."""
    kiosk: Kiosk | None = None
    desk_lock_s: float = 900.0
    """Seconds after which a console that nobody uses may only look; 0: never."""
    """None: the site shows nothing to users who have not signed in."""

    @cached_property
    def zone(self) -> dict[ZoneId, Zone]:
        """Return the zones by id."""
        return {zone.id: zone for zone in self.zones}

    @cached_property
    def door(self) -> dict[DoorId, Door]:
        """Return the doors by id."""
        return {door.id: door for door in self.doors}

    @cached_property
    def access_point(self) -> dict[AccessPointId, AccessPoint]:
        """Return the access points by id."""
        return {point.id: point for point in self.access_points}

    @cached_property
    def device(self) -> dict[DeviceId, Device]:
        """Return the devices by id."""
        return {device.id: device for device in self.devices}

    @cached_property
    def plan(self) -> dict[PlanId, Plan]:
        """Return the plans by id."""
        return {plan.id: plan for plan in self.plans}

    @cached_property
    def machine(self) -> dict[MachineId, Machine]:
        """Return the machines by id."""
        return {machine.id: machine for machine in self.machines}

    @cached_property
    def exceptional_day(self) -> dict[date, ExceptionalDay]:
        """Return the exceptional days by their local day."""
        return {each.day: each for each in self.exceptional_days}

    @cached_property
    def readers(self) -> dict[AccessPointId, tuple[DeviceId, ...]]:
        """Return the readers at each access point."""
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
        """Return the readers of each machine's access points, which warn its user."""
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
        """Return the access point of a reader; None: it is no reader, or has none."""
        return self.access_point[device.access_point] if device.access_point else None

    def door_of(self, point: AccessPoint | None) -> Door | None:
        """Return the door that an access point leads through; a machine's has none."""
        return self.door[point.door] if point is not None and point.door is not None else None

    @cached_property
    def releasers(self) -> dict[DoorId, tuple[DeviceId, ...]]:
        """Return the devices that can release each door: its lock, else its entry readers."""
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
    def devices_at(self) -> dict[DoorId, tuple[DeviceId, ...]]:
        """Return each door's devices: its lock, its sensors, the readers of its access points."""
        doors = {door.id: [door.lock] if door.lock else [] for door in self.doors}
        for device in self.devices:
            point = self.point_of(device)
            door = device.door or (point.door if point is not None else None)
            if door in doors and device.id not in doors[door]:
                doors[door].append(device.id)
        return {door: tuple(devices) for door, devices in doors.items()}

    @cached_property
    def refusals(self) -> dict[tuple[DeviceId, type], str | None]:
        """Cache why devices may not report a reading (`gateway.core.access.wiring`)."""
        return {}

    @cached_property
    def layouts(self) -> dict[frozenset[ZoneId], object]:
        """Cache the layouts that `gateway.core.occupancy.fusion` computes, by estimated zones."""
        return {}

    def name_of(self, id_: str) -> Text:
        """Return the name of a door, a zone or a machine; the id itself if it is none of these."""
        named = (
            self.door.get(DoorId(id_))
            or self.zone.get(ZoneId(id_))
            or self.machine.get(MachineId(id_))
        )
        return named.name if named is not None else Text(fr=id_, en=id_)

    def day_of(self, at: datetime) -> date:
        """Return the local day of a moment (aware)."""
        return at.astimezone(self.clock).date()

    @cached_property
    def clock(self) -> ZoneInfo:
        """Return the site's time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def entered(self) -> dict[AccessPointId, tuple[ZoneId, ...]]:
        """Return the zones entered at each entry: those around it that exclude the other side.

        From the hall to the lab a user enters the lab, but not the house around both.
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
        """Return the zones with an anti-passback that are entered at each access point."""
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
        """Return the demands beside a plan at each access point that has any.

        A door has the demands of the zones that are entered through it; a machine has its own.
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
        """Return, for each access point, the rights of each plan to it.

        A right to a zone includes the zones inside it; a machine has to be named itself.
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
    def left_unseen(self) -> dict[ZoneId, tuple[Door, ...]]:
        """Return, for each zone, the doors by which one leaves it, and is not seen."""
        exits = {point.door for point in self.access_points if point.direction == "exit"}
        entries = {point.door for point in self.access_points if point.direction == "entry"}
        found = {}
        for zone in self.zones:
            inner = {each.id for each in self.zones if zone.id in each.lineage}
            found[zone.id] = tuple(
                door
                for door in self.doors
                if (
                    door.zone in inner
                    and door.outside not in inner
                    and not (door.exit == "reader" and door.id in exits)
                )
                or (door.outside in inner and door.zone not in inner and door.id not in entries)
            )
        return found

    @cached_property
    def interlocked(self) -> dict[DoorId, tuple[DoorId, ...]]:
        """Return the other doors of each door's interlocks."""
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
        """Return, for each zone, those reached through it, itself and those around it."""
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
        """Return, for each zone, the machines reached through it or standing in it."""
        return {
            zone.id: tuple(
                machine.id for machine in self.machines if zone.id in self.ways[machine.zone]
            )
            for zone in self.zones
        }

    @cached_property
    def ways(self) -> dict[ZoneId, frozenset[ZoneId]]:
        """Return, for each zone, the zones entered on any way to it, itself included."""
        return ways_to(self.zones, self.doors)

    def _names(self, right: Right, point: AccessPoint) -> bool:
        if point.machine is not None:
            return point.machine in right.machines
        return any(zone in right.zones for zone in self.zone[point.zone].lineage)
