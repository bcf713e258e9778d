"""Doors: every row of the table, who passed and who did not, and which alarm is raised."""

from datetime import timedelta
from itertools import product
from typing import get_args

import pytest
from msgspec import structs

from gateway.core.access import doors
from gateway.core.access.doors import PENDING_MAX, TABLE, Trigger
from gateway.core.access.late_events import LATE
from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import (
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    DoorChanged,
    DoorStatus,
    EntryNotTaken,
    Fact,
    HolderMoved,
    UnlockDoor,
)
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.model.names import DeviceId
from gateway.core.state import NEVER, DoorState, State
from gateway.core.step_context import StepContext
from tests.world.engine import (
    BOOTH,
    BOOTH_DOOR,
    FRONT,
    HALL,
    LAB,
    LAB_DOOR,
    MONDAY,
    SITE,
    TERRACE,
    Place,
    card,
    decided,
    member,
    of_kind,
)

STATUSES = get_args(DoorStatus)
TRIGGERS = get_args(Trigger)


@pytest.fixture
def place() -> Place:
    """An empty house on a Monday."""
    return Place()


def status(place: Place, door: str = FRONT) -> DoorStatus:
    """What a door is."""
    return {str(key): state for key, state in place.state.doors.items()}[door].status


def door_changes(facts: tuple[Fact, ...]) -> list[str]:
    """Where doors went, in order."""
    return [fact.state for fact in facts if isinstance(fact, DoorChanged)]


def alarms(place: Place) -> list[tuple[str, str]]:
    """Which alarms are on."""
    return sorted(place.state.alarms)


def fire(before: DoorStatus, trigger: Trigger) -> StepContext:
    """One trigger at a door in some state."""
    front = SITE.door[FRONT]
    turn = StepContext.open(SITE, State(), MONDAY)
    doors._become(turn, front, DoorState(), "closed")
    turn.doors = turn.doors.set(FRONT, DoorState(status=before))
    doors._become(turn, front, turn.doors[FRONT], trigger)
    return turn


EXPECTED: dict[tuple[DoorStatus, Trigger], DoorStatus] = {
    ("locked", "released"): "unlocked",
    ("locked", "opened"): "forced",
    ("unlocked", "opened"): "open",
    ("unlocked", "relock"): "locked",
    ("open", "too-long"): "held",
    ("open", "closed"): "locked",
    ("held", "closed"): "locked",
    ("forced", "closed"): "locked",
    ("locked", "freed"): "unlocked",
    ("held", "freed"): "open",
    ("forced", "freed"): "open",
}


@pytest.mark.parametrize(
    ("before", "trigger"),
    list(product(STATUSES, TRIGGERS)),
    ids=lambda value: value,
)
def test_every_pair_of_state_and_trigger_is_settled(before: DoorStatus, trigger: Trigger) -> None:
    """By its row, which is told; a pair without a row changes nothing and says nothing."""
    turn = fire(before, trigger)
    after = EXPECTED.get((before, trigger), before)
    assert turn.doors[FRONT].status == after
    assert door_changes(tuple(turn.facts)) == ([after] if after != before else [])
    on = {kind for kind, _ in turn.alarms}
    assert on == ({after} & {"forced", "held"} if after != before else set())


def test_the_table_has_these_rows_and_no_other() -> None:
    """A row more is a policy more."""
    assert TABLE == EXPECTED


# -- granted is not taken


def test_somebody_is_inside_when_the_door_opens_after_the_grant(place: Place) -> None:
    """And not before."""
    granted = place.badge("front-in", "ada")
    assert door_changes(granted) == ["unlocked"]
    assert (place.where("ada"), place.people(HALL)) == (None, 0)
    opened = place.contact("front-contact", "open")
    assert HolderMoved(HolderId("ada"), None, HALL, MONDAY) in opened
    assert (place.where("ada"), place.people(HALL)) == (HALL, 1)
    assert door_changes(place.contact("front-contact", "closed")) == ["locked"]


