"""A bug in one part of the engine harms only what that part would have done."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from gateway.core import devices, engine
from gateway.core.access import decision, doors, rules
from gateway.core.access.rules import RULES
from gateway.core.engine import CHAPTERS, QUARANTINE, Chapter, step
from gateway.core.events import Event, Misunderstood, Reported, Tick
from gateway.core.facts import AlarmRaised, BugMet, Decided, DoorChanged, Fact, UnlockDoor
from gateway.core.model.names import DeviceId
from gateway.core.readings import CredentialPresented, Motion
from gateway.core.sequence import acknowledged
from tests.world.engine import (
    FRONT,
    LAB_DOOR,
    MONDAY,
    SITE,
    Place,
    assert_survives_the_journal,
    decided,
    of_kind,
)


class PlantedError(Exception):
    """A bug that a test planted."""


def broken(*_args: object, **_kwargs: object) -> None:
    """Raise."""
    raise PlantedError


@pytest.fixture
def place() -> Place:
    """An empty house on a Monday."""
    return Place()


def quarantined(place: Place, event: Reported | Misunderstood) -> tuple[Fact, ...]:
    """The event once more, as the service gives it after a bug."""
    with pytest.raises(PlantedError):
        step(place.site, place.state, event, place.now)
    return place.tell(structs.replace(event, quarantined=True))


# -- a chapter


PARTS = [
    pytest.param(chapter.name, what, id=f"{chapter.name}'s {what}")
    for chapter in CHAPTERS
    for what in ("run_timers", "next_timer", "conclude")
    if getattr(chapter, what) is not None
]


@pytest.mark.parametrize(("name", "what"), PARTS)
def test_a_chapter_with_a_bug_is_left_out(
    place: Place, name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The badge is decided, time passes, an alarm is raised once; then it works again."""
    bug: dict[str, Any] = {what: broken}
    rest = tuple(
        chapter._replace(**bug) if chapter.name == name else chapter for chapter in CHAPTERS
    )
    break_chapters(monkeypatch, rest)
    place.now += timedelta(minutes=1)  # every timer is due
    after = step(place.site, place.state, place.report("front-in", badge()), place.now)
    assert decided(after.facts).decision == "granted"
    assert BugMet(name, "PlantedError", place.now) in after.facts
    assert AlarmRaised("engine-fault", name, place.now) in after.facts
    assert [(bug.where, type(bug.error)) for bug in after.bugs] == [(name, PlantedError)]
    place.state = after.state
    quiet = step(place.site, place.state, Tick(), place.now + timedelta(seconds=1))
    assert not quiet.bugs  # no loop: it is tried again only later
    break_chapters(monkeypatch, CHAPTERS)
    place.now += QUARANTINE
    assert place.state.wake_at <= place.now
    assert not of_kind(place.tell(Tick()), BugMet)
    assert not place.state.quarantined


def break_chapters(monkeypatch: pytest.MonkeyPatch, chapters: tuple[Chapter, ...]) -> None:
    """Have the engine run these."""
    monkeypatch.setattr(engine, "CHAPTERS", chapters)
    conclusions = tuple((one.name, one.conclude) for one in chapters if one.conclude)
    monkeypatch.setattr(engine, "_CONCLUSIONS", conclusions)


def test_a_chapter_that_stays_broken_raises_one_alarm(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is tried again each half minute, no oftener."""
    rest = tuple(
        chapter._replace(conclude=broken) if chapter.name == "machines" else chapter
        for chapter in CHAPTERS
    )
    break_chapters(monkeypatch, rest)
    for _ in range(120):
        place.after(1)
    assert len(of_kind(tuple(place.said), BugMet)) == 4
    raised = [fact for fact in place.said if isinstance(fact, AlarmRaised)]
    assert [fact.object for fact in raised] == ["machines"]


# -- a message


@pytest.mark.parametrize("rule", range(len(RULES)), ids=[rule.__name__ for rule in RULES])
def test_a_badge_that_meets_a_bug_in_a_rule_is_denied_and_answered(
    place: Place, rule: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the way out it is granted all the same."""
    place.enter("ada", "bob")  # so that every rule up to the last is asked
    with_bug = (*RULES[:rule], broken, *RULES[rule + 1 :])
    monkeypatch.setattr(rules, "RULES", with_bug)
    event = place.report("front-in", badge("dan"))
    facts = quarantined(place, event)
    said = decided(facts)
    assert (said.decision, said.reason, said.holder) == ("denied", "fault", None)
    assert said.expires == place.now + timedelta(seconds=5)
    assert AlarmRaised("engine-fault", "front-in", place.now) in facts
    assert place.where("dan") is None
    assert acknowledged(place.state.devices[DeviceId("front-in")], 1, place.now) == 3
    if rule == 0:
        facts = quarantined(place, place.report("front-out", badge("ada")))
        said = decided(facts)
        assert (said.decision, said.reason, said.unlock_s) == ("granted", "exit-free", 5.0)
        assert DoorChanged(FRONT, "unlocked", place.now) in facts


def test_a_way_out_is_released_by_its_lock_although_doors_have_the_bug(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the state of the door is not told."""
    monkeypatch.setattr(doors, "release", broken)
    event = place.report("lab-out", badge("ada"))
    facts = quarantined(place, event)
    assert decided(facts).decision == "granted"
    expires = place.now + timedelta(seconds=5)
    assert UnlockDoor(LAB_DOOR, DeviceId("lab-lock"), unlock_s=3.0, expires=expires) in facts


def test_a_badge_is_answered_although_the_numbering_has_the_bug(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may then be answered again when it is sent again: better than a shut door."""
    monkeypatch.setattr(devices, "heard", broken)
    assert decided(quarantined(place, place.report("front-in", badge()))).reason == "fault"


def test_a_badge_that_is_old_opens_nothing_by_a_bug(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at the way out."""
    monkeypatch.setattr(decision, "decide", broken)
    facts = quarantined(place, place.report("lab-out", badge(), age_s=6))
    assert decided(facts).expires is None
    assert not of_kind(facts, UnlockDoor)


@pytest.mark.parametrize(
    "event",
    [
        Reported(DeviceId("pir"), MONDAY, Motion(active=True), 1, 1, quarantined=True),
        Misunderstood(DeviceId("pir"), 1, 1, quarantined=True),
    ],
    ids=["a reading", "garbage"],
)
def test_anything_else_has_its_number_taken_in(place: Place, event: Event) -> None:
    """And the alarm is raised."""
    facts = place.tell(event)
    assert facts == (AlarmRaised("engine-fault", "pir", place.now),)
    assert acknowledged(place.state.devices[DeviceId("pir")], 1, place.now) == 1


def test_a_replay_takes_the_same_way_when_the_bug_is_mended(place: Place) -> None:
    """The journal says that the event was quarantined."""
    event = structs.replace(place.report("front-in", badge()), quarantined=True)
    facts = place.tell(event)
    assert_survives_the_journal(event, facts)
    assert isinstance(facts[0], Decided)
    assert step(SITE, Place().state, event, MONDAY).facts == facts


def badge(name: str = "ada") -> CredentialPresented:
    """Somebody's badge."""
    return CredentialPresented(f"hash-{name}")
