"""The conversion of a draft's tables to the values of `gateway.core.model.site`."""

from collections.abc import Iterable, Iterator

from msgspec import structs

from gateway.config.draft import Draft
from gateway.config.schema.equipment import (
    DeviceTable,
    MachineDemandsTable,
    MachineTable,
    ReaderTable,
    SensorTable,
)
from gateway.config.schema.fields import BothLanguages, NamedTable
from gateway.config.schema.outside import KioskTable
from gateway.config.schema.places import AccessPointTable, DemandsTable, DoorTable, ZoneTable
from gateway.config.schema.plans import PlanTable, RightTable
from gateway.config.schema.space import SiteTable
from gateway.core.model.equipment import Device, Machine, Role
from gateway.core.model.names import (
    AccessPointId,
    DeviceId,
    DoorId,
    MachineId,
    Named,
    PlanId,
    RoleId,
    SiteId,
    Text,
    TrainingId,
    ZoneId,
)
from gateway.core.model.places import AccessPoint, Demands, Direction, Door, Interlock, Kiosk, Zone
from gateway.core.model.plans import Accounting, ExceptionalDay, Plan, Quota, Right
from gateway.core.model.site import Site
from gateway.core.readings import (
    Availability,
    Battery,
    DoorReported,
    ExitRequested,
    Firmware,
    Reading,
    Tampered,
)
from sensors.registry import DRIVERS

_BESIDE: frozenset[type[Reading]] = frozenset({Tampered, Battery, Availability, Firmware})
"""Readings that any device may publish about itself."""


def site_of(draft: Draft, site: SiteTable) -> Site:
    """Return the site of a draft that has no faults."""
    return Site(
        id=SiteId(site.id),
        name=_text(site.name),
        timezone=site.timezone,
        zones=tuple(_zone(draft, zone) for zone in draft.zones.values()),
        doors=tuple(door_of_draft(draft, door) for door in draft.doors.values()),
        access_points=tuple(_access_point(draft, each) for each in draft.access_points.values()),
        machines=tuple(_machine(draft, machine) for machine in draft.machines.values()),
        devices=tuple(device for _, _, device in every_device(draft)),
        plans=tuple(_plan(plan) for plan in draft.plans.values()),
        interlocks=tuple(
            Interlock(tuple(DoorId(door) for door in each.doors))
            for each in draft.interlocks.values()
        ),
        trainings=_named(draft.trainings.values()),
        roles=_named(draft.roles.values()),
        groups=_named(draft.groups.values()),
        country=site.country,
        school_zone=site.school_zone,
        opening_hours=site.opening_hours,
        exceptional_days=tuple(
            ExceptionalDay(each.day, _text(each.name), each.hours)
            for each in draft.exceptional_days.values()
        ),
        accounting=Accounting(
            half_from_s=site.accounting.half_from_min * 60,
            whole_from_s=site.accounting.whole_from_min * 60,
        ),
        booking_margin_s=site.booking_margin_s,
        company_trust_s=site.company_trust_s,
        desk_lock_s=site.desk_lock_min * 60,
        kiosk=_kiosk(draft.kiosk) if draft.kiosk is not None else None,
    )


def every_device(draft: Draft) -> Iterator[tuple[str, int, Device]]:
    """Yield readers, sensors and locks with their table and index, even with wrong references."""
    relays = {
        relay: MachineId(machine.id)
        for machine in draft.machines.values()
        if (relay := relay_of(draft, machine)) is not None
    }
    for kind, index, device in _devices(draft):
        machine = relays.get(device.id)
        if machine is None:
            yield kind, index, device
        else:
            yield kind, index, structs.replace(device, machine=machine, switches=True)


def relay_of(draft: Draft, machine: MachineTable) -> DeviceId | None:
    """Return the device that switches a machine: as named, else its one reader with a relay."""
    if isinstance(machine.relay, str):
        return DeviceId(machine.relay)
    if machine.relay is False:
        return None
    able = [one.id for one in readers_of(draft, machine) if "relay" in one.options]
    return able[0] if len(able) == 1 else None


def readers_of(draft: Draft, machine: MachineTable) -> list[Device]:
    """Return the readers at a machine's access points."""
    return [
        one for kind, _, one in _devices(draft) if kind == "readers" and one.machine == machine.id
    ]


