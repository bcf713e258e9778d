"""esp-rfid 2.0: what its firmware really sends, trap by trap.

Sources: esprfid/esp-rfid README-MQTT.md, src/mqtt.esp, src/door.esp and src/rfid.esp at 56c0fb9
(2.0) and 012d735 (1.3), and issues #348, #630 and #631.
"""

from datetime import UTC, datetime

import msgspec
import pytest

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.core.model.site import Site
from gateway.core.readings import (
    Availability,
    CredentialPresented,
    DoorReported,
    ExitRequested,
    Firmware,
    MessageOrigin,
    Reading,
    Report,
    WireError,
)
from gateway.wire.topics import Topics
from sensors.driver import AccessAnswer, Subscription
from sensors.esp_rfid import EspRfidDriver
from sensors.registry import Registry

HUB = SiteId("hub")
TOPIC = "esprfid"
FRONT = Device(
    DeviceId("front"),
    "reader",
    "esp-rfid",
    TOPIC,
    options={"hostname": "esp-front", "ip": "192.168.1.20", "clock": "utc"},
)
BACK = Device(
    DeviceId("back"), "reader", "esp-rfid", TOPIC, format="hex-unpadded", options={"opens": False}
)
SIDE = Device(
    DeviceId("side"), "reader", "esp-rfid", "side", format="decimal", options={"ip": "10.0.0.3"}
)
TWO_ON_A_TOPIC = EspRfidDriver(Topics(), [(HUB, FRONT), (HUB, BACK)])
ALONE = EspRfidDriver(Topics(), [(HUB, SIDE)])
EXPIRES = datetime(2026, 11, 22, 8, 0, 5, tzinfo=UTC)

ACCESS = {
    "type": "access",
    "time": 1_605_991_375,
    "isKnown": "true",
    "access": "Always",
    "username": "username",
    "uid": "90535856",
    "hostname": "esp-front",
    "doorName": "your door name",
}
EVENT = {
    "type": "INFO",
    "src": "door",
    "desc": "Door Open",
    "data": "",
    "time": 1_605_991_375,
    "cmd": "event",
    "hostname": "esp-front",
}


def decode(message: dict[str, object]) -> tuple[Report, ...]:
    """What two readers on one TOPIC report of a message on TOPIC/send."""
    return TWO_ON_A_TOPIC.decode("esprfid/send", msgspec.json.encode(message))


def reading(message: dict[str, object]) -> Reading:
    """The one reading of a message."""
    (report,) = decode(message)
    return report.reading


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="documented: one door"),
        pytest.param({"isKnown": "false", "access": "Denied", "username": "Unknown"}, id="unknown"),
        pytest.param(
            {"access": ["Always"], "doorName": ["door 1", "door 2"]}, id="access is shorter"
        ),
        pytest.param({"access": "Disabled"}, id="the reader's own hours are not ours"),
        pytest.param({"access": "Expired"}, id="the reader's own list is not ours"),
        pytest.param({"cmd": "log"}, id="1.3 and 2.0 with event logging"),
        pytest.param({"cmd": "log", "type": "access", "door": "x"}, id="1.3 has cmd and type"),
    ],
)
def test_whatever_the_reader_thinks_a_badge_was_presented(changes: dict[str, object]) -> None:
    """Its `access` is no evidence of entry (#630): the gateway decides."""
    (report,) = decode(ACCESS | changes)
    at = datetime(2020, 11, 21, 20, 42, 55, tzinfo=UTC)
    assert report == Report(HUB, FRONT.id, CredentialPresented("90535856"), at)


def test_a_log_line_without_a_type_is_a_scan() -> None:
    """The line of issue #631, from a reader in Home Assistant mode."""
    line = (
        b'{"cmd":"log","uid":"90535856","username":"3","access":"Disabled",'
        b'"time":1713892463,"doorName":""}'
    )
    scan = Report(HUB, SIDE.id, CredentialPresented("056577b0", "decimal"))
    assert ALONE.decode("side/send", line) == (scan,)
    assert ALONE.decode("side/tag", line) == (scan,)


