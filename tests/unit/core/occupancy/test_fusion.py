"""The estimate inside the engine: when a zone has one, what is told of it, and what it decides."""

from datetime import timedelta

import pytest
from immutables import Map
from msgspec import structs

from gateway.core.estimator.state import zone_at
from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import (
    Fact,
    HolderMoved,
    Noticed,
    OccupancyChanged,
    OccupancyMinute,
    PeopleCrossed,
)
from gateway.core.model.directory import DirectoryChange, Holder, HolderId, Membership, StaffRole
from gateway.core.model.equipment import Device
from gateway.core.model.names import OPERATOR, DeviceId, DoorId, PlanId, Text, ZoneId
from gateway.core.model.places import Door
from gateway.core.model.site import Site
from gateway.core.readings import Availability, Co2, Crossed, Motion, Presence
from gateway.core.requests import Order, SetMode, SetPeople, TellVacant
from tests.world.engine import BOOTH, FRONT, HALL, HOUSE, LAB, SITE, Place, decided, of_kind
from tests.world.fablab import answer

OLA = HolderId("ola")
SENSED = structs.replace(
    SITE,
    zones=tuple(structs.replace(zone, capacity=20) for zone in SITE.zones),
    devices=(
        *(device for device in SITE.devices if device.id not in {"counter", "pir"}),
        Device(DeviceId("counter"), "sensor", "native", "", door=FRONT),
        Device(DeviceId("pir"), "sensor", "native", "", zone=HALL),
        Device(DeviceId("mmwave"), "sensor", "native", "", zone=HALL),
        Device(DeviceId("air"), "sensor", "native", "", zone=LAB),
        Device(DeviceId("lab-pir"), "sensor", "native", "", zone=LAB),
    ),
)


class Sensed(Place):
    """The place with sensors in its hall, and an operator."""

    def __init__(self, site: Site = SENSED) -> None:
        super().__init__(site)
        self.inward = self.outward = 0
        ola = Holder(OLA, memberships=(Membership(PlanId("full")),), roles=(StaffRole(OPERATOR),))
        self.tell(DirectoryChanged(DirectoryChange(holders=(ola,))))

    def cross(self, inward: int = 0, outward: int = 0) -> tuple[Fact, ...]:
        """So many people pass the counter."""
        self.inward += inward
        self.outward += outward
        return self.says("counter", Crossed(self.inward, self.outward))

    def count(self, zone: ZoneId = HALL) -> OccupancyChanged:
        """What was told last of a zone, a second later at most."""
        self.after(1)
        told = [f for f in self.said if isinstance(f, OccupancyChanged) and f.zone == zone]
        return told[-1]

    def error(self, order: Order) -> str | None:
        """The operator asks; the error."""
        return answer(self.ask(order, OLA))

    def minutes(self, count: int) -> None:
        """Let minutes pass, each with its tick."""
        for _ in range(count):
            self.after(60)


@pytest.fixture
def place() -> Sensed:
    """On a Monday."""
    return Sensed()


# -- which zones have an estimate


def test_badges_alone_are_the_count_and_certain(place: Sensed) -> None:
    """No sensor has spoken yet."""
    place.enter("ada", "bob")
    told = place.count()
    assert (told.people, told.low, told.high, told.known, told.reasons) == (2, 2, 2, 2, ())
    assert place.state.estimate is None


def test_what_does_not_see_people_makes_no_estimate(place: Sensed) -> None:
    """Carbon dioxide is shown, not counted."""
    place.says("air", Co2(900.0))
    assert place.state.estimate is None


def test_an_estimate_begins_with_who_is_known_to_be_there(place: Sensed) -> None:
    """Two badged in before the sensor's first word."""
    place.enter("ada", "bob")
    place.says("pir", Motion(active=True))
    assert place.count().people == 2
    assert place.count().known == 2


def test_what_the_broker_kept_is_no_evidence(place: Sensed) -> None:
    """A retained state may be of last week."""
    place.says("pir", Motion(active=True), retained=True)
    assert place.state.estimate is None


# -- what is told


def test_a_counter_counts_people_without_badges(place: Sensed) -> None:
    """With an interval, and with the reason in words."""
    place.cross()
    place.cross(inward=3)
    told = place.count()
    assert (told.people, told.known) == (3, 0)
    assert told.low <= 3 <= told.high
    assert (told.reasons[0].kind, told.reasons[0].place, told.reasons[0].amount) == (
        "counter",
        "front",
        3,
    )