def can_switch(device: Device) -> bool:
    """Return whether a device can switch a machine's power."""
    driver = DRIVERS.get(device.driver)
    return driver is not None and driver.switches(device)


def _devices(draft: Draft) -> Iterator[tuple[str, int, Device]]:
    """Yield the devices, without what machines say of them."""
    points = {point.id: point for point in draft.access_points.values()}
    doors = {door.lock: DoorId(door.id) for door in draft.doors.values()}
    for index, reader in draft.readers.items():
        yield "readers", index, _reader(reader, points.get(reader.access_point))
    for index, sensor in draft.sensors.items():
        yield "sensors", index, _sensor(sensor)
    for index, lock in draft.locks.items():
        yield "locks", index, _device(lock, "lock", door=doors.get(lock.id))


def says(device: Device) -> frozenset[type[Reading]]:
    """Return the kinds of reading that a device can report; none for an unknown driver."""
    driver = DRIVERS.get(device.driver)
    return driver.says(device) if driver is not None else frozenset()


def devices_at(draft: Draft, door: DoorTable) -> list[Device]:
    """Return the sensors and readers of a door, and its lock."""
    devices = (device for _, _, device in every_device(draft))
    return [device for device in devices if door.id == device.door or door.lock == device.id]


def able_to(draft: Draft, door: DoorTable, kind: type[Reading]) -> list[Device]:
    """Return the devices of a door that can report a kind of reading."""
    return [device for device in devices_at(draft, door) if kind in says(device)]


def buttons_of(draft: Draft, door: DoorTable) -> tuple[DeviceId, ...]:
    """Return the devices that a door's exit button is wired to.

    That is the device that the file names, else those that report nothing but presses, else any
    that can report one.
    """
    if door.exit != "button":
        return ()
    if door.exit_button is not None:
        return (DeviceId(door.exit_button),)
    able = able_to(draft, door, ExitRequested)
    declared = [device for device in able if is_only_a_button(device)]
    return tuple(device.id for device in declared or able)


def is_only_a_button(device: Device) -> bool:
    """Return whether a device's own options declare it to be an exit button."""
    return news_of(device) == {ExitRequested}


def news_of(device: Device) -> frozenset[type[Reading]]:
    """Return the kinds of reading that a device can report, without those about its own state."""
    return says(device) - _BESIDE


def contacts_of(draft: Draft, door: DoorTable) -> tuple[DeviceId, ...]:
    """Return the devices that report a door open and closed.

    That is the device that the file names, else the door's sensors, else, where the file says that
    there is a contact, its readers and lock.
    """
    if isinstance(door.contact, str):
        return (DeviceId(door.contact),)
    if door.contact is False:
        return ()
    able, buttons = able_to(draft, door, DoorReported), buttons_of(draft, door)
    sensors = [one.id for one in able if one.role == "sensor" and one.id not in buttons]
    return tuple(sensors or (one.id for one in able if door.contact and one.role != "sensor"))


def _device(
    table: DeviceTable,
    role: Role,
    *,
    access_point: AccessPointId | None = None,
    zone: ZoneId | None = None,
    door: DoorId | None = None,
    machine: MachineId | None = None,
    badge_format: str = "hex",
    enrols: bool = False,
) -> Device:
    return Device(
        id=DeviceId(table.id),
        role=role,
        driver=table.driver,
        topic=table.topic,
        access_point=access_point,
        zone=zone,
        door=door,
        machine=machine,
        format=badge_format,
        enrols=enrols,
        silent_after_s=table.silent_after_s,
        options=dict(table.options),
    )


def _reader(reader: ReaderTable, point: AccessPointTable | None) -> Device:
    """Return a reader as a device of its access point's door or machine."""
    return _device(
        reader,
        "reader",
        access_point=AccessPointId(reader.access_point),
        door=DoorId(point.door) if point and point.door else None,
        machine=MachineId(point.machine) if point and point.machine else None,
        badge_format=reader.format,
        enrols=reader.enrols,
    )


def _sensor(sensor: SensorTable) -> Device:
    return _device(
        sensor,
        "sensor",
        zone=ZoneId(sensor.zone) if sensor.zone else None,
        door=DoorId(sensor.door) if sensor.door else None,
        machine=MachineId(sensor.machine) if sensor.machine else None,
    )