def test_a_badge_with_a_wrong_pin_is_an_attempt() -> None:
    """The reader asked for a PIN and got a wrong one: it opens nothing, and it counts."""
    for said in ("Wrong pin code", ["Wrong pin code"]):
        assert reading(ACCESS | {"access": said}) == CredentialPresented(
            "90535856", pin_failed=True
        )
    assert reading(ACCESS | {"access": ["Always", "Disabled"]}) == CredentialPresented("90535856")


def test_our_own_order_comes_back_as_an_event_and_is_nobody() -> None:
    """`opendoor` makes the reader publish the user MQTT with a UID of one space."""
    assert decode(ACCESS | {"username": "MQTT", "uid": " "}) == ()
    assert reading(ACCESS | {"username": "MQTT"}) == CredentialPresented("90535856")
    with pytest.raises(WireError, match="badge-format"):
        decode(ACCESS | {"uid": " "})


def test_the_board_s_own_button_is_an_exit_request() -> None:
    """It switches its relay itself, and publishes the user Button with a UID of one space."""
    pressed = {"username": "Button", "uid": " "}
    assert reading(ACCESS | pressed | {"access": "Always"}) == ExitRequested(released=True)
    said = msgspec.json.encode(pressed | {"access": "Always", "time": 1_605_991_375})
    (report,) = ALONE.decode("side/tag", said)
    assert report.reading == ExitRequested(released=True)
    named = reading(ACCESS | {"username": "Button"})
    assert named == CredentialPresented("90535856"), "a member who is called so"


def test_the_hostname_selects_the_reader() -> None:
    """By the option, or else by the device's id; each in its own format."""
    (report,) = decode(ACCESS | {"hostname": "back", "uid": "4a24b2"})
    assert report.device == "back"
    assert report.reading == CredentialPresented("unpadded:4a24b2", "hex-unpadded")


@pytest.mark.parametrize("hostname", ["front", "", 5, None, ["esp-front"]])
def test_a_strange_hostname_is_nobody_we_know(hostname: object) -> None:
    """Not even where it is absent, since two readers share the topic."""
    with pytest.raises(WireError, match="unknown-device"):
        decode(ACCESS | {"hostname": hostname})


def test_a_reader_alone_on_its_topic_needs_no_hostname() -> None:
    """But a stranger who names another one does not pass for it."""
    bare = {key: value for key, value in ACCESS.items() if key != "hostname"}
    (report,) = ALONE.decode("side/send", msgspec.json.encode(bare))
    assert report.device == "side"
    with pytest.raises(WireError, match="unknown-device"):
        ALONE.decode("side/send", msgspec.json.encode(ACCESS))


@pytest.mark.parametrize("seconds", [0, 25, -1, 1e300, 10**30, "1605991375", None, True])
def test_a_clock_that_is_not_set_gives_no_time(seconds: object) -> None:
    """Before NTP has answered the reader counts from 1970."""
    (report,) = decode(ACCESS | {"time": seconds})
    assert report.at is None


def test_a_clock_is_believed_only_where_the_space_file_says_so() -> None:
    """Old builds are hours off (#296, #316): then every badge would look late."""
    (report,) = decode(ACCESS | {"hostname": "back"})
    assert report.at is None


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"type": "boot", "time": 1, "uptime": "0"}, id="uptime as text"),
        pytest.param({"type": "boot", "time": 1, "uptime": 0}, id="uptime as documented"),
        pytest.param({"type": "heartbeat", "time": 1, "uptime": 999}, id="heartbeat"),
    ],
)
def test_boot_and_heartbeat_are_the_only_signs_of_life(message: dict[str, object]) -> None:
    """Outside Home Assistant mode the reader has no last will; they tell its address, too."""
    said = message | {"hostname": "esp-front"}
    assert reading(said) == Availability("online")
    assert reading(said | {"ip": "10.0.0.77"}) == Availability("online", "10.0.0.77")
    for no_address in ("(IP unset)", 7, "10.0.0.77/24"):
        assert reading(said | {"ip": no_address}) == Availability("online")


