"""Exit buttons: each press is a decision, a wired one opens whatever else holds, others never."""

from datetime import timedelta

import msgspec
import pytest
from msgspec import structs

from gateway.core.access import doors
from gateway.core.facts import Decided, DoorChanged, NotWired, RuleVerdict, UnlockDoor
from gateway.core.model.equipment import Device
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import Availability, ExitRequested
from gateway.core.requests import SetMode, SetService
from gateway.wire.topics import Topics
from sensors.esp_rfid import EspRfidDriver
from tests.world.engine import (
    FRONT,
    LAB_DOOR,
    MONDAY,
    SITE,
    Place,
    decided,
    of_kind,
    opens,
)
from tests.world.fablab import FABLAB, Fablab

BUTTON = DeviceId("lab-button")


def front_has_a_button(site: Site, *buttons: str) -> Site:
    """The front door, which its readers release, with an exit button."""
    wired = tuple(DeviceId(name) for name in buttons)
    return structs.replace(
        site,
        doors=tuple(
            structs.replace(door, exit="button", buttons=wired) if door.id == FRONT else door
            for door in site.doors
        ),
    )


def ordered(place: Place, reading: ExitRequested, device: str) -> list[str]:
    """The devices that are told to open after a press."""
    orders = of_kind(place.says(device, reading), UnlockDoor)
    return [order.device for order in orders if isinstance(order, UnlockDoor)]


def test_a_press_is_a_decision_and_releases_its_door() -> None:
    """For whoever comes: nobody is known, nobody is counted, and nothing is forced."""
    place = Place()
    said, order, changed = place.press("lab-button")
    assert said == Decided(
        BUTTON,
        None,
        "granted",
        "exit-button",
        None,
        (
            RuleVerdict(
                "exit_button_is_wired",
                "grant",
                "exit-button",
                {"door": "lab-door", "device": "lab-button"},
            ),
        ),
        door=LAB_DOOR,
    )
    assert isinstance(order, UnlockDoor)
    assert order.device == "lab-lock"
    assert changed == DoorChanged(LAB_DOOR, "unlocked", MONDAY)
    place.contact("lab-contact", "open")
    assert place.state.doors[LAB_DOOR].status == "open"
    assert not place.state.alarms


@pytest.mark.parametrize("mode", ["normal", "lockdown", "evacuation"])
@pytest.mark.parametrize("in_service", [True, False])
def test_in_every_mode_a_wired_button_opens_and_no_other_device(
    mode: str,
    in_service: bool,  # noqa: FBT001 - a table
) -> None:
    """Also where the door's readers are out of service."""
    place = Fablab()
    for order in (
        SetMode(mode, "a drill"),  # type: ignore[arg-type] # a table
        SetService(AccessPointId("lab-in"), in_service=in_service),
        SetService(AccessPointId("lab-out"), in_service=in_service),
    ):
        place.ask(order)
    facts = place.press("lab-button")
    assert decided(facts).decision == "granted"
    assert of_kind(facts, UnlockDoor)
    for other in ("lab-in", "lab-out", "lab-contact", "lab-lock", "front-in", "pir", "meeting"):
        facts = place.press(other)
        assert not opens(facts)
        assert of_kind(facts, NotWired)
        assert not of_kind(facts, Decided)


def test_the_other_door_of_an_airlock_keeps_nobody_in() -> None:
    """The way out is free all the same."""
    place = Place()
    place.contact("front-contact", "open")
    assert opens(place.press("lab-button"))


def test_without_a_lock_the_readers_of_the_entry_are_told_to_open() -> None:
    """The button may be on another board than the one that opens."""
    place = Place(front_has_a_button(SITE, "front-out"))
    assert ordered(place, ExitRequested(), "front-out") == ["front-in"]


def test_a_board_that_opened_by_itself_is_told_nothing() -> None:
    """A second order makes some locks fall in again."""
    place = Place(front_has_a_button(SITE, "front-in"))
    assert ordered(place, ExitRequested(), "front-in") == ["front-in"]
    assert ordered(place, ExitRequested(released=True), "front-in") == []
    place.contact("front-contact", "open")
    assert place.state.doors[FRONT].status == "open"
    assert not place.state.alarms


def test_the_button_of_an_esp_rfid_board_opens_its_door_and_forces_nothing() -> None:
    """From the firmware's own message; where the door has no button nobody presses one."""
    front = Device(DeviceId("front-in"), "reader", "esp-rfid", "rfid", options={"ip": "10.0.0.2"})
    said = {"type": "access", "access": "Always", "isKnown": "true", "username": "Button"}
    message = msgspec.json.encode(said | {"uid": " ", "hostname": "front-in", "time": 0})
    (report,) = EspRfidDriver(Topics(), [(SITE.id, front)]).decode("rfid/send", message)
    place = Place(front_has_a_button(SITE, "front-in"))
    facts = place.says("front-in", report.reading)
    assert decided(facts).reason == "exit-button"
    assert not of_kind(facts, UnlockDoor)
    place.contact("front-contact", "open")
    assert (place.state.doors[FRONT].status, list(place.state.alarms)) == ("open", [])
    assert of_kind(Place().says("front-in", report.reading), NotWired)


def test_a_late_press_is_told_and_opens_nothing() -> None:
    """Whoever pressed is gone."""
    place = Place()
    facts = place.press("lab-button", age_s=5.001)
    assert decided(facts).reason == "exit-button"
    assert not of_kind(facts, UnlockDoor, DoorChanged)


def test_a_press_that_the_broker_kept_is_none() -> None:
    """It is a state from before."""
    assert Place().press("lab-button", retained=True) == ()


def test_a_clock_that_is_behind_locks_nobody_in() -> None:
    """The device is there and nothing waited before its press: its clock is wrong."""
    place = Place()
    place.says("lab-button", Availability("online"))
    place.after(60)
    press = place.report("lab-button", ExitRequested(), age_s=70)
    assert opens(place.tell(structs.replace(press, live=True)))


def test_a_press_that_meets_a_bug_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is locked in by our bugs; a button that is none opens nothing by one."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    place = Place()
    press = structs.replace(place.report("lab-button", ExitRequested()), quarantined=True)
    forged = structs.replace(place.report("front-in", ExitRequested()), quarantined=True)
    monkeypatch.setattr(doors, "release", broken)
    facts = place.tell(press)
    assert decided(facts).reason == "exit-button"
    (order,) = of_kind(facts, UnlockDoor)
    assert isinstance(order, UnlockDoor)
    assert order.device == "lab-lock"
    assert not of_kind(place.tell(forged), Decided, UnlockDoor)


def test_a_press_moves_nobody() -> None:
    """Who badged out just before is moved by their badge."""
    place = Place()
    place.badge("lab-in", "ada")
    place.contact("lab-contact", "open")
    place.contact("lab-contact", "closed")
    place.now += timedelta(minutes=1)
    place.press("lab-button")
    place.contact("lab-contact", "open")
    assert place.where("ada") == "lab"


def test_the_fablab_keeps_its_button() -> None:
    """The tests above press what they mean."""
    assert FABLAB.door[LAB_DOOR].buttons == (BUTTON,)
