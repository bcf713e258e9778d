"""A new space file: what is still there keeps what is known of it, the rest is forgotten."""

from datetime import timedelta

import pytest
from msgspec import structs

from gateway.core.events import BookingsChanged, SpaceChanged
from gateway.core.facts import AlarmCleared
from gateway.core.model.bookings import Booking, Target, machine_target, zone_target
from gateway.core.model.names import AccessPointId
from gateway.core.model.site import Site
from gateway.core.requests import SetService
from tests.world.engine import ANNEX, BOOTH, LASER, MONDAY, of_kind
from tests.world.fablab import FABLAB, Fablab

TERRACE_IN, BOOTH_IN = AccessPointId("terrace-in"), AccessPointId("booth-in")


@pytest.fixture
def place() -> Fablab:
    """The annex was opened, everything is booked, and two access points are out of service."""
    place = Fablab()
    place.decided_alone("terrace-in", "max", age_s=0)
    for target in (zone_target(ANNEX), zone_target(BOOTH), machine_target(LASER)):
        place.tell(BookingsChanged(target, (Booking("one", MONDAY, MONDAY + timedelta(1)),)))
    for point in (TERRACE_IN, BOOTH_IN):
        place.ask(SetService(point, in_service=False, why="paint"))
    place.type_pin("booth-in", "ada-2", "threat")
    return place


def without_annex_and_laser() -> Site:
    """The fablab without a zone and a machine."""
    return structs.replace(
        FABLAB,
        zones=tuple(zone for zone in FABLAB.zones if zone.id != ANNEX),
        doors=tuple(door for door in FABLAB.doors if door.zone != ANNEX),
        access_points=tuple(
            one for one in FABLAB.access_points if one.zone != ANNEX and one.machine != LASER
        ),
        machines=tuple(one for one in FABLAB.machines if one.id != LASER),
        devices=tuple(
            one for one in FABLAB.devices if not one.id.startswith(("terrace", "keypad", "laser"))
        ),
    )


def test_what_is_still_there_keeps_what_is_known_of_it(place: Fablab) -> None:
    """The same file again changes nothing."""
    before = place.state
    place.tell(SpaceChanged(FABLAB))
    parts = ("opened", "out_of_service", "bookings", "alarms", "mode", "answered", "departed")
    for part in parts:
        assert getattr(place.state, part) == getattr(before, part), part


def test_what_vanished_is_forgotten(place: Fablab) -> None:
    """Its opening, its bookings and its being out of service."""
    place.tell(SpaceChanged(without_annex_and_laser()))
    assert not place.state.opened
    assert dict(place.state.out_of_service) == {BOOTH_IN: "paint"}
    assert list(place.state.bookings) == [Target("zone:booth")]


def test_an_access_points_alarm_goes_with_it() -> None:
    """And stays while it is there."""
    place = Fablab()
    place.type_pin("front-in", "ada-2", "threat")
    place.tell(SpaceChanged(without_annex_and_laser()))
    assert place.is_on("duress", "front-in")
    points = tuple(one for one in FABLAB.access_points if one.id != "front-in")
    devices = tuple(one for one in FABLAB.devices if one.id != "front-in")
    gone = structs.replace(FABLAB, access_points=points, devices=devices)
    facts = place.tell(SpaceChanged(gone))
    assert of_kind(facts, AlarmCleared) == [AlarmCleared("duress", "front-in", MONDAY)]


def test_a_running_machines_alarm_stays_with_it() -> None:
    """As long as the machine is there."""
    place = Fablab()
    place.to_the_lab("ada", "bob")
    place.badge("laser-on", "ada")
    place.leave("bob")
    assert place.is_on("lone-worker", LASER)
    place.tell(SpaceChanged(FABLAB))
    assert place.is_on("lone-worker", LASER)
