"""Muster: who is waited for in an evacuation, where, and who is safe."""

from datetime import timedelta

import pytest
from msgspec import structs

from gateway.core.access.muster import read_out
from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import Fact, MusterChanged
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.requests import MarkLeft, MarkMustered
from gateway.core.state import Muster
from tests.world.engine import BOOTH, HALL, HOUSE, LAB, MONDAY, decided, of_kind
from tests.world.fablab import FABLAB, Fablab, answer

ADA, BOB, CYD = (HolderId(name) for name in ("ada", "bob", "cyd"))


@pytest.fixture
def place() -> Fablab:
    """Ada is in the hall, Bob in the lab; Cyd is outside."""
    place = Fablab()
    place.enter("ada")
    place.to_the_lab("bob")
    return place


def told(facts: tuple[Fact, ...]) -> dict[str, tuple[int, int, tuple[str, ...]]]:
    """What is said of each zone: expected, seen, missing. Each is said once."""
    said = [fact for fact in facts if isinstance(fact, MusterChanged)]
    assert len({fact.zone for fact in said}) == len(said)
    return {fact.zone: (fact.expected, fact.seen, fact.missing) for fact in said}


def missing(place: Fablab) -> tuple[str, ...]:
    """Who is missing in the whole house."""
    (house,) = read_out(FABLAB, place.state.muster, [HOUSE], place.now)
    return house.missing


def test_everybody_inside_is_waited_for_when_it_begins(place: Fablab) -> None:
    """In their zone and in all around it; other zones have nothing to say."""
    assert told(place.mode("evacuation")) == {
        HOUSE: (2, 0, ("ada", "bob")),
        HALL: (1, 0, ("ada",)),
        LAB: (1, 0, ("bob",)),
    }


def test_a_lockdown_waits_for_nobody(place: Fablab) -> None:
    """It is no muster."""
    assert told(place.mode("lockdown")) == {}
    place.badge("meeting", "ada")
    assert (dict(place.state.muster), place.where("ada")) == ({}, HALL)


def test_who_badges_at_the_muster_point_is_safe_and_outside(place: Fablab) -> None:
    """It is said once."""
    place.mode("evacuation")
    facts = place.badge("meeting", "ada")
    assert decided(facts).reason == "mustered"
    assert told(facts) == {HOUSE: (2, 1, ("bob",)), HALL: (1, 1, ())}
    assert (place.where("ada"), place.people(HOUSE)) == (None, 1)
    assert place.state.muster[ADA] == Muster(HALL, MONDAY, "mustered")
    assert told(place.badge("meeting", "ada")) == {}


def test_who_leaves_to_the_street_is_safe(place: Fablab) -> None:
    """Who goes from one room to the next is only missing there."""
    place.mode("evacuation")
    place.badge("lab-out", "bob")
    facts = place.contact("lab-contact", "open")
    assert told(facts) == {
        HOUSE: (2, 0, ("ada", "bob")),
        HALL: (2, 0, ("ada", "bob")),
        LAB: (0, 0, ()),
    }
    place.leave("bob")
    assert place.state.muster[BOB] == Muster(HALL, MONDAY, "left")
    assert missing(place) == ("ada",)


def test_an_operator_marks_who_is_there_without_a_badge(place: Fablab) -> None:
    """And takes it back: they are missing again, where they were."""
    place.mode("evacuation")
    assert told(place.ask(MarkMustered(BOB)))[HOUSE] == (2, 1, ("ada",))
    assert place.where("bob") is None
    facts = place.ask(MarkMustered(BOB, seen=False))
    assert (answer(facts), told(facts)[LAB]) == (None, (1, 0, ("bob",)))
    assert place.where("bob") == LAB
    assert told(place.ask(MarkMustered(BOB, seen=False))) == {}


def test_an_operator_marks_who_left_without_a_badge(place: Fablab) -> None:
    """That was no mark of the muster point, so it is not taken back as one."""
    place.mode("evacuation")
    place.ask(MarkLeft(BOB))
    assert place.state.muster[BOB].how == "left"
    assert answer(place.ask(MarkMustered(BOB, seen=False))) == "out-of-place"


@pytest.mark.parametrize("mode", ["normal", "evacuation"])
def test_nobody_is_marked_who_is_not_waited_for(place: Fablab, mode: str) -> None:
    """Outside an evacuation that is everybody."""
    place.mode(mode)  # type: ignore[arg-type] # a table of texts
    assert answer(place.ask(MarkMustered(CYD))) == "out-of-place"
    assert CYD not in place.state.muster