def test_the_house_is_the_sum_of_its_rooms(place: Sensed) -> None:
    """Three in the hall by the counter, one in the lab by a badge."""
    place.enter("ada")
    place.badge("lab-in", "ada")
    place.contact("lab-contact", "open")
    place.cross()
    place.cross(inward=3)
    assert place.count(HOUSE).people == place.count(HALL).people + 1
    assert place.count(HOUSE).p_vacant == 0


def test_a_badge_and_the_counter_at_its_door_are_one_person(place: Sensed) -> None:
    """The counter moves the count, the badge names the person."""
    place.cross()
    place.after(60)
    place.badge("front-in", "ada")
    place.contact("front-contact", "open")
    place.after(2)
    place.cross(inward=1)
    assert (place.count().people, place.count().known) == (1, 1)


def test_two_who_pass_one_opening_are_two(place: Sensed) -> None:
    """Both were let in before the door opened."""
    place.cross()
    place.badge("front-in", "ada")
    place.badge("front-in", "bob")
    place.contact("front-contact", "open")
    assert place.count().people == 2


def test_silence_empties_a_room_that_nobody_badged_out_of(place: Sensed) -> None:
    """The PIR says nothing for an hour."""
    place.cross()
    place.cross(inward=1)
    place.says("pir", Motion(active=True))
    place.says("pir", Motion(active=False))
    place.minutes(60)
    assert place.count().people == 0
    assert place.count().p_vacant > 0.9


def test_what_did_not_change_is_not_told_again(place: Sensed) -> None:
    """A quiet hour is no stream of messages."""
    place.cross()
    place.says("pir", Motion(active=False))
    place.minutes(60)
    place.said.clear()
    place.minutes(60)
    assert len([fact for fact in place.said if isinstance(fact, OccupancyChanged)]) <= 2


def test_the_minute_is_of_the_estimate(place: Sensed) -> None:
    """Its mean and extremes are people, not badges."""
    place.cross()
    place.after(30)
    place.cross(inward=4)
    facts = place.after(30)
    (hall,) = [f for f in facts if isinstance(f, OccupancyMinute) and f.zone == HALL]
    assert (hall.mean, hall.min, hall.max) == (2.0, 0, 4)


def test_a_device_that_went_offline_has_no_vote(place: Sensed) -> None:
    """Nothing that is well tells of the hall then; the estimate says so."""
    place.says("pir", Motion(active=True))
    assert not place.count().stale
    place.after(1)
    place.says("pir", Availability("offline"))
    assert place.count().stale
    place.after(1)
    place.says("pir", Availability("online"))
    assert not place.count().stale


def test_totals_that_wrap_are_people_all_the_same(place: Sensed) -> None:
    """A 16-bit counter goes from 65,535 to 1: two people, for the points too."""
    place.says("counter", Crossed(65_535, 10))
    facts = place.says("counter", Crossed(1, 10))
    assert of_kind(facts, PeopleCrossed) == [
        PeopleCrossed(DeviceId("counter"), HALL, place.now, 2, 0)
    ]
    assert place.count().people == 2


# -- what it decides


def test_a_room_that_is_full_of_people_without_badges_takes_nobody(place: Sensed) -> None:
    """The rule asks the estimate, and shows its chance."""
    place.cross()
    place.cross(inward=25)
    place.after(1)
    answer = decided(place.badge("front-in", "ada"))
    assert (answer.decision, answer.reason) == ("denied", "zone-full")
    saw = answer.verdicts[-1].saw
    assert saw["people"] == place.count().people
    assert isinstance(saw["p_full"], float)
    assert saw["p_full"] > 0.9


def test_more_people_than_badges_is_a_hint_once(place: Sensed) -> None:
    """Somebody slipped in behind."""
    place.cross()
    place.cross(inward=5)
    place.minutes(3)
    hints = _hints(place)
    assert [(hint.kind, hint.holder) for hint in hints] == [("tailgating", None)]


def test_a_disagreement_that_comes_and_goes_is_one_hint_in_ten_minutes(place: Sensed) -> None:
    """At its edge each passage would be another."""
    place.cross()
    for _ in range(6):
        place.cross(inward=5)
        place.after(30)
        place.cross(outward=5)
        place.after(30)
    assert len(_hints(place)) == 1
    place.minutes(5)
    place.cross(inward=5)
    place.after(1)
    assert len(_hints(place)) == 2


