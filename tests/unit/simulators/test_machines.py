"""The simulated machine and the simulated operator: what they do with each message."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, DoorId, MachineId, SiteId, Text
from gateway.core.readings import MachineReported
from gateway.core.requests import OpenDoor
from gateway.wire.commands import SafeStopCommand, WarningCommand, WarningOverCommand
from gateway.wire.message import encode
from gateway.wire.states import ResponseMessage
from simulators.devices import Event, SimulatedReader, read_command
from simulators.machines import RUNS_DOWN_S, SIGNED_OFF, WATTS, SimulatedMachine
from simulators.operator import Operator

HUB, LASER = SiteId("hub"), MachineId("laser")
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
WORDS = Text("", "")
WARNING = WarningCommand("7", LASER, "alone", NOW + timedelta(seconds=60), WORDS)
OVER = WarningOverCommand("8", LASER, WORDS)
STOP = SafeStopCommand("9", LASER, "alone", WORDS)


def later(seconds: float) -> datetime:
    """So many seconds from now."""
    return NOW + timedelta(seconds=seconds)


def badge(machine: SimulatedMachine, decision: str = "granted", reason: str = "plan") -> None:
    """Somebody badges, and is answered."""
    event = machine.present("04a224b2", NOW)
    assert event is not None
    told = {"type": "access", "id": "1", "decision": decision, "reason": reason, "boot": 1,
            "seq": event.seq, "unlock_s": None, "expires": later(5).isoformat(),
            "message": {"fr": "", "en": ""}}  # fmt: skip
    machine.on_command(read_command(msgspec.json.encode(told)), NOW)


def said(event: Event | None) -> MachineReported | None:
    """What the machine reports, if anything."""
    if event is None:
        return None
    return msgspec.convert(msgspec.json.decode(event.message.payload), MachineReported)


@pytest.fixture
def machine() -> SimulatedMachine:
    """A laser that stands still."""
    return SimulatedMachine(HUB, DeviceId("laser-on"), boot=1)


@pytest.fixture
def running(machine: SimulatedMachine) -> SimulatedMachine:
    """A laser that runs, and has said so."""
    badge(machine)
    assert said(machine.reports(NOW)) == MachineReported("on", WATTS)
    return machine


def test_a_grant_switches_it_on_once(running: SimulatedMachine) -> None:
    """It says so when that is news."""
    assert running.power == "on"
    assert running.reports(NOW) is None


def test_a_refusal_does_not(machine: SimulatedMachine) -> None:
    """And there is nothing to report."""
    badge(machine, "denied", "alone")
    assert (machine.power, machine.reports(NOW)) == ("off", None)


def test_its_user_signs_off(running: SimulatedMachine) -> None:
    """With the same gesture."""
    badge(running, reason=SIGNED_OFF)
    assert said(running.reports(NOW)) == MachineReported("off", 0.0)


def test_a_warning_is_shown_until_it_is_over(running: SimulatedMachine) -> None:
    """The machine runs on."""
    assert running.on_command(WARNING, NOW).effect == "warned"
    assert (running.warning, running.power) == (WARNING, "on")
    assert running.on_command(OVER, NOW).effect == "at ease"
    assert (running.warning, running.power) == (None, "on")


def test_a_warning_that_comes_too_late_is_not_shown(running: SimulatedMachine) -> None:
    """Its safe stop is due."""
    assert running.on_command(WARNING, WARNING.stops_at).effect == "expired"
    assert running.warning is None


def test_a_safe_stop_takes_its_time(running: SimulatedMachine) -> None:
    """It reports "off" when it stands still, not before."""
    assert running.on_command(STOP, NOW).effect == "stopping"
    assert (running.power, running.reports(later(RUNS_DOWN_S / 2))) == ("running down", None)
    assert said(running.reports(later(RUNS_DOWN_S))) == MachineReported("off", 0.0)
    assert running.power == "off"


def test_a_safe_stop_that_comes_again_asks_for_nothing_new(running: SimulatedMachine) -> None:
    """Neither while it runs down nor when it stands."""
    running.on_command(STOP, NOW)
    assert running.on_command(STOP, later(RUNS_DOWN_S / 2)).effect == "repeated"
    assert said(running.reports(later(RUNS_DOWN_S))) == MachineReported("off", 0.0)
    assert running.on_command(STOP, later(1)).effect == "repeated"
    assert running.reports(later(2)) is None


@pytest.mark.parametrize("order", [WARNING, OVER, STOP])
def test_a_door_s_reader_has_no_machine(
    order: WarningCommand | WarningOverCommand | SafeStopCommand,
) -> None:
    """What is said to one asks for nothing there, and releases no door."""
    reader = SimulatedReader(HUB, DeviceId("front-in"), boot=1)
    assert reader.on_command(read_command(encode(order)), NOW).effect == "not ours"
    assert reader.unlocked_until is None


def test_an_operator_knows_what_became_of_each_request() -> None:
    """By its transaction; the same message again is the same request."""
    operator = Operator(HUB, HolderId("h-op"))
    first, message = operator.ask(OpenDoor(DoorId("front")), NOW)
    second, _ = operator.ask(OpenDoor(DoorId("front")), NOW)
    assert first != second
    assert message.topic == "seuil/hub/request/open"
    assert "seuil/hub/response/open" in operator.hears
    operator.on_response(encode(ResponseMessage(first, "ok", WORDS)))
    operator.on_response(encode(ResponseMessage(first, "ok", WORDS)))
    assert [said.status for said in operator.responses[first]] == ["ok", "ok"]
    assert second not in operator.responses
