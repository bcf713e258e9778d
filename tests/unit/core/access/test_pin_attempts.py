"""Attempts: wrong PINs are counted, told of once, forgotten, and undone by a right one."""

import pytest

from gateway.core.access.pin_attempts import REMEMBERED
from gateway.core.access.rules.holder import ATTEMPTS_MAX
from gateway.core.facts import Noticed
from gateway.core.model.directory import HolderId
from gateway.core.readings import CredentialPresented
from tests.world.engine import MONDAY, decided, of_kind
from tests.world.fablab import Fablab

ADA = HolderId("ada")
LONG_S = REMEMBERED.total_seconds()
BADGE, KEYPAD = "hash-ada-2", "keypad"


@pytest.fixture
def place() -> Fablab:
    """The fablab on a Monday."""
    return Fablab()


def count(place: Fablab, key: str) -> int:
    """How many wrong PINs are remembered."""
    return len(place.state.attempts[key].times) if key in place.state.attempts else 0


def test_a_wrong_pin_counts_against_its_badge(place: Fablab) -> None:
    """Wherever it was typed."""
    assert decided(place.type_pin("front-in", "ada-2", "wrong")).reason == "pin-wrong"
    place.type_pin("booth-in", "ada-2", "wrong")
    assert (count(place, BADGE), len(place.state.attempts)) == (2, 1)


def test_a_code_that_nobody_has_counts_against_the_keypad(place: Fablab) -> None:
    """A badge that nobody knows counts against nothing."""
    assert decided(place.type_code("nobody")).reason == "credential-unknown"
    place.badge("front-in", "nobody")
    assert (count(place, KEYPAD), len(place.state.attempts)) == (1, 1)


def test_the_last_that_is_listened_to_is_told_once(place: Fablab) -> None:
    """With the access point and whose badge it is; nothing more is added."""
    said = [
        fact
        for _ in range(ATTEMPTS_MAX + 2)
        for fact in of_kind(place.type_pin("front-in", "ada-2", "wrong"), Noticed)
    ]
    assert said == [Noticed("too-many-attempts", "front-in", ADA, MONDAY)]
    assert count(place, BADGE) == ATTEMPTS_MAX


def test_too_many_codes_name_nobody(place: Fablab) -> None:
    """Nobody knows whose they were."""
    said = [fact for _ in range(ATTEMPTS_MAX) for fact in place.type_code("nobody")]
    assert of_kind(tuple(said), Noticed) == [
        Noticed("too-many-attempts", "terrace-in", None, MONDAY)
    ]


def test_a_right_pin_clears_the_badge(place: Fablab) -> None:
    """Also the one that is typed under threat; the badge alone proves nothing."""
    for pin in ("right", "threat"):
        place.type_pin("booth-in", "ada-2", "wrong")
        place.badge("booth-in", "ada-2")
        assert count(place, BADGE) == 1
        place.type_pin("booth-in", "ada-2", pin)
        assert count(place, BADGE) == 0


def test_no_right_code_clears_the_keypad(place: Fablab) -> None:
    """Or four guesses, one's own code, and four guesses again would never lock it."""
    for _ in range(ATTEMPTS_MAX - 1):
        place.type_code("nobody")
    place.type_code("max")
    assert count(place, KEYPAD) == ATTEMPTS_MAX - 1
    place.type_code("nobody")
    assert decided(place.type_code("max")).reason == "too-many-attempts"
    place.after(LONG_S)
    assert decided(place.type_code("max")).reason != "too-many-attempts"


def test_a_pin_that_its_reader_compared_counts_as_well(place: Fablab) -> None:
    """esp-rfid says only that it was wrong."""
    for _ in range(ATTEMPTS_MAX):
        facts = place.says("front-in", CredentialPresented("hash-ada", pin_failed=True))
        assert decided(facts).reason == "pin-wrong"
    assert decided(place.badge("front-in", "ada")).reason == "too-many-attempts"
    out = place.says("front-out", CredentialPresented("hash-ada", pin_failed=True))
    assert decided(out).decision == "granted"


def test_a_pin_on_the_way_out_is_not_looked_at(place: Fablab) -> None:
    """It neither counts nor clears."""
    place.type_pin("front-out", "ada-2", "wrong")
    assert count(place, BADGE) == 0
    place.type_pin("front-in", "ada-2", "wrong")
    place.type_pin("front-out", "ada-2", "right")
    assert count(place, BADGE) == 1


def test_what_a_reader_took_alone_is_not_counted(place: Fablab) -> None:
    """Nor what came too late: it was not compared."""
    place.decided_alone("keypad", "nobody", age_s=60, decided="denied")
    assert not place.state.attempts


def test_they_are_forgotten_at_the_minute(place: Fablab) -> None:
    """When the last of them counts no more."""
    place.type_pin("front-in", "ada-2", "wrong")
    place.after(60)
    place.type_pin("front-in", "ada-2", "wrong")
    place.after(LONG_S - 60)
    assert count(place, BADGE) == 2
    place.after(60)
    assert not place.state.attempts


def test_only_those_of_the_last_minutes_are_added_up(place: Fablab) -> None:
    """Who mistypes now and then is no burglar."""
    for _ in range(2 * ATTEMPTS_MAX):
        place.type_pin("front-in", "ada-2", "wrong")
        place.after(LONG_S / (ATTEMPTS_MAX - 1))
    assert count(place, BADGE) < ATTEMPTS_MAX
    assert of_kind(tuple(place.said), Noticed) == []
