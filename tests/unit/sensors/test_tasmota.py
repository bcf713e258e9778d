"""Tasmota: the payloads of its documentation (tasmota/docs at 9849ab9), and their traps."""

from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, MachineId, SiteId, Text
from gateway.core.readings import (
    Availability,
    Co2,
    CredentialPresented,
    DoorReported,
    ExitRequested,
    Firmware,
    MachineReported,
    MessageOrigin,
    Motion,
    Presence,
    Reading,
    RelayReported,
    Tampered,
    WireError,
)
from gateway.wire.commands import SafeStopCommand, SwitchCommand
from gateway.wire.topics import Topics
from sensors.driver import AccessAnswer
from sensors.tasmota import TasmotaDriver

HUB = SiteId("hub")
READER = Device(DeviceId("reader"), "reader", "tasmota", "board")
AIR = Device(DeviceId("air"), "sensor", "tasmota", "board")
LOCK = Device(DeviceId("lock"), "lock", "tasmota", "board", options={"relay": 2})
EXPIRES = datetime(2026, 11, 22, 8, 0, 5, tzinfo=UTC)


def switch(**options: str | float) -> Device:
    """A sensor on a switch of the board, Switch1 unless told otherwise."""
    return Device(
        DeviceId("switch"), "sensor", "tasmota", "board", options={"switch": 1, **options}
    )  # fmt: skip


def readings(device: Device, payload: bytes, ending: str = "tele/board/SENSOR") -> list[Reading]:
    """What one device reports of a message, always without a time."""
    reports = TasmotaDriver(Topics(), [(HUB, device)]).decode(ending, payload)
    assert all((report.device, report.at) == (device.id, None) for report in reports)
    return [report.reading for report in reports]


@pytest.mark.parametrize(
    ("payload", "declared", "number"),
    [
        (b'{"Time":"2021-01-23T13:10:50","RC522":{"UID":"BA839D07","Data":"","Type":"MIFARE 1KB"}}',
         "hex", "ba839d07"),
        (b'{"Time":"2019-01-10T18:23:24","PN532":{"UID":"94D8FC5F", "DATA":""}}',
         "hex", "94d8fc5f"),
        (b'{"Time":"2019-01-10T18:31:39","PN532":{"UID":"94D8FC5F", "DATA":"ILOVETASMOTA"}}',
         "hex", "94d8fc5f"),
        (b'{"PN532":{"UID":"53BB1F05110001","Data":"I love tasmota","Auth":"Ok"}}',
         "hex", "53bb1f05110001"),
        (b'{"Time":"2020-10-16T16:12:47","RDM6300":{"UID":"7DDFFDDF"}}', "hex", "7ddffddf"),
        (b'{"Time":"2021-01-21T16:04:12","Wiegand":{"UID":7748328,"Size":26}}',
         "wiegand26", "763ae8"),
        (b'{"Time":"2021-01-21T16:04:12","Wiegand":{"UID":"763AE8h","Size":26}}',
         "wiegand26", "763ae8"),
        (b'{"Time":"2021-01-21T16:04:12","Wiegand":{"UID":7748328,"Size":26}}',
         "decimal", "00763ae8"),
    ],
)  # fmt: skip
def test_a_badge_is_read_by_the_declared_format(payload: bytes, declared: str, number: str) -> None:
    """Whatever the reader chip; `Data` and `DATA` are the card's own text and no number."""
    device = msgspec.structs.replace(READER, format=declared)
    assert readings(device, payload) == [CredentialPresented(number, declared)]


