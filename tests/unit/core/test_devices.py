"""Devices: silence, batteries, clocks, counters, and what is told each minute."""

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import pytest
from msgspec import structs

from gateway.core.events import GatewayHealth, Reported, SpaceChanged, Tick
from gateway.core.facts import (
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    DeviceMinute,
    Fact,
    GatewayMinute,
    PeopleCrossed,
    Sensed,
)
from gateway.core.model.names import DeviceId
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    Counted,
    Crossed,
    Firmware,
    MachineReported,
    Motion,
    Presence,
    Reading,
    Tampered,
)
from gateway.core.state import DeviceState, GhostReads, decode
from tests.world.engine import HALL, MONDAY, SITE, Place, of_kind

PIR, COUNTER = DeviceId("pir"), DeviceId("counter")


@pytest.fixture
def place() -> Place:
    """An empty house on a Monday."""
    return Place()


def counter(
    place: Place, entered: int, left: int, *, boot: int | None = 1, seq: int | None
) -> list[Fact]:
    """The people that a counter's report is worth."""
    event = Reported(COUNTER, place.now, Crossed(entered, left), boot=boot, seq=seq)
    return of_kind(place.tell(event), PeopleCrossed)


def people(entered: int, left: int, *, restarted: bool = False, at: datetime = MONDAY) -> Fact:
    """So many passed."""
    return PeopleCrossed(COUNTER, HALL, at, entered, left, restarted)


# -- silence


def test_a_device_is_silent_after_its_time_and_the_engine_wakes_for_it(place: Place) -> None:
    """Not a moment before, and said once."""
    place.says("pir", Motion(active=True))
    assert place.state.wake_at <= MONDAY + timedelta(seconds=90)
    assert of_kind(place.after(89.999), AlarmRaised) == []
    assert place.state.wake_at == MONDAY + timedelta(seconds=90)
    silent = place.after(0.001)
    assert of_kind(silent, AlarmRaised) == [AlarmRaised("device-silent", PIR, place.now)]
    assert of_kind(place.after(300), AlarmRaised) == []


def test_a_device_that_speaks_again_is_silent_no_more(place: Place) -> None:
    """And its time begins anew."""
    place.says("pir", Motion(active=True))
    place.after(90)
    spoke = place.says("pir", Motion(active=False))
    assert of_kind(spoke, AlarmCleared) == [AlarmCleared("device-silent", PIR, place.now)]
    assert of_kind(place.after(89), AlarmRaised) == []
    assert of_kind(place.after(1), AlarmRaised) == [AlarmRaised("device-silent", PIR, place.now)]


def test_what_the_broker_kept_is_no_sign_of_life(place: Place) -> None:
    """A dead device's retained message comes with every reconnect."""
    place.says("pir", Motion(active=True))
    place.after(90)
    kept = place.says("pir", Motion(active=True), retained=True)
    assert of_kind(kept, AlarmCleared) == []
    assert place.state.devices[PIR].last_seen == MONDAY


def test_a_device_that_never_spoke_and_one_that_may_be_quiet_raise_nothing(place: Place) -> None:
    """The first is not installed yet, the second waits for people."""
    place.badge("front-in", "nobody")
    assert of_kind(place.after(86_400), AlarmRaised) == []


def test_a_new_space_file_may_make_a_device_s_silence_matter(place: Place) -> None:
    """From the moment that it is in force, not from the next minute on."""
    place.says("counter", Counted(3))
    place.after(20)
    devices = tuple(
        structs.replace(one, silent_after_s=30) if one.id == COUNTER else one
        for one in SITE.devices
    )
    place.tell(SpaceChanged(structs.replace(SITE, devices=devices)))
    assert place.state.wake_at == MONDAY + timedelta(seconds=30)
    raised = of_kind(place.after(10), AlarmRaised)
    assert raised == [AlarmRaised("device-silent", COUNTER, place.now)]


