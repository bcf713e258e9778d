"""The power of a machine: on by a grant, off when its use is over, never cut while it runs."""

from typing import Literal

import pytest
from msgspec import structs

from gateway.core.access.machines import SWITCHING_MAX
from gateway.core.events import SpaceChanged
from gateway.core.facts import Fact, MachineChanged, MachineEnded, StopMachine, SwitchMachine
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.model.places import Demands
from gateway.core.model.site import Site
from gateway.core.readings import RelayReported
from gateway.core.requests import PowerOff, SetService
from tests.world.engine import LASER, decided, of_kind
from tests.world.fablab import FABLAB, Fablab, answer

RELAY = DeviceId("laser-relay")
ADA = HolderId("ada")


def with_relay() -> Site:
    """The fablab, whose laser is switched by a relay, and has no demands."""
    relay = Device(RELAY, "lock", "native", "", machine=LASER, switches=True)
    laser = structs.replace(FABLAB.machines[0], relay=RELAY, is_followed=True, demands=Demands())
    machines = (laser, *FABLAB.machines[1:])
    return structs.replace(FABLAB, machines=machines, devices=(*FABLAB.devices, relay))


@pytest.fixture
def place() -> Fablab:
    """Ada is in the lab."""
    place = Fablab()
    place.tell(SpaceChanged(with_relay()))
    place.to_the_lab("ada")
    return place


@pytest.fixture
def powered(place: Fablab) -> Fablab:
    """And her laser has power."""
    place.badge("laser-on", "ada")
    relay(place, "on")
    return place


def relay(
    place: Fablab, state: Literal["on", "off"], *, retained: bool = False
) -> tuple[Fact, ...]:
    """What the relay says of itself."""
    return place.says(RELAY, RelayReported(state), retained=retained)


def orders(facts: tuple[Fact, ...]) -> list[str]:
    """The orders to the relay among facts."""
    return [
        "on" if fact.on else "off"
        for fact in of_kind(facts, SwitchMachine)
        if isinstance(fact, SwitchMachine)
    ]


def shown(facts: tuple[Fact, ...]) -> list[tuple[str, str | None]]:
    """What people are shown of the laser, and of its user."""
    told = [fact for fact in facts if isinstance(fact, MachineChanged) and fact.machine == LASER]
    return [(fact.state, fact.holder) for fact in told]


# -- on


def test_a_grant_switches_the_machine_on(place: Fablab) -> None:
    """At once, and for as long as an order to open would be good."""
    facts = place.badge("laser-on", "ada")
    (order,) = of_kind(facts, SwitchMachine)
    assert order == SwitchMachine(
        LASER, RELAY, on=True, at=place.now, expires=decided(facts).expires or place.now
    )
    assert shown(facts) == [("powered", ADA)]
    assert shown(relay(place, "on")) == []


@pytest.mark.parametrize("name", ["bob", "nobody"])
def test_a_refusal_switches_nothing_on(powered: Fablab, name: str) -> None:
    """Somebody else's machine, or an unknown badge."""
    assert orders(powered.badge("laser-on", name)) == []


def test_a_late_or_retained_badge_switches_nothing_on(place: Fablab) -> None:
    """Nor does what a reader decided alone."""
    assert orders(place.badge("laser-on", "ada", age_s=6)) == []
    assert orders(place.badge("laser-on", "ada", retained=True)) == []
    assert orders(place.decided_alone("laser-on", "ada", age_s=3)) == []


# -- off


def test_it_goes_off_when_its_user_signs_off(powered: Fablab) -> None:
    """Where nothing reports that it runs, its user is believed."""
    facts = powered.badge("laser-on", "ada")
    assert decided(facts).reason == "machine-off"
    assert orders(facts) == ["off"]
    assert shown(facts) == [("powered", None)]
    assert shown(relay(powered, "off")) == [("off", None)]


def test_a_job_that_goes_on_is_not_cut(powered: Fablab) -> None:
    """It is signed off while it runs: the power goes when it stands still, and not before."""
    assert shown(powered.meter("on")) == [("running", ADA)]
    facts = powered.badge("laser-on", "ada")
    assert (orders(facts), shown(facts)) == ([], [("running", None)])
    assert orders(powered.after(3600)) == []
    assert orders(powered.meter("on")) == []
    facts = powered.meter("off")
    assert (orders(facts), shown(facts)) == (["off"], [("idle", None)])
    assert shown(relay(powered, "off")) == [("off", None)]


def test_it_stays_on_between_two_jobs(powered: Fablab) -> None:
    """Standing still is no end of a use."""
    powered.meter("on")
    facts = powered.meter("off")
    assert (orders(facts), shown(facts)) == ([], [("idle", ADA)])
    assert not of_kind(facts, MachineEnded)
    powered.after(3600)
    powered.meter("off")
    assert powered.state.machines[LASER].holder == ADA


