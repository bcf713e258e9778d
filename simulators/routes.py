"""The routes of a site: the shortest way over its zones, door by door.

A door joins its `outside` and its `zone`. A zone that no door touches is an open part of the zone
around it, or else of its first neighbour inside the same zone: one walks there without a door.
"""

from collections import deque
from collections.abc import Iterator

from msgspec import Struct

from gateway.core.model.names import DoorId, ZoneId
from gateway.core.model.places import Door
from gateway.core.model.site import Site

Place = ZoneId | None
"""A person's position; None is the street."""


class RouteStep(Struct, frozen=True):
    """One step of a route. `door` is None where nothing has to be opened."""

    origin: Place
    to: Place
    door: DoorId | None

    @property
    def back(self) -> "RouteStep":
        """The same passage the other way."""
        return RouteStep(self.to, self.origin, self.door)


class SiteRoutes:
    """The routes of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._from: dict[Place, list[RouteStep]] = {}
        for door in site.doors:
            self._join(RouteStep(door.outside, door.zone, door.id))
        for open_part in list(_open_parts(site)):
            self._join(open_part)
        self.reachable = tuple(zone.id for zone in site.zones if self.way(None, zone.id))

    def way(self, origin: Place, to: Place) -> tuple[RouteStep, ...]:
        """Return the passages from `origin` to `to`, fewest first; empty if there is no route."""
        came: dict[Place, RouteStep | None] = {origin: None}
        waiting = deque([origin])
        while waiting and to not in came:
            for passage in self._from.get(waiting.popleft(), ()):
                if passage.to not in came:
                    came[passage.to] = passage
                    waiting.append(passage.to)
        way: list[RouteStep] = []
        last = came.get(to)
        while last is not None:
            way.append(last)
            last = came[last.origin]
        return tuple(reversed(way))

    def enters(self, passage: RouteStep) -> bool:
        """Return whether this passage goes towards the side that its door protects."""
        return passage.door is not None and self._site.door[passage.door].zone == passage.to

    def _join(self, passage: RouteStep) -> None:
        self._from.setdefault(passage.origin, []).append(passage)
        self._from.setdefault(passage.to, []).append(passage.back)


def _open_parts(site: Site) -> Iterator[RouteStep]:
    """Yield a passage into every zone that no door touches."""
    touched = {side for door in site.doors for side in _sides(door)}
    for zone in site.zones:
        if zone.id in touched or any(zone.id in other.ancestors for other in site.zones):
            continue
        neighbours = (other.id for other in site.zones if other.ancestors[:1] == zone.ancestors[:1])
        beside = (near for near in (*zone.ancestors, *neighbours) if near in touched)
        nearest = next(beside, None)
        if nearest is not None:
            yield RouteStep(nearest, zone.id, None)


def _sides(door: Door) -> tuple[ZoneId, ...]:
    return (door.zone,) if door.outside is None else (door.zone, door.outside)