def _zone(draft: Draft, zone: ZoneTable) -> Zone:
    parents = {each.id: each.parent for each in draft.zones.values()}
    ancestors: list[ZoneId] = []
    above = zone.parent
    while above is not None:
        ancestors.append(ZoneId(above))
        above = parents[above]
    return Zone(
        id=ZoneId(zone.id),
        name=_text(zone.name),
        capacity=zone.capacity,
        ancestors=tuple(ancestors),
        demands=_demands(zone.demands),
        passback=zone.passback,
        passback_s=zone.passback_s or 0.0,
        opened_by=RoleId(zone.opened_by) if zone.opened_by else None,
        escort=zone.escort,
        outline=zone.outline or (),
    )


def _kiosk(kiosk: KioskTable) -> Kiosk:
    return Kiosk(tuple(ZoneId(zone) for zone in kiosk.zones), kiosk.embed)


def _machine(draft: Draft, machine: MachineTable) -> Machine:
    return Machine(
        relay=relay_of(draft, machine),
        is_followed=True,
        id=MachineId(machine.id),
        name=_text(machine.name),
        zone=ZoneId(machine.zone),
        demands=_demands(machine.demands),
    )


def _demands(demands: DemandsTable) -> Demands:
    of_machine = demands if isinstance(demands, MachineDemandsTable) else MachineDemandsTable()
    return Demands(
        trainings=tuple(TrainingId(training) for training in demands.trainings),
        min_present=demands.min_present,
        role_present=RoleId(demands.role_present) if demands.role_present else None,
        present_in=ZoneId(demands.present_in) if demands.present_in else None,
        booking=demands.booking,
        check_in=of_machine.check_in,
        grace_s=of_machine.grace_s,
    )


def door_of_draft(draft: Draft, door: DoorTable) -> Door:
    """Return a door with the devices that are wired to it."""
    return Door(
        id=DoorId(door.id),
        name=_text(door.name),
        zone=ZoneId(door.zone),
        outside=ZoneId(door.outside) if door.outside else None,
        contact=bool(contacts := contacts_of(draft, door)),
        contacts=contacts,
        lock=DeviceId(door.lock) if door.lock else None,
        exit=door.exit,
        buttons=buttons_of(draft, door),
        unlock_s=door.unlock_s,
        held_open_max_s=door.held_open_max_s,
        fail_mode=door.fail_mode,
        rights_valid_s=door.rights_valid_s,
        at=door.at,
    )


def _access_point(draft: Draft, point: AccessPointTable) -> AccessPoint:
    direction, zone = _led_to(draft, point)
    return AccessPoint(
        id=AccessPointId(point.id),
        direction=direction,
        zone=ZoneId(zone),
        door=DoorId(point.door) if point.door else None,
        machine=MachineId(point.machine) if point.machine else None,
        min_credential=point.min_credential,
    )


def _led_to(draft: Draft, point: AccessPointTable) -> tuple[Direction, str]:
    """Return an access point's direction and the zone that it controls."""
    if point.muster is not None:
        return "muster", point.muster
    if point.here is not None:
        return "here", point.here
    if point.machine is not None:
        return "machine", next(m.zone for m in draft.machines.values() if m.id == point.machine)
    zone = next(door.zone for door in draft.doors.values() if door.id == point.door)
    return point.direction or "entry", zone


def _plan(plan: PlanTable) -> Plan:
    return Plan(
        id=PlanId(plan.id),
        name=_text(plan.name),
        rights=tuple(_right(right) for right in plan.rights),
        quotas=tuple(Quota(quota.kind, quota.amount, quota.per) for quota in plan.quotas),
    )


def _right(right: RightTable) -> Right:
    return Right(
        zones=tuple(ZoneId(zone) for zone in right.zones),
        machines=tuple(MachineId(machine) for machine in right.machines),
        hours=right.hours,
    )


def _named(tables: Iterable[NamedTable]) -> tuple[Named, ...]:
    return tuple(Named(table.id, _text(table.name)) for table in tables)


def _text(name: BothLanguages) -> Text:
    return Text(name.fr, name.en)
