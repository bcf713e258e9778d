"""The native wire: what is read, what is refused and how it is said, what is sent."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    Counted,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    Firmware,
    MachineReported,
    MessageOrigin,
    Motion,
    Presence,
    Reading,
    Report,
    Tampered,
    WireError,
)
from gateway.wire.topics import Topics
from sensors.driver import AccessAnswer, Subscription
from sensors.native import NativeDriver, asked_at, rights_in_force, strangers

HUB = SiteId("hub")
FRONT = Device(DeviceId("front"), "reader", "native", "")
DASHES = Device(DeviceId("dashes"), "reader", "native", "", format="hex-dashes")
PIR = Device(DeviceId("pir"), "sensor", "native", "")
NATIVE = NativeDriver(Topics(), [(HUB, FRONT), (HUB, DASHES), (HUB, PIR)])
AT = datetime(2026, 11, 22, 8, 0, 0, 120_000, tzinfo=UTC)
BADGE = "04a224b2c31990"
CREDENTIAL = {"type": "credential", "credential": BADGE, "format": "hex"}


def payload(**fields: object) -> bytes:
    """An event with its envelope; a field that is `...` is left out."""
    event = {"boot": 17, "seq": 412, "at": "2026-11-22T08:00:00.120Z"} | fields
    return json.dumps({key: value for key, value in event.items() if value is not ...}).encode()


def refusal(message: bytes, device: str = "front") -> WireError:
    """What `decode` raises."""
    with pytest.raises(WireError) as refused:
        NATIVE.decode(f"seuil/hub/{device}/event", message)
    return refused.value


@pytest.mark.parametrize(
    ("fields", "reading"),
    [
        (CREDENTIAL, CredentialPresented(BADGE, "hex")),
        (CREDENTIAL | {"format": ..., "pin": "0042"}, CredentialPresented(BADGE, "hex", "0042")),
        (CREDENTIAL | {"decided": "granted"}, CredentialPresented(BADGE, decided="granted")),
        (CREDENTIAL | {"decided": "denied"}, CredentialPresented(BADGE, decided="denied")),
        ({"type": "door", "state": "open", "decided": "granted"}, DoorReported("open")),
        ({"type": "door", "state": "open"}, DoorReported("open")),
        ({"type": "exit-request"}, ExitRequested()),
        ({"type": "crossing", "in_total": 2**53, "out_total": 0}, Crossed(2**53, 0)),
        ({"type": "motion", "active": True}, Motion(active=True)),
        ({"type": "presence", "active": False}, Presence(active=False)),
        ({"type": "count", "people": 12}, Counted(12)),
        ({"type": "co2", "ppm": 812}, Co2(812.0)),
        ({"type": "machine", "state": "on", "watts": 90.5}, MachineReported("on", 90.5)),
        ({"type": "machine", "state": "off"}, MachineReported("off")),
        ({"type": "tamper", "active": True}, Tampered(active=True)),
        ({"type": "battery", "percent": 3}, Battery(3.0)),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_an_event_is_one_report(fields: dict[str, object], reading: Reading) -> None:
    """The reading, the device's time in UTC, its boot and its number."""
    reports = NATIVE.decode("seuil/hub/front/event", payload(**fields))
    assert reports == (Report(HUB, DeviceId("front"), reading, AT, 17, 412),)


def test_a_newer_firmware_is_understood() -> None:
    """Fields that we do not know are ignored, whatever they hold."""
    message = payload(**CREDENTIAL, rssi=-60, antenna={"id": 1, "seq": [1, 2]}, note='a "b" \\')
    (report,) = NATIVE.decode("seuil/hub/front/event", message)
    assert report.reading == CredentialPresented(BADGE)


def test_a_time_with_an_offset_becomes_utc() -> None:
    """09:00:00.120+01:00 is 08:00:00.120Z, and says so."""
    message = payload(**CREDENTIAL | {"at": "2026-11-22T09:00:00.120+01:00"})
    (report,) = NATIVE.decode("seuil/hub/front/event", message)
    assert report.at == AT
    assert report.at.tzinfo is UTC


