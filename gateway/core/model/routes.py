"""The ways from the street to each zone, through doors: all of them, not the shortest alone.

Who booked a room may come by any door that may lead there. A fire exit of the room itself takes
no other way away, nor does a side door.
"""

from collections.abc import Iterable, Sequence

from gateway.core.model.names import ZoneId
from gateway.core.model.places import Door, Zone


def ways_to(zones: Iterable[Zone], doors: Sequence[Door]) -> dict[ZoneId, frozenset[ZoneId]]:
    """Return, for each zone, the zones entered on any way to it, itself included.

    A way ends where it first arrives. A zone without a door is reached like its nearest ancestor
    with a door.
    """
    from_street = _reached(doors, None)
    return {zone.id: frozenset({zone.id} | _passed(zone, doors, from_street)) for zone in zones}


def _passed(zone: Zone, doors: Sequence[Door], from_street: set[ZoneId]) -> set[ZoneId]:
    goal = next((each for each in zone.lineage if each in from_street), None)
    if goal is None:
        return set()
    onward = [door for door in doors if door.outside != goal]  # what lies behind it is no way to it
    before = _reached(onward, None)
    return {each for each in before if each == goal or goal in _reached(onward, each)}


def _reached(doors: Sequence[Door], start: ZoneId | None) -> set[ZoneId]:
    """Return the zones that doors lead to from a zone, or from the street."""
    found: set[ZoneId] = set()
    ends: list[ZoneId | None] = [start]
    while ends:
        here = ends.pop()
        for door in doors:
            if door.outside == here and door.zone not in found:
                found.add(door.zone)
                ends.append(door.zone)
    return found
