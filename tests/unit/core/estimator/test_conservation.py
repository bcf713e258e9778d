"""What the doors of an empty room told too many or too few is made good in the zone outside."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from gateway.core.estimator import estimate, reorder_window, state
from gateway.core.estimator.evidence import Evidence, MotionSeen, PeopleSet, TotalsTold
from gateway.core.estimator.layout import Layout
from gateway.core.model.names import DeviceId, DoorId, SiteId, Text, ZoneId
from gateway.core.model.places import Door, Zone
from gateway.core.model.site import Site
from gateway.translation import both
from gateway.wire.count_reasons import in_words

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
HALL, LAB, LASER = ZoneId("hall"), ZoneId("lab"), ZoneId("laser")
OUTSIDE_OF: dict[ZoneId, ZoneId | None] = {HALL: None, LAB: HALL, LASER: LAB}
ROOMS = {HALL: (LAB,), LAB: (LASER,)}
FIVE = 5


class House:
    """A hall with five people, a lab off it and a laser room off the lab; PIRs in both."""

    def __init__(self, rooms: dict[ZoneId, tuple[ZoneId, ...]] | None = None) -> None:
        self.now, self._seq = START, 0
        self._totals = {zone: [0, 0] for zone in OUTSIDE_OF}
        capacities = dict.fromkeys(OUTSIDE_OF, 20)
        self.estimate = reorder_window.begun(capacities, START, ROOMS if rooms is None else rooms)
        for zone in OUTSIDE_OF:
            self.door(zone)
        for zone, people in ((HALL, FIVE), (LAB, 0), (LASER, 0)):
            self.set(zone, people)
        self.after(60)

    def after(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    def tell(self, evidence: Evidence) -> None:
        """A piece of evidence of now."""
        self._seq += 1
        numbered = structs.replace(evidence, boot=1, seq=self._seq)
        self.estimate = reorder_window.told(self.estimate, numbered, self.now)

    def set(self, zone: ZoneId, people: int) -> None:
        """An operator counts."""
        self.tell(PeopleSet(at=self.now, device=DeviceId("staff"), zone=zone, people=people))

    def door(self, zone: ZoneId, inward: int = 0, outward: int = 0) -> None:
        """The counter of a zone's door tells of so many."""
        totals = self._totals[zone]
        totals[0], totals[1] = totals[0] + inward, totals[1] + outward
        self.tell(
            TotalsTold(
                at=self.now,
                device=DeviceId(f"{zone}-counter"),
                inner=zone,
                outer=OUTSIDE_OF[zone],
                in_total=totals[0],
                out_total=totals[1],
                place=f"{zone}-door",
            )
        )

    def motion(self, zone: ZoneId, *, active: bool) -> None:
        """A zone's PIR."""
        pir = DeviceId(f"{zone}-pir")
        self.tell(MotionSeen(at=self.now, device=pir, zone=zone, active=active))

    def visit(self, zone: ZoneId, inward: int, outward: int) -> None:
        """So many are told in, move about, and so many are told out; then it is quiet for long."""
        self.door(zone, inward=inward)
        self.motion(zone, active=True)
        self.after(60)
        self.motion(zone, active=False)
        self.door(zone, outward=outward)
        self.after(1800)

    def people(self, zone: ZoneId) -> int:
        """The head count of the zone alone."""
        return estimate.read([state.zone_at(self.estimate, zone, self.now)], 20, 0).people


@pytest.mark.parametrize(
    ("inward", "outward"),
    [
        (2, 2),
        (2, 1),  # one came out unseen
        (3, 1),
        (1, 2),  # one went in unseen
    ],
)
def test_who_was_missed_at_an_inner_door_is_where_he_must_be(inward: int, outward: int) -> None:
    """All are back in the hall when the lab is empty, whatever its door told."""
    house = House()
    house.visit(LAB, inward, outward)
    assert house.people(LAB) == 0
    assert house.people(HALL) == FIVE


def test_without_it_the_hall_would_be_wrong() -> None:
    """As it is where the doors of the lab lead to more than one zone."""
    house = House(rooms={})
    house.visit(LAB, 2, 1)
    assert house.people(HALL) == FIVE - 1


def test_a_room_of_a_room_gives_back_through_it() -> None:
    """One was missed at the laser room's door, and one at the lab's: the hall has them all."""
    house = House()
    house.door(LAB, inward=2)
    house.door(LASER, inward=1)
    house.motion(LASER, active=True)
    house.motion(LAB, active=True)
    house.after(30)
    house.motion(LASER, active=False)
    house.motion(LAB, active=False)
    house.after(1800)
    assert (house.people(LASER), house.people(LAB)) == (0, 0)
    assert house.people(HALL) == FIVE


def test_it_is_made_good_once() -> None:
    """However often one looks, and whoever comes and goes afterwards."""
    house = House()
    house.visit(LAB, 2, 1)
    for _ in range(3):
        house.after(60)
        house.door(HALL)
        assert house.people(HALL) == FIVE
    house.visit(LAB, 1, 1)
    assert house.people(HALL) == FIVE


def test_who_counted_the_hall_since_knows_better() -> None:
    """An operator's number already has whoever was missed before."""
    house = House()
    house.door(LAB, inward=2)
    house.motion(LAB, active=True)
    house.after(60)
    house.motion(LAB, active=False)
    house.door(LAB, outward=1)
    house.after(60)
    house.set(HALL, FIVE)
    house.after(1800)
    assert house.people(LAB) == 0
    assert house.people(HALL) == FIVE


def test_a_crowd_was_not_missed_one_by_one() -> None:
    """A counter that was down for a class says nothing of the hall."""
    house = House()
    house.set(HALL, 12)
    house.after(60)
    house.visit(LAB, 8, 1)
    assert house.people(LAB) == 0
    assert house.people(HALL) == 12 - 8 + 1


def test_the_hall_says_why() -> None:
    """In plain words, with the room's name."""
    house = House()
    house.visit(LAB, 2, 1)
    hall = state.zone_at(house.estimate, HALL, house.now)
    lab = Text("Labo", "Lab")
    told = [both(in_words(each, lambda _: lab, UTC)) for each in hall.reasons]
    assert any(text.en.startswith("Lab empty: +1 next door, ") for text in told)
    assert any(text.fr.startswith("Labo vide : +1 à côté, ") for text in told)


def test_rooms_are_those_whose_doors_lead_to_one_zone() -> None:
    """A room with a second way out owes nobody; one with a room of its own still owes."""

    def site(*doors: tuple[str, str | None]) -> Site:
        return Site(
            SiteId("site"),
            Text("Lieu", "Place"),
            "Europe/Paris",
            zones=tuple(Zone(zone, Text(zone, zone)) for zone in OUTSIDE_OF),
            doors=tuple(
                Door(
                    DoorId(f"d{n}"),
                    Text("Porte", "Door"),
                    zone=ZoneId(inner),
                    outside=None if outer is None else ZoneId(outer),
                )
                for n, (inner, outer) in enumerate(doors)
            ),
        )

    usual = (("hall", None), ("lab", "hall"), ("laser", "lab"))
    assert Layout(site(*usual)).rooms == ROOMS
    assert Layout(site(*usual, ("lab", "hall"))).rooms == ROOMS
    assert Layout(site(*usual, ("lab", None))).rooms == {LAB: (LASER,)}
    assert Layout(site(*usual, ("laser", "hall"))).rooms == {}
    assert Layout(site(("lab", "hall"))).rooms == {}