def test_a_grant_that_is_not_taken_is_told_when_the_door_locks_again(place: Place) -> None:
    """BACnet NO_ENTRY_AFTER_GRANTED; nobody moved."""
    place.badge("front-in", "ada")
    assert place.after(4.999) == ()
    locked = place.after(0.001)
    assert of_kind(locked, EntryNotTaken, DoorChanged) == [
        EntryNotTaken(HolderId("ada"), FRONT, place.now),
        DoorChanged(FRONT, "locked", place.now),
    ]
    assert place.where("ada") is None
    place.contact("front-contact", "open")
    assert place.where("ada") is None, "what opens later is no entry of hers"


def test_two_grants_and_one_opening_let_both_in(place: Place) -> None:
    """They walked through together, each with a badge."""
    place.badge("front-in", "ada")
    place.badge("front-in", "bob")
    place.contact("front-contact", "open")
    assert (place.where("ada"), place.where("bob"), place.people(HALL)) == (HALL, HALL, 2)
    place.contact("front-contact", "closed")
    assert of_kind(place.after(60), EntryNotTaken) == []


def test_the_same_badge_twice_is_one_entry(place: Place) -> None:
    """And the second grant gives the time anew."""
    place.badge("front-in", "ada")
    place.after(3)
    place.badge("front-in", "ada")
    assert place.after(4.9) == ()
    place.contact("front-contact", "open")
    assert place.people(HALL) == 1


def test_who_badges_in_and_out_before_the_door_opens_does_both(place: Place) -> None:
    """In that order: the second grant does not undo the first, and the last word counts."""
    place.badge("front-in", "ada")
    place.badge("front-out", "ada")
    assert [entry.zone for entry in place.state.doors[FRONT].pending] == [HALL, None]
    opened = place.contact("front-contact", "open")
    assert of_kind(opened, HolderMoved) == [
        HolderMoved(HolderId("ada"), None, HALL, MONDAY),
        HolderMoved(HolderId("ada"), HALL, None, MONDAY),
    ]


def test_who_badges_while_the_door_stands_open_is_inside_at_once(place: Place) -> None:
    """No opening will follow."""
    place.badge("front-in", "ada")
    place.contact("front-contact", "open")
    place.badge("front-in", "bob")
    assert (place.where("bob"), place.people(HALL)) == (HALL, 2)
    assert status(place) == "open"


def test_a_door_that_fell_shut_before_the_second_may_be_opened_again(place: Place) -> None:
    """Bob was let through while it was open; his time is not over, so it is no break-in."""
    place.badge("front-in", "ada")
    place.contact("front-contact", "open")
    place.badge("front-in", "bob")
    place.contact("front-contact", "closed")
    assert status(place) == "unlocked"
    place.contact("front-contact", "open")
    assert (status(place), alarms(place)) == ("open", [])


def test_a_release_is_used_up_by_the_opening(place: Place) -> None:
    """Closed again is locked, whatever is left of the time: the next who opens was not let in."""
    place.badge("front-in", "ada")
    place.contact("front-contact", "open")
    place.contact("front-contact", "closed")
    place.contact("front-contact", "open")
    assert alarms(place) == [("forced", FRONT)]


def test_without_a_contact_the_grant_is_the_entry(place: Place) -> None:
    """Nobody would tell us that the door opened."""
    place.badge("booth-in", "ada")
    assert (place.where("ada"), status(place, BOOTH_DOOR)) == (BOOTH, "unlocked")
    assert place.people(LAB) == 1
    assert door_changes(place.after(5)) == ["locked"]


def test_the_way_out_counts_when_the_door_opens(place: Place) -> None:
    """Out of the house, or into the room outside the door."""
    place.enter("ada", "bob")
    place.badge("front-out", "ada")
    assert place.where("ada") == HALL
    place.contact("front-contact", "open")
    assert place.where("ada") is None
    place.badge("booth-in", "bob")
    place.badge("booth-out", "bob")
    assert place.where("bob") == LAB


def test_a_stranger_goes_out_and_nobody_is_counted(place: Place) -> None:
    """The badge of somebody who was removed still opens the way out."""
    place.enter("ada")
    place.tell(DirectoryChanged(DirectoryChange(removed_credentials=(card("bob").hash,))))
    assert decided(place.badge("front-out", "bob")).decision == "granted"
    assert status(place) == "unlocked"
    place.contact("front-contact", "open")
    assert place.people(HALL) == 1