@pytest.mark.parametrize(
    ("said", "declared", "reason"),
    [
        pytest.param(b'{"UID":0,"Size":26}', "wiegand26", "badge-format", id="a parity error"),
        pytest.param(b'{"UID":"0h","Size":26}', "wiegand26", "badge-format", id="the same in hex"),
        pytest.param(b'{"UID":"00000000"}', "hex", "badge-format", id="read out of noise"),
        pytest.param(
            b'{"UID":4302741608,"Size":34}', "wiegand34", "badge-format", id="more than its bits"
        ),
        pytest.param(b'{"UID":7748328,"Size":34}', "wiegand26", "badge-format", id="another size"),
        pytest.param(b'{"UID":7748328.5,"Size":26}', "wiegand26", "wrong-type", id="a fraction"),
        pytest.param(b'{"UID":true,"Size":26}', "wiegand26", "wrong-type", id="a truth value"),
        pytest.param(b'{"Size":26}', "wiegand26", "wrong-type", id="no UID"),
        pytest.param(b'"7748328"', "wiegand26", "wrong-type", id="no object"),
    ],
)
def test_a_badge_that_cannot_be_one_is_refused(said: bytes, declared: str, reason: str) -> None:
    """Without its number in the message."""
    device = msgspec.structs.replace(READER, format=declared)
    with pytest.raises(WireError) as refused:
        readings(device, b'{"Wiegand":' + said + b"}")
    assert refused.value.reason == reason
    assert "7748328" not in str(refused.value)


@pytest.mark.parametrize("size", [b"4", b"8"])
def test_a_keypad_s_single_key_is_nobody(size: bytes) -> None:
    """With SetOption124 each key is a message of its own; even key 0."""
    assert readings(READER, b'{"Wiegand":{"UID":0,"Size":' + size + b"}}") == []


@pytest.mark.parametrize(
    ("options", "on", "off"),
    [
        ({"means": "motion"}, Motion(active=True), Motion(active=False)),
        ({"means": "motion", "on": "idle"}, Motion(active=False), Motion(active=True)),
        ({"means": "presence"}, Presence(active=True), Presence(active=False)),
        ({"means": "tamper"}, Tampered(active=True), Tampered(active=False)),
        ({"means": "door", "on": "open"}, DoorReported("open"), DoorReported("closed")),
        ({"means": "door", "on": "closed"}, DoorReported("closed"), DoorReported("open")),
    ],
    ids=str,
)
def test_what_a_switch_means_is_declared(
    options: dict[str, str], on: Reading, off: Reading
) -> None:
    """In telemetry and, detached by SetOption114, in results."""
    device = switch(**options)
    for word, said in ((b"ON", on), (b"OFF", off)):
        telemetry = b'{"Time":"2021-01-01T00:00:00","Switch1":"' + word + b'"}'
        assert readings(device, telemetry) == [said]
        result = b'{"Switch1":{"Action":"' + word + b'"}}'
        assert readings(device, result, "stat/board/RESULT") == [said]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"Switch2":{"Action":"ON"}}',
        b'{"Button1":{"Action":"SINGLE"}}',
        b'{"Switch1":{"Action":"TOGGLE"}}',
        b'{"Switch1":{}}',
        b'{"POWER1":"ON"}',
    ],
)
def test_other_results_say_nothing(payload: bytes) -> None:
    """Another switch, a button, a relay, an action that is no state."""
    assert readings(switch(means="motion"), payload, "stat/board/RESULT") == []


@pytest.mark.parametrize("word", [b'"on"', b"1", b"[]"])
def test_another_word_of_a_switch_is_refused(word: bytes) -> None:
    """SwitchText may have changed it; that is a fault to see."""
    with pytest.raises(WireError, match="Switch1: must be ON or OFF"):
        readings(switch(means="motion"), b'{"Switch1":' + word + b"}")


def test_an_exit_button_counts_when_it_is_pressed() -> None:
    """Not when telemetry repeats its state."""
    device = switch(means="exit-request")
    pressed, released = b'{"Switch1":{"Action":"ON"}}', b'{"Switch1":{"Action":"OFF"}}'
    assert readings(device, pressed, "stat/board/RESULT") == [ExitRequested()]
    assert readings(device, released, "stat/board/RESULT") == []
    assert readings(device, b'{"Switch1":"ON"}') == []


@pytest.mark.parametrize(("state", "active"), [(0, False), (1, False), (2, True), (3, True)])
def test_people_is_a_state_and_no_head_count(state: int, *, active: bool) -> None:
    """LD2410S: 0 and 1 not detected, 2 and 3 detected."""
    payload = (
        b'{"Time":"2024-11-09T15:46:09","LD2410S":{"Distance":196.0, "People":%d}}' % state
    )  # fmt: skip
    assert readings(AIR, payload) == [Presence(active=active)]


