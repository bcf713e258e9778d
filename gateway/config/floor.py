"""Claims about the floor plan and the kiosk: what is drawn can be drawn, what is public exists."""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise

from gateway.config.claims import Claim
from gateway.config.draft import Draft
from gateway.config.faults import Fault, unknown
from gateway.core.site import Place

ON_A_WALL_M = 0.5
"""How far from a wall a door may be written: the plan puts it onto the wall."""
_Wall = tuple[Place, Place]


def outlines_are_rooms(draft: Draft) -> Iterator[Fault]:
    """A zone's walls go round it once: they cross nowhere, and have room between them."""
    for index, zone in draft.zones.items():
        if zone.outline is None:
            continue
        walls = walls_of(zone.outline)
        path = f"zones[{index}].outline"
        if len(set(zone.outline)) != len(zone.outline):
            yield draft.fault(path, "names a corner twice; the last one joins the first by itself")
        elif any(_cross(one, other) for one, other in combinations(walls, 2)):
            yield draft.fault(path, "crosses itself: name its corners as one walks around")
        elif not area_m2(zone.outline):
            yield draft.fault(path, "has no room inside: its corners are on one line")


def doors_are_in_a_wall(draft: Draft) -> Iterator[Fault]:
    """A door on the plan is in a wall of the zone that it leads into, or of the one outside it."""
    outlines = {zone.id: zone.outline for zone in draft.zones.values() if zone.outline}
    for index, door in draft.doors.items():
        if door.at is None:
            continue
        sides = [outlines[zone] for zone in (door.zone, door.outside) if zone in outlines]
        walls = [wall for outline in sides for wall in walls_of(outline)]
        path = f"doors[{index}].at"
        if not walls:
            message = f'needs an outline of "{door.zone}", or of the zone outside'
            yield draft.fault(path, message)
        elif (off_m := min(distance_m(door.at, wall) for wall in walls)) > ON_A_WALL_M:
            yield draft.fault(path, f"is {off_m:.1f} m away from the nearest wall of its zones")


def kiosk_zones_exist(draft: Draft) -> Iterator[Fault]:
    """A kiosk shows zones of this file, each once."""
    zones = draft.kiosk.zones if draft.kiosk is not None else ()
    for index, zone in enumerate(zones):
        path = f"kiosk.zones[{index}]"
        if zone not in draft.ids["zones"]:
            yield draft.fault(path, unknown(zone, "zone", draft.ids["zones"]))
        elif zone in zones[:index]:
            yield draft.fault(path, f'"{zone}" is shown already')


CLAIMS: tuple[Claim, ...] = (outlines_are_rooms, doors_are_in_a_wall, kiosk_zones_exist)


def walls_of(outline: tuple[Place, ...]) -> list[_Wall]:
    """The walls between the corners, the last one back to the first."""
    return list(pairwise((*outline, outline[0])))


def distance_m(place: Place, wall: _Wall) -> float:
    """How far a place is from a wall."""
    (x, y), ((x1, y1), (x2, y2)) = place, wall
    along, up = x2 - x1, y2 - y1
    length2 = along**2 + up**2
    share = ((x - x1) * along + (y - y1) * up) / length2 if length2 else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.hypot(x - x1 - share * along, y - y1 - share * up)


def area_m2(outline: tuple[Place, ...]) -> float:
    """The area inside (the shoelace formula)."""
    twice = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in walls_of(outline))
    return abs(twice) / 2


def _cross(one: _Wall, other: _Wall) -> bool:
    """Whether two walls cross between their ends; walls that share a corner only touch."""
    (a, b), (c, d) = one, other
    sides = (_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b))
    return sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0


def _side(a: Place, b: Place, c: Place) -> float:
    """Positive where c is on one side of the line from a to b, negative on the other."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
