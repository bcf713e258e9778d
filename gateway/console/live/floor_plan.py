"""The floor plan: rooms and doors of the space file in the units of a drawing.

Computed once per site. A room's name stands where there is most space around it, and is set as
large as fits; a door opens into the zone that it protects. What changes (counts, states) is placed
by the template and the stream.
"""

import math
from functools import lru_cache
from itertools import product
from typing import Final

from msgspec import Struct

from gateway.core.model.names import ZoneId
from gateway.core.model.outline import area_m2, distance_m, is_inside, nearest_on, walls_of
from gateway.core.model.places import Door, Place, Zone
from gateway.core.model.site import Site
from gateway.translation import Lang, in_lang

UNITS_A_M: Final = 40
"""Drawing units per metre: a letter is some tens of them high, as browsers like it."""
MARGIN_M: Final = 0.35
GRID: Final = 24
"""Places tried in each direction for a name: closer than half a metre in a hall of 12 m."""
ROOM_FOR_WORDS_M: Final = 0.8
"""Less space than this to the nearest wall is a corridor between rooms: a name would not fit."""
LETTER: Final = 0.56
"""A letter's width relative to its height, on average in a sans-serif."""
SIZES: Final = (8.0, 26.0)
"""The smallest and the largest name, in units."""
LONG_NAME: Final = 12
"""Letters from which a name is set in two lines, where it has two words."""

_EQUAL_M: Final = 0.05

Outline = tuple[Place, ...]


class PlanRoom(Struct, frozen=True):
    """A zone on the plan.

    `x`, `y` are the middle of its words, None where it has no space of its own; `lines` is its
    name, and `size` their height.
    """

    id: str
    points: str
    holds_rooms: bool
    x: float | None
    y: float | None
    lines: tuple[str, ...]
    size: float


class Opening(Struct, frozen=True):
    """A door on the plan, `turn` degrees clockwise from one in an upper wall, opening downwards."""

    id: str
    x: float
    y: float
    turn: float


class FloorPlan(Struct, frozen=True):
    """A site's drawing; `box` is its viewBox."""

    box: str
    rooms: tuple[PlanRoom, ...]
    doors: tuple[Opening, ...]


@lru_cache(maxsize=64)
def _drawn(zones: tuple[Zone, ...], doors: tuple[Door, ...], lang: Lang) -> FloorPlan | None:
    outlines = {zone.id: zone.outline for zone in zones if zone.outline}
    if not outlines:
        return None
    corners = [corner for outline in outlines.values() for corner in outline]
    left, right = min(x for x, _ in corners) - MARGIN_M, max(x for x, _ in corners) + MARGIN_M
    top, bottom = min(y for _, y in corners) - MARGIN_M, max(y for _, y in corners) + MARGIN_M
    box = " ".join(f"{_units(each):g}" for each in (left, top, right - left, bottom - top))
    largest_first = sorted((zone for zone in zones if zone.outline), key=_minus_area)
    return FloorPlan(
        box,
        rooms=tuple(_room(zone, zones, lang) for zone in largest_first),
        doors=tuple(opening for door in doors if (opening := _opening(door, outlines)) is not None),
    )


def plan_of(site: Site, lang: Lang) -> FloorPlan | None:
    """Return a site's plan; None where its space file draws no zone."""
    fixed = tuple(_without_rules(zone) for zone in site.zones)
    return _drawn(fixed, site.doors, lang)


def _without_rules(zone: Zone) -> Zone:
    """Return the part of a zone that the drawing depends on."""
    return Zone(zone.id, zone.name, ancestors=zone.ancestors, outline=zone.outline)


def _minus_area(zone: Zone) -> float:
    return -area_m2(zone.outline)


def _room(zone: Zone, zones: tuple[Zone, ...], lang: Lang) -> PlanRoom:
    inner = [each.outline for each in zones if zone.id in each.ancestors and each.outline]
    middle, space_m = _roomiest(zone.outline, inner)
    lines = _lines(in_lang(zone.name, lang))
    fits = 2 * space_m * UNITS_A_M / (LETTER * max(len(line) for line in lines))
    shown = space_m >= ROOM_FOR_WORDS_M and not (inner and space_m < 2 * ROOM_FOR_WORDS_M)
    return PlanRoom(
        id=zone.id,
        points=" ".join(f"{_units(x):g},{_units(y):g}" for x, y in zone.outline),
        holds_rooms=bool(inner),
        x=_units(middle[0]) if shown else None,
        y=_units(middle[1]) if shown else None,
        lines=lines,
        size=round(min(max(fits, SIZES[0]), SIZES[1]), 1),
    )


def _lines(name: str) -> tuple[str, ...]:
    """Return a long name in two lines, as equal as its words allow."""
    words = name.split()
    if len(name) < LONG_NAME or len(words) == 1:
        return (name,)
    cuts = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return min(cuts, key=lambda cut: max(map(len, cut)))


def _roomiest(outline: Outline, inner: list[Outline]) -> tuple[Place, float]:
    """Return the place farthest from all walls, and the distance; if none, the first corner."""
    walls = [wall for each in (outline, *inner) for wall in walls_of(each)]
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    centre = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    best, space_m, off_m = outline[0], 0.0, math.inf
    for along, down in product(range(1, GRID), repeat=2):
        place = (
            min(xs) + (max(xs) - min(xs)) * along / GRID,
            min(ys) + (max(ys) - min(ys)) * down / GRID,
        )
        if not is_inside(place, outline) or any(is_inside(place, each) for each in inner):
            continue
        free_m = min(distance_m(place, wall) for wall in walls)
        better = free_m - space_m
        if better > _EQUAL_M or (better > -_EQUAL_M and math.dist(place, centre) < off_m):
            best, space_m, off_m = place, free_m, math.dist(place, centre)
    return best, space_m


def _opening(door: Door, outlines: dict[ZoneId, Outline]) -> Opening | None:
    side = door.zone if door.zone in outlines else door.outside
    if door.at is None or side not in outlines:
        return None
    place = door.at
    outline = outlines[side]
    wall = min(walls_of(outline), key=lambda each: distance_m(place, each))
    x, y = nearest_on(place, wall)
    (x1, y1), (x2, y2) = wall
    turn = math.degrees(math.atan2(y2 - y1, x2 - x1))
    into = math.radians(turn + 90)
    ahead = is_inside((x + 0.1 * math.cos(into), y + 0.1 * math.sin(into)), outline)
    if ahead != (side == door.zone):
        turn += 180
    return Opening(door.id, _units(x), _units(y), round(turn % 360, 1))


def _units(metres: float) -> float:
    return round(metres * UNITS_A_M, 1)
