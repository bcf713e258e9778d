"""What a running machine's readers are told: in time, again after a break, and never a cut."""

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from immutables import Map
from msgspec import structs

from gateway.core.facts import (
    DoorChanged,
    Fact,
    MachineEnded,
    MachineStarted,
    MachineWarningOver,
    StopMachine,
    WarnMachine,
)
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, MachineId
from gateway.core.model.site import Site
from gateway.core.state import MachineUse, State
from gateway.service.machine_orders import LASTS, MachineOrders
from gateway.translation import both
from gateway.wire.message import Outgoing
from gateway.wire.texts import OTHER_WARNING, SAFE_STOP_AND_LEAVE, WARNINGS
from sensors.registry import DRIVERS, Registry
from tests.world.engine import FRONT, LASER, MONDAY, SITE

ORDERS = MachineOrders(Registry([SITE]))
READERS = (DeviceId("laser-on"),)
COMMAND = "seuil/hub/laser-on/command"
STOPS_AT = MONDAY + timedelta(seconds=60)
ADA = HolderId("ada")


def said(message: Outgoing) -> Any:  # noqa: ANN401 - JSON
    """What a message says."""
    return json.loads(message.payload)


def because_of(fact: Fact, now: datetime = MONDAY) -> Outgoing:
    """The one order that a fact is."""
    (message,) = ORDERS.because_of(SITE.id, 42, fact, now)
    assert (message.topic, message.qos, message.retain) == (COMMAND, 1, False)
    return message


def test_a_warning_says_what_is_missing_and_until_when() -> None:
    """It is void when the safe stop is due."""
    message = because_of(WarnMachine(LASER, READERS, "alone", STOPS_AT))
    assert message.expires == STOPS_AT
    assert said(message) == {
        "type": "warning", "id": "42", "machine": "laser", "reason": "alone",
        "stops_at": "2026-11-23T10:01:00Z",
        "message": msgspec.to_builtins(both(WARNINGS["alone"])),
    }  # fmt: skip


def test_a_warning_for_a_reason_without_a_sentence() -> None:
    """Says that something is missing, rather than nothing."""
    message = because_of(WarnMachine(LASER, READERS, "a new rule", STOPS_AT))
    assert said(message)["message"]["en"] == OTHER_WARNING


def test_a_warning_that_comes_too_late_is_not_sent() -> None:
    """The safe stop is what is said now."""
    warning = WarnMachine(LASER, READERS, "alone", STOPS_AT)
    assert ORDERS.because_of(SITE.id, 42, warning, STOPS_AT) == []


def test_a_warning_ends() -> None:
    """When what was missing is there again."""
    message = because_of(MachineWarningOver(LASER, READERS, MONDAY))
    assert said(message)["type"] == "warning-over"
    assert said(message)["machine"] == "laser"


def test_a_safe_stop_is_never_too_old() -> None:
    """However late it leaves, the broker keeps it for a reader that is away."""
    stop = StopMachine(LASER, READERS, "alone", MONDAY)
    now = MONDAY + timedelta(hours=1)
    message = because_of(stop, now)
    assert message.expires == now + LASTS
    assert timedelta(seconds=60) <= LASTS
    assert (said(message)["type"], said(message)["reason"]) == ("safe-stop", "alone")


def test_in_an_evacuation_the_safe_stop_says_to_leave() -> None:
    """Nobody is to stay and wait for it."""
    stop = StopMachine(LASER, READERS, "evacuation", MONDAY)
    assert said(because_of(stop))["message"]["en"] == SAFE_STOP_AND_LEAVE


@pytest.mark.parametrize(
    "fact",
    [
        MachineStarted(LASER, ADA, MONDAY),
        MachineEnded(LASER, ADA, MONDAY, "signed-off"),
        DoorChanged(FRONT, "open", MONDAY),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_nothing_else_is_an_order_to_a_machine(fact: Fact) -> None:
    """Its reader has its answer already."""
    assert ORDERS.because_of(SITE.id, 42, fact, MONDAY) == []


def using(use: MachineUse, machine: MachineId = LASER) -> State:
    """A state with one machine in use."""
    return State(machines=Map({machine: use}))


RUNNING = MachineUse(ADA, MONDAY)
WARNED = MachineUse(ADA, MONDAY, "alone", STOPS_AT)
STOPPED = MachineUse(ADA, MONDAY, "alone", STOPS_AT, stopped=True)


@pytest.mark.parametrize(
    ("use", "order"),
    [
        pytest.param(RUNNING, "warning-over", id="all is well: whatever it was told before"),
        pytest.param(WARNED, "warning", id="warned"),
        pytest.param(STOPPED, "safe-stop", id="asked to stop"),
    ],
)
def test_after_a_break_each_machine_is_told_where_it_stands(use: MachineUse, order: str) -> None:
    """What was said before the connection was lost may not have arrived."""
    (message,) = ORDERS.standing(SITE, using(use), 99, MONDAY)
    assert message.topic == COMMAND
    assert (said(message)["type"], said(message)["id"]) == (order, "99")


@pytest.mark.parametrize("use", [RUNNING, WARNED])
def test_only_a_safe_stop_is_asked_for_again(use: MachineUse) -> None:
    """Each minute, until the machine has said that it is off."""
    assert ORDERS.standing(SITE, using(use), 99, MONDAY, only_stops=True) == []
    assert len(ORDERS.standing(SITE, using(STOPPED), 99, MONDAY, only_stops=True)) == 1


def test_a_machine_that_is_gone_is_told_nothing() -> None:
    """A new space file may have forgotten it before its use ended."""
    assert ORDERS.standing(SITE, using(STOPPED, MachineId("lathe")), 99, MONDAY) == []


def _with_reader(driver: str, topic: str, **options: str | int) -> Site:
    """The place with another maker's reader at the laser, and everything that it could switch."""
    reader = SITE.device[READERS[0]]
    other = structs.replace(reader, driver=driver, topic=topic, options=dict(options))
    devices: tuple[Device, ...] = tuple(
        other if device is reader else device for device in SITE.devices
    )
    return structs.replace(SITE, devices=devices)


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(_with_reader("tasmota", "laser", relay=1), id="tasmota"),
        pytest.param(_with_reader("esp-rfid", "rfid", ip="192.168.1.20"), id="esp-rfid"),
        pytest.param(_with_reader("zigbee2mqtt", "zigbee2mqtt/Laser plug"), id="zigbee2mqtt"),
    ],
)
def test_a_device_that_could_only_cut_the_power_is_told_nothing(site: Site) -> None:
    """Of every maker but our own; the alarm brings people."""
    orders = MachineOrders(Registry([site]))
    stop = StopMachine(LASER, READERS, "alone", MONDAY)
    assert orders.because_of(site.id, 42, stop, MONDAY) == []
    assert orders.standing(site, using(WARNED), 99, MONDAY) == []


def test_every_driver_but_the_native_one_is_looked_at_above() -> None:
    """A new one has to say what it does with a machine."""
    assert set(DRIVERS) == {"native", "tasmota", "esp-rfid", "zigbee2mqtt"}
