"""Modes: what a lockdown and an evacuation do to doors, and how they end."""

from datetime import timedelta

import pytest
from msgspec import structs

from gateway.core.access.modes import RELEASED_MIN
from gateway.core.events import SpaceChanged, Tick
from gateway.core.facts import AlarmCleared, AlarmRaised, DoorChanged, UnlockDoor
from gateway.core.model.names import AccessPointId
from gateway.core.model.site import Site
from gateway.core.requests import AcknowledgeAlarm, SetService
from gateway.core.state import NEVER
from tests.world.engine import (
    BOOTH_DOOR,
    FRONT,
    LAB_DOOR,
    MONDAY,
    TERRACE,
    decided,
    of_kind,
    opens,
)
from tests.world.fablab import FABLAB, Fablab

HALF_S = 1.5
"""Half of the shortest release of the fablab's doors."""


@pytest.fixture
def place() -> Fablab:
    """The fablab on a Monday."""
    return Fablab()


def unlocked(facts: tuple[object, ...]) -> list[str]:
    """Which devices are ordered to release a door."""
    return [fact.device for fact in facts if isinstance(fact, UnlockDoor)]


def with_doors(fail_mode: str) -> Site:
    """The fablab whose doors all fail like this."""
    doors = tuple(structs.replace(door, fail_mode=fail_mode) for door in FABLAB.doors)
    return structs.replace(FABLAB, doors=doors)


# -- lockdown


def test_in_a_lockdown_nobody_enters_and_everybody_may_leave(place: Fablab) -> None:
    """Until an operator says that it is over."""
    place.mode("lockdown")
    assert decided(place.badge("front-in", "ada")).reason == "lockdown"
    assert decided(place.badge("laser-on", "ada")).reason == "lockdown"
    assert opens(place.badge("front-out", "ada"))
    place.after(86_400)
    assert decided(place.badge("front-in", "ada")).reason == "lockdown"
    place.mode("normal")
    assert decided(place.badge("front-in", "ada")).reason == "plan"


def test_a_lockdown_releases_no_door(place: Fablab) -> None:
    """And wakes nobody."""
    assert unlocked(place.mode("lockdown")) == []
    assert place.state.mode.released_at == NEVER


# -- evacuation


def test_an_evacuation_releases_the_doors_that_fail_safe(place: Fablab) -> None:
    """By all that can release them; the others stay locked from outside."""
    facts = place.mode("evacuation")
    assert unlocked(facts) == ["front-in", "lab-lock", "terrace-in", "keypad"]
    statuses = {door: entry.status for door, entry in place.state.doors.items()}
    assert statuses == {
        FRONT: "unlocked",
        LAB_DOOR: "unlocked",
        BOOTH_DOOR: "locked",
        TERRACE: "unlocked",
    }
    assert decided(place.badge("booth-in", "ada")).reason == "evacuation"
    assert opens(place.badge("booth-out", "ada"))


def test_they_are_released_again_before_the_release_ends(place: Fablab) -> None:
    """For as long as it takes: no door says that it is locked in between."""
    place.mode("evacuation")
    for _ in range(200):
        assert place.state.wake_at - place.now <= timedelta(seconds=HALF_S)
        facts = place.after(HALF_S)
        assert unlocked(facts) == ["front-in", "lab-lock", "terrace-in", "keypad"]
        assert of_kind(facts, DoorChanged) == []


def test_they_are_released_again_after_we_were_down(place: Fablab) -> None:
    """At once, whatever the time."""
    place.mode("evacuation")
    facts = place.after(7200)
    assert (len(unlocked(facts)), of_kind(facts, DoorChanged)) == (4, [])


def test_they_are_released_again_when_our_clock_is_put_back(place: Fablab) -> None:
    """Else they would lock until the old time comes."""
    place.mode("evacuation")
    place.now -= timedelta(hours=1)
    assert len(unlocked(place.tell(Tick()))) == 4
    assert place.state.mode.released_at == place.now + timedelta(seconds=HALF_S)


def test_a_very_short_release_is_not_given_faster_than_a_lock_can_obey(place: Fablab) -> None:
    """Nor than the journal likes."""
    doors = tuple(structs.replace(door, unlock_s=0.01) for door in FABLAB.doors)
    place.tell(SpaceChanged(structs.replace(FABLAB, doors=doors)))
    place.mode("evacuation")
    assert place.state.mode.released_at == MONDAY + RELEASED_MIN