def test_beyond_the_bound_the_first_who_waits_is_given_up(place: Place) -> None:
    """And told of: nothing that grows without end, nothing lost in silence."""
    crowd = [f"p{number:02}" for number in range(PENDING_MAX + 2)]
    site = structs.replace(SITE, zones=tuple(structs.replace(z, capacity=None) for z in SITE.zones))
    place.tell(SpaceChanged(site))
    enrolled = DirectoryChange(
        holders=tuple(member(name) for name in crowd),
        credentials=tuple(card(name) for name in crowd),
    )
    place.tell(DirectoryChanged(enrolled))
    said = [fact for name in crowd for fact in place.badge("front-in", name)]
    given_up = [fact.holder for fact in said if isinstance(fact, EntryNotTaken)]
    assert given_up == ["p00", "p01"]
    assert len(place.state.doors[FRONT].pending) == PENDING_MAX
    place.contact("front-contact", "open")
    assert place.people(HALL) == PENDING_MAX


def test_who_waits_for_a_room_that_vanishes_is_forgotten(place: Place) -> None:
    """A new space file came between the grant and the opening."""
    place.badge("terrace-in", "ada")
    lab_only = structs.replace(
        SITE,
        zones=SITE.zones[:4],
        doors=(*SITE.doors[:3], structs.replace(SITE.doors[3], zone=HALL)),
    )
    place.tell(SpaceChanged(lab_only))
    place.contact("terrace-contact", "open")
    assert (place.where("ada"), status(place, TERRACE)) == (None, "open")


# -- orders


def test_a_separate_lock_is_ordered_to_open(place: Place) -> None:
    """With an end of its own and an expiry; the reader itself is not told to open."""
    facts = place.badge("lab-in", "ada")
    (order,) = of_kind(facts, UnlockDoor)
    assert order == UnlockDoor(LAB_DOOR, DeviceId("lab-lock"), 3.0, MONDAY + LATE)
    assert decided(facts).unlock_s is None


def test_a_reader_that_opens_by_itself_gets_the_time_with_its_answer(place: Place) -> None:
    """And there is no other order."""
    facts = place.badge("front-in", "ada")
    assert of_kind(facts, UnlockDoor) == []
    assert (decided(facts).unlock_s, decided(facts).expires) == (5.0, MONDAY + LATE)


def test_a_refusal_orders_nothing(place: Place) -> None:
    """Its answer may leave, and opens nothing."""
    facts = place.badge("lab-in", "nobody")
    assert of_kind(facts, UnlockDoor, DoorChanged) == []
    assert (decided(facts).unlock_s, decided(facts).expires) == (None, MONDAY + LATE)


def test_a_machine_has_no_door_to_open(place: Place) -> None:
    """Its reader is told that it may run."""
    facts = place.badge("laser-on", "ada")
    assert (decided(facts).decision, decided(facts).unlock_s) == ("granted", None)
    assert of_kind(facts, UnlockDoor, DoorChanged, HolderMoved) == []


@pytest.mark.parametrize("at", ["front-in", "front-out", "lab-in", "lab-out", "laser-on"])
@pytest.mark.parametrize(
    "how", [{"age_s": 5.001}, {"age_s": 86_400.0}, {"retained": True}], ids=str
)
def test_a_late_or_kept_badge_opens_nothing(
    place: Place, at: str, how: dict[str, float | bool]
) -> None:
    """Not even the way out: whoever it was has gone. The answer does not leave either."""
    facts = place.badge(at, "ada", **how)  # type: ignore[arg-type] # a table of two kinds
    assert decided(facts).expires is None
    assert of_kind(facts, UnlockDoor, DoorChanged) == []
    assert place.state.doors.get(FRONT, DoorState()).relock_at == NEVER


# -- alarms


def test_a_door_that_opens_without_a_release_is_forced_until_it_closes(place: Place) -> None:
    """Raised once, over once; it stays listed until somebody acknowledges it."""
    opened = place.contact("lab-contact", "open")
    assert opened == (
        DoorChanged(LAB_DOOR, "forced", MONDAY),
        AlarmRaised("forced", LAB_DOOR, MONDAY),
    )
    assert place.contact("lab-contact", "open") == ()
    closed = place.contact("lab-contact", "closed")
    assert closed == (
        DoorChanged(LAB_DOOR, "locked", MONDAY),
        AlarmOver("forced", LAB_DOOR, MONDAY, MONDAY),
    )
    assert alarms(place) == [("forced", LAB_DOOR)]