def test_who_comes_next_keeps_the_power_on(powered: Fablab) -> None:
    """Bob badges while Ada's last job runs: it does not go off under his hands."""
    powered.meter("on")
    powered.badge("laser-on", "ada")
    powered.to_the_lab("bob")
    assert orders(powered.badge("laser-on", "bob")) == ["on"]
    assert orders(powered.meter("off")) == []


def test_a_machine_out_of_service_that_stands_still_goes_off(powered: Fablab) -> None:
    """Though its user did not sign off."""
    point = AccessPointId("laser-on")
    powered.meter("on")
    assert orders(powered.ask(SetService(point, in_service=False))) == []
    powered.ask(SetService(point, in_service=True))
    powered.meter("off")
    assert orders(powered.ask(SetService(point, in_service=False))) == ["off"]


# -- by an operator


def test_an_operator_switches_it_off(powered: Fablab) -> None:
    """Its use is over with it."""
    powered.meter("off")
    facts = powered.ask(PowerOff(LASER))
    assert (answer(facts), orders(facts)) == (None, ["off"])
    (ended,) = of_kind(facts, MachineEnded)
    assert isinstance(ended, MachineEnded)
    assert (ended.holder, ended.why) == (ADA, "operator")


def test_an_operator_cuts_a_running_machine_only_when_they_say_so(powered: Fablab) -> None:
    """A person may know that it has to be."""
    powered.meter("on")
    facts = powered.ask(PowerOff(LASER))
    assert (answer(facts), orders(facts)) == ("running", [])
    facts = powered.ask(PowerOff(LASER, even_running=True))
    assert (answer(facts), orders(facts)) == (None, ["off"])


def test_what_has_no_relay_cannot_be_switched_off(place: Fablab) -> None:
    """Nor what is not there."""
    saw = next(one.id for one in place.site.machines if one.relay is None)
    assert answer(place.ask(PowerOff(saw))) == "out-of-place"
    nothing = structs.replace(PowerOff(LASER), machine="mill")
    assert answer(place.ask(nothing)) == "unknown-object"


# -- a power cut, and a button on the plug


def test_a_power_cut_ends_the_use(powered: Fablab) -> None:
    """The board is back, and its relay is off, as its driver has it set."""
    powered.meter("on")
    powered.after(SWITCHING_MAX.total_seconds())
    facts = relay(powered, "off")
    (ended,) = of_kind(facts, MachineEnded)
    assert isinstance(ended, MachineEnded)
    assert ended.why == "switched-off"
    assert shown(facts) == [("off", None)]
    assert orders(powered.badge("laser-on", "ada")) == ["on"]


def test_an_off_that_crossed_the_order_ends_nothing(place: Fablab) -> None:
    """The telemetry of a moment ago."""
    place.badge("laser-on", "ada")
    assert not of_kind(relay(place, "off"), MachineEnded)
    place.after(60)
    assert not of_kind(relay(place, "off", retained=True), MachineEnded)
    assert LASER in place.state.machines


def test_a_machine_that_somebody_switches_on_by_hand_goes_off_again(place: Fablab) -> None:
    """There is no grant; if it runs by then, it may end its work."""
    assert orders(relay(place, "on")) == ["off"]
    assert place.state.powers[LASER].off_due
    relay(place, "off")
    assert not place.state.powers[LASER].off_due
    place.meter("on")
    assert orders(relay(place, "on")) == []
    assert orders(place.meter("off")) == ["off"]


# -- safe stops and evacuations


def test_in_an_evacuation_what_stands_still_goes_off(powered: Fablab) -> None:
    """Its use ends with its power."""
    powered.meter("off")
    facts = powered.mode("evacuation")
    assert orders(facts) == ["off"]
    assert of_kind(facts, StopMachine)
    assert of_kind(relay(powered, "off"), MachineEnded)


def test_in_an_evacuation_a_running_machine_goes_off_when_it_has_stopped(powered: Fablab) -> None:
    """It is asked to stop, and not cut."""
    powered.meter("on")
    assert orders(powered.mode("evacuation")) == []
    assert powered.is_on("safe-stop", LASER)
    facts = powered.meter("off")
    assert orders(facts) == ["off"]
    assert not powered.is_on("safe-stop", LASER)


def test_in_an_evacuation_a_machine_that_nothing_watches_is_left_to_people(
    powered: Fablab,
) -> None:
    """It may run: the alarm stays until its user, or an operator, has switched it off."""
    assert orders(powered.mode("evacuation")) == []
    assert powered.is_on("safe-stop", LASER)
    facts = powered.ask(PowerOff(LASER))
    assert orders(facts) == ["off"]
    assert not powered.is_on("safe-stop", LASER)


# -- space files


def test_a_machine_that_is_removed_is_forgotten(powered: Fablab) -> None:
    """Nobody has an order for it."""
    fewer = structs.replace(
        FABLAB,
        machines=FABLAB.machines[1:],
        access_points=tuple(one for one in FABLAB.access_points if one.machine != LASER),
        devices=tuple(one for one in FABLAB.devices if not one.id.startswith("laser")),
    )
    assert orders(powered.tell(SpaceChanged(fewer))) == []
    assert LASER not in powered.state.powers
