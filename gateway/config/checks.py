"""The claims that tie the tables of a space file together, each with the faults that it finds.

Every claim is checked, so that one run reports every fault. Each takes a draft, in which any table
may be missing.
"""

from collections.abc import Iterator

from gateway.config import (
    calendar_checks,
    floor_plan_checks,
    machine_checks,
    plan_checks,
    requirement_checks,
    time_checks,
    wirings,
)
from gateway.config import (
    integration_checks as told,
)
from gateway.config.build import contacts_of, every_device, relay_of
from gateway.config.check_types import (
    Claim,
    chain,
    doors_with_reader,
    parents_of,
    singular,
    tables,
    value,
)
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault, unknown
from gateway.config.schema.equipment import ReaderTable
from sensors.registry import DRIVERS

REFERENCES = (  # a table's key names one of these tables
    ("zones", "parent", ("zones",)),
    ("doors", "zone", ("zones",)),
    ("doors", "outside", ("zones",)),
    ("doors", "lock", ("locks", "readers")),
    ("doors", "exit_button", ("sensors", "readers", "locks")),
    ("access_points", "door", ("doors",)),
    ("access_points", "machine", ("machines",)),
    ("access_points", "muster", ("zones",)),
    ("access_points", "here", ("zones",)),
    ("machines", "zone", ("zones",)),
    ("readers", "access_point", ("access_points",)),
    ("sensors", "zone", ("zones",)),
    ("sensors", "door", ("doors",)),
    ("sensors", "machine", ("machines",)),
    ("calendars", "zone", ("zones",)),
    ("calendars", "machine", ("machines",)),
)
ID_SPACES = (  # an id occurs once among these tables
    ("zones",),
    ("doors",),
    ("access_points",),
    ("machines",),
    ("readers", "sensors", "locks"),
    ("plans",),
    ("trainings",),
    ("roles",),
    ("groups",),
)
TAKES_A_PIN = frozenset({"native"})
"""Drivers whose readers send a PIN beside a badge."""


def ids_are_unique(draft: Draft) -> Iterator[ConfigFault]:
    """Check that ids are unique; devices of all kinds share the topics, hence one set of ids."""
    for space in ID_SPACES:
        first: dict[str, str] = {}
        for kind in space:
            for index, table in tables(draft, kind).items():
                path, id_ = f"{kind}[{index}].id", str(value(table, "id"))
                if id_ in first:
                    yield draft.fault(path, f'"{id_}" is given already at {first[id_]}')
                first.setdefault(id_, path)


def references_exist(draft: Draft) -> Iterator[ConfigFault]:
    """Check that every id that a table names is in the file."""
    for kind, key, targets in REFERENCES:
        known = [id_ for target in targets for id_ in draft.ids[target]]
        for index, table in tables(draft, kind).items():
            named = value(table, key)
            if named is not None and named not in known:
                what = " or ".join(singular(target) for target in targets)
                yield draft.fault(f"{kind}[{index}].{key}", unknown(str(named), what, known))


def zones_have_no_cycle(draft: Draft) -> Iterator[ConfigFault]:
    """Check that no zone is inside itself, directly or through others."""
    parents = parents_of(draft)
    told: set[str] = set()
    for index, zone in draft.zones.items():
        around = chain(zone.id, parents)
        if zone.id in around[1:] and zone.id not in told:
            told.update(around)
            yield draft.fault(f"zones[{index}].parent", f"goes round: {' > '.join(around)}")