def test_a_forced_door_is_not_held_open_as_well(place: Place) -> None:
    """One fault, one alarm."""
    place.contact("lab-contact", "open")
    place.after(60)
    assert (status(place, LAB_DOOR), alarms(place)) == ("forced", [("forced", LAB_DOOR)])


def test_a_badge_at_a_forced_door_counts_at_the_next_opening(place: Place) -> None:
    """The lock is released: what opens then is no second break-in."""
    place.contact("front-contact", "open")
    place.badge("front-in", "ada")
    assert (status(place), place.where("ada")) == ("forced", None)
    place.contact("front-contact", "closed")
    place.contact("front-contact", "open")
    assert (status(place), place.where("ada")) == ("open", HALL)
    assert ("forced", FRONT) in place.state.over


def test_a_handle_inside_opens_without_a_word(place: Place) -> None:
    """Leaving is no break-in."""
    assert place.contact("terrace-contact", "open") == (DoorChanged(TERRACE, "open", MONDAY),)
    assert alarms(place) == []


@pytest.mark.parametrize("how", [{"age_s": 5.001}, {"retained": True}], ids=str)
def test_a_late_opening_may_follow_a_grant_that_we_never_heard_of(
    place: Place, how: dict[str, float | bool]
) -> None:
    """The reader was cut off and let somebody in: no alarm."""
    assert place.contact("lab-contact", "open", **how) == (  # type: ignore[arg-type] # two kinds
        DoorChanged(LAB_DOOR, "open", MONDAY),
    )


def test_an_opening_of_five_seconds_ago_is_not_late(place: Place) -> None:
    """The same limit as for badges."""
    place.contact("lab-contact", "open", age_s=5)
    assert alarms(place) == [("forced", LAB_DOOR)]


def test_a_door_is_held_when_it_stays_open_for_too_long(place: Place) -> None:
    """From the moment that it opened; cleared when it closes."""
    place.badge("lab-in", "ada")
    place.after(1)
    place.contact("lab-contact", "open")
    assert of_kind(place.after(19.999), DoorChanged, AlarmRaised) == []
    assert of_kind(place.after(0.001), DoorChanged, AlarmRaised) == [
        DoorChanged(LAB_DOOR, "held", place.now),
        AlarmRaised("held", LAB_DOOR, place.now),
    ]
    assert of_kind(place.contact("lab-contact", "closed"), DoorChanged, AlarmCleared) == [
        DoorChanged(LAB_DOOR, "locked", place.now),
        AlarmCleared("held", LAB_DOOR, place.now),
    ]


def test_a_contact_that_repeats_itself_does_not_put_the_alarm_off(place: Place) -> None:
    """Some say their state every few seconds."""
    place.badge("lab-in", "ada")
    place.contact("lab-contact", "open")
    place.after(15)
    place.contact("lab-contact", "open")
    place.after(5)
    assert alarms(place) == [("held", LAB_DOOR)]


def test_an_open_door_that_closes_in_time_is_not_held(place: Place) -> None:
    """Its timer goes with it."""
    place.badge("lab-in", "ada")
    place.contact("lab-contact", "open")
    place.after(19)
    place.contact("lab-contact", "closed")
    place.after(60)
    assert (status(place, LAB_DOOR), alarms(place)) == ("locked", [])


def test_the_relock_time_of_an_open_door_locks_nothing(place: Place) -> None:
    """It is open, and locked when it closes."""
    place.badge("front-in", "ada")
    place.contact("front-contact", "open")
    assert door_changes(place.after(5)) == []
    assert status(place) == "open"


def test_timers_that_ran_out_while_we_were_down_run_before_the_event(place: Place) -> None:
    """The grant of hours ago does not let anybody in now."""
    place.badge("front-in", "ada")
    place.now += timedelta(hours=2)
    facts = place.contact("front-contact", "open")
    assert door_changes(facts) == ["locked", "forced"]
    assert place.where("ada") is None