def test_a_radar_without_a_state_says_nothing() -> None:
    """LD2410 sends distances and energies, which stay when everybody has left."""
    payload = (
        b'{"Time":"2024-11-09T12:52:46","LD2410":{"Distance":[200.0,181.0,144.0],"Energy":[13,100]}}'
    )  # fmt: skip
    assert readings(AIR, payload) == []


@pytest.mark.parametrize("state", [b"4", b"-1", b'"2"', b"true", b"null", b"[2]"])
def test_another_state_of_people_is_refused(state: bytes) -> None:
    """A number of people has not been seen there."""
    with pytest.raises(WireError, match=r"out-of-range: LD2410S\.People"):
        readings(AIR, b'{"LD2410S":{"People":' + state + b"}}")


def test_co2_is_read_from_any_sensor() -> None:
    """By its key, whatever the chip; 0 is a sensor that has not measured yet."""
    payload = (
        b'{"Time":"2024-01-01T10:31:09","SCD40":{"CarbonDioxide":1204,"eCO2":1235,'
        b'"Temperature":28.8,"Humidity":47.5,"DewPoint":16.5},"TempUnit":"C"}'
    )
    assert readings(AIR, payload) == [Co2(1204)]
    assert readings(AIR, b'{"MHZ19B":{"CarbonDioxide":0}}') == []
    for wrong in (b'"high"', b"-1", b"true", b"1" + b"0" * 400):
        with pytest.raises(WireError, match="CarbonDioxide"):
            readings(AIR, b'{"SCD40":{"CarbonDioxide":' + wrong + b"}}")


def test_the_last_will_is_a_bare_word() -> None:
    """For every device of the board at once; an empty one was only cleared."""
    board = TasmotaDriver(Topics(), [(HUB, READER), (HUB, LOCK)])
    for word, state in ((b"Online", "online"), (b"Offline", "offline")):
        reports = board.decode("tele/board/LWT", word)
        assert [report.device for report in reports] == ["reader", "lock"]
        assert {report.reading for report in reports} == {msgspec.convert(
            {"type": "availability", "state": state}, Availability
        )}  # fmt: skip
    assert board.decode("tele/board/LWT", b"") == ()
    with pytest.raises(WireError, match="Online or Offline"):
        board.decode("tele/board/LWT", b"online")


def test_one_board_may_be_several_devices() -> None:
    """Each takes its own part, and each topic names all of them that write there."""
    door = switch(means="door", on="open")
    board = TasmotaDriver(Topics(), [(HUB, READER), (HUB, door), (HUB, LOCK)])
    reports = board.decode("tele/board/SENSOR", b'{"Switch1":"ON","PN532":{"UID":"94D8FC5F"}}')
    assert [(report.device, report.reading) for report in reports] == [
        ("reader", CredentialPresented("94d8fc5f")),
        ("switch", DoorReported("open")),
    ]
    assert {one.filter: [name for _, name in one.devices] for one in board.subscriptions()} == {
        "tele/board/LWT": ["reader", "switch", "lock"],
        "tele/board/INFO1": ["reader", "switch", "lock"],
        "tele/board/SENSOR": ["reader", "switch"],
        "stat/board/RESULT": ["switch"],
    }


def test_only_the_topics_that_are_needed() -> None:
    """A lock is only asked whether it lives and what it runs; a plain sensor has no results."""
    of_lock, of_air = (TasmotaDriver(Topics(), [(HUB, one)]).topics() for one in (LOCK, AIR))
    assert of_lock == ("tele/board/LWT", "tele/board/INFO1")
    assert of_air == ("tele/board/LWT", "tele/board/INFO1", "tele/board/SENSOR")


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        pytest.param(
            b'{"Info1":{"Module":"Generic","Version":"13.1.0(tasmota)","GroupTopic":"cmnd/x/"}}',
            Firmware("13.1.0(tasmota)", "Generic"),
            id="since Tasmota 9",
        ),
        pytest.param(
            b'{"Module":"Sonoff Basic","Version":"8.1.0.2(tasmota)"}',
            Firmware("8.1.0.2(tasmota)", "Sonoff Basic"),
            id="older boards",
        ),
        pytest.param(b'{"Info1":{"Module":"Generic"}}', None, id="no version"),
        pytest.param(b'{"Info1":7}', None, id="no object"),
    ],
)
def test_a_board_that_starts_says_what_it_runs(said: bytes, runs: Firmware | None) -> None:
    """For each of the devices that it is."""
    board = TasmotaDriver(Topics(), [(HUB, READER), (HUB, LOCK)])
    reports = board.decode("tele/board/INFO1", said)
    told = [] if runs is None else [("reader", runs), ("lock", runs)]
    assert [(report.device, report.reading) for report in reports] == told


