"""What ties the tables of a space file together: a list of claims, each with the faults it finds.

Every claim is looked at, so that one run names every fault. Each starts from a draft, in which any
table may be missing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

import opening_hours

from gateway.config.build import every_device, may_be_contact
from gateway.config.draft import Draft
from gateway.config.faults import Fault, unknown
from gateway.config.schema import AccessPointTable, RightTable, Table
from sensors.registry import DRIVERS

Claim = Callable[[Draft], Iterator[Fault]]

REFERENCES = (  # a table's key names one of these tables
    ("zones", "parent", ("zones",)),
    ("doors", "zone", ("zones",)),
    ("doors", "outside", ("zones",)),
    ("doors", "lock", ("locks", "readers")),
    ("access_points", "door", ("doors",)),
    ("access_points", "machine", ("machines",)),
    ("machines", "zone", ("zones",)),
    ("readers", "access_point", ("access_points",)),
    ("sensors", "zone", ("zones",)),
    ("sensors", "door", ("doors",)),
    ("sensors", "machine", ("machines",)),
)
ID_SPACES = (  # an id is given once among these tables
    ("zones",),
    ("doors",),
    ("access_points",),
    ("machines",),
    ("readers", "sensors", "locks"),
    ("plans",),
)
HOURS_EXAMPLE = 'write for example "Mo-Fr 08:00-20:00", or "24/7" for always'

_HOLIDAY = re.compile(r"\b[PS]H\b")


def timezone_exists(draft: Draft) -> Iterator[Fault]:
    """Local times need a zone that the machine knows."""
    if draft.site is None:
        return
    name = draft.site.timezone
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        yield draft.fault("site.timezone", _unknown_timezone(name))


def country_has_holidays(draft: Draft) -> Iterator[Fault]:
    """Public holidays differ from country to country."""
    if draft.site is None:
        return
    try:
        opening_hours.OpeningHours("24/7", country=draft.site.country)
    except opening_hours.UnknownCountryError:  # type: ignore[attr-defined]  # missing in its stub
        message = f'"{draft.site.country}" is not a country with known holidays; France is "FR"'
        yield draft.fault("site.country", message)


def ids_are_unique(draft: Draft) -> Iterator[Fault]:
    """An id names one thing; devices of all kinds share the topics, hence one set of ids."""
    for tables in ID_SPACES:
        first: dict[str, str] = {}
        for kind in tables:
            for index, table in _tables(draft, kind).items():
                path, id_ = f"{kind}[{index}].id", str(_value(table, "id"))
                if id_ in first:
                    yield draft.fault(path, f'"{id_}" is given already at {first[id_]}')
                first.setdefault(id_, path)


def references_exist(draft: Draft) -> Iterator[Fault]:
    """What a table names is in the file."""
    for kind, key, targets in REFERENCES:
        known = [id_ for target in targets for id_ in draft.ids[target]]
        for index, table in _tables(draft, kind).items():
            named = _value(table, key)
            if named is not None and named not in known:
                what = " or ".join(_singular(target) for target in targets)
                yield draft.fault(f"{kind}[{index}].{key}", unknown(str(named), what, known))


def plans_have_rights(draft: Draft) -> Iterator[Fault]:
    """Whoever buys a plan may go somewhere."""
    for index, plan in draft.plans.items():
        if not plan.rights:
            yield draft.fault(f"plans[{index}].rights", "is empty: add [[plans.rights]]")


def rights_name_what_exists(draft: Draft) -> Iterator[Fault]:
    """A right opens something, and something that is in the file."""
    for path, right in _rights(draft):
        for key, named in (("zones", right.zones), ("machines", right.machines)):
            for place, id_ in enumerate(named):
                if id_ not in draft.ids[key]:
                    what = unknown(id_, _singular(key), draft.ids[key])
                    yield draft.fault(f"{path}.{key}[{place}]", what)
        if not right.zones and not right.machines:
            yield draft.fault(path, "opens nothing: give zones or machines")


def hours_are_understood(draft: Draft) -> Iterator[Fault]:
    """Opening hours can be read."""
    for path, right in _rights(draft):
        if not opening_hours.validate(right.hours):
            message = f'"{right.hours}" is not in opening_hours syntax; {HOURS_EXAMPLE}'
            yield draft.fault(f"{path}.hours", message)
            continue
        if _HOLIDAY.search(right.hours):
            # The engine evaluates hours without a calendar of holidays: PH would never match.
            yield draft.fault(
                f"{path}.hours", "holidays (PH, SH) are not known yet; write the days"
            )


def zones_have_no_cycle(draft: Draft) -> Iterator[Fault]:
    """No zone is inside itself, by any way round."""
    parent = {zone.id: zone.parent for zone in draft.zones.values()}
    told: set[str] = set()
    for index, zone in draft.zones.items():
        chain = _chain(zone.id, parent)
        if zone.id in chain[1:] and zone.id not in told:
            told.update(chain)
            yield draft.fault(f"zones[{index}].parent", f"goes round: {' > '.join(chain)}")


def capacities_fit(draft: Draft) -> Iterator[Fault]:
    """A room cannot hold more than what it is a part of, and a number says where it comes from."""
    zones = {zone.id: zone for zone in draft.zones.values()}
    for index, zone in draft.zones.items():
        if zone.capacity is None:
            continue
        if zone.capacity_source is None:
            message = (
                'is required with capacity: say where it comes from, "fire certificate 2024-03"'
            )
            yield draft.fault(f"zones[{index}].capacity_source", message)
        for above in _chain(zone.id, {id_: each.parent for id_, each in zones.items()})[1:]:
            limit = zones[above].capacity if above in zones else None
            if limit is not None and zone.capacity > limit:
                message = f"{zone.capacity} is more than {limit}, the capacity of {above} around it"
                yield draft.fault(f"zones[{index}].capacity", message)
                break


def access_points_are_one_thing(draft: Draft) -> Iterator[Fault]:
    """An access point is one direction through one door, or one machine; no two are the same."""
    first: dict[tuple[str, str], str] = {}
    for index, point in draft.access_points.items():
        path = f"access_points[{index}]"
        if (point.door is None) == (point.machine is None):
            yield draft.fault(path, "give either door and direction, or machine")
        elif point.door is not None and point.direction is None:
            yield draft.fault(f"{path}.direction", 'is required with door: "entry" or "exit"')
        elif point.machine is not None and point.direction is not None:
            yield draft.fault(f"{path}.direction", "belongs to a door; a machine has none")
        else:
            same = (point.door or "", point.direction or point.machine or "")
            if same in first:
                yield draft.fault(path, f"is the same as {first[same]}; readers may share one")
            first.setdefault(same, path)


def sensors_watch_one_thing(draft: Draft) -> Iterator[Fault]:
    """A sensor belongs to a zone, a door or a machine."""
    for index, sensor in draft.sensors.items():
        if sum(each is not None for each in (sensor.zone, sensor.door, sensor.machine)) != 1:
            yield draft.fault(f"sensors[{index}]", "give one of zone, door or machine")


def doors_have_two_sides(draft: Draft) -> Iterator[Fault]:
    """A door leads from one zone into another."""
    for index, door in draft.doors.items():
        if door.zone == door.outside:
            message = f'"{door.zone}" is on both sides; leave outside away for the street'
            yield draft.fault(f"doors[{index}].outside", message)


def nobody_is_locked_in(draft: Draft) -> Iterator[Fault]:
    """Life safety: where people leave by badge, a reader lets them out."""
    if not draft.whole("access_points", "readers"):
        return  # what is missing may be there, with a fault of its own
    ways_out = {point.door for point in _with_reader(draft) if point.direction == "exit"}
    for index, door in draft.doors.items():
        if door.exit == "reader" and door.id not in ways_out:
            message = (
                '"reader" needs an access point with direction = "exit" at this door and a reader '
                "there, or nobody gets out"
            )
            yield draft.fault(f"doors[{index}].exit", message)


def contacts_are_reported(draft: Draft) -> Iterator[Fault]:
    """A door with a contact has a device that reports it, or entries would wait for ever."""
    if not draft.whole("access_points", "readers", "sensors"):
        return
    watched = {sensor.door for sensor in draft.sensors.values() if may_be_contact(sensor)}
    with_device = {point.door for point in _with_reader(draft)} | watched
    for index, door in draft.doors.items():
        path = f"doors[{index}].contact"
        if door.contact and door.id not in with_device and door.lock is None:
            yield draft.fault(
                path, "is true, but no reader, lock or sensor of this door reports it"
            )
        if door.id in watched and door.exit == "button" and door.contact is None:
            message = "is required: true or false, since the sensor of this door may be the button"
            yield draft.fault(path, message)
        elif door.id in watched and door.exit != "button" and door.contact is False:
            yield draft.fault(path, "is false, but a sensor names this door; leave it away")


def locks_are_used(draft: Draft) -> Iterator[Fault]:
    """A lock that no door names would never be released."""
    if not draft.whole("doors"):
        return  # a door with faults may be the one that names it
    used = {door.lock for door in draft.doors.values()}
    for index, lock in draft.locks.items():
        if lock.id not in used:
            message = f'no door has lock = "{lock.id}"'
            yield draft.fault(f"locks[{index}].id", message)


def devices_are_understood(draft: Draft) -> Iterator[Fault]:
    """A driver knows the device's wire, and accepts its topic and options."""
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
    timezone_exists,
    country_has_holidays,
    ids_are_unique,
    references_exist,
    zones_have_no_cycle,
    capacities_fit,
    doors_have_two_sides,
    nobody_is_locked_in,
    contacts_are_reported,
    locks_are_used,
    access_points_are_one_thing,
    sensors_watch_one_thing,
    devices_are_understood,
    plans_have_rights,
    rights_name_what_exists,
    hours_are_understood,
)