def _hints(place: Sensed) -> list[Noticed]:
    return [f for f in place.said if isinstance(f, Noticed) and f.object == HALL]


# -- known presence fades


def forgotten(place: Sensed) -> None:
    """Ada badged in and went home without a badge; the sensors see nobody."""
    place.enter("ada")
    place.says("mmwave", Presence(active=True))
    place.says("pir", Motion(active=True))
    place.cross()
    place.after(60)
    place.cross(outward=1)
    place.says("mmwave", Presence(active=False))
    place.says("pir", Motion(active=False))


def test_who_is_known_to_be_in_an_empty_room_has_left_it(place: Sensed) -> None:
    """After a while, by its door; it is noted as a forgotten way out."""
    forgotten(place)
    place.minutes(20)
    assert place.where("ada") == HALL
    place.said.clear()
    place.minutes(40)
    assert place.where("ada") is None
    moves = [fact for fact in place.said if isinstance(fact, HolderMoved)]
    assert [(move.origin, move.zone) for move in moves] == [(HALL, None)]
    noticed = [f for f in place.said if isinstance(f, Noticed) and f.holder == "ada"]
    assert [one.kind for one in noticed] == ["forgotten-exit"]


def test_nobody_fades_in_an_evacuation(place: Sensed) -> None:
    """Somebody may lie still."""
    forgotten(place)
    assert place.error(SetMode("evacuation", "smoke")) is None
    place.minutes(60)
    assert place.where("ada") == HALL


def test_nobody_fades_from_a_room_without_sensors(place: Sensed) -> None:
    """Bob is in the lab, of which nothing is seen."""
    place.enter("bob")
    place.badge("lab-in", "bob")
    place.contact("lab-contact", "open")
    place.contact("lab-contact", "closed")
    forgotten(place)
    place.minutes(90)
    assert place.where("bob") == LAB


def test_a_room_fades_into_the_one_before_it(place: Sensed) -> None:
    """Who left the lab without a badge is in the hall, as far as anybody knows."""
    place.says("lab-pir", Motion(active=False))
    place.enter("ada")
    place.badge("lab-in", "ada")
    place.contact("lab-contact", "open")
    place.contact("lab-contact", "closed")
    place.says("lab-pir", Motion(active=True))
    place.says("lab-pir", Motion(active=False))
    place.minutes(180)
    assert place.where("ada") == HALL


# -- operators


def test_an_operator_counts_by_eye(place: Sensed) -> None:
    """The estimate begins anew from there, with a reason that says who counted."""
    assert place.error(SetPeople(HALL, 7)) is None
    told = place.count()
    assert (told.people, told.low, told.high) == (7, 7, 7)
    assert (told.reasons[0].kind, told.reasons[0].place, told.reasons[0].amount) == ("set", HALL, 7)


def test_an_operator_s_empty_is_evidence_and_no_reset(place: Sensed) -> None:
    """Against one person it wins; against an operator's own count of a moment ago it does not."""
    place.cross()
    place.cross(inward=1)
    assert place.error(TellVacant(HALL, "the alarm is armed")) is None
    assert place.count().people == 0
    assert place.error(SetPeople(HALL, 7)) is None
    assert place.error(TellVacant(HALL, "the alarm is armed")) is None
    assert place.count().people == 7


@pytest.mark.parametrize("order", [SetPeople(ZoneId("attic"), 1), TellVacant(ZoneId("attic"), "x")])
def test_an_unknown_zone_is_an_error(place: Sensed, order: Order) -> None:
    """And nothing is estimated."""
    assert place.error(order) == "unknown-object"
    assert place.state.estimate is None


# -- time, and other space files


def test_a_quiet_night_costs_no_more_than_its_minutes(place: Sensed) -> None:
    """A zone that nothing was said of is brought forward, chunk by chunk."""
    place.says("pir", Motion(active=False))
    place.minutes(120)
    assert place.state.estimate is not None
    behind = place.now - place.state.estimate.zones[HALL].at
    assert behind < timedelta(minutes=12)


def test_bringing_a_zone_forward_changes_nothing_of_it(place: Sensed) -> None:
    """The same belief, whether or not anybody looked meanwhile."""
    place.cross()
    place.cross(inward=3)
    place.says("pir", Motion(active=False))
    place.after(15)
    estimate = place.state.estimate
    assert estimate is not None
    started = place.now
    place.minutes(90)
    assert place.state.estimate is not None
    later = zone_at(place.state.estimate, HALL, place.now)
    assert later == zone_at(estimate, HALL, started + timedelta(minutes=90))


