"""A board that was erased or replaced numbers from the beginning, and opens the door again."""

from datetime import timedelta

import pytest

from gateway.core.events import Reported
from gateway.core.facts import (
    AlarmRaised,
    DuplicateDropped,
    Fact,
    NumberingRestarted,
    PeopleCrossed,
    RequestAnswered,
)
from gateway.core.model.names import DeviceId
from gateway.core.readings import CredentialPresented, Crossed, Reading
from gateway.core.requests import ResetDevice
from gateway.core.sequence import BOOTS_MAX, NotAdmitted, acknowledged
from tests.world.engine import HALL, Place, decided, of_kind
from tests.world.fablab import Fablab, answer

FRONT_IN, COUNTER = DeviceId("front-in"), DeviceId("counter")


@pytest.fixture
def place() -> Place:
    """A reader with four boots on record, of which the last has three events."""
    place = Place()
    for boot in range(11, 15):
        heard(place, boot, 1)
    heard(place, 14, 2)
    heard(place, 14, 3)
    return place


def heard(
    place: Place, boot: int, seq: int, *, age_s: float = 0.0, retained: bool = False
) -> tuple[Fact, ...]:
    """A badge with these numbers, a second after the one before."""
    place.now += timedelta(seconds=1)
    at = place.now - timedelta(seconds=age_s)
    event = Reported(FRONT_IN, at, CredentialPresented("hash-ada"), boot, seq, retained=retained)
    return place.tell(event)


@pytest.mark.parametrize(
    ("boot", "seq"),
    [
        pytest.param(1, 1, id="an erased board"),
        pytest.param(14, 1, id="a spare in the same boot"),
        pytest.param(14, 3, id="with the very number that was heard last"),
        pytest.param(0, 9, id="that was used a little before"),
    ],
)
def test_a_fresh_event_with_old_numbers_begins_a_generation(
    place: Place, boot: int, seq: int
) -> None:
    """It is answered, and an alarm tells of it; what comes next is ordinary."""
    facts = heard(place, boot, seq)
    assert decided(facts).decision == "granted"
    assert NumberingRestarted(FRONT_IN, 1, boot, place.now) in facts
    assert AlarmRaised("numbering-restarted", FRONT_IN, place.now) in facts
    again = heard(place, boot, seq + 1)
    assert decided(again).expires is not None
    assert not of_kind(again, NumberingRestarted)
    assert acknowledged(place.state.devices[FRONT_IN], boot, place.now + timedelta(minutes=1)) == (
        seq + 1
    )


def test_a_copy_is_a_copy_whatever_its_generation(place: Place) -> None:
    """Sent again, kept by a broker, or played by somebody who listened: all are known by time."""
    first = Reported(FRONT_IN, place.now, CredentialPresented("hash-ada"), 14, 3)
    assert place.tell(first) == (DuplicateDropped(FRONT_IN, 14, 3),)
    heard(place, 1, 1)
    assert place.tell(first) == (DuplicateDropped(FRONT_IN, 14, 3),)
    erased = Reported(FRONT_IN, place.now, CredentialPresented("hash-ada"), 1, 1)
    assert place.tell(erased) == (DuplicateDropped(FRONT_IN, 1, 1),)


def test_a_copy_of_an_event_that_was_ahead_never_looks_newer(place: Place) -> None:
    """Not even at the moment that it spoke of."""
    place.now += timedelta(seconds=1)
    ahead = Reported(
        FRONT_IN, place.now + timedelta(seconds=60), CredentialPresented("hash-ada"), 14, 4
    )
    assert decided(place.tell(ahead)).reason == "clock-ahead"
    for _ in range(70):
        place.now += timedelta(seconds=1)
        assert place.tell(ahead) == (DuplicateDropped(FRONT_IN, 14, 4),)


def test_what_the_board_before_kept_is_still_taken_once(place: Place) -> None:
    """It was in the broker's queue, or in the board's own store, while the new one began."""
    at = place.now
    heard(place, 1, 1)
    late = Reported(FRONT_IN, at, CredentialPresented("hash-ada"), 14, 4)
    assert decided(place.tell(late)).device == FRONT_IN
    assert place.tell(late) == (DuplicateDropped(FRONT_IN, 14, 4),)
    state = place.state.devices[FRONT_IN]
    assert (state.generation, [boot.boot for boot in state.boots]) == (1, [1])
    assert acknowledged(state, 14, place.now) == 4


@pytest.mark.parametrize(
    ("age_s", "retained"),
    [
        pytest.param(6, False, id="late"),
        pytest.param(-6, False, id="ahead"),
        pytest.param(0, True, id="kept by the broker"),
    ],
)
def test_only_a_fresh_event_begins_a_generation(
    place: Place, age_s: float, *, retained: bool
) -> None:
    """All else might be a copy."""
    with pytest.raises(NotAdmitted):
        heard(place, 1, 1, age_s=age_s, retained=retained)