def test_a_free_door_is_neither_forced_nor_held_nor_used_up(place: Fablab) -> None:
    """Everybody pushes it open, and it stands open."""
    place.mode("evacuation")
    place.contact("lab-contact", "open")
    place.contact("lab-contact", "closed")
    assert place.state.doors[LAB_DOOR].status == "unlocked"
    place.contact("lab-contact", "open")
    place.after(3600)
    assert place.state.doors[LAB_DOOR].status == "open"
    assert not place.state.alarms


def test_a_secure_door_may_still_be_forced(place: Fablab) -> None:
    """It is locked from outside."""
    place.tell(SpaceChanged(with_doors("secure")))
    facts = place.mode("evacuation")
    assert (unlocked(facts), place.state.mode.released_at) == ([], NEVER)
    place.contact("lab-contact", "open")
    assert place.is_on("forced", LAB_DOOR)


@pytest.mark.parametrize("kind", ["forced", "held"])
def test_the_alarm_of_a_door_ends_when_it_is_freed(place: Fablab, kind: str) -> None:
    """It stands open, and now it may."""
    if kind == "held":
        place.badge("lab-in", "ada")
    place.contact("lab-contact", "open")
    place.after(20)
    assert place.is_on(kind, LAB_DOOR)
    place.mode("evacuation")
    assert place.state.doors[LAB_DOOR].status == "open"
    assert set(place.state.alarms) == set(place.state.over)  # that it was forced stays listed


def test_afterwards_the_doors_lock_by_themselves(place: Fablab) -> None:
    """When the last release is over; one that stands open is to be closed in its time."""
    place.mode("evacuation")
    place.contact("lab-contact", "open")
    place.after(600)
    assert unlocked(place.mode("normal")) == []
    facts = place.after(5)
    assert of_kind(facts, DoorChanged) == [
        DoorChanged(FRONT, "locked", place.now),
        DoorChanged(TERRACE, "locked", place.now),
    ]
    assert not place.is_on("held", LAB_DOOR)
    place.after(15)
    assert place.is_on("held", LAB_DOOR)


def test_who_badged_out_and_waited_is_out_when_the_free_door_opens(place: Fablab) -> None:
    """It never locked in between."""
    place.enter("ada")
    place.mode("evacuation")
    place.badge("front-out", "ada")
    place.after(60)
    place.contact("front-contact", "open")
    assert place.where("ada") is None


def test_a_new_space_file_in_an_evacuation_is_obeyed_at_once(place: Fablab) -> None:
    """A door that fails safe now is released, one that does not any more is watched again."""
    place.mode("evacuation")
    place.contact("lab-contact", "open")
    swapped = {"safe": "secure", "secure": "safe"}
    doors = tuple(structs.replace(door, fail_mode=swapped[door.fail_mode]) for door in FABLAB.doors)
    facts = place.tell(SpaceChanged(structs.replace(FABLAB, doors=doors)))
    assert unlocked(facts) == ["booth-in"]
    assert place.state.doors[BOOTH_DOOR].status == "unlocked"
    place.after(20)
    assert place.is_on("held", LAB_DOOR)
    assert place.state.doors[FRONT].status == "locked"


# -- all is well


def test_a_duress_alarm_ends_when_an_operator_acknowledges_it(place: Fablab) -> None:
    """And not with any mode; nobody at the reader sees a thing."""
    facts = place.type_pin("front-in", "ada-2", "threat")
    assert AlarmRaised("duress", "front-in", MONDAY) in facts
    calm = decided(Fablab().type_pin("front-in", "ada-2", "right"))
    forced = decided(facts)
    assert (forced.decision, forced.reason, forced.unlock_s, forced.expires) == (
        calm.decision,
        calm.reason,
        calm.unlock_s,
        calm.expires,
    )
    place.mode("lockdown")
    place.mode("normal")
    assert place.is_on("duress", "front-in")
    told = place.ask(AcknowledgeAlarm("duress", "front-in"))
    assert AlarmCleared("duress", "front-in", MONDAY) in told


def test_a_duress_pin_is_heard_whatever_else_refuses(place: Fablab) -> None:
    """In a lockdown, and at a point that is out of service; not on the way out, which is free."""
    place.mode("lockdown")
    facts = place.type_pin("front-in", "ada-2", "threat")
    assert decided(facts).reason == "lockdown"
    assert place.is_on("duress", "front-in")
    place.mode("normal")
    place.ask(SetService(AccessPointId("front-in"), in_service=False))
    assert decided(place.type_pin("front-in", "ada-2", "threat")).reason == "out-of-service"
    assert place.is_on("duress", "front-in")
    place.type_pin("front-out", "ada-2", "threat")
    assert not place.is_on("duress", "front-out")