def test_a_device_that_the_space_file_drops_takes_its_alarms_along(place: Place) -> None:
    """Nobody would ever clear them."""
    place.says("pir", Battery(3.0))
    fewer = tuple(one for one in SITE.devices if one.id != PIR)
    told = place.tell(SpaceChanged(structs.replace(SITE, devices=fewer)))
    assert of_kind(told, AlarmCleared) == [AlarmCleared("battery-low", PIR, MONDAY)]
    assert PIR not in place.state.devices


# -- batteries, availability, tampering, clocks


def test_a_low_battery_is_an_alarm_until_it_is_well_charged(place: Place) -> None:
    """Between 15 and 20 % nothing changes, so that it does not flutter."""
    said = [
        (percent, [type(fact).__name__ for fact in place.says("pir", Battery(percent))[:-1]])
        for percent in (100.0, 15.0, 14.9, 14.0, 15.0, 19.9, 20.0, 19.0)
    ]
    assert [(percent, names) for percent, names in said if names] == [
        (14.9, ["AlarmRaised"]),
        (20, ["AlarmCleared"]),
    ]
    assert place.state.devices[PIR].battery == 19


def test_a_device_that_goes_offline_is_an_alarm_until_it_is_back(place: Place) -> None:
    """By its status or its last will."""
    gone = place.says("pir", Availability("offline"))
    assert of_kind(gone, AlarmRaised) == [AlarmRaised("device-offline", PIR, MONDAY)]
    assert place.state.devices[PIR].online is False
    assert place.says("pir", Availability("offline")) == ()
    back = place.says("pir", Availability("online"))
    assert back == (AlarmCleared("device-offline", PIR, MONDAY),)
    assert place.state.devices[PIR].online is True


def test_an_opened_case_is_an_alarm_until_it_is_closed(place: Place) -> None:
    """And a point each time; that it was stays listed."""
    opened = place.says("pir", Tampered(active=True))
    assert opened[0] == AlarmRaised("tamper", PIR, MONDAY)
    closed = place.says("pir", Tampered(active=False))
    assert closed[0] == AlarmOver("tamper", PIR, MONDAY, MONDAY)


def test_a_reader_whose_clock_is_ahead_is_an_alarm_until_it_is_right(place: Place) -> None:
    """One that is behind looks like a late event, and proves nothing."""
    ahead = place.badge("front-in", "ada", age_s=-5.001)
    assert of_kind(ahead, AlarmRaised) == [AlarmRaised("clock-skew", "front-in", MONDAY, 5.001)]
    assert of_kind(place.badge("front-in", "ada", age_s=60), AlarmCleared) == []
    right = place.badge("front-in", "ada", age_s=-5)
    assert of_kind(right, AlarmCleared) == [AlarmCleared("clock-skew", "front-in", MONDAY)]


# -- counters


def test_the_first_report_of_a_counter_is_its_baseline(place: Place) -> None:
    """Who passed before we listened is not counted; then the differences are."""
    assert counter(place, 100, 90, seq=1) == []
    assert counter(place, 103, 91, seq=2) == [people(3, 1)]
    assert counter(place, 103, 91, seq=3) == []


def test_a_report_that_comes_twice_counts_once(place: Place) -> None:
    """By its number."""
    counter(place, 100, 90, seq=1)
    counter(place, 103, 91, seq=2)
    assert counter(place, 103, 91, seq=2) == []


def test_a_counter_that_begins_again_counts_from_zero(place: Place) -> None:
    """What it lost between its last report and its restart is lost."""
    counter(place, 100, 90, seq=1)
    assert counter(place, 2, 1, boot=2, seq=1) == [people(2, 1, restarted=True)]
    assert counter(place, 3, 1, boot=2, seq=2) == [people(1, 0)]


def test_a_restart_without_anybody_is_told(place: Place) -> None:
    """It explains why the totals fell."""
    counter(place, 100, 90, seq=1)
    assert counter(place, 0, 0, boot=2, seq=1) == [people(0, 0, restarted=True)]


