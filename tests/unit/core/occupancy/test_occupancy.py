"""Who is where and how many: nested zones, capacity, and the minutes' exact figures."""

from datetime import timedelta

import pytest
from msgspec import structs

from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import (
    AlarmCleared,
    AlarmRaised,
    Fact,
    HolderMoved,
    OccupancyChanged,
    OccupancyMinute,
)
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.model.names import ZoneId
from gateway.core.model.site import Site
from gateway.core.occupancy import presence
from gateway.core.step_context import StepContext
from tests.world.engine import (
    ANNEX,
    BOOTH,
    HALL,
    HOUSE,
    LAB,
    MONDAY,
    SITE,
    Place,
    card,
    of_kind,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def place() -> Place:
    """An empty house on a Monday."""
    return Place()


def counts(facts: tuple[Fact, ...]) -> dict[str, int]:
    """Which counts were announced."""
    return {fact.zone: fact.people for fact in facts if isinstance(fact, OccupancyChanged)}


def minutes(facts: tuple[Fact, ...], zone: ZoneId) -> list[OccupancyMinute]:
    """The figures that were told of one zone."""
    return [fact for fact in facts if isinstance(fact, OccupancyMinute) and fact.zone == zone]


def without_limits() -> Site:
    """The same place, where everybody has room."""
    return structs.replace(
        SITE, zones=tuple(structs.replace(zone, capacity=None) for zone in SITE.zones)
    )  # fmt: skip


# -- who is where


def test_who_enters_a_room_is_in_every_zone_around_it(place: Place) -> None:
    """Each is announced once."""
    assert counts(place.badge("booth-in", "ada")) == {"booth": 1, "lab": 1, "house": 1}
    assert (place.people(HALL), place.people(ANNEX)) == (0, 0)


def test_a_move_between_siblings_does_not_touch_the_house(place: Place) -> None:
    """Neither its count, nor its figures, nor the stream."""
    place.enter("ada")
    house = place.state.zones[HOUSE]
    place.badge("lab-in", "ada")
    moved = place.contact("lab-contact", "open")
    assert counts(moved) == {"hall": 0, "lab": 1}
    assert place.state.zones[HOUSE] is house
    assert HolderMoved(HolderId("ada"), HALL, LAB, MONDAY) in moved


def test_a_move_into_a_room_inside_touches_only_that_room(place: Place) -> None:
    """And the way back too."""
    place.badge("booth-in", "ada")
    assert counts(place.badge("booth-out", "ada")) == {"booth": 0}
    assert counts(place.badge("booth-in", "ada")) == {"booth": 1}


def test_being_there_already_changes_nothing(place: Place) -> None:
    """Somebody who left without a badge comes in again: counted once."""
    place.enter("ada")
    assert place.badge("front-in", "ada")
    assert of_kind(place.contact("front-contact", "open"), HolderMoved, OccupancyChanged) == []
    assert place.people(HALL) == 1


def test_nobody_is_in_two_zones(place: Place) -> None:
    """Who is seen in the annex is no longer in the house."""
    place.enter("ada")
    place.badge("terrace-in", "ada")
    place.contact("terrace-contact", "open")
    assert (place.where("ada"), place.people(HOUSE), place.people(ANNEX)) == (ANNEX, 0, 1)


def test_who_leaves_without_being_inside_makes_no_negative_count(place: Place) -> None:
    """An entry was missed."""
    place.badge("front-out", "ada")
    assert of_kind(place.contact("front-contact", "open"), HolderMoved, OccupancyChanged) == []
    assert place.people(HALL) == 0


def test_members_who_are_erased_leave_the_counts(place: Place) -> None:
    """Nobody could ever badge them out; a badge that is taken away moves nobody."""
    place.enter("ada")
    place.tell(DirectoryChanged(DirectoryChange(removed_credentials=(card("ada").hash,))))
    assert (place.where("ada"), place.people(HALL)) == (HALL, 1)
    place.tell(DirectoryChanged(DirectoryChange(removed_holders=(HolderId("ada"),))))
    assert (place.where("ada"), place.people(HALL)) == (None, 0)


# -- capacity


def test_the_read_out_has_the_count_and_how_full_it_is(place: Place) -> None:
    """Known people are taken as certain."""
    place.enter("ada", "bob")
    place.badge("front-in", "cyd")
    told = place.contact("front-contact", "open")
    (hall,) = (fact for fact in told if isinstance(fact, OccupancyChanged) and fact.zone == HALL)
    assert hall == OccupancyChanged(
        zone=HALL,
        at=MONDAY,
        people=3,
        low=3,
        high=3,
        known=3,
        capacity=3,
        p_vacant=0.0,
        p_full=1.0,
        stale=False,
    )


def test_a_zone_at_its_capacity_is_full_and_one_above_is_an_alarm(place: Place) -> None:
    """The way out of the lab leads into it, and is free; cleared when somebody goes."""
    place.enter("ada")
    place.badge("lab-in", "ada")
    place.contact("lab-contact", "open")
    place.contact("lab-contact", "closed")
    place.enter("bob", "cyd", "dan")
    place.badge("lab-out", "ada")
    told = place.contact("lab-contact", "open")
    assert place.people(HALL) == 4
    assert of_kind(told, AlarmRaised) == [AlarmRaised("over-capacity", HALL, MONDAY)]
    assert place.badge("front-in", "eve")[-1].reason == "zone-full"  # type: ignore[union-attr] # its decision
    place.contact("lab-contact", "closed")
    place.badge("lab-in", "bob")
    told = place.contact("lab-contact", "open")
    assert of_kind(told, AlarmCleared) == [AlarmCleared("over-capacity", HALL, MONDAY)]
    assert ("over-capacity", HOUSE) not in place.state.alarms, "four is what the house may hold"


def test_a_smaller_capacity_in_the_space_file_is_an_alarm_at_once(place: Place) -> None:
    """And a larger one clears it."""
    place.enter("ada", "bob")
    small = structs.replace(
        SITE,
        zones=tuple(structs.replace(z, capacity=1 if z.id == HALL else 9) for z in SITE.zones),
    )
    assert AlarmRaised("over-capacity", HALL, MONDAY) in place.tell(SpaceChanged(small))
    assert AlarmCleared("over-capacity", HALL, MONDAY) in place.tell(SpaceChanged(SITE))


# -- minutes


def test_a_minute_s_mean_is_weighted_by_time(place: Place) -> None:
    """1 person for 15 s, 3 for 30 s, 2 for 15 s: 135 person-seconds in a minute."""
    place.enter("ada")
    place.after(15)
    place.enter("bob", "cyd")
    place.after(30)
    place.badge("front-out", "bob")
    place.contact("front-contact", "open")
    (hall,) = minutes(place.after(15), HALL)
    assert hall == OccupancyMinute(HALL, MONDAY, mean=2.25, min=0, max=3)
    (next_one,) = minutes(place.after(60), HALL)
    assert next_one == OccupancyMinute(HALL, MONDAY + MINUTE, mean=2.0, min=2, max=2)


def test_a_minute_is_told_when_it_is_over_and_once(place: Place) -> None:
    """Of every zone, the empty ones too."""
    assert place.after(59.999) == ()
    told = of_kind(place.after(0.001), OccupancyMinute)
    assert sorted(fact.zone for fact in told if isinstance(fact, OccupancyMinute)) == sorted(
        zone.id for zone in SITE.zones
    )
    assert place.after(59.999) == ()


def test_an_event_closes_the_minute_before_it_counts() -> None:
    """Who comes in at 00:01:00.000 belongs to the next minute."""
    place = Place()
    place.now += MINUTE
    told = place.badge("booth-in", "ada")
    (booth,) = minutes(told, BOOTH)
    assert (booth.mean, booth.max) == (0.0, 0)
    assert isinstance(told[0], OccupancyMinute)


def test_a_minute_that_is_closed_late_still_ends_when_it_ended() -> None:
    """The engine was called 10 s too late; the next minute is whole all the same."""
    place = Place()
    place.badge("booth-in", "ada")
    (first,) = minutes(place.after(70), BOOTH)
    assert (first.minute, first.mean) == (MONDAY, 1.0)
    place.after(20)
    place.badge("booth-out", "ada")
    (second,) = minutes(place.after(30), BOOTH)
    assert (second.minute, second.mean) == (MONDAY + MINUTE, 0.5)


def test_the_first_minute_counts_only_the_time_that_was_watched() -> None:
    """Started at 10:00:45 with one person for the last 5 of 15 seconds."""
    place = Place(now=MONDAY + timedelta(seconds=45))
    place.after(10)
    place.badge("booth-in", "ada")
    (booth,) = minutes(place.after(5), BOOTH)
    assert booth == OccupancyMinute(BOOTH, MONDAY, mean=0.3333, min=0, max=1)


def test_hours_in_which_we_were_down_have_no_minutes(place: Place) -> None:
    """The last minute is closed with what was known; the count goes on where it was."""
    place.after(30)
    place.badge("booth-in", "ada")
    told = minutes(place.after(3 * 3600), BOOTH)
    assert told == [OccupancyMinute(BOOTH, MONDAY, mean=0.5, min=0, max=1)]
    now = MONDAY + timedelta(hours=3)
    (after,) = minutes(place.after(60), BOOTH)
    assert after == OccupancyMinute(BOOTH, now, mean=1.0, min=1, max=1)


def test_an_hour_of_coming_and_going_adds_up_exactly(place: Place) -> None:
    """The means of 60 minutes are the person-minutes of the hour."""
    told: list[Fact] = []
    person_s = 0.0
    for step in range(240):
        told += place.badge("booth-in", "ada") if step % 3 == 0 else place.badge("booth-out", "ada")
        person_s += 15 * (place.where("ada") == BOOTH)
        told += place.after(15)
    means = [fact.mean for fact in told if isinstance(fact, OccupancyMinute) and fact.zone == BOOTH]
    assert len(means) == 60
    assert sum(means) * 60 == pytest.approx(person_s)
    assert person_s == 80 * 15


def test_a_new_space_file_keeps_the_people_and_begins_the_minute_anew(place: Place) -> None:
    """Nobody is counted as gone and come again: the minute's lowest is who was there."""
    place.enter("ada", "bob")
    place.after(20)
    told = place.tell(SpaceChanged(without_limits()))
    assert counts(told) == {"house": 2, "hall": 2, "lab": 0, "booth": 0, "annex": 0}
    (hall,) = minutes(place.after(40), HALL)
    assert (hall.mean, hall.min, hall.max) == (2.0, 2, 2)


def test_a_zone_that_vanishes_takes_its_people_along(place: Place) -> None:
    """They are nowhere until they badge again; those elsewhere stay."""
    place.enter("bob")
    place.badge("booth-in", "ada")
    place.tell(
        SpaceChanged(structs.replace(SITE, zones=(*SITE.zones[:3], SITE.zones[4]), doors=()))
    )
    assert (place.where("ada"), place.where("bob")) == (None, HALL)
    assert (place.people(HOUSE), place.people(LAB)) == (1, 0)


def test_a_zone_that_gets_another_parent_takes_its_people_there(place: Place) -> None:
    """The sums follow the new plan of the house."""
    place.badge("booth-in", "ada")
    moved = tuple(
        structs.replace(zone, ancestors=(ANNEX,)) if zone.id == BOOTH else zone
        for zone in SITE.zones
    )
    place.tell(SpaceChanged(structs.replace(SITE, zones=moved)))
    assert (place.people(ANNEX), place.people(LAB), place.people(HOUSE)) == (1, 0, 0)


def test_a_move_is_said_once_and_each_zone_is_announced_once_a_step(place: Place) -> None:
    """Three come in by one opening: one count for each zone."""
    turn = StepContext.open(SITE, place.state, MONDAY)
    for name in ("ada", "bob", "cyd"):
        presence.move(turn, HolderId(name), LAB)
    assert list(turn.touched) == [LAB, HOUSE]
    assert len(turn.facts) == 3


def test_a_minute_that_lies_ahead_was_none(place: Place) -> None:
    """The clock was put back: figures go on from the present, and none are told of the future."""
    place.after(3600)
    place.now -= timedelta(minutes=58)
    assert not of_kind(place.after(0), OccupancyMinute)
    told = of_kind(place.after(60), OccupancyMinute)
    assert {fact.minute for fact in told if isinstance(fact, OccupancyMinute)} == {
        MONDAY + 2 * MINUTE
    }