def faults_between(draft: Draft) -> list[Fault]:
    """Every fault that shows only when tables are seen together."""
    return [fault for claim in CLAIMS for fault in claim(draft)]


def _tables(draft: Draft, kind: str) -> Mapping[int, Table]:
    tables: Mapping[int, Table] = getattr(draft, kind)
    return tables


def _value(table: Table, key: str) -> object:
    value: object = getattr(table, key)
    return value


def _singular(kind: str) -> str:
    return kind.removesuffix("s").replace("_", " ")


def _rights(draft: Draft) -> Iterator[tuple[str, RightTable]]:
    for index, plan in draft.plans.items():
        for place, right in enumerate(plan.rights):
            yield f"plans[{index}].rights[{place}]", right


def _with_reader(draft: Draft) -> Iterator[AccessPointTable]:
    """The access points at which a reader stands."""
    served = {reader.access_point for reader in draft.readers.values()}
    return (point for point in draft.access_points.values() if point.id in served)


def _chain(zone: str, parent: Mapping[str, str | None]) -> list[str]:
    """A zone and the zones around it, nearest first; it ends where it would repeat itself."""
    chain = [zone]
    while (above := parent.get(chain[-1])) is not None:
        chain.append(above)
        if above in chain[:-1]:
            break
    return chain


def _unknown_timezone(name: str) -> str:
    close = get_close_matches(name, available_timezones(), n=1)
    guess = f'; did you mean "{close[0]}"?' if close else '; write for example "Europe/Paris"'
    return f'"{name}" is not a time zone{guess}'