@pytest.mark.parametrize(
    ("boot", "seq"),
    [pytest.param(2, 1, id="of the same boot"), pytest.param(1, 2, id="of the boot before")],
)
def test_an_older_report_says_nothing_new(place: Place, boot: int, seq: int) -> None:
    """The later totals contain it, and the next difference is right."""
    counter(place, 90, 90, boot=1, seq=1)
    counter(place, 10, 0, boot=2, seq=2)
    assert counter(place, 95, 92, boot=boot, seq=seq) == []
    assert counter(place, 11, 0, boot=2, seq=3) == [people(1, 0)]


def test_a_counter_without_numbers_is_taken_in_the_order_of_arrival(place: Place) -> None:
    """Nothing else is known of it."""
    assert counter(place, 5, 5, boot=None, seq=None) == []
    assert counter(place, 7, 5, boot=None, seq=None) == [people(2, 0)]
    assert counter(place, 1, 0, boot=None, seq=None) == [people(1, 0, restarted=True)]


def test_a_counter_s_totals_are_points_too(place: Place) -> None:
    """Also those of an older report."""
    told = of_kind(place.says("counter", Crossed(100, 90), age_s=3), Sensed)
    at = MONDAY - timedelta(seconds=3)
    assert told == [
        Sensed(COUNTER, HALL, "in_total", 100, at),
        Sensed(COUNTER, HALL, "out_total", 90, at),
    ]


# -- points


@pytest.mark.parametrize(
    ("reading", "kind", "value"),
    [
        (Motion(active=True), "motion", 1),
        (Presence(active=False), "presence", 0),
        (Counted(7), "count", 7),
        (Co2(812.5), "co2", 812.5),
        (Tampered(active=False), "tamper", 0),
        (Battery(80.0), "battery", 80),
    ],
    ids=str,
)
def test_a_reading_is_a_point_with_the_device_s_time(
    place: Place, reading: Reading, kind: str, value: float
) -> None:
    """In the zone of the device."""
    (told,) = of_kind(place.says("pir", reading, age_s=2), Sensed)
    assert told == Sensed(PIR, HALL, kind, value, MONDAY - timedelta(seconds=2))


@pytest.mark.parametrize(("state", "value"), [("on", 1), ("off", 0)])
def test_a_machine_is_a_point_of_the_device_there(
    place: Place, state: Literal["on", "off"], value: float
) -> None:
    """Its reader stands in no zone of its own."""
    (told,) = of_kind(place.says("laser-on", MachineReported(state, 90)), Sensed)
    assert told == Sensed(DeviceId("laser-on"), None, "machine", value, MONDAY)


def test_a_device_at_a_door_speaks_of_the_zone_behind_it(place: Place) -> None:
    """And a reader of the one behind its access point."""
    for device, zone in (("lab-contact", "lab"), ("front-out", "hall"), ("spare", None)):
        (told,) = of_kind(place.says(device, Battery(50.0)), Sensed)
        assert isinstance(told, Sensed)
        assert told.zone == zone


def test_each_minute_tells_every_device_that_ever_spoke(place: Place) -> None:
    """With the duplicates that only the service can count, and the gateway's own figures."""
    place.says("pir", Battery(55.0))
    place.tell(Reported(COUNTER, place.now, Counted(1), boot=1, seq=1))
    place.tell(Reported(COUNTER, place.now, Counted(1), boot=1, seq=5))
    place.now += timedelta(seconds=61.5)
    health = GatewayHealth("one", backlog=3, commit_ms=0.5, decisions=7, dropped=2)
    told = place.tell(Tick(duplicates={COUNTER: 4}, health=health))
    expected: dict[str, Any] = {"at": place.now, "online": None, "last_seen_s": 61.5}
    assert of_kind(told, DeviceMinute) == [
        DeviceMinute(device=COUNTER, battery=None, gaps=3, duplicates=4, **expected),
        DeviceMinute(device=PIR, battery=55, gaps=0, duplicates=0, **expected),
    ]
    assert of_kind(told, GatewayMinute) == [GatewayMinute("one", place.now, 3, 0.5, 7, 2)]


