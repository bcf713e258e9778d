"""Zigbee2MQTT: the payloads of its documentation and its own tests, and their traps."""

from datetime import UTC, datetime

import msgspec
import pytest

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, MachineId, SiteId, Text
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    DoorReported,
    Firmware,
    MachineReported,
    Motion,
    Presence,
    Reading,
    RelayReported,
    Report,
    Tampered,
    WireError,
)
from gateway.wire.commands import SafeStopCommand, SwitchCommand
from gateway.wire.topics import Topics
from sensors.driver import Subscription
from sensors.zigbee2mqtt import Zigbee2MqttDriver

HUB = SiteId("hub")
PIR = Device(DeviceId("pir"), "sensor", "zigbee2mqtt", "zigbee2mqtt/occupancy_sensor")
KITCHEN = Device(
    DeviceId("kitchen"), "sensor", "zigbee2mqtt", "zigbee2mqtt/[Kuchnia] Czujnik obecności"
)
NESTED = Device(DeviceId("nested"), "sensor", "zigbee2mqtt", "z2m/first floor/door")
PLUG = Device(
    DeviceId("plug"), "sensor", "zigbee2mqtt", "zigbee2mqtt/plug", machine=MachineId("saw")
)
METER = msgspec.structs.replace(
    PLUG, id=DeviceId("meter"), topic="zigbee2mqtt/meter", options={"on_above_w": 30}
)
RELAY = msgspec.structs.replace(
    METER, id=DeviceId("relay"), topic="zigbee2mqtt/relay", switches=True
)
QUIET = msgspec.structs.replace(RELAY, id=DeviceId("quiet"), topic="zigbee2mqtt/q", options={})
DEVICES = (PIR, KITCHEN, NESTED, PLUG, METER, RELAY, QUIET)
ONLINE, OFFLINE = b'{"state":"online"}', b'{"state":"offline"}'
DRIVER = Zigbee2MqttDriver(Topics(), [(HUB, one) for one in DEVICES])


def readings(payload: bytes, device: Device = PIR) -> list[Reading]:
    """What a state says."""
    reports = DRIVER.decode(device.topic, payload)
    assert all(report == Report(HUB, device.id, report.reading) for report in reports)
    return [report.reading for report in reports]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        pytest.param(b'{"occupancy": true}', [Motion(active=True)], id="RTCGQ01LM"),
        pytest.param(
            b'{"battery":100,"illuminance":381,"voltage":3045,"device_temperature":19,'
            b'"power_outage_count":34}',
            [Battery(100)],
            id="RTCGQ11LM heartbeat: no occupancy key leaves the occupancy untouched",
        ),
        pytest.param(
            b'{"battery":100,"contact":true,"linkquality":90,"temperature":23,"voltage":3005}',
            [DoorReported("closed"), Battery(100)],
            id="MCCGQ11LM: contact true is closed",
        ),
        pytest.param(b'{"contact":false}', [DoorReported("open")], id="contact false is open"),
        pytest.param(b'{"no_occupancy_since": 10}', [], id="no_occupancy_since says nothing new"),
        pytest.param(b'{"occupancy":null,"battery":null}', [], id="null: the bridge does not know"),
        pytest.param(b'{"tamper":true}', [Tampered(active=True)], id="the case was opened"),
        pytest.param(b'{"co2":812,"linkquality":255}', [Co2(812)], id="air quality"),
        pytest.param(
            b'{"device":{"model":"AB3257001NJ","softwareBuildID":"V1.05.09"},'
            b'"update":{"installed_version":7}}',
            [Firmware("V1.05.09", "AB3257001NJ")],
            id="the build that a device names, with include_device_information",
        ),
        pytest.param(
            b'{"update":{"state":"idle","installed_version":268768615}}',
            [Firmware("268768615")],
            id="else the number of its OTA file",
        ),
        pytest.param(
            b'{"device":{"softwareBuildID":null},"update":{"installed_version":-1}}',
            [],
            id="neither is known",
        ),
        pytest.param(
            b'{"device":{"softwareBuildID":"3.0\\u0000 b"}}',
            [Firmware("3.0 b")],
            id="makers' names hold what nobody can show",
        ),
        pytest.param(
            b'{"contact":true,"battery":200}',
            [DoorReported("closed")],
            id="a battery that counts to 200 does not cost us the contact",
        ),
        pytest.param(
            b'{"action":"arm_all_zones","action_code":"123","action_zone":23,'
            b'"action_transaction":99}',
            [],
            id="KEYZB-110: a keypad's code goes nowhere",
        ),
        pytest.param(
            b'{"last_unlock_source":"keypad","last_used_pin_code":"5478","state":"UNLOCK"}',
            [],
            id="a lock's PIN in clear goes nowhere",
        ),
        pytest.param(
            b'{"occupancy":false,"update":{"state":"idle","occupancy":true}}',
            [Motion(active=False)],
            id="only the state's own keys count",
        ),
        pytest.param(b"", [], id="the device was removed: its retained state was cleared"),
    ],
)
def test_a_state_says_what_its_known_keys_say(payload: bytes, said: list[Reading]) -> None:
    """An absent key is no information."""
    assert readings(payload) == said