def test_the_badge_is_read_in_the_declared_format() -> None:
    """Whether or not the message names it."""
    for named in ("hex-dashes", ...):
        message = payload(type="credential", credential="74-10-37-94", format=named)
        (report,) = NATIVE.decode("seuil/hub/dashes/event", message)
        assert report.reading == CredentialPresented("74103794", "hex-dashes")


@pytest.mark.parametrize(
    ("fields", "reason", "about"),
    [
        ({"boot": ...}, "missing", "boot"),
        ({"seq": ...}, "missing", "seq"),
        ({"at": ...}, "missing", "at"),
        ({"type": ...}, "missing", "type"),
        ({"credential": ...}, "missing", "credential"),
        ({"boot": "17"}, "wrong-type", "boot"),
        ({"boot": 17.0}, "wrong-type", "boot"),
        ({"boot": True}, "wrong-type", "boot"),
        ({"boot": None}, "wrong-type", "boot"),
        ({"boot": -1}, "out-of-range", "boot"),
        ({"seq": 0}, "out-of-range", "seq"),
        ({"seq": 2**53 + 1}, "out-of-range", "seq"),
        ({"at": 1_700_000_000}, "wrong-type", "at"),
        ({"at": "yesterday"}, "out-of-range", "at"),
        ({"at": "2026-11-22T08:00:00"}, "out-of-range", "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "out-of-range", "at"),
        ({"type": 5}, "wrong-type", "type"),
        ({"type": BADGE}, "unknown-type", "type"),
        ({"type": "availability", "state": "online"}, "unknown-type", "type"),
        ({"type": "door", "state": BADGE}, "out-of-range", "state"),
        ({"type": "door", "state": "missing required field `x`"}, "out-of-range", "state"),
        ({"type": "door", "state": "contains unknown field `x`"}, "out-of-range", "state"),
        ({"type": "motion", "active": 1}, "wrong-type", "active"),
        ({"type": "count", "people": -1}, "out-of-range", "people"),
        ({"type": "co2", "ppm": True}, "wrong-type", "ppm"),
        ({"type": "battery", "percent": 101}, "out-of-range", "percent"),
        ({"type": "crossing", "in_total": 1}, "missing", "out_total"),
        ({"credential": 4_162_036}, "wrong-type", "credential"),
        ({"credential": ""}, "out-of-range", "credential"),
        ({"credential": BADGE * 20}, "out-of-range", "credential"),
        ({"credential": f"0x{BADGE}"}, "badge-format", "credential"),
        ({"credential": "00000000"}, "badge-format", "credential"),
        ({"format": "decimal"}, "badge-format", "format"),
        ({"pin": 42}, "wrong-type", "pin"),
        ({"decided": "perhaps"}, "out-of-range", "decided"),
        ({"decided": True}, "wrong-type", "decided"),
        ({"pin": BADGE}, "pin-format", "pin"),
    ],
    ids=str,
)
def test_a_fault_names_its_field_and_never_its_value(
    fields: dict[str, object], reason: str, about: str
) -> None:
    """Whoever reads the dead letters learns what is wrong, and no badge number."""
    fault = refusal(payload(**CREDENTIAL | fields))
    assert (fault.reason, fault.detail.split(":")[0]) == (reason, about)
    assert BADGE not in str(fault)
    assert "4162036" not in str(fault)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"type": "levitation"}, id="a type that we do not know"),
        pytest.param({"type": ...}, id="no type"),
        pytest.param({"at": ...}, id="no time"),
        pytest.param({"at": "0001-01-01T00:00:00+14:00"}, id="a time out of the calendar"),
        pytest.param({"credential": "0xff"}, id="a badge in another spelling"),
        pytest.param({"format": "decimal"}, id="a format that was not declared"),
        pytest.param({"pin": "abc"}, id="a PIN with letters"),
    ],
)
def test_garbage_with_a_number_says_whose_it_is(fields: dict[str, object]) -> None:
    """So that it can be acknowledged, and is not sent again for ever."""
    fault = refusal(payload(**CREDENTIAL | fields))
    assert fault.origin == MessageOrigin(HUB, DeviceId("front"), 17, 412)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(payload(**CREDENTIAL | {"boot": ...}), id="no boot"),
        pytest.param(payload(**CREDENTIAL | {"seq": "412"}), id="a number as text"),
        pytest.param(payload(**CREDENTIAL | {"seq": 0}), id="numbers begin at 1"),
        pytest.param(payload(**CREDENTIAL)[:-1] + b',"seq":413}', id="two numbers"),
        pytest.param(payload(**CREDENTIAL)[:-1], id="cut off"),
        pytest.param(b"[17,412]", id="no object"),
    ],
)
def test_garbage_without_one_clear_number_says_nothing_of_its_origin(message: bytes) -> None:
    """A guess would acknowledge an event that never came."""
    assert refusal(message).origin is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "not-json"),
        (b"[]", "wrong-type"),
        (payload(**CREDENTIAL)[:-1] + b',"seq":413}', "duplicate-key"),
        (payload(**CREDENTIAL)[:-1] + rb',"cr\u0065dential":"ff"}', "duplicate-key"),
        (payload(**CREDENTIAL)[:-1] + b',"x":NaN}', "not-json"),
        (payload(**CREDENTIAL)[:-1] + b',"x":"\xff"}', "not-utf8"),
        (payload(**CREDENTIAL)[:-1] + b',"x":' + b"[" * 3000, "too-deep"),
    ],
)
def test_an_event_is_strict_json(message: bytes, reason: str) -> None:
    """Two parsers could not read it in two ways."""
    assert refusal(message).reason == reason