def test_an_order_names_the_address_that_the_reader_told_last() -> None:
    """DHCP gave it another one; a reader that another device opens for is left alone."""
    site = Site(HUB, Text("H", "H"), "Europe/Paris", devices=(FRONT, BACK))
    registry = Registry([site])
    for address in ("10.0.0.77", "10.0.0.78"):
        said = {"type": "heartbeat", "time": 1, "ip": address, "hostname": "esp-front"}
        registry.decode("esprfid/send", msgspec.json.encode(said))
        (order,) = registry.unlock(HUB, FRONT.id, "o1", 5.0, EXPIRES)
        assert msgspec.json.decode(order.payload)["doorip"] == address
    back = {"type": "heartbeat", "time": 1, "ip": "10.0.0.9", "hostname": "back"}
    registry.decode("esprfid/send", msgspec.json.encode(back))
    assert registry.unlock(HUB, BACK.id, "o1", 5.0, EXPIRES) == ()


@pytest.mark.parametrize(
    ("source", "description", "state"),
    [
        ("door", "Door Open", "open"),
        ("door", "Door Closed", "closed"),
        ("tamper", "Door was tampered!", "open"),
        ("tamper", "Door wasn't closed within max open time!", "open"),
    ],
)
def test_door_events_are_the_contact(source: str, description: str, state: str) -> None:
    """Forced or held is the engine's to say: the reader knows only its own relay."""
    said = reading(EVENT | {"src": source, "desc": description})
    assert isinstance(said, DoorReported)
    assert said.state == state


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(EVENT | {"src": "doorbell", "desc": "Doorbell ringing"}, id="doorbell"),
        pytest.param(
            EVENT | {"src": "rfid", "desc": "Unknown rfid tag is scanned", "data": "90535856 MF"},
            id="a scan is reported by its access message",
        ),
        pytest.param(EVENT | {"src": "sys", "desc": "Auto restarting..."}, id="system"),
        pytest.param(EVENT | {"src": "mqtt", "desc": "Connected to MQTT Server"}, id="mqtt"),
        pytest.param(EVENT | {"desc": ["?"]}, id="a description that is no text"),
        pytest.param({"type": "deletuid", "ip": "1", "hostname": "esp-front"}, id="ack"),
        pytest.param(
            {"type": "getconf", "hostname": "esp-front", "configfile": {"a": {"b": 1}}},
            id="configuration",
        ),
        pytest.param(
            {"command": "userfile", "uid": "1234", "user": "x", "hostname": "esp-front"}, id="user"
        ),
        pytest.param({"type": [], "cmd": {}, "hostname": "esp-front"}, id="odd types"),
    ],
)
def test_logs_and_acknowledgements_say_nothing(message: dict[str, object]) -> None:
    """Well-formed, and not for us."""
    assert decode(message) == ()


def test_the_readme_s_trailing_comma_is_no_json() -> None:
    """As the README shows TOPIC/tag; the firmware does not send it so."""
    with pytest.raises(WireError, match="not-json"):
        ALONE.decode("side/tag", b'{"uid": "1", "username": "u", "access": "a", "time": 1,\n }')


def test_home_assistant_mode_needs_a_topic_per_reader() -> None:
    """Its scans carry no hostname, so that two readers could not be told apart."""
    with pytest.raises(WireError, match="unknown-device"):
        TWO_ON_A_TOPIC.decode("esprfid/tag", b'{"uid":"90535856"}')


@pytest.mark.parametrize(
    ("ending", "payload", "said"),
    [
        ("avty", b"online", Availability("online")),
        ("avty", b"offline", Availability("offline")),
        ("avty", b"", None),
        ("io/door", b"ON", DoorReported("open")),
        ("io/door", b"OFF", DoorReported("closed")),
    ],
)
def test_home_assistant_mode_has_bare_words(
    ending: str, payload: bytes, said: Reading | None
) -> None:
    """Availability is retained; an empty payload only clears it."""
    reports = ALONE.decode(f"side/{ending}", payload)
    assert [report.reading for report in reports] == ([] if said is None else [said])


