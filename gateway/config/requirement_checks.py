"""Claims about the demands of zones and machines: each can be met, and by somebody who exists.

A demand that cannot be met is a door that never opens. So each is followed to the end here: who
trains, who keeps company, how their presence is known, and how anybody becomes the first.
"""

from collections.abc import Iterator

from msgspec import Struct

from gateway.config.check_types import (
    Claim,
    chain,
    doors_with_reader,
    parents_of,
    tables,
    zones_badged_into,
)
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault, unknown
from gateway.config.schema.equipment import MachineDemandsTable, MachineTable
from gateway.config.schema.places import DemandsTable, ZoneTable
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER

BUILT_IN_ROLES: tuple[str, ...] = (OPERATOR, ADMINISTRATOR, VIEWER)
"""The console's staff roles: every site has them, and may require them."""


class _Asked(Struct, frozen=True):
    """The demands of one zone or machine; `zone` is the zone itself, or the machine's."""

    path: str
    zone: str
    kind: str
    id: str
    demands: DemandsTable

    @property
    def company_in(self) -> str:
        """The zone where company counts."""
        return self.demands.present_in or self.zone


def roles_are_free(draft: Draft) -> Iterator[ConfigFault]:
    """Check that no role of the file has the id of a built-in staff role."""
    for index, role in draft.roles.items():
        if role.id in BUILT_IN_ROLES:
            yield draft.fault(f"roles[{index}].id", f'"{role.id}" is built in; leave it away')


def demands_name_what_exists(draft: Draft) -> Iterator[ConfigFault]:
    """Check that the trainings, roles and zones of demands are in the file."""
    roles = (*draft.ids["roles"], *BUILT_IN_ROLES)
    for index, zone in draft.zones.items():
        if zone.opened_by is not None and zone.opened_by not in roles:
            yield draft.fault(f"zones[{index}].opened_by", unknown(zone.opened_by, "role", roles))
    for asked in _asked(draft):
        demands = asked.demands
        for place, training in enumerate(demands.trainings):
            if training not in draft.ids["trainings"]:
                what = unknown(training, "training", draft.ids["trainings"])
                yield draft.fault(f"{asked.path}.trainings[{place}]", what)
        if demands.role_present is not None and demands.role_present not in roles:
            what = unknown(demands.role_present, "role", roles)
            yield draft.fault(f"{asked.path}.role_present", what)
        if demands.present_in is not None and demands.present_in not in draft.ids["zones"]:
            what = unknown(demands.present_in, "zone", draft.ids["zones"])
            yield draft.fault(f"{asked.path}.present_in", what)


def somebody_can_be_first(draft: Draft) -> Iterator[ConfigFault]:
    """Check that company can arrive: it is not behind the very door that demands it."""
    parents = parents_of(draft)
    for asked in _asked(draft):
        demands = asked.demands
        if asked.kind == "zone" and demands.min_present > 1:
            if demands.present_in is None:
                message = (
                    f"{demands.min_present} needs present_in: where the others are. Nobody could "
                    f"be the first in {asked.id}"
                )
                yield draft.fault(f"{asked.path}.min_present", message)
                continue
            if asked.id in chain(demands.present_in, parents):
                message = (
                    f'"{demands.present_in}" lies behind the same door: name a zone around '
                    f"{asked.id} or beside it, or nobody could be the first"
                )
                yield draft.fault(f"{asked.path}.present_in", message)