def test_who_is_found_inside_since_is_waited_for(place: Fablab) -> None:
    """A reader that was cut off tells of it only now."""
    place.mode("evacuation")
    facts = place.decided_alone("booth-in", "cyd", age_s=30)
    assert told(facts)[HOUSE] == (3, 0, ("ada", "bob", "cyd"))
    assert place.state.muster[CYD] == Muster(BOOTH)


def test_who_goes_back_in_is_missing_again(place: Fablab) -> None:
    """Seen at an inner door after the muster point."""
    place.mode("evacuation")
    place.badge("meeting", "bob")
    place.after(60)
    place.badge("booth-out", "bob")
    assert place.state.muster[BOB] == Muster(LAB)
    assert missing(place) == ("ada", "bob")


def test_who_waited_at_a_door_and_went_another_way_stays_safe(place: Fablab) -> None:
    """The door that opens later is opened by somebody else."""
    place.mode("evacuation")
    place.badge("lab-out", "bob")
    place.badge("meeting", "bob")
    place.contact("lab-contact", "open")
    assert (place.where("bob"), missing(place)) == (None, ("ada",))


@pytest.mark.parametrize(("age_s", "waits_for"), [(30, ("bob",)), (90, ("ada", "bob"))])
def test_a_late_read_at_the_muster_point_counts_from_the_evacuation_on(
    place: Fablab, age_s: float, waits_for: tuple[str, ...]
) -> None:
    """What was read before it began is of another day."""
    place.after(60)
    place.mode("evacuation")
    place.after(60)
    place.decided_alone("meeting", "ada", age_s=age_s)
    assert missing(place) == waits_for
    place.badge("meeting", "bob", age_s=age_s)
    assert missing(place) == tuple(who for who in waits_for if who != "bob" or age_s > 60)


def test_a_late_read_at_the_muster_point_does_not_hide_who_went_back(place: Fablab) -> None:
    """The newest wins."""
    place.mode("evacuation")
    place.after(60)
    place.badge("booth-out", "bob")
    place.badge("meeting", "bob", age_s=30)
    assert "bob" in missing(place)


def test_who_is_erased_stays_waited_for(place: Fablab) -> None:
    """A change in the office saves nobody; the muster point and an operator still can."""
    place.mode("evacuation")
    place.tell(DirectoryChanged(DirectoryChange(removed_holders=(ADA, BOB))))
    assert (place.people(HOUSE), missing(place)) == (0, ("ada", "bob"))
    place.ask(MarkMustered(ADA))
    assert missing(place) == ("bob",)
    place.ask(MarkMustered(ADA, seen=False))
    assert (place.where("ada"), missing(place)) == (None, ("ada", "bob"))


def test_it_ends_with_the_evacuation(place: Fablab) -> None:
    """Nobody is expected any more, in any zone that had something to show."""
    place.mode("evacuation")
    place.badge("meeting", "ada")
    assert told(place.mode("normal")) == {HOUSE: (0, 0, ()), HALL: (0, 0, ()), LAB: (0, 0, ())}
    assert not place.state.muster


def test_a_second_evacuation_begins_with_those_who_are_inside_then(place: Fablab) -> None:
    """Who was at the muster point is outside."""
    place.mode("evacuation")
    place.badge("meeting", "ada")
    place.mode("lockdown")
    assert told(place.mode("evacuation"))[HOUSE] == (1, 0, ("bob",))


def test_a_new_space_file_tells_it_anew(place: Fablab) -> None:
    """A zone that vanished has nobody to look for."""
    place.mode("evacuation")
    no_hall = structs.replace(
        FABLAB,
        zones=tuple(zone for zone in FABLAB.zones if zone.id != HALL),
        doors=tuple(
            structs.replace(door, outside=None) for door in FABLAB.doors if door.zone != HALL
        ),
        access_points=tuple(one for one in FABLAB.access_points if one.zone != HALL),
        devices=tuple(
            one for one in FABLAB.devices if not one.id.startswith(("front", "counter", "pir"))
        ),
    )
    facts = place.tell(SpaceChanged(no_hall))
    assert told(facts)[HOUSE] == (1, 0, ("bob",))
    assert list(place.state.muster) == [BOB]


def test_the_list_is_of_one_moment(place: Fablab) -> None:
    """Every fact has our time."""
    place.mode("evacuation")
    place.after(5)
    (first, *_) = of_kind(place.badge("meeting", "ada"), MusterChanged)
    assert isinstance(first, MusterChanged)
    assert first.at == MONDAY + timedelta(seconds=5)
