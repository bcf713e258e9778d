"""Walls and places on a floor plan: plane geometry of simple polygons, in metres."""

import math
from itertools import pairwise

from gateway.core.model.places import Place

Wall = tuple[Place, Place]


def walls_of(outline: tuple[Place, ...]) -> list[Wall]:
    """Return the walls between the corners, the last one back to the first."""
    return list(pairwise((*outline, outline[0])))


def nearest_on(place: Place, wall: Wall) -> Place:
    """Return the place on a wall that is nearest to a place."""
    (x, y), ((x1, y1), (x2, y2)) = place, wall
    along, up = x2 - x1, y2 - y1
    length2 = along**2 + up**2
    share = ((x - x1) * along + (y - y1) * up) / length2 if length2 else 0.0
    share = min(max(share, 0.0), 1.0)
    return x1 + share * along, y1 + share * up


def distance_m(place: Place, wall: Wall) -> float:
    """Return the distance of a place from a wall, in metres."""
    return math.dist(place, nearest_on(place, wall))


def area_m2(outline: tuple[Place, ...]) -> float:
    """Return the area inside, by the shoelace formula |sum(x[i] y[i+1] - x[i+1] y[i])| / 2."""
    twice = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in walls_of(outline))
    return abs(twice) / 2


def is_inside(place: Place, outline: tuple[Place, ...]) -> bool:
    """Return whether a place is inside the walls: a ray from it crosses an odd number of them."""
    x, y = place
    met = [
        (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1)
        for (x1, y1), (x2, y2) in walls_of(outline)
    ]
    return sum(met) % 2 == 1


def crosses_itself(outline: tuple[Place, ...]) -> bool:
    """Return whether two of its walls cross; walls that share a corner only touch."""
    walls = walls_of(outline)
    return any(
        _cross(one, other) for number, one in enumerate(walls) for other in walls[number + 1 :]
    )


def _cross(one: Wall, other: Wall) -> bool:
    (a, b), (c, d) = one, other
    sides = (_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b))
    return sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0


def _side(a: Place, b: Place, c: Place) -> float:
    """Return the side of the line from a to b that c is on: positive or negative."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