def company_has_room(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a zone's capacity allows the company that is demanded there."""
    parents = parents_of(draft)
    capacities = {zone.id: zone.capacity for zone in draft.zones.values()}
    for asked in _asked(draft):
        capacity = capacities.get(asked.company_in)
        is_among_them = asked.company_in in chain(asked.zone, parents)
        needed = asked.demands.min_present - (0 if is_among_them else 1)
        if capacity is not None and needed > capacity:
            who = "people" if is_among_them else "others"
            message = f"{needed} {who} are more than {capacity}, the capacity of {asked.company_in}"
            yield draft.fault(f"{asked.path}.min_present", message)


def company_is_known(draft: Draft) -> Iterator[ConfigFault]:
    """Check that readers record the presence that a demand relies on."""
    if not draft.whole("access_points", "readers", "doors", "zones"):
        return  # a missing table may be in the file, with a fault of its own
    badged = zones_badged_into(draft)
    for asked in _asked(draft):
        demands = asked.demands
        if asked.company_in not in draft.ids["zones"]:
            continue  # a fault that is already reported
        for key, is_asked in (
            ("min_present", demands.min_present > 1),
            ("role_present", demands.role_present is not None),
        ):
            if is_asked and asked.company_in not in badged:
                yield draft.fault(f"{asked.path}.{key}", _never_known(asked.company_in))
        checks_in = isinstance(demands, MachineDemandsTable) and demands.check_in
        if checks_in and asked.zone not in badged:
            yield draft.fault(f"{asked.path}.check_in", _never_known(asked.zone))


def bookings_come_from_a_calendar(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a zone or machine with a booking demand has a calendar."""
    if not draft.whole("calendars"):
        return
    for asked in _asked(draft):
        key = asked.kind
        booked = {getattr(calendar, key) for calendar in draft.calendars.values()}
        if asked.demands.booking != "ignored" and asked.id not in booked:
            message = f'"{asked.demands.booking}" needs [[calendars]] with {key} = "{asked.id}"'
            yield draft.fault(f"{asked.path}.booking", message)


def passback_can_end(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a zone with anti-passback records exits; otherwise members could never return."""
    for index, zone in draft.zones.items():
        path = f"zones[{index}]"
        if zone.passback == "timed" and zone.passback_s is None:
            message = 'is required with passback = "timed": how long after an entry it refuses'
            yield draft.fault(f"{path}.passback_s", message)
        if zone.passback != "timed" and zone.passback_s is not None:
            yield draft.fault(f"{path}.passback_s", 'belongs to passback = "timed"')
        unseen = _left_unseen(draft, zone)
        if zone.passback in {"hard", "timed"} and unseen:
            message = (
                f'"{zone.passback}" needs an exit reader at {", ".join(unseen)}: who leaves there '
                'is not seen, and would be refused when they come back; "soft" only notes it'
            )
            yield draft.fault(f"{path}.passback", message)


CLAIMS: tuple[Claim, ...] = (
    roles_are_free,
    demands_name_what_exists,
    somebody_can_be_first,
    company_has_room,
    company_is_known,
    bookings_come_from_a_calendar,
    passback_can_end,
)


def _asked(draft: Draft) -> Iterator[_Asked]:
    for kind in ("zones", "machines"):
        for index, table in tables(draft, kind).items():
            path = f"{kind}[{index}].demands"
            if isinstance(table, ZoneTable):
                yield _Asked(path, table.id, "zone", table.id, table.demands)
            elif isinstance(table, MachineTable):
                yield _Asked(path, table.zone, "machine", table.id, table.demands)


def _never_known(zone: str) -> str:
    return (
        f"nobody is known to be in {zone}: no access point with direction = "
        '"entry" and a reader leads into it'
    )


def _left_unseen(draft: Draft, zone: ZoneTable) -> list[str]:
    """Return the doors that people badge through to enter a zone, and leave by without a badge."""
    if not draft.whole("access_points", "readers", "doors", "zones"):
        return []
    parents = parents_of(draft)
    inside = {each for each in parents if zone.id in chain(each, parents)}
    badged_in, badged_out = doors_with_reader(draft, "entry"), doors_with_reader(draft, "exit")
    return [
        door.id
        for door in draft.doors.values()
        if door.zone in inside
        and door.outside not in inside
        and door.id in badged_in
        and door.id not in badged_out
    ]
