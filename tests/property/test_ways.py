"""The ways to a booked room are those of every walk there: held against all walks of a house."""

from collections.abc import Sequence
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.model.names import DoorId, Text, ZoneId
from gateway.core.model.places import Door, Zone
from gateway.core.model.routes import ways_to

NAMES: Final = tuple(ZoneId(name) for name in "abcde")
LONGEST: Final = 6
"""Doors of a walk: a zone more than once, and one more than there are zones."""
NAME: Final = Text("x", "x")


def zones(parents: Sequence[int]) -> list[Zone]:
    """The zones, each within an earlier one or in none (0)."""
    made: list[Zone] = []
    for name, parent in zip(NAMES, parents, strict=True):
        above = made[(parent - 1) % len(made)] if parent and made else None
        made.append(Zone(name, NAME, ancestors=above.lineage if above else ()))
    return made


def walks(doors: Sequence[Door], goal: ZoneId) -> list[tuple[ZoneId, ...]]:
    """Every walk from the street that ends where it first arrives."""
    found: list[tuple[ZoneId, ...]] = []
    ends: list[tuple[ZoneId, ...]] = [()]
    for _ in range(LONGEST):
        on = [
            (*walk, door.zone)
            for walk in ends
            for door in doors
            if door.outside == (walk[-1] if walk else None)
        ]
        found += [walk for walk in on if walk[-1] == goal]
        ends = [walk for walk in on if walk[-1] != goal]
    return found


DOORS = st.lists(
    st.tuples(st.sampled_from((None, *NAMES)), st.sampled_from(NAMES)).filter(
        lambda sides: sides[0] != sides[1]
    ),
    max_size=7,
    unique=True,
)


@given(DOORS, st.tuples(*(st.integers(0, 4) for _ in NAMES)))
def test_ways_are_those_of_every_walk(
    sides: list[tuple[ZoneId | None, ZoneId]], parents: tuple[int, ...]
) -> None:
    """Neither more nor less; a room without a door is reached like the one around it."""
    doors = [Door(DoorId(f"d{n}"), NAME, zone, outside) for n, (outside, zone) in enumerate(sides)]
    house = zones(parents)
    reached = {walk[-1] for name in NAMES for walk in walks(doors, name)}
    for zone, ways in ways_to(house, doors).items():
        lineage = next(one.lineage for one in house if one.id == zone)
        goal = next((each for each in lineage if each in reached), None)
        expected = {step for walk in walks(doors, goal) for step in walk} if goal else set()
        assert ways == expected | {zone}


def test_a_fire_exit_takes_no_way_away() -> None:
    """The lab has a door to the street of its own: who booked it comes through the hall as well."""
    hall, lab, yard = ZoneId("hall"), ZoneId("lab"), ZoneId("yard")
    house = [Zone(each, NAME) for each in (hall, lab, yard)]
    front = Door(DoorId("front"), NAME, hall)
    inner = Door(DoorId("inner"), NAME, lab, hall)
    fire = Door(DoorId("fire"), NAME, lab)
    behind = Door(DoorId("behind"), NAME, yard, lab)
    back = Door(DoorId("back"), NAME, lab, yard)
    assert ways_to(house, [front, inner, fire])[lab] == {hall, lab}
    assert ways_to(house, [front, inner, fire, behind, back])[lab] == {hall, lab}