def test_a_friendly_name_may_hold_anything_but_wildcards() -> None:
    """UTF-8, spaces, brackets (issue #23373) and slashes."""
    payload = (
        b'{"detection_delay":1,"fading_time":5,"illuminance_lux":252,"linkquality":96,'
        b'"maximum_range":5,"minimum_range":0.5,"presence":true,"radar_sensitivity":7,'
        b'"target_distance":0}'
    )
    assert readings(payload, KITCHEN) == [Presence(active=True)]
    assert readings(b'{"contact":true}', NESTED) == [DoorReported("closed")]


@pytest.mark.parametrize(
    ("device", "payload", "said"),
    [
        pytest.param(
            PLUG,
            b'{"current":0.4,"energy":12.1,"linkquality":80,"power":90.5,"state":"ON",'
            b'"voltage":229}',
            [MachineReported("on", 90.5)],
            id="a plug that measures: state and power",
        ),
        pytest.param(PLUG, b'{"state":"OFF"}', [MachineReported("off")], id="a plug without meter"),
        pytest.param(PLUG, b'{"power":90}', [], id="power alone does not say whether it is on"),
        pytest.param(PLUG, b'{"state":null,"power":null}', [], id="the bridge does not know yet"),
        pytest.param(PIR, b'{"state":"ON","power":4}', [], id="no machine: a state means nothing"),
        pytest.param(
            METER,
            b'{"state":"ON","power":30.5}',
            [MachineReported("on", 30.5)],
            id="always switched on: it runs above the threshold",
        ),
        pytest.param(
            RELAY,
            b'{"state":"ON","power":30.5}',
            [RelayReported("on"), MachineReported("on", 30.5)],
            id="a relay that measures: its power, and whether the machine runs",
        ),
        pytest.param(
            QUIET,
            b'{"state":"OFF","power":3}',
            [RelayReported("off")],
            id="a relay without a threshold says nothing of the machine",
        ),
        pytest.param(
            METER,
            b'{"state":"ON","power":30}',
            [MachineReported("off", 30)],
            id="always switched on: at the threshold it stands by",
        ),
        pytest.param(
            METER,
            b'{"power":-800}',
            [MachineReported("on", 800)],
            id="a plug that is wired the other way round counts below zero",
        ),
        pytest.param(
            METER,
            b'{"state":"OFF","power":31}',
            [MachineReported("off", 31)],
            id="switched off is off, whatever the last power was",
        ),
        pytest.param(METER, b'{"state":"ON"}', [], id="no power yet: nothing is known"),
    ],
)
def test_a_plug_tells_of_the_machine_behind_it(
    device: Device, payload: bytes, said: list[Reading]
) -> None:
    """By its state, or by what it draws."""
    assert readings(payload, device) == said


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"state":"UNLOCK"}', "out-of-range"),
        (b'{"state":true}', "out-of-range"),
        (b'{"power":"90"}', "wrong-type"),
        (b'{"power":true}', "wrong-type"),
        (b'{"power":1e7}', "out-of-range"),
    ],
)
def test_a_plug_that_is_none_is_refused(payload: bytes, reason: str) -> None:
    """A lock or a cover was declared as the plug of a machine."""
    with pytest.raises(WireError) as refused:
        readings(payload, PLUG)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        pytest.param(b'{"state":"online"}', "online", id="2.x"),
        pytest.param(b'{"state":"offline"}', "offline", id="2.x, unseen for 25 h"),
        pytest.param(b"online", "online", id="1.x"),
        pytest.param(b"offline", "offline", id="1.x, offline"),
    ],
)
def test_availability_is_understood_in_both_dialects(payload: bytes, state: str) -> None:
    """An object since 2.0, a bare word before."""
    (report,) = DRIVER.decode("z2m/first floor/door/availability", payload)
    assert report.device == "nested"
    assert isinstance(report.reading, Availability)
    assert report.reading.state == state


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"occupancy":"true"}', "wrong-type"),
        (b'{"contact":1}', "wrong-type"),
        (b'{"battery":"full"}', "wrong-type"),
        (b'{"co2":-1}', "out-of-range"),
        (b'{"co2":1' + b"0" * 400 + b"}", "out-of-range"),
        (b'{"co2":true}', "wrong-type"),
        (b'{"occupancy":true,"occupancy":false}', "duplicate-key"),
        (b"true", "wrong-type"),
        (b"ON", "not-json"),
    ],
)
def test_garbage_is_refused(payload: bytes, reason: str) -> None:
    """By its reason, and without its value."""
    with pytest.raises(WireError) as refused:
        readings(payload)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("dead", "alive"), [(b"offline", b"online"), (OFFLINE, ONLINE)])
