"""From a draft's tables to the values of `gateway.core.site`."""

from collections.abc import Iterator

from gateway.config.draft import Draft
from gateway.config.schema import (
    AccessPointTable,
    BothLanguages,
    DeviceTable,
    DoorTable,
    PlanTable,
    ReaderTable,
    RightTable,
    SensorTable,
    SiteTable,
    ZoneTable,
)
from gateway.core.site import (
    AccessPoint,
    AccessPointId,
    Device,
    DeviceId,
    Direction,
    Door,
    DoorId,
    Machine,
    MachineId,
    Plan,
    PlanId,
    Right,
    Role,
    Site,
    SiteId,
    Text,
    Zone,
    ZoneId,
)


def site_of(draft: Draft, site: SiteTable) -> Site:
    """The site of a draft without faults."""
    return Site(
        id=SiteId(site.id),
        name=_text(site.name),
        timezone=site.timezone,
        zones=tuple(_zone(draft, zone) for zone in draft.zones.values()),
        doors=tuple(_door(draft, door) for door in draft.doors.values()),
        access_points=tuple(_access_point(draft, each) for each in draft.access_points.values()),
        machines=tuple(
            Machine(MachineId(each.id), _text(each.name), ZoneId(each.zone))
            for each in draft.machines.values()
        ),
        devices=tuple(device for _, _, device in every_device(draft)),
        plans=tuple(_plan(plan) for plan in draft.plans.values()),
    )


def every_device(draft: Draft) -> Iterator[tuple[str, int, Device]]:
    """Readers, sensors, locks, each with its table and place, even where references are wrong."""
    points = {point.id: point for point in draft.access_points.values()}
    doors = {door.lock: DoorId(door.id) for door in draft.doors.values()}
    for index, reader in draft.readers.items():
        yield "readers", index, _reader(reader, points.get(reader.access_point))
    for index, sensor in draft.sensors.items():
        yield "sensors", index, _sensor(sensor)
    for index, lock in draft.locks.items():
        yield "locks", index, _device(lock, "lock", door=doors.get(lock.id))


def may_be_contact(sensor: SensorTable) -> bool:
    """Whether a sensor at a door may report open and closed: its options may say what it means."""
    return sensor.options.get("means", "door") == "door"


def _device(
    table: DeviceTable,
    role: Role,
    *,
    access_point: AccessPointId | None = None,
    zone: ZoneId | None = None,
    door: DoorId | None = None,
    machine: MachineId | None = None,
    badge_format: str = "hex",
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
        silent_after_s=table.silent_after_s,
        options=dict(table.options),
    )


def _reader(reader: ReaderTable, point: AccessPointTable | None) -> Device:
    """A reader stands at its access point's door or machine: what else it reports is theirs."""
    return _device(
        reader,
        "reader",
        access_point=AccessPointId(reader.access_point),
        door=DoorId(point.door) if point and point.door else None,
        machine=MachineId(point.machine) if point and point.machine else None,
        badge_format=reader.format,
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
    return Zone(ZoneId(zone.id), _text(zone.name), zone.capacity, tuple(ancestors))


def _door(draft: Draft, door: DoorTable) -> Door:
    sensed = any(
        sensor.door == door.id and may_be_contact(sensor) for sensor in draft.sensors.values()
    )
    return Door(
        id=DoorId(door.id),
        name=_text(door.name),
        zone=ZoneId(door.zone),
        outside=ZoneId(door.outside) if door.outside else None,
        contact=sensed if door.contact is None else door.contact,
        lock=DeviceId(door.lock) if door.lock else None,
        exit=door.exit,
        unlock_s=door.unlock_s,
        held_open_max_s=door.held_open_max_s,
    )


def _access_point(draft: Draft, point: AccessPointTable) -> AccessPoint:
    if point.door is not None:
        door = next(each for each in draft.doors.values() if each.id == point.door)
        direction: Direction = point.direction or "entry"
        return AccessPoint(
            AccessPointId(point.id), direction, ZoneId(door.zone), door=DoorId(door.id)
        )
    machine = next(each for each in draft.machines.values() if each.id == point.machine)
    return AccessPoint(
        AccessPointId(point.id), "machine", ZoneId(machine.zone), machine=MachineId(machine.id)
    )


def _plan(plan: PlanTable) -> Plan:
    return Plan(PlanId(plan.id), _text(plan.name), tuple(_right(right) for right in plan.rights))


def _right(right: RightTable) -> Right:
    return Right(
        zones=tuple(ZoneId(zone) for zone in right.zones),
        machines=tuple(MachineId(machine) for machine in right.machines),
        hours=right.hours,
    )


def _text(name: BothLanguages) -> Text:
    return Text(name.fr, name.en)