def test_an_estimate_outlives_a_new_space_file(place: Sensed) -> None:
    """But for a zone that is gone, or that holds another number of people."""
    place.cross()
    place.cross(inward=3)
    place.says("lab-pir", Motion(active=True))
    larger = tuple(
        structs.replace(zone, capacity=200) if zone.id == LAB else zone for zone in SENSED.zones
    )
    place.tell(SpaceChanged(structs.replace(SENSED, zones=larger)))
    assert place.state.estimate is not None
    assert set(place.state.estimate.zones) == {HALL}
    assert place.count().people == 3
    assert place.count(BOOTH).people == 0


def test_the_estimate_knows_which_rooms_lead_where(place: Sensed) -> None:
    """From the doors of the space file: the hall hears of the lab, until it has another way out."""
    place.cross()
    place.says("lab-pir", Motion(active=True))
    assert place.state.estimate is not None
    assert place.state.estimate.rooms.get(HALL) == (LAB,)
    fire_exit = Door(DoorId("fire-exit"), Text("Secours", "Fire exit"), zone=LAB)
    place.tell(SpaceChanged(structs.replace(SENSED, doors=(*SENSED.doors, fire_exit))))
    assert place.state.estimate.rooms == Map()


# -- zones inside of zones


NESTED = structs.replace(
    SENSED,
    devices=(
        *SENSED.devices,
        Device(DeviceId("booth-pir"), "sensor", "native", "", zone=BOOTH),
        Device(DeviceId("house-pir"), "sensor", "native", "", zone=HOUSE),
    ),
)


@pytest.fixture
def nested() -> Sensed:
    """A house with a PIR of its own, around a lab with one, around a booth with one."""
    return Sensed(NESTED)


def walk(place: Sensed, name: str, *doors: str) -> None:
    """Somebody comes in by the front, and goes on through these doors."""
    place.enter(name)
    for door in doors:
        place.badge(f"{door}-in", name)
        if door == "lab":
            place.contact("lab-contact", "open")
            place.contact("lab-contact", "closed")


def test_who_is_in_the_innermost_room_is_taken_off_once(nested: Sensed) -> None:
    """Ada is in the booth, which is in the lab; Bob is in the hall, where nothing is estimated."""
    walk(nested, "ada", "lab", "booth")
    walk(nested, "bob")
    for pir in ("booth-pir", "lab-pir", "house-pir"):
        nested.says(pir, Motion(active=False))
    assert (nested.count(BOOTH).people, nested.count(LAB).people) == (1, 1)
    assert nested.count(HOUSE).people == 2


def test_a_room_that_gets_sensors_takes_its_people_along(nested: Sensed) -> None:
    """Both were the house's while it alone had a PIR; they are not there twice now."""
    walk(nested, "ada", "lab")
    walk(nested, "bob", "lab")
    nested.says("house-pir", Motion(active=True))
    assert nested.count(HOUSE).people == 2
    nested.says("lab-pir", Motion(active=True))
    assert (nested.count(LAB).people, nested.count(HOUSE).people) == (2, 2)
    assert nested.state.estimate is not None
    assert zone_at(nested.state.estimate, HOUSE, nested.now).belief[0] > 0.5


def test_what_waits_is_taken_along_too(nested: Sensed) -> None:
    """A word of the house's PIR that comes late, and before the lab's, undoes nothing of it."""
    walk(nested, "ada", "lab")
    nested.says("house-pir", Motion(active=True))
    nested.after(5)
    nested.says("lab-pir", Motion(active=True))
    nested.says("house-pir", Motion(active=False), age_s=3)
    assert nested.count(HOUSE).people == 1


def test_a_sum_hears_at_once_that_a_part_is_blind(nested: Sensed) -> None:
    """The house's only eye goes offline: not in a minute, now."""
    nested.says("lab-pir", Motion(active=True))
    assert not nested.count(HOUSE).stale
    nested.after(2)
    nested.says("lab-pir", Availability("offline"))
    told = [f for f in nested.said if isinstance(f, OccupancyChanged) and f.zone == HOUSE]
    assert told[-1].stale
    assert told[-1].at == nested.now
