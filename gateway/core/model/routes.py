"""The shortest ways from the street to each zone, through doors."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from gateway.core.model.names import ZoneId
from gateway.core.model.places import Door, Zone


def shortest(zones: Iterable[Zone], doors: Sequence[Door]) -> dict[ZoneId, frozenset[ZoneId]]:
    """Return, for each zone, the zones entered on the shortest ways to it, itself included.

    A zone without a door is reached like its nearest ancestor with a door.
    """
    steps = _steps(doors)
    return {zone.id: _passed(zone, doors, steps) for zone in zones}


def _steps(doors: Sequence[Door]) -> dict[ZoneId | None, int]:
    """Return the number of doors between the street (None) and each zone that a door leads to."""
    steps: dict[ZoneId | None, int] = {None: 0}
    queue: deque[ZoneId | None] = deque([None])
    while queue:
        here = queue.popleft()
        for door in doors:
            if door.outside == here and door.zone not in steps:
                steps[door.zone] = steps[here] + 1
                queue.append(door.zone)
    return steps


def _passed(
    zone: Zone, doors: Sequence[Door], steps: Mapping[ZoneId | None, int]
) -> frozenset[ZoneId]:
    """Return the zones on the way from a zone to the street, by doors one step nearer each."""
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
            for door in doors
            if door.zone == here and steps.get(door.outside) == steps[here] - 1
        ]
    return frozenset(passed)