def capacities_fit(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a room holds no more than its parent, and that a capacity names its source."""
    zones = {zone.id: zone for zone in draft.zones.values()}
    for index, zone in draft.zones.items():
        if zone.capacity is None:
            continue
        if zone.capacity_source is None:
            message = (
                'is required with capacity: say where it comes from, "fire certificate 2024-03"'
            )
            yield draft.fault(f"zones[{index}].capacity_source", message)
        for above in chain(zone.id, parents_of(draft))[1:]:
            limit = zones[above].capacity if above in zones else None
            if limit is not None and zone.capacity > limit:
                message = f"{zone.capacity} is more than {limit}, the capacity of {above} around it"
                yield draft.fault(f"zones[{index}].capacity", message)
                break


def access_points_are_one_thing(draft: Draft) -> Iterator[ConfigFault]:
    """Check that an access point is one direction through a door, a machine, or a muster point."""
    first: dict[tuple[str, str], str] = {}
    for index, point in draft.access_points.items():
        path = f"access_points[{index}]"
        given = (point.door, point.machine, point.muster, point.here)
        if sum(each is not None for each in given) != 1:
            yield draft.fault(path, "give door and direction, or machine, or muster, or here")
        elif point.door is not None and point.direction is None:
            yield draft.fault(f"{path}.direction", 'is required with door: "entry" or "exit"')
        elif point.door is None and point.direction is not None:
            what = "a machine" if point.machine else "a muster point" if point.muster else "here"
            yield draft.fault(f"{path}.direction", f"belongs to a door; {what} has none")
        elif point.muster is None:  # there may be a muster point on each side
            same = (point.door or "", point.direction or point.machine or "")
            if same in first:
                yield draft.fault(path, f"is the same as {first[same]}; readers may share one")
            first.setdefault(same, path)


def credentials_can_be_strong(draft: Draft) -> Iterator[ConfigFault]:
    """Check that readers accept the credential that is required, and that exits require none."""
    for index, point in draft.access_points.items():
        path = f"access_points[{index}].min_credential"
        if point.direction == "exit" or point.muster is not None:
            if "min_credential" in point.model_fields_set:
                what = "the way out" if point.direction == "exit" else "a muster point"
                yield draft.fault(path, f"is not asked here: {what} is free to everybody")
            continue
        readers = [each for each in draft.readers.values() if each.access_point == point.id]
        if readers and not any(_takes(reader, point.min_credential) for reader in readers):
            yield draft.fault(path, _WEAK_READERS[point.min_credential])


def readers_can_enrol(draft: Draft) -> Iterator[ConfigFault]:
    """Check that badges are enrolled at an entry, by readers of badges."""
    points = {point.id: point for point in draft.access_points.values()}
    for index, reader in draft.readers.items():
        point = points.get(reader.access_point)
        if not reader.enrols or point is None:
            continue
        path = f"readers[{index}].enrols"
        if point.direction != "entry":
            what = "the way out" if point.direction == "exit" else "a machine or a muster point"
            yield draft.fault(path, f"is of an entry: at {what} a badge means something else")
        elif reader.format in ("pin", "qr"):
            yield draft.fault(path, f'needs a reader of badges, not format = "{reader.format}"')


def sensors_watch_one_thing(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a sensor belongs to one zone, door or machine."""
    for index, sensor in draft.sensors.items():
        if sum(each is not None for each in (sensor.zone, sensor.door, sensor.machine)) != 1:
            yield draft.fault(f"sensors[{index}]", "give one of zone, door or machine")


def doors_have_two_sides(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a door leads from one zone into another."""
    for index, door in draft.doors.items():
        if door.zone == door.outside:
            message = f'"{door.zone}" is on both sides; leave outside away for the street'
            yield draft.fault(f"doors[{index}].outside", message)


def nobody_is_locked_in(draft: Draft) -> Iterator[ConfigFault]:
    """Check life safety: where people leave by badge, an exit reader exists."""
    if not draft.whole("access_points", "readers"):
        return  # a missing table may be in the file, with a fault of its own
    ways_out = doors_with_reader(draft, "exit")
    for index, door in draft.doors.items():
        if door.exit == "reader" and door.id not in ways_out:
            message = (
                '"reader" needs an access point with direction = "exit" at this door and a reader '
                "there, or nobody gets out"
            )
            yield draft.fault(f"doors[{index}].exit", message)


def secure_doors_have_a_handle(draft: Draft) -> Iterator[ConfigFault]:
    """Check life safety: a door that stays locked in an evacuation has a handle inside.

    A reader or a button works only with power, network and gateway; in a fire any may be missing.
    """
    for index, door in draft.doors.items():
        if door.fail_mode == "secure" and door.exit != "handle":
            message = (
                f'"secure" needs exit = "handle": in an evacuation nobody may depend on a '
                f'{door.exit} to get out; write "safe"'
            )
            yield draft.fault(f"doors[{index}].fail_mode", message)


def interlocks_can_be_kept(draft: Draft) -> Iterator[ConfigFault]:
    """Check that each door of an airlock reports whether it is open."""
    doors = {door.id: door for door in draft.doors.values()}
    for index, interlock in draft.interlocks.items():
        path = f"interlocks[{index}].doors"
        if len(set(interlock.doors)) < _DOORS_OF_AN_AIRLOCK:
            yield draft.fault(path, "needs two doors or more, of which one opens at a time")
            continue
        for place, id_ in enumerate(interlock.doors):
            if id_ not in draft.ids["doors"]:
                what = unknown(id_, "door", draft.ids["doors"])
                yield draft.fault(f"{path}[{place}]", what)
            elif id_ in doors and not contacts_of(draft, doors[id_]):
                message = f'"{id_}" has no contact: nobody would know that it stands open'
                yield draft.fault(f"{path}[{place}]", message)


def locks_are_used(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a door or a machine names each lock; otherwise it would never be released."""
    if not draft.whole("doors", "machines"):
        return  # a table with faults may be the one that names this lock
    used = {door.lock for door in draft.doors.values()}
    used |= {relay_of(draft, machine) for machine in draft.machines.values()}
    for index, lock in draft.locks.items():
        if lock.id not in used:
            message = f'no door has lock = "{lock.id}", and no machine relay = "{lock.id}"'
            yield draft.fault(f"locks[{index}].id", message)


def devices_are_understood(draft: Draft) -> Iterator[ConfigFault]:
    """Check that each driver supports its device, and accepts its topic and options."""
    for kind, index, device in every_device(draft):
        path = f"{kind}[{index}]"
        if device.driver not in DRIVERS:
            yield draft.fault(f"{path}.driver", unknown(device.driver, "driver", DRIVERS))
            continue
        if device.driver == "native" and device.topic:
            yield draft.fault(f"{path}.topic", "follows from site and id for native; leave it away")
        for said in DRIVERS[device.driver].faults(device):
            key, _, message = said.partition(": ")
            yield draft.fault(f"{path}.{key}", message)


CLAIMS: tuple[Claim, ...] = (
    ids_are_unique,
    references_exist,
    zones_have_no_cycle,
    capacities_fit,
    doors_have_two_sides,
    nobody_is_locked_in,
    secure_doors_have_a_handle,
    interlocks_can_be_kept,
    locks_are_used,
    access_points_are_one_thing,
    credentials_can_be_strong,
    readers_can_enrol,
    sensors_watch_one_thing,
    devices_are_understood,
    *machine_checks.CLAIMS,
    *wirings.CLAIMS,
    *time_checks.CLAIMS,
    *plan_checks.CLAIMS,
    *requirement_checks.CLAIMS,
    *calendar_checks.CLAIMS,
    *floor_plan_checks.CLAIMS,
    *told.CLAIMS,
)

_DOORS_OF_AN_AIRLOCK = 2
_WEAK_READERS = {
    "number": 'its readers take codes alone (format = "pin"): write min_credential = "pin"',
    "number-and-pin": (
        f"none of its readers takes a badge and a PIN: that needs driver = "
        f'"{", ".join(sorted(TAKES_A_PIN))}", and a format other than "pin"'
    ),
}


def faults_between(draft: Draft) -> list[ConfigFault]:
    """Return every fault that shows only when tables are compared."""
    return [fault for claim in CLAIMS for fault in claim(draft)]


def _takes(reader: ReaderTable, strength: str) -> bool:
    """Return whether a reader accepts a credential of this strength."""
    if strength == "number-and-pin":
        return reader.driver in TAKES_A_PIN and reader.format != "pin"
    return strength == "pin" or reader.format != "pin"
