"""Machines: a use begins and ends; what it misses is told, waited for, and then it is stopped."""

from datetime import timedelta

import pytest
from msgspec import structs

from gateway.core.access.machines import STARTING_MAX
from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import (
    AlarmCleared,
    AlarmRaised,
    Fact,
    MachineEnded,
    MachineStarted,
    MachineWarningOver,
    StopMachine,
    WarnMachine,
)
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.model.names import DeviceId
from gateway.core.requests import MarkLeft
from gateway.core.state import MachineUse
from tests.world.engine import LASER, MONDAY, decided, member, of_kind, staff
from tests.world.fablab import FABLAB, GRACE_S, MANAGER, SAW, Fablab

ADA, BOB = HolderId("ada"), HolderId("bob")
LASER_READERS = (DeviceId("laser-on"),)
SECOND = timedelta(seconds=1)
STARTING_S = STARTING_MAX.total_seconds()
WORDS = (MachineStarted, MachineEnded, WarnMachine, MachineWarningOver, StopMachine)
ALARMS = (AlarmRaised, AlarmCleared)


@pytest.fixture
def place() -> Fablab:
    """Ada and Bob are in the lab."""
    place = Fablab()
    place.to_the_lab("ada", "bob")
    return place


@pytest.fixture
def running(place: Fablab) -> Fablab:
    """And Ada's laser runs."""
    place.badge("laser-on", "ada")
    place.meter("on")
    return place


def words(facts: tuple[Fact, ...]) -> list[Fact]:
    """What is said of machines, and of what is wrong with them."""
    return of_kind(facts, *WORDS, *ALARMS)


def goes(place: Fablab, *names: str) -> tuple[Fact, ...]:
    """Somebody steps out of the lab; what follows from the door's opening."""
    for name in names:
        place.badge("lab-out", name)
    facts = place.contact("lab-contact", "open")
    place.contact("lab-contact", "closed")
    return facts


# -- begin and end


def test_a_grant_at_a_machine_starts_its_use(place: Fablab) -> None:
    """And the same badge ends it."""
    facts = place.badge("laser-on", "ada")
    assert words(facts) == [MachineStarted(LASER, ADA, MONDAY)]
    assert place.state.machines[LASER] == MachineUse(ADA, MONDAY)
    facts = place.badge("laser-on", "ada")
    assert decided(facts).reason == "machine-off"
    assert words(facts) == [MachineEnded(LASER, ADA, MONDAY, "signed-off")]
    assert not place.state.machines


def test_somebody_else_waits(place: Fablab) -> None:
    """The use stays Ada's."""
    place.badge("laser-on", "ada")
    assert decided(place.badge("laser-on", "bob")).reason == "machine-in-use"
    assert place.state.machines[LASER].holder == ADA


def test_a_late_grant_starts_nothing(place: Fablab) -> None:
    """Neither ours nor the reader's own: nobody can tell whether it runs now."""
    assert words(place.badge("laser-on", "ada", age_s=6)) == []
    assert words(place.decided_alone("laser-on", "ada", age_s=6)) == []
    assert not place.state.machines


def test_a_machine_that_was_on_and_is_off_is_free(running: Fablab) -> None:
    """The meter says so."""
    assert words(running.meter("off")) == [MachineEnded(LASER, ADA, MONDAY, "switched-off")]


def test_a_meter_that_says_off_before_the_work_begins_ends_nothing(place: Fablab) -> None:
    """Ada clamps her plate; only after ten minutes is the machine free for others."""
    place.badge("laser-on", "ada")
    for _ in range(3):
        assert words(place.meter("off")) == []
        place.after(STARTING_S / 3 - 1)
    assert LASER in place.state.machines
    place.after(3)
    assert words(place.meter("off")) == [MachineEnded(LASER, ADA, place.now, "switched-off")]


@pytest.mark.parametrize(
    "how", [{"age_s": 90}, {"age_s": 1, "retained": True}], ids=["of before", "kept"]
)
def test_what_the_meter_said_before_the_grant_ends_nothing(
    running: Fablab, how: dict[str, float | bool]
) -> None:
    """It was cut off, or the broker kept it."""
    running.after(60)
    assert words(running.meter("off", **how)) == []  # type: ignore[arg-type] # a table of two kinds
    assert LASER in running.state.machines