@pytest.mark.parametrize("ending", ["avty", "io/door", "tag", "send"])
def test_another_word_is_refused(ending: str) -> None:
    """With WireError, not with a guess."""
    with pytest.raises(WireError):
        ALONE.decode(f"side/{ending}", b"perhaps")


def test_a_uid_that_is_no_text_is_refused() -> None:
    """Also where it is absent."""
    for uid in (90_535_856, None, ["90535856"]):
        with pytest.raises(WireError, match="wrong-type: uid: must be text"):
            decode(ACCESS | {"uid": uid})


def test_a_grant_opens_one_relay_of_one_address() -> None:
    """On the shared command topic, void after 5 s; never `opendoor`, which toggles, and all."""
    (order,) = TWO_ON_A_TOPIC.answer(FRONT, answer("granted", 5.0))
    assert order.topic == "esprfid/cmd"
    assert msgspec.json.decode(order.payload) == {
        "cmd": "open",
        "door": "0",
        "doorip": "192.168.1.20",
    }
    assert (order.qos, order.retain, order.expires) == (1, False, EXPIRES)
    assert TWO_ON_A_TOPIC.unlock(HUB, FRONT, "o1", 5.0, EXPIRES) == (order,)
    third = msgspec.structs.replace(FRONT, options={**FRONT.options, "relay": 3})
    (order,) = TWO_ON_A_TOPIC.unlock(HUB, third, "o1", 5.0, EXPIRES)
    assert msgspec.json.decode(order.payload)["door"] == "2"
    for relay in (0, 5, True, "1"):
        wrong = msgspec.structs.replace(FRONT, options={**FRONT.options, "relay": relay})
        (fault,) = EspRfidDriver.faults(wrong)
        assert fault.startswith("options.relay: is not one of the board's")


def test_only_a_grant_that_unlocks_opens() -> None:
    """Not a refusal, not a grant without a door, not a reader without an address."""
    assert TWO_ON_A_TOPIC.answer(FRONT, answer("denied", None)) == ()
    assert TWO_ON_A_TOPIC.answer(FRONT, answer("denied", 5.0)) == ()
    assert TWO_ON_A_TOPIC.answer(FRONT, answer("granted", None)) == ()
    assert TWO_ON_A_TOPIC.answer(BACK, answer("granted", 5.0)) == ()


def test_readers_share_their_subscriptions() -> None:
    """Each topic once, with all of them; what they announce is in no door's way."""
    both = ((HUB, FRONT.id), (HUB, BACK.id))
    assert TWO_ON_A_TOPIC.subscriptions() == (
        *(Subscription(f"esprfid/{said}", both) for said in ("send", "tag", "avty", "io/door")),
        *(
            Subscription(f"homeassistant/lock/{hostname}/lock0/config", kind="stranger")
            for hostname in ("esp-front", "back")
        ),
    )


def _announces(topic: str, **about: object) -> bytes:
    said = {"name": "Lock0", "cmd_t": f"{topic}/cmd", "pl_unlk": "{cmd:'open', door:'0'}"}
    return msgspec.json.encode({**said, "dev": {"mf": "esp-rfid", **about}})


def test_a_reader_in_home_assistant_mode_says_what_it_runs() -> None:
    """Of two readers with one hostname, the one whose topic it is; without a version, nothing."""
    twin = msgspec.structs.replace(FRONT, id=DeviceId("twin"), topic="other")
    driver = EspRfidDriver(Topics(), [(HUB, FRONT), (HUB, twin)])
    topic = "homeassistant/lock/esp-front/lock0/config"
    (report,) = driver.decode(topic, _announces("other", sw="2.0.0"))
    assert (report.device, report.reading) == ("twin", Firmware("2.0.0"))
    assert driver.decode(topic, _announces("other")) == ()
    assert driver.decode(topic, _announces("elsewhere", sw="2.0.0")) == ()
    assert driver.decode(topic, b"") == ()


def test_a_hostname_that_is_no_topic_is_not_asked_for() -> None:
    """Its scans are read all the same."""
    odd = msgspec.structs.replace(FRONT, options={**FRONT.options, "hostname": "a/+"})
    topics = EspRfidDriver(Topics(), [(HUB, odd)]).topics()
    assert not any(topic.startswith("homeassistant/") for topic in topics)


