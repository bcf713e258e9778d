"""The engine: one event, one step; duplicates, garbage with a number, and new space files."""

from datetime import timedelta

import msgspec
import pytest
from msgspec import structs

from gateway.core.engine import Step, step
from gateway.core.events import (
    ConditionReported,
    DirectoryChanged,
    Misunderstood,
    Reported,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import (
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    Decided,
    DoorChanged,
    DuplicateDropped,
    GapNoticed,
    OccupancyChanged,
)
from gateway.core.model.directory import DirectoryChange
from gateway.core.model.names import DeviceId
from gateway.core.readings import Battery, CredentialPresented
from gateway.core.sequence import BOOTS_MAX, NotAdmitted, acknowledged
from gateway.core.state import NEVER, State, encode
from tests.world.engine import (
    FRONT,
    HALL,
    MEMBERS,
    MONDAY,
    SITE,
    Place,
    assert_survives_the_journal,
    card,
    decided,
    member,
    of_kind,
    opens,
)

FRONT_IN, PIR = DeviceId("front-in"), DeviceId("pir")


@pytest.fixture
def place() -> Place:
    """An empty house on a Monday."""
    return Place()


def badge(seq: int, boot: int = 1) -> Reported:
    """Ada at the front door."""
    return Reported(FRONT_IN, MONDAY, CredentialPresented("hash-ada"), boot, seq)


# -- one event, one step


def test_one_credential_event_is_one_decision(place: Place) -> None:
    """With the reader, its access point, the holder and the rules' words."""
    said = decided(place.badge("front-in", "ada"))
    assert (said.device, said.access_point, said.holder) == ("front-in", "front-in", "ada")
    assert (said.decision, said.reason, said.verdicts[-1].rule) == ("granted", "plan", "plan_opens")


def test_a_refusal_names_whom_the_badge_belongs_to(place: Place) -> None:
    """Also when it is lost; nobody when it is unknown."""
    place.tell(DirectoryChanged(DirectoryChange(credentials=(card("ada", "lost"),))))
    assert decided(place.badge("front-in", "ada")).holder == "ada"
    assert decided(place.badge("front-in", "nobody")).holder is None


def test_an_answer_expires_five_seconds_after_the_read(place: Place) -> None:
    """By the reader's time where it is the earlier one."""
    at = MONDAY - timedelta(seconds=2)
    assert decided(place.badge("front-in", "ada", age_s=2)).expires == at + timedelta(seconds=5)
    ahead = decided(place.badge("front-in", "ada", age_s=-3))
    assert ahead.expires == MONDAY + timedelta(seconds=5)


def test_a_duplicate_changes_nothing_and_says_so(place: Place) -> None:
    """Not even the time at which the device was last heard."""
    place.tell(badge(1))
    place.now += timedelta(seconds=2)
    before = place.state
    after = step(SITE, before, badge(1), place.now)
    assert after.facts == (DuplicateDropped(FRONT_IN, 1, 1),)
    assert after.state is before


def test_a_duplicate_that_comes_late_still_changes_nothing(place: Place) -> None:
    """Timers that are due wait for the next event or tick."""
    place.tell(badge(1))
    place.now += timedelta(seconds=90)
    assert place.tell(badge(1)) == (DuplicateDropped(FRONT_IN, 1, 1),)
    assert of_kind(place.tell(Tick()), DoorChanged) == [DoorChanged(FRONT, "locked", place.now)]


def test_a_redelivered_message_of_a_device_without_numbers_is_a_duplicate(place: Place) -> None:
    """The broker says that it is one; two equal reads are two."""
    read = Reported(FRONT_IN, MONDAY, CredentialPresented("hash-ada"), fingerprint=7)
    assert opens(place.tell(read))
    assert opens(place.tell(read))
    again = structs.replace(read, redelivered=True)
    assert place.tell(again) == (DuplicateDropped(FRONT_IN, None, None),)


def test_an_event_that_cannot_be_judged_is_refused(place: Place) -> None:
    """Its boot is older than all that are remembered."""
    for boot in range(2, BOOTS_MAX + 2):
        place.tell(badge(1, boot))
    with pytest.raises(NotAdmitted):
        step(SITE, place.state, badge(1, 1), MONDAY)


def test_a_gap_is_told_before_the_decision(place: Place) -> None:
    """And the event above it is decided all the same."""
    place.tell(badge(1))
    told = place.tell(badge(4))
    assert told[0] == GapNoticed(FRONT_IN, 1, 2, 3)
    assert decided(told).decision == "granted"


# -- what could not be understood


def test_a_message_that_was_not_understood_has_its_number_taken_in(place: Place) -> None:
    """So that its device may forget it, and the events after it too."""
    place.tell(badge(1))
    assert place.tell(Misunderstood(FRONT_IN, 1, 2)) == ()
    place.tell(badge(3))
    assert acknowledged(place.state.devices[FRONT_IN], 1, MONDAY) == 3


def test_a_message_that_was_not_understood_twice_is_a_duplicate(place: Place) -> None:
    """One dead letter is enough."""
    place.tell(Misunderstood(FRONT_IN, 1, 2))
    assert place.tell(Misunderstood(FRONT_IN, 1, 2)) == (DuplicateDropped(FRONT_IN, 1, 2),)
    assert place.tell(badge(2)) == (DuplicateDropped(FRONT_IN, 1, 2),)


def test_a_message_that_was_not_understood_is_a_sign_of_life_and_shows_a_gap(place: Place) -> None:
    """It decides nothing and moves nobody."""
    place.says("pir", Battery(50.0))
    place.after(90)
    told = place.tell(Misunderstood(PIR, 1, 4))
    assert told == (
        GapNoticed(PIR, 1, 2, 3),
        AlarmCleared("device-silent", PIR, place.now),
    )
    assert place.state.presence == Place().state.presence


def test_one_that_the_broker_kept_is_no_sign_of_life(place: Place) -> None:
    """Its number counts, its time does not."""
    place.says("pir", Battery(50.0))
    place.after(90)
    assert place.tell(Misunderstood(PIR, 1, 2, retained=True)) == ()
    assert place.state.devices[PIR].last_seen == MONDAY


# -- members


def test_a_new_member_may_enter_with_the_next_badge(place: Place) -> None:
    """And one who left may not."""
    assert decided(place.badge("front-in", "zoe")).reason == "credential-unknown"
    come = DirectoryChange(holders=(member("zoe"),), credentials=(card("zoe"),))
    assert place.tell(DirectoryChanged(come)) == ()
    assert decided(place.badge("front-in", "zoe")).decision == "granted"
    place.tell(DirectoryChanged(DirectoryChange(removed_holders=(member("zoe").id,))))
    assert decided(place.badge("front-in", "zoe")).reason == "credential-unknown"


def test_removing_who_is_not_there_is_no_error(place: Place) -> None:
    """An import may be run twice."""
    gone = DirectoryChange(
        removed_holders=(member("zoe").id,), removed_credentials=(card("zoe").hash,)
    )
    before = place.state
    place.tell(DirectoryChanged(gone))
    assert structs.replace(place.state, past=before.past) == before


# -- space files


def test_the_same_space_file_again_changes_no_door_and_nobody(place: Place) -> None:
    """It only tells every count anew."""
    place.enter("ada")
    place.badge("front-in", "bob")
    before = place.state
    told = place.tell(SpaceChanged(SITE))
    assert {type(fact) for fact in told} == {OccupancyChanged}
    assert (place.state.doors, place.state.presence) == (before.doors, before.presence)
    place.contact("front-contact", "open")
    assert place.people(HALL) == 2


def test_a_door_that_loses_its_contact_is_closed(place: Place) -> None:
    """Nobody would tell us any more; its alarm is over."""
    place.contact("front-contact", "open")
    blind = tuple(structs.replace(door, contact=False) for door in SITE.doors)
    told = place.tell(SpaceChanged(structs.replace(SITE, doors=blind)))
    assert of_kind(told, DoorChanged, AlarmOver) == [
        DoorChanged(FRONT, "locked", MONDAY),
        AlarmOver("forced", FRONT, MONDAY, MONDAY),
    ]


def test_a_door_that_vanishes_takes_its_alarm_along(place: Place) -> None:
    """And its state."""
    place.contact("front-contact", "open")
    fewer = structs.replace(SITE, doors=SITE.doors[1:])
    told = place.tell(SpaceChanged(fewer))
    assert of_kind(told, AlarmCleared) == [AlarmCleared("forced", FRONT, MONDAY)]
    assert FRONT not in place.state.doors


# -- time


def test_nothing_is_due_in_an_empty_state() -> None:
    """And a tick leaves it alone."""
    assert State().wake_at == NEVER
    assert step(SITE, State(), Tick(), MONDAY) == Step(State(), ())


def test_the_engine_asks_to_be_called_for_the_nearest_timer(place: Place) -> None:
    """The minute, a lock, a door that stays open."""
    assert place.state.wake_at == MONDAY + timedelta(minutes=1)
    place.badge("front-in", "ada")
    assert place.state.wake_at == MONDAY + timedelta(seconds=5)
    place.contact("front-contact", "open")
    place.after(5)
    assert place.state.wake_at == MONDAY + timedelta(seconds=30)
    place.after(25)
    assert place.state.wake_at == MONDAY + timedelta(minutes=1)


def test_the_same_arguments_give_the_same_answer(place: Place) -> None:
    """And the state that went in is as it was."""
    before = place.state
    copy = structs.replace(before)
    first = step(SITE, before, badge(1), MONDAY)
    assert step(SITE, before, badge(1), MONDAY) == first
    assert before == copy
    assert any(isinstance(fact, Decided) for fact in first.facts)


def test_equal_states_are_equal_bytes(place: Place) -> None:
    """Keys are sorted: a snapshot does not depend on the process that wrote it."""
    for name in MEMBERS:
        place.badge("booth-out", name)
    raw = msgspec.msgpack.decode(encode(place.state))
    keys = [key for key, _ in raw["directory"]["holders"]]
    assert keys == sorted(MEMBERS)


def test_every_kind_of_event_is_stored_and_read_back(place: Place) -> None:
    """What a day brings is checked by `Place`; here are those that it does not bring."""
    assert_survives_the_journal(Misunderstood(FRONT_IN, 2**53, 2**53, retained=True), ())
    pin = CredentialPresented("hash-ada", "hex", "hash-pin")
    assert_survives_the_journal(Reported(FRONT_IN, MONDAY, pin, fingerprint=2**48 - 1), ())
    assert place.told


# -- what only the service can see


def test_a_condition_of_the_service_is_an_alarm_until_it_is_over(place: Place) -> None:
    """Told twice it is one alarm."""
    begun = ConditionReported("flooding", FRONT_IN, active=True)
    assert place.tell(begun) == (AlarmRaised("flooding", FRONT_IN, place.now),)
    assert place.tell(begun) == ()
    over = ConditionReported("flooding", FRONT_IN, active=False)
    assert place.tell(over) == (AlarmCleared("flooding", FRONT_IN, place.now),)
    assert_survives_the_journal(begun, (AlarmRaised("flooding", FRONT_IN, MONDAY),))