def test_a_bridge_that_dies_takes_its_devices_along(dead: bytes, alive: bytes) -> None:
    """A device is online where both say so, whichever is heard first; another bridge's stay."""
    far = msgspec.structs.replace(PIR, id=DeviceId("far"), topic="home/z2m/far")
    far = msgspec.structs.replace(far, options={"base": "home/z2m"})
    driver = Zigbee2MqttDriver(Topics(), [(HUB, one) for one in (PIR, PLUG, far)])

    def told(topic: str, payload: bytes) -> dict[str, str]:
        reports = driver.decode(topic, payload)
        return {one.device: one.reading.state for one in reports}  # type: ignore[union-attr]

    bridge, plug = "zigbee2mqtt/bridge/state", f"{PLUG.topic}/availability"
    assert bridge in driver.topics()
    assert told(plug, b"offline") == {"plug": "offline"}
    assert told(bridge, dead) == {"pir": "offline", "plug": "offline"}
    assert told(plug, b"online") == {"plug": "offline"}
    assert told(bridge, alive) == {"pir": "online", "plug": "online"}
    assert told(plug, b"offline") == {"plug": "offline"}
    assert told(bridge, alive) == {"pir": "online", "plug": "offline"}
    assert told("home/z2m/bridge/state", dead) == {"far": "offline"}


def test_a_base_topic_may_hold_a_slash() -> None:
    """It is said, since a friendly name may hold one, too."""
    far = msgspec.structs.replace(PIR, topic="home/z2m/far", options={"base": "home/z2m"})
    assert Zigbee2MqttDriver.faults(far) == []
    for wrong in ({"base": "home"}, {"base": "z2m"}, {"base": 7}, {"base": "home/z2m/far"}):
        told = Zigbee2MqttDriver.faults(msgspec.structs.replace(far, options=wrong))
        assert (wrong == {"base": "home"}) == (told == [])


@pytest.mark.parametrize("payload", [b"Online", b'{"state":1}', b"{}", b'{"state":'])
def test_another_availability_is_refused(payload: bytes) -> None:
    """Neither online nor offline."""
    with pytest.raises(WireError):
        DRIVER.decode(f"{PIR.topic}/availability", payload)


def test_sensors_are_asked_for_by_name_and_take_no_orders() -> None:
    """State and availability, each by its exact topic."""
    first = DRIVER.subscriptions()[0]
    assert first == Subscription("zigbee2mqtt/occupancy_sensor", ((HUB, PIR.id),))
    assert [one.filter for one in DRIVER.subscriptions()] == list(DRIVER.topics())
    assert "zigbee2mqtt/occupancy_sensor/availability" in DRIVER.topics()
    assert DRIVER.unlock(HUB, PIR, "o1", 5.0, datetime(2026, 1, 1, tzinfo=UTC)) == ()


@pytest.mark.parametrize(
    ("device", "fault"),
    [
        ({"topic": "Front PIR"}, "topic"),
        ({"topic": "zigbee2mqtt/"}, "topic"),
        ({"topic": "zigbee2mqtt/+"}, "topic"),
        ({"topic": "zigbee2mqtt/pir/availability"}, "topic"),
        ({"role": "lock"}, "role"),
        ({"options": {"means": "motion"}}, "options.means"),
    ],
)
def test_a_wrong_declaration_is_told(device: dict[str, object], fault: str) -> None:
    """One fault each, with what would be right behind a semicolon."""
    (said,) = Zigbee2MqttDriver.faults(msgspec.structs.replace(PIR, **device))
    assert said.startswith(f"{fault}: ")
    assert "; " in said
    assert Zigbee2MqttDriver.faults(NESTED) == []


@pytest.mark.parametrize("watts", [0, -1, True, "30"])
def test_a_threshold_is_a_power(watts: float | str) -> None:
    """And belongs to the plug of a machine."""
    (said,) = Zigbee2MqttDriver.faults(
        msgspec.structs.replace(METER, options={"on_above_w": watts})
    )  # fmt: skip
    assert said.startswith("options.on_above_w: is no power; ")
    (said,) = Zigbee2MqttDriver.faults(msgspec.structs.replace(METER, machine=None))
    assert said.startswith("options.on_above_w: is for the plug of a machine; ")
    assert Zigbee2MqttDriver.faults(METER) == []


def test_a_plug_switches_its_machine_and_stays_off_after_a_power_cut() -> None:
    """A warning or a safe stop is nothing to it."""
    expires = datetime(2026, 11, 22, 8, 0, 5, tzinfo=UTC)
    saw = MachineId("saw")
    told = [
        DRIVER.tell_machine(HUB, RELAY, SwitchCommand("7", saw, state, expires), expires)
        for state in ("on", "off")
    ]
    assert [(one.topic, one.payload, one.retain) for (one,) in told] == [
        ("zigbee2mqtt/relay/set", b'{"state":"ON","power_on_behavior":"off"}', False),
        ("zigbee2mqtt/relay/set", b'{"state":"OFF"}', False),
    ]
    stop = SafeStopCommand("7", saw, "alone", Text("Stop", "Stop"))
    assert DRIVER.tell_machine(HUB, RELAY, stop, expires) == ()