def test_forged_boots_shut_nobody_out(place: Place) -> None:
    """Somebody with the reader's password takes the highest numbers."""
    for boot in range(2**53 - BOOTS_MAX, 2**53):
        heard(place, boot, 2**53)
    assert decided(heard(place, 15, 1)).decision == "granted"
    assert decided(heard(place, 15, 2)).decision == "granted"


def test_a_counter_that_begins_again_goes_on_counting() -> None:
    """Its totals too; nobody is lost, and nobody counted twice."""
    place = Place()

    def told(boot: int, seq: int, reading: Reading) -> list[Fact]:
        place.now += timedelta(seconds=30)
        return of_kind(place.tell(Reported(COUNTER, place.now, reading, boot, seq)), PeopleCrossed)

    told(9, 1, Crossed(100, 100))
    told(9, 2, Crossed(103, 100))
    (restarted,) = told(9, 1, Crossed(0, 0))
    assert restarted == PeopleCrossed(COUNTER, HALL, place.now, 0, 0, restarted=True)
    assert told(9, 2, Crossed(2, 0)) == [PeopleCrossed(COUNTER, HALL, place.now, 2, 0)]


# -- by hand


def test_an_operator_has_a_device_begin_again() -> None:
    """Its clock is wrong as well, so that it could not be told by itself."""
    place = Fablab()
    for boot in range(11, 15):
        place.tell(Reported(FRONT_IN, place.now, CredentialPresented("hash-ada"), boot, 1))
    behind = Reported(
        FRONT_IN, place.now - timedelta(seconds=70), CredentialPresented("hash-ada"), 1, 1
    )
    with pytest.raises(NotAdmitted):
        place.tell(behind)
    place.after(120)
    facts = place.ask(ResetDevice(FRONT_IN, "its flash was erased"))
    assert answer(facts) is None
    assert NumberingRestarted(FRONT_IN, 1, None, place.now) in facts
    after = Reported(
        FRONT_IN, place.now - timedelta(seconds=70), CredentialPresented("hash-ada"), 1, 1
    )
    assert decided(place.tell(after)).reason == "too-old"
    assert place.tell(after) == (DuplicateDropped(FRONT_IN, 1, 1),)


def shut_out(*, ahead_s: float) -> Fablab:
    """Somebody has taken the highest numbers, with times so far ahead of ours."""
    place = Fablab()
    for boot in range(2**53 - BOOTS_MAX, 2**53):
        at = place.now + timedelta(seconds=ahead_s)
        place.tell(Reported(FRONT_IN, at, CredentialPresented("hash-ada"), boot, 2**53))
        place.after(1)
    return place


@pytest.mark.parametrize(
    ("forged_ahead_s", "true_ahead_s", "reason"),
    [
        pytest.param(80_000, 0, "plan", id="forged ahead, the true clock is right"),
        pytest.param(80_000, -70, "too-old", id="forged ahead, the true clock is behind"),
        pytest.param(0, -70, "too-old", id="forged now, the true clock is behind"),
        pytest.param(0, -7_776_000, "too-old", id="forged now, the true clock was never set"),
        pytest.param(0, 70, "clock-ahead", id="forged now, the true clock is ahead"),
    ],
)
def test_a_reset_lets_in_who_was_shut_out_by_forged_boots(
    forged_ahead_s: float, true_ahead_s: float, reason: str
) -> None:
    """At once: each badge has its answer, and each comes once."""
    place, off = shut_out(ahead_s=forged_ahead_s), timedelta(seconds=true_ahead_s)
    told = Reported(FRONT_IN, place.now + off, CredentialPresented("hash-ada"), 7, 1)
    with pytest.raises(NotAdmitted):
        place.tell(told)
    assert answer(place.ask(ResetDevice(FRONT_IN))) is None
    for seq in (1, 2, 3):
        place.after(6)
        told = Reported(FRONT_IN, place.now + off, CredentialPresented("hash-ada"), 7, seq)
        assert decided(place.tell(told)).reason == reason
        assert place.tell(told) == (DuplicateDropped(FRONT_IN, 7, seq),)


def test_a_copy_of_what_was_forged_stays_one_after_the_reset() -> None:
    """Its time is before the reset, and its number is on record."""
    place = shut_out(ahead_s=0)
    at, boot = place.now - timedelta(seconds=1), 2**53 - 1
    assert answer(place.ask(ResetDevice(FRONT_IN))) is None
    copy = Reported(FRONT_IN, at, CredentialPresented("hash-ada"), boot, 2**53)
    assert place.tell(copy) == (DuplicateDropped(FRONT_IN, boot, 2**53),)


@pytest.mark.parametrize(
    ("device", "error"),
    [("nothing", "unknown-object"), ("front-out", "never-heard")],
    ids=["of no device", "that was never heard"],
)
def test_a_reset_needs_a_device(device: str, error: str) -> None:
    """One that has said something."""
    (said,) = of_kind(Fablab().ask(ResetDevice(DeviceId(device))), RequestAnswered)
    assert isinstance(said, RequestAnswered)
    assert said.error == error