def test_a_meter_whose_clock_is_a_little_behind_is_believed(place: Fablab) -> None:
    """Its "on" is of before the grant, by its own clock."""
    place.badge("laser-on", "ada")
    place.meter("on", age_s=4)
    assert place.state.machines[LASER].ran


def test_a_meter_of_a_machine_in_nobodys_use_is_only_kept(place: Fablab) -> None:
    """Nothing starts by itself."""
    assert words(place.meter("on")) == []
    assert words(place.meter("off")) == []
    assert not place.state.machines


# -- the laser: trained, alone, in company, alone again


def test_alone_it_is_refused_and_in_company_it_is_granted() -> None:
    """The first half of the story."""
    place = Fablab()
    place.to_the_lab("ada")
    assert decided(place.badge("laser-on", "ada")).reason == "alone"
    place.to_the_lab("bob")
    assert decided(place.badge("laser-on", "ada")).reason == "plan"


def test_who_is_left_alone_is_warned_then_stopped(running: Fablab) -> None:
    """The second half: warning, grace, safe stop; and the end, with its alarms."""
    running.after(600)
    left = running.now
    stops_at = left + GRACE_S * SECOND
    assert words(goes(running, "bob")) == [
        AlarmRaised("lone-worker", LASER, left),
        WarnMachine(LASER, LASER_READERS, "alone", stops_at),
    ]
    assert running.state.wake_at <= stops_at
    assert words(running.after(GRACE_S - 0.001)) == []
    assert words(running.after(0.001)) == [
        AlarmRaised("safe-stop", LASER, stops_at),
        StopMachine(LASER, LASER_READERS, "alone", stops_at),
    ]
    assert running.state.machines[LASER].stopped
    assert words(running.after(3600)) == []
    assert words(running.meter("off")) == [
        AlarmCleared("lone-worker", LASER, running.now),
        AlarmCleared("safe-stop", LASER, running.now),
        MachineEnded(LASER, ADA, running.now, "safe-stop"),
    ]
    assert not running.state.machines


def test_company_that_comes_back_in_time_ends_the_warning(running: Fablab) -> None:
    """And the next time that it goes, the grace is a new one."""
    goes(running, "bob")
    running.after(GRACE_S - 10)
    running.badge("lab-in", "bob")
    assert words(running.contact("lab-contact", "open")) == [
        AlarmCleared("lone-worker", LASER, running.now),
        MachineWarningOver(LASER, LASER_READERS, running.now),
    ]
    running.contact("lab-contact", "closed")
    assert words(running.after(GRACE_S)) == []
    goes(running, "bob")
    assert running.state.machines[LASER].stops_at == running.now + GRACE_S * SECOND


def test_company_that_comes_back_too_late_undoes_no_stop(running: Fablab) -> None:
    """It was asked for; the user signs off, and may start anew."""
    goes(running, "bob")
    running.after(GRACE_S)
    running.badge("lab-in", "bob")
    running.swing("lab-contact")
    assert running.state.machines[LASER].stopped
    facts = running.badge("laser-on", "ada")
    assert of_kind(facts, MachineEnded) == [MachineEnded(LASER, ADA, running.now, "safe-stop")]
    assert not running.state.alarms
    assert decided(running.badge("laser-on", "ada")).reason == "plan"


def test_who_signs_off_while_warned_is_done(running: Fablab) -> None:
    """Nothing stops later."""
    goes(running, "bob")
    assert words(running.badge("laser-on", "ada")) == [
        AlarmCleared("lone-worker", LASER, MONDAY),
        MachineWarningOver(LASER, LASER_READERS, MONDAY),
        MachineEnded(LASER, ADA, MONDAY, "signed-off"),
    ]
    assert words(running.after(GRACE_S)) == []


def test_who_leaves_a_running_machine_is_called_back(running: Fablab) -> None:
    """It wants its user in its room: company is not enough."""
    running.to_the_lab("cyd")
    facts = goes(running, "ada")
    assert of_kind(facts, WarnMachine) == [
        WarnMachine(LASER, LASER_READERS, "unattended", MONDAY + GRACE_S * SECOND)
    ]
    assert running.is_on("unattended", LASER)
    running.badge("lab-in", "ada")
    running.swing("lab-contact")
    assert not running.state.alarms