def test_a_misread_says_whose_it_is() -> None:
    """A parity error has no number to acknowledge, but a reader."""
    with pytest.raises(WireError) as wrong:
        readings(msgspec.structs.replace(READER, format="wiegand26"), b'{"Wiegand":{"UID":0}}')
    assert wrong.value.origin == MessageOrigin(HUB, READER.id)


@pytest.mark.parametrize(
    ("unlock_s", "pulse"),
    [(0.01, 1), (0.5, 5), (5.0, 50), (11.1, 111), (11.4, 112), (12.0, 112), (30.0, 130),
     (600.0, 700), (1e6, 64_900)],
)  # fmt: skip
def test_an_order_to_open_carries_its_own_end(unlock_s: float, pulse: int) -> None:
    """The board closes by itself. Up to 11.1 s in tenths, from 12 s on in seconds + 100."""
    (order,) = TasmotaDriver(Topics(), [(HUB, LOCK)]).unlock(HUB, LOCK, "o1", unlock_s, EXPIRES)
    assert order.topic == "cmnd/board/Backlog0"
    assert order.payload == f"PulseTime2 {pulse}; Power2 ON".encode()
    assert (order.qos, order.retain, order.expires) == (1, False, EXPIRES)


def test_a_reader_with_a_relay_opens_its_own_door() -> None:
    """When granted; a reader without one says nothing."""
    own = msgspec.structs.replace(READER, options={"relay": 1})
    driver = TasmotaDriver(Topics(), [(HUB, own)])
    granted = AccessAnswer(
        "7", HUB, own.id, "granted", "plan", None, None, 5.0, EXPIRES, Text("Bonjour", "Hello")
    )  # fmt: skip
    (order,) = driver.answer(own, granted)
    assert order.payload == b"PulseTime1 50; Power1 ON"
    assert driver.answer(own, msgspec.structs.replace(granted, decision="denied")) == ()
    assert driver.answer(own, msgspec.structs.replace(granted, unlock_s=None)) == ()
    assert driver.answer(READER, granted) == ()


def test_another_full_topic_is_declared() -> None:
    """FullTopic `%topic%/%prefix%/` is the old default."""
    other = msgspec.structs.replace(AIR, options={"full_topic": "%topic%/%prefix%/"})
    topics = TasmotaDriver(Topics(), [(HUB, other)]).topics()
    assert topics == ("board/tele/LWT", "board/tele/INFO1", "board/tele/SENSOR")