def test_each_minute_tells_the_devices_of_every_site(place: Place) -> None:
    """The gateway's own figures go with one site's; a journal of before has them as the sign."""
    place.says("pir", Battery(55.0))
    assert len(of_kind(place.tell(Tick(minute=True)), DeviceMinute)) == 1
    assert of_kind(place.tell(Tick(minute=True)), GatewayMinute) == []


def test_ghost_reads_are_counted_by_the_site_s_day(place: Place) -> None:
    """Today's and yesterday's; a reader that only ever read ghosts is known by them."""
    reader = DeviceId("front-in")
    (told,) = of_kind(place.tell(Tick(ghosts={reader: 2}, minute=True)), DeviceMinute)
    assert isinstance(told, DeviceMinute)
    assert told.ghosts == 2
    place.tell(Tick(ghosts={reader: 3, DeviceId("gone"): 1}, minute=True))
    ghosts = place.state.devices[reader].ghosts
    assert ghosts is not None
    today = SITE.day_of(place.now)
    days = [ghosts.on(today + timedelta(days=later)) for later in range(3)]
    assert days == [(5, 0), (0, 5), (0, 0)]
    place.after(24 * 3600)
    place.tell(Tick(ghosts={reader: 1}, minute=True))
    ghosts = place.state.devices[reader].ghosts
    assert ghosts == GhostReads(today + timedelta(days=1), 1, 5)
    assert DeviceId("gone") not in place.state.devices


def test_a_clock_is_told_by_the_event_that_came_soonest(place: Place) -> None:
    """Late ones look like a clock that is behind; what the broker kept says nothing."""
    for age_s in (40.0, 0.3, 12.0):
        place.says("pir", Motion(active=True), age_s=age_s)
    place.says("pir", Motion(active=True), age_s=-500, retained=True)
    assert place.state.devices[PIR].ahead_s == -0.3


def test_a_clock_that_was_set_is_right_again_at_once(place: Place) -> None:
    """The event that ends the alarm says so; a small drift is forgotten eight events later."""
    place.says("pir", Motion(active=True), age_s=-420)
    assert place.state.devices[PIR].ahead_s == 420
    place.says("pir", Motion(active=True), age_s=-3)
    for looks in range(8):
        assert place.state.devices[PIR].ahead_s == 3, looks
        place.says("pir", Motion(active=True))
    assert place.state.devices[PIR].ahead_s == 0


def test_a_device_says_what_it_runs(place: Place) -> None:
    """The last word counts."""
    for version in ("1.0", "1.1"):
        place.says("pir", Firmware(version))
    assert place.state.devices[PIR].firmware == Firmware("1.1")


def test_a_device_s_state_of_an_older_snapshot_is_read() -> None:
    """It knew neither firmware nor ghost reads."""
    old = {"last_seen": MONDAY, "missing": 2}
    read = decode(msgspec.msgpack.encode(old), DeviceState)
    assert read == DeviceState(last_seen=MONDAY, missing=2)


def test_a_tick_without_figures_tells_only_what_is_due(place: Place) -> None:
    """Timers wake the engine more often than once a minute."""
    place.says("pir", Battery(55.0))
    assert place.after(1) == ()
    assert place.state.devices[PIR] == DeviceState(
        last_seen=MONDAY,
        boots=place.state.devices[PIR].boots,
        battery=55,
        clock=(0.0,),
        newest=MONDAY,
    )


def test_a_reader_that_tells_another_address_is_an_alarm(place: Place) -> None:
    """Until it tells the one that the space file has; a heartbeat without one says nothing."""
    spare = structs.replace(place.site.device[DeviceId("spare")], options={"ip": "10.0.0.2"})
    others = tuple(one for one in place.site.devices if one.id != spare.id)
    place.tell(SpaceChanged(structs.replace(place.site, devices=(*others, spare))))

    def tells(address: str | None) -> bool:
        place.says("spare", Availability("online", address))
        return ("address-changed", "spare") in place.state.alarms

    assert not tells("10.0.0.2")
    assert tells("10.0.0.77")
    assert place.state.devices[spare.id].address == "10.0.0.77"
    assert tells(None)
    assert not tells("10.0.0.2")