def test_only_a_reader_presents_credentials() -> None:
    """A sensor's topics are in a session that is allowed to lag."""
    assert refusal(payload(**CREDENTIAL), device="pir").reason == "not-wired"


def test_a_status_is_an_availability() -> None:
    """Online, offline, with extra fields; an empty one was only cleared."""
    topic = "seuil/hub/pir/status"
    pir = DeviceId("pir")
    assert NATIVE.decode(topic, b'{"state":"online"}') == (
        Report(HUB, pir, Availability("online")),
    )
    said = NATIVE.decode(topic, b'{"state":"offline","since":1}')
    assert said == (Report(HUB, pir, Availability("offline")),)
    assert NATIVE.decode(topic, b"") == ()
    bad_firmware = b'{"state":"online","firmware":""}'
    for garbage in (b"online", b'{"state":"asleep"}', b'{"state":1}', b"{}", bad_firmware):
        with pytest.raises(WireError):
            NATIVE.decode(topic, garbage)


def test_a_status_says_what_the_device_runs() -> None:
    """If it likes; the model tells apart what must not run the same."""
    said = b'{"state":"online","firmware":"1.4.2","model":"Portier 2"}'
    assert [report.reading for report in NATIVE.decode("seuil/hub/front/status", said)] == [
        Availability("online"),
        Firmware("1.4.2", "Portier 2"),
    ]


def test_each_device_is_asked_for_by_name() -> None:
    """The wildcards for strangers are for sessions of their own, so that nothing comes twice."""
    assert NATIVE.subscriptions() == tuple(
        Subscription(f"seuil/hub/{name}/{word}", ((HUB, DeviceId(name)),))
        for word in ("event", "status")
        for name in ("front", "dashes", "pir")
    )
    assert strangers(Topics(), HUB) == (
        Subscription("seuil/hub/+/event", kind="stranger"),
        Subscription("seuil/hub/+/status", kind="status"),
    )


