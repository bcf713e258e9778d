"""Claims about the floor plan and the kiosk: shapes can be drawn, and public zones exist."""

from collections.abc import Iterator

from gateway.config.check_types import Claim
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault, unknown
from gateway.core.model.outline import area_m2, crosses_itself, distance_m, walls_of

ON_A_WALL_M = 0.5
"""Greatest distance in metres of a door from its wall; the plan moves it onto the wall."""


def outlines_are_rooms(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a zone's outline is a simple polygon with an area."""
    for index, zone in draft.zones.items():
        if zone.outline is None:
            continue
        path = f"zones[{index}].outline"
        if len(set(zone.outline)) != len(zone.outline):
            yield draft.fault(path, "names a corner twice; the last one joins the first by itself")
        elif crosses_itself(zone.outline):
            yield draft.fault(path, "crosses itself: name its corners as one walks around")
        elif not area_m2(zone.outline):
            yield draft.fault(path, "has no room inside: its corners are on one line")


def doors_are_in_a_wall(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a door on the plan is in a wall of the zone on either side of it."""
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


def kiosk_zones_exist(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a kiosk shows zones of this file, each once."""
    zones = draft.kiosk.zones if draft.kiosk is not None else ()
    for index, zone in enumerate(zones):
        path = f"kiosk.zones[{index}]"
        if zone not in draft.ids["zones"]:
            yield draft.fault(path, unknown(zone, "zone", draft.ids["zones"]))
        elif zone in zones[:index]:
            yield draft.fault(path, f'"{zone}" is shown already')


CLAIMS: tuple[Claim, ...] = (outlines_are_rooms, doors_are_in_a_wall, kiosk_zones_exist)