def test_another_fault_on_top_gives_no_second_grace(running: Fablab) -> None:
    """The first alarm goes, the second comes, the stop stays where it was."""
    goes(running, "bob")
    first = running.state.machines[LASER].stops_at
    running.after(30)
    facts = goes(running, "ada")
    assert words(facts) == [
        AlarmCleared("lone-worker", LASER, running.now),
        AlarmRaised("unattended", LASER, running.now),
        WarnMachine(LASER, LASER_READERS, "unattended", first),
    ]


def test_an_operator_who_marks_company_as_gone_is_heard(running: Fablab) -> None:
    """Whatever moves somebody counts."""
    running.ask(MarkLeft(BOB))
    assert running.is_on("lone-worker", LASER)


@pytest.mark.parametrize("gone", [BOB, ADA])
def test_who_is_erased_is_missed(running: Fablab, gone: HolderId) -> None:
    """Company or user: a machine does not run on for nobody."""
    running.tell(DirectoryChanged(DirectoryChange(removed_holders=(gone,))))
    expected = "lone-worker" if gone == BOB else "unattended"
    assert running.is_on(expected, LASER)


def test_a_role_that_must_be_in_the_house_is_missed_when_it_goes() -> None:
    """By leaving, and by being no manager any more."""
    place = Fablab()
    place.to_the_lab("ada")
    assert decided(place.badge("saw-on", "ada")).reason == "role-absent"
    place.enter("max")
    place.badge("saw-on", "ada")
    place.leave("max")
    assert place.is_on("unsupervised", SAW)
    place.enter("max")
    assert not place.state.alarms
    place.tell(DirectoryChanged(DirectoryChange(holders=(member("max"),))))
    assert place.is_on("unsupervised", SAW)
    place.tell(DirectoryChanged(DirectoryChange(holders=(staff("max", MANAGER),))))
    assert not place.state.alarms


def test_without_a_grace_it_is_stopped_at_once(running: Fablab) -> None:
    """And no warning comes that could not be heeded."""
    laser = structs.replace(
        FABLAB.machines[0], demands=structs.replace(FABLAB.machines[0].demands, grace_s=0.0)
    )
    running.tell(SpaceChanged(structs.replace(FABLAB, machines=(laser, *FABLAB.machines[1:]))))
    assert of_kind(goes(running, "bob"), WarnMachine, StopMachine) == [
        StopMachine(LASER, LASER_READERS, "alone", MONDAY)
    ]


def test_a_grace_does_not_grow_when_our_clock_is_put_back(running: Fablab) -> None:
    """Better a stop too early than an hour alone."""
    goes(running, "bob")
    running.after(-3600)
    assert running.state.machines[LASER].stopped


def test_an_evacuation_asks_every_machine_for_a_safe_stop_at_once(running: Fablab) -> None:
    """Nobody is warned who should be walking out, and nobody's grace is waited for."""
    facts = running.mode("evacuation")
    assert of_kind(facts, WarnMachine, StopMachine) == [
        StopMachine(LASER, LASER_READERS, "evacuation", MONDAY)
    ]
    assert running.is_on("safe-stop", LASER)
    running.badge("meeting", "ada")
    running.badge("meeting", "bob")
    assert words(running.after(3600)) == []
    running.meter("off")
    assert not running.state.machines


# -- space files


def test_a_machine_that_vanishes_ends_its_use(running: Fablab) -> None:
    """And takes its alarms along."""
    goes(running, "bob")
    fewer = structs.replace(
        FABLAB,
        machines=FABLAB.machines[1:],
        access_points=tuple(one for one in FABLAB.access_points if one.machine != LASER),
        devices=tuple(one for one in FABLAB.devices if not one.id.startswith("laser")),
    )
    facts = running.tell(SpaceChanged(fewer))
    assert of_kind(facts, AlarmCleared, MachineEnded) == [
        AlarmCleared("lone-worker", LASER, MONDAY),
        MachineEnded(LASER, ADA, MONDAY, "removed"),
    ]
    assert (dict(running.state.machines), dict(running.state.alarms)) == ({}, {})


def test_new_demands_hold_for_what_runs_already(running: Fablab) -> None:
    """Three must be there now."""
    laser = structs.replace(
        FABLAB.machines[0], demands=structs.replace(FABLAB.machines[0].demands, min_present=3)
    )
    running.tell(SpaceChanged(structs.replace(FABLAB, machines=(laser, *FABLAB.machines[1:]))))
    assert running.is_on("lone-worker", LASER)