@pytest.mark.parametrize(
    ("device", "fault"),
    [
        (msgspec.structs.replace(READER, topic="a/+/b"), "topic"),
        (msgspec.structs.replace(READER, format="dezimal"), "format"),
        (msgspec.structs.replace(LOCK, options={}), "options.relay"),
        (msgspec.structs.replace(LOCK, options={"relay": 9}), "options.relay"),
        (msgspec.structs.replace(LOCK, options={"relay": True}), "options.relay"),
        (msgspec.structs.replace(AIR, options={"relay": 1}), "options.relay"),
        (msgspec.structs.replace(AIR, options={"full_topic": "tele/"}), "options.full_topic"),
        (msgspec.structs.replace(AIR, options={"means": "door"}), "options.means"),
        (msgspec.structs.replace(AIR, options={"swich": 1}), "options.swich"),
        (msgspec.structs.replace(READER, options={"switch": 1}), "options.switch"),
        (switch(), "options.means"),
        (switch(means="window"), "options.means"),
        (switch(means="door"), "options.on"),
        (switch(means="door", on="active"), "options.on"),
        (switch(means="motion", on="open"), "options.on"),
        (switch(means="exit-request", on="active"), "options.on"),
        (switch(means="motion", switch=29), "options.switch"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_told_by_key(device: Device, fault: str) -> None:
    """One fault each, with what would be right behind a semicolon."""
    (said,) = TasmotaDriver.faults(device)
    assert said.startswith(f"{fault}: ")
    assert "; " in said


def test_the_declarations_here_have_no_fault() -> None:
    """Reader, sensor, lock, and switches with each meaning."""
    meanings = [switch(means=one) for one in ("motion", "presence", "tamper", "exit-request")]
    right = [READER, AIR, LOCK, switch(means="door", on="closed"), *meanings]
    assert [TasmotaDriver.faults(one) for one in right] == [[]] * len(right)


# -- machines: a relay that switches, a plug that measures

LASER = MachineId("laser")
PLUG = Device(
    DeviceId("plug"),
    "sensor",
    "tasmota",
    "board",
    machine=LASER,
    switches=True,
    options={"relay": 1, "on_above_w": 30},
)
ENERGY = (
    b'{"Time":"2024-03-02T11:00:05","ENERGY":{"TotalStartTime":"2023-01-01T00:00:00",'
    b'"Total":1.956,"Yesterday":0.054,"Today":0.049,"Period":0,"Power":%s,"ApparentPower":21,'
    b'"ReactivePower":19,"Factor":0.43,"Voltage":231,"Current":0.089}}'
)
STATE = (
    b'{"Time":"2024-03-02T11:00:05","Uptime":"0T01:00:09","UptimeSec":3609,"Heap":26,'
    b'"SleepMode":"Dynamic","Sleep":50,"LoadAvg":19,"MqttCount":1,%s,"Wifi":{"AP":1,"SSId":"hub",'
    b'"BSSId":"00:11:22:33:44:55","Channel":6,"Mode":"11n","RSSI":100,"Signal":-49}}'
)


@pytest.mark.parametrize(
    ("payload", "ending", "said"),
    [
        (b'{"POWER":"ON"}', "stat/board/RESULT", [RelayReported("on")]),
        (b'{"POWER1":"OFF"}', "stat/board/RESULT", [RelayReported("off")]),
        (STATE % b'"POWER":"ON"', "tele/board/STATE", [RelayReported("on")]),
        (STATE % b'"POWER1":"OFF","POWER2":"ON"', "tele/board/STATE", [RelayReported("off")]),
        (ENERGY % b"9", "tele/board/SENSOR", [MachineReported("off", 9.0)]),
        (ENERGY % b"350.5", "tele/board/SENSOR", [MachineReported("on", 350.5)]),
        (ENERGY % b"-80", "tele/board/SENSOR", [MachineReported("on", 80.0)]),
        (ENERGY % b"[80,2]", "tele/board/SENSOR", [MachineReported("on", 80.0)]),
        (b'{"PowerOnState":0}', "stat/board/RESULT", []),
        (b'{"PulseTime1":{"Set":0,"Remaining":0}}', "stat/board/RESULT", []),
        (b'{"Time":"2024-03-02T11:00:05"}', "tele/board/SENSOR", []),
    ],
)
def test_a_plug_tells_its_relay_and_whether_the_machine_runs(
    payload: bytes, ending: str, said: list[Reading]
) -> None:
    """In the shapes of the firmware; one relay is POWER, or POWER1 with SetOption26."""
    assert readings(PLUG, payload, ending) == said


def test_another_channel_of_a_plug_is_another_machine() -> None:
    """Of two channels each is its own; of three phases the sum."""
    second = msgspec.structs.replace(PLUG, options={"relay": 2, "on_above_w": 30})
    assert readings(second, ENERGY % b"[80,2]") == [MachineReported("off", 2.0)]
    assert readings(second, b'{"POWER2":"ON"}', "stat/board/RESULT") == [RelayReported("on")]
    assert readings(second, b'{"POWER":"ON"}', "stat/board/RESULT") == []
    phases = msgspec.structs.replace(PLUG, switches=False, options={"on_above_w": 30})
    assert readings(phases, ENERGY % b"[11,11,11]") == [MachineReported("on", 33.0)]


def test_a_plug_that_only_measures_has_its_relay_say_off() -> None:
    """Without power nothing runs; without `on_above_w` the relay is all that it says."""
    meter = msgspec.structs.replace(PLUG, switches=False)
    assert readings(meter, b'{"POWER":"ON"}', "stat/board/RESULT") == []
    assert readings(meter, b'{"POWER":"OFF"}', "stat/board/RESULT") == [MachineReported("off")]
    plain = msgspec.structs.replace(meter, options={"relay": 1})
    assert readings(plain, b'{"POWER":"ON"}', "stat/board/RESULT") == [MachineReported("on")]
    assert readings(plain, ENERGY % b"350") == []


@pytest.mark.parametrize("payload", [b'{"POWER":"AN"}', b'{"POWER":1}', b'{"POWER":true}'])
def test_another_word_of_a_relay_is_refused(payload: bytes) -> None:
    """StateText may have changed it."""
    with pytest.raises(WireError, match="POWER: must be ON or OFF; check StateText"):
        readings(PLUG, payload, "stat/board/RESULT")


@pytest.mark.parametrize("power", [b'"9"', b"true", b"1e9", b"[9,null]"])
def test_a_power_that_is_none_is_refused(power: bytes) -> None:
    """It says where."""
    with pytest.raises(WireError, match=r"ENERGY\.Power: must be a number"):
        readings(PLUG, ENERGY % power)


def test_a_switch_may_say_that_the_machine_runs() -> None:
    """The "busy" output of a laser."""
    busy = msgspec.structs.replace(switch(means="machine"), machine=LASER)
    assert readings(busy, b'{"Switch1":"ON"}') == [MachineReported("on")]
    idle = msgspec.structs.replace(switch(means="machine", on="idle"), machine=LASER)
    assert readings(idle, b'{"Switch1":"ON"}') == [MachineReported("off")]


def switched(device: Device, state: Literal["on", "off"]) -> bytes:
    """The one order that a board gets to switch a machine."""
    order = SwitchCommand("7", LASER, state, EXPIRES)
    (message,) = TasmotaDriver(Topics(), [(HUB, device)]).tell_machine(HUB, device, order, EXPIRES)
    assert (message.topic, message.qos, message.retain) == ("cmnd/board/Backlog0", 1, False)
    assert message.expires == EXPIRES
    return message.payload


def test_a_machine_goes_on_for_as_long_as_it_takes_and_stays_off_after_a_power_cut() -> None:
    """PulseTime of a lock on the same relay would end it; PowerDelta has a plug report at once."""
    reader = msgspec.structs.replace(READER, machine=LASER, switches=True, options={"relay": 2})
    assert switched(reader, "on") == b"PowerOnState 0; PulseTime2 0; Power2 ON"
    assert switched(reader, "off") == b"Power2 OFF"
    assert switched(PLUG, "on") == b"PowerDelta 10; PowerOnState 0; PulseTime1 0; Power1 ON"


def test_a_relay_takes_no_warning_and_no_safe_stop() -> None:
    """It could only cut the power."""
    stop = SafeStopCommand("7", LASER, "alone", Text("Stop", "Stop"))
    driver = TasmotaDriver(Topics(), [(HUB, PLUG)])
    assert driver.tell_machine(HUB, PLUG, stop, EXPIRES) == ()
    bare = msgspec.structs.replace(READER, machine=LASER)
    on = SwitchCommand("7", LASER, "on", EXPIRES)
    assert driver.tell_machine(HUB, bare, on, EXPIRES) == ()


@pytest.mark.parametrize(
    ("device", "fault"),
    [
        (Device(DeviceId("p"), "sensor", "tasmota", "b", machine=LASER), "report nothing of"),
        (
            Device(DeviceId("p"), "sensor", "tasmota", "b", options={"on_above_w": 30}),
            "options.on_above_w: is for the plug of a machine",
        ),
        (
            Device(
                DeviceId("p"), "sensor", "tasmota", "b", machine=LASER, options={"on_above_w": 0}
            ),
            "options.on_above_w: is no power",
        ),
        (
            Device(
                DeviceId("p"),
                "sensor",
                "tasmota",
                "b",
                machine=LASER,
                options={"relay": 1, "means": "machine"},
            ),
            "options.means: is of no use without switch",
        ),
    ],
)
def test_a_plug_that_can_say_nothing_is_a_fault(device: Device, fault: str) -> None:
    """And one that is of no machine."""
    assert any(fault in said for said in TasmotaDriver.faults(device))