def test_a_misread_says_whose_it_is() -> None:
    """All zeros are read out of noise."""
    scan = {"type": "access", "uid": "00000000", "hostname": "esp-front"}
    with pytest.raises(WireError) as wrong:
        TWO_ON_A_TOPIC.decode("esprfid/send", msgspec.json.encode(scan))
    assert (wrong.value.reason, wrong.value.origin) == (
        "badge-format",
        MessageOrigin(HUB, FRONT.id),
    )


@pytest.mark.parametrize(
    ("device", "fault"),
    [
        ({"topic": "esp/#"}, "topic"),
        ({"topic": ""}, "topic"),
        ({"format": "hexx"}, "format"),
        ({"role": "sensor"}, "role"),
        ({"options": {}}, "options.ip"),
        ({"options": {"ip": "reader.local"}}, "options.ip"),
        ({"options": {"ip": "10.0.0.3", "opens": False}}, "options.ip"),
        ({"options": {"opens": "no"}}, "options.opens"),
        ({"role": "lock", "options": {"opens": False}}, "options.ip"),
        ({"options": {"ip": "10.0.0.3", "clock": "local"}}, "options.clock"),
        ({"options": {"ip": "10.0.0.3", "host": "x"}}, "options.host"),
    ],
)
def test_a_wrong_declaration_is_told_by_its_key(device: dict[str, object], fault: str) -> None:
    """One fault each, with what would be right behind a semicolon."""
    (said,) = EspRfidDriver.faults(msgspec.structs.replace(SIDE, **device))
    assert said.startswith(f"{fault}: ")
    assert "; " in said


def test_right_declarations_have_no_fault() -> None:
    """The three readers of this file."""
    assert [EspRfidDriver.faults(one) for one in (FRONT, BACK, SIDE)] == [[], [], []]


def answer(decision: str, unlock_s: float | None) -> AccessAnswer:
    """An answer to the front reader."""
    said = {
        "id": "7",
        "site": "hub",
        "device": "front",
        "decision": decision,
        "reason": "plan",
        "boot": None,
        "seq": None,
        "unlock_s": unlock_s,
        "expires": EXPIRES,
        "message": Text("Bonjour", "Hello"),
    }
    return msgspec.convert(said, AccessAnswer)


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "userfile", "uid": "90535856", "user": "x", "acctype": 1, "validuntil": 1},
        {"cmd": "adduser", "doorip": "192.168.1.20", "uid": "90535856", "validuntil": "1"},
    ],
    ids=["enrolled on the reader's page", "added over MQTT, so our own command comes back"],
)
def test_an_entry_of_a_list_of_users_is_no_event(entry: dict[str, object]) -> None:
    """On a shared TOPIC it says not whose it is; it is no dead letter, which would keep numbers."""
    assert decode(entry) == ()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"ip": "10.0.0.1", "keeps_list": True}, None),
        ({"ip": "10.0.0.1", "keeps_list": False}, None),
        ({"opens": False, "keeps_list": False}, None),
        ({"ip": "10.0.0.1", "keeps_list": "yes"}, "no truth value"),
        ({"opens": False, "keeps_list": True}, "for a reader that opens its door"),
    ],
)
def test_a_list_is_kept_by_a_reader_that_opens_its_door(
    options: dict[str, str | int | float | bool], fault: str | None
) -> None:
    """Declared for each reader: it then opens without asking."""
    device = Device(DeviceId("front"), "reader", "esp-rfid", TOPIC, options=options)
    found = EspRfidDriver.faults(device)
    assert [fault is not None and fault in one for one in found] == [True] * (fault is not None)


def test_a_lock_keeps_no_list() -> None:
    """Nobody holds a badge to it."""
    options: dict[str, str | int | float | bool] = {"ip": "10.0.0.1", "keeps_list": True}
    (fault,) = EspRfidDriver.faults(
        Device(DeviceId("l"), "lock", "esp-rfid", TOPIC, options=options)
    )
    assert "role reader" in fault