def test_a_look_at_an_event_tells_when_a_badge_asked() -> None:
    """And of nothing else."""
    at = b'"boot":1,"seq":1,"at":"2026-11-22T08:00:00Z"'
    badge = b'{%s,"type":"credential","credential":"04a224b2"}' % at
    assert asked_at(badge) == datetime(2026, 11, 22, 8, tzinfo=UTC)
    for other in (
        b'{%s,"type":"credential","credential":"04a224b2","decided":"granted"}' % at,
        b'{%s,"type":"motion","active":true}' % at,
        b'{"type":"credential","at":"yesterday"}',
        b"nonsense",
        b'{"type":"credential","at":"\xf8"}',
        b"",
    ):
        assert asked_at(other) is None


def test_an_answer_is_an_access_command() -> None:
    """With the event's number, so that the reader knows which one is answered."""
    text = Text("Bonjour", "Hello")
    answer = AccessAnswer(
        "7", HUB, DeviceId("front"), "granted", "plan", 17, 412, 5.0, AT, text
    )  # fmt: skip
    (order,) = NATIVE.answer(FRONT, answer)
    assert (order.topic, order.qos, order.retain) == ("seuil/hub/front/command", 1, False)
    assert order.expires == AT
    assert msgspec.json.decode(order.payload) == {
        "type": "access",
        "id": "7",
        "decision": "granted",
        "reason": "plan",
        "boot": 17,
        "seq": 412,
        "unlock_s": 5.0,
        "expires": "2026-11-22T08:00:00.120000Z",
        "message": {"fr": "Bonjour", "en": "Hello"},
    }


def test_an_unlock_is_an_unlock_command() -> None:
    """With an end of its own and an expiry."""
    (order,) = NATIVE.unlock(HUB, FRONT, "o1", 5.0, AT)
    assert (order.topic, order.qos, order.expires) == ("seuil/hub/front/command", 1, AT)
    said = msgspec.json.decode(order.payload)
    assert said == {
        "type": "unlock",
        "id": "o1",
        "unlock_s": 5.0,
        "expires": "2026-11-22T08:00:00.120000Z",
    }


def test_a_declaration_with_an_unknown_format_or_option_is_refused() -> None:
    """Each fault has its key and what would be right."""
    wrong = Device(
        DeviceId("x"), "reader", "native", "", format="hexx", options={"ip": "1.2.3.4"}
    )  # fmt: skip
    first, second = NativeDriver.faults(wrong)
    assert first.startswith("format: is unknown; one of hex, ")
    assert second == "options.ip: is unknown; this driver has no options"
    assert NativeDriver.faults(FRONT) == []


@pytest.mark.parametrize(
    ("status", "version"),
    [
        (b'{"state":"online","rights":"9c1f"}', "9c1f"),
        (b'{"state":"online"}', None),
        (b'{"state":"offline","rights":"9c1f"}', None),
    ],
)
def test_a_status_tells_which_rights_list_is_in_force(status: bytes, version: str | None) -> None:
    """While the reader is online; to everybody else it says what it always said."""
    assert rights_in_force(status) == version
    (report,) = NATIVE.decode("seuil/hub/front/status", status)
    assert report.reading == Availability("online" if b"online" in status else "offline")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (b"online", "not-json"),
        (b'{"state":"online","rights":17}', "wrong-type"),
        (b'{"state":"online","rights":"' + b"9" * 33 + b'"}', "out-of-range"),
    ],
)
def test_a_version_that_is_none_is_refused(status: bytes, reason: str) -> None:
    """By the reason; that the device is online is heard all the same, where it says so."""
    with pytest.raises(WireError) as refused:
        rights_in_force(status)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "deep", [b'{"a":' + b"[" * 4000, b'{"a":' * 700], ids=["arrays", "objects"]
)
def test_a_message_that_is_too_deep_has_no_time(deep: bytes) -> None:
    """It is looked at before it is checked: whose turn it is follows from its time."""
    assert asked_at(deep) is None
