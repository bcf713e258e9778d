"""From messages to events: no badge number passes, and nothing unreadable crashes."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from paho.mqtt.client import MQTTMessage

from gateway.adapters.directory import credential_hash, reader_hash
from gateway.core.events import Misunderstood, Reported, Requested
from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, SiteId, Text, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, MessageOrigin, Motion, WireError
from gateway.core.requests import OpenDoor, Request
from gateway.service.decoder import Intake, SiteEvent, dead_letter, misunderstood
from gateway.wire.message import PAYLOAD_LIMIT
from gateway.wire.requests import RequestError
from sensors.registry import Registry

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
KEY = b"k" * 32
BADGE, PIN = "04a224b2c31990", "4711"
HUB, ANNEX = SiteId("hub"), SiteId("annex")
ZONE = ZoneId("hall")


def site(name: SiteId, *devices: Device) -> Site:
    """A site with these devices."""
    return Site(name, Text("", ""), "Europe/Paris", (Zone(ZONE, Text("", "")),), devices=devices)


SITES = (
    site(
        HUB,
        Device(DeviceId("front"), "reader", "native", "", AccessPointId("front-in")),
        Device(DeviceId("keypad"), "reader", "native", "", AccessPointId("door-in"), format="pin"),
        Device(DeviceId("pir"), "sensor", "native", "", zone=ZONE),
        Device(
            DeviceId("rfid"), "reader", "tasmota", "rfid", AccessPointId("rfid-in"),
        ),
    ),
    site(ANNEX, Device(DeviceId("front"), "reader", "native", "", AccessPointId("front-in"))),
)  # fmt: skip
INTAKE = Intake(Registry(SITES), partial(credential_hash, KEY))
OTHER_KEY = Intake(Registry(SITES), partial(credential_hash, b"o" * 32))


ENROLLING = Intake(Registry(SITES), partial(credential_hash, KEY), partial(reader_hash, KEY))


def message(
    topic: str, payload: bytes, *, qos: int = 1, dup: bool = False, retain: bool = False
) -> MQTTMessage:
    """A message as paho hands it over."""
    made = MQTTMessage(1, topic.encode())
    made.payload, made.qos, made.dup, made.retain = payload, qos, dup, retain
    return made


def badge(**more: object) -> bytes:
    """A credential event on the native wire."""
    event = {
        "boot": 17, "seq": 412, "at": "2026-11-23T09:59:59.5Z", "type": "credential",
        "credential": BADGE, "pin": PIN,
    } | more  # fmt: skip
    return json.dumps(event).encode()


def tasmota(uid: str = "04A224B2") -> MQTTMessage:
    """A badge at a reader that numbers nothing."""
    return message("tele/rfid/SENSOR", b'{"RDM6300":{"UID":"%s"}}' % uid.encode())


def event_of(intake: Intake, told: MQTTMessage) -> Reported:
    """The one event of a message."""
    (found,) = intake.events(told, NOW)
    assert isinstance(found.event, Reported)
    return found.event


def test_a_badge_becomes_its_keyed_hash() -> None:
    """All else is as the device said it, and the site is the topic's."""
    (found,) = INTAKE.events(message("seuil/annex/front/event", badge()), NOW)
    assert found.site == ANNEX
    assert found.event == Reported(
        device=DeviceId("front"),
        at=NOW - timedelta(seconds=0.5),
        reading=CredentialPresented(
            credential_hash(KEY, BADGE), "hex", credential_hash(KEY, f"pin:{BADGE}:{PIN}")
        ),
        boot=17,
        seq=412,
    )


def test_where_a_badge_is_enrolled_readers_can_be_told_it() -> None:
    """There alone, and of a badge alone: a code is told to no reader."""
    at_front = message("seuil/hub/front/event", badge())

    def hashed(told: MQTTMessage, *enrols: str) -> CredentialHash | None:
        found = ENROLLING.events(told, NOW, lambda site, device: f"{site}/{device}" in enrols)
        assert isinstance(found[0].event, Reported)
        return found[0].event.reader_hash

    assert hashed(at_front, "hub/front") == reader_hash(KEY, BADGE)
    assert hashed(at_front, "annex/front", "hub/rfid") is None
    code = message("seuil/hub/keypad/event", badge(credential="1234", format="pin", pin=None))
    assert hashed(code, "hub/keypad") is None
    assert (
        BADGE not in msgspec.json.encode(ENROLLING.events(at_front, NOW, lambda *_: True)).decode()
    )


@pytest.mark.parametrize("told", [message("seuil/hub/front/event", badge()), tasmota()])
def test_no_badge_number_and_no_pin_is_in_an_event(told: MQTTMessage) -> None:
    """Not in what the journal will store, in any part, nor anything that gives it away."""
    event = event_of(INTAKE, told)
    stored = msgspec.json.encode(event).decode().lower()
    assert BADGE not in stored
    assert "04a224b2" not in stored
    assert PIN not in stored
    for secret in (BADGE, PIN, "04a224b2"):
        plain = hashlib.sha256(secret.encode()).hexdigest()
        assert plain[:12] not in stored


def test_retained_and_redelivered_are_told() -> None:
    """The broker's flags reach the engine, which judges them."""
    event = event_of(
        INTAKE, message("seuil/hub/front/event", badge(), dup=True, retain=True)
    )  # fmt: skip
    assert (event.retained, event.redelivered, event.fingerprint) == (True, True, 0)


def test_a_device_without_a_clock_has_ours() -> None:
    """The time of arrival."""
    assert event_of(INTAKE, tasmota()).at == NOW


def test_fingerprints_tell_unnumbered_messages_apart() -> None:
    """The same message has the same one, another badge another; QoS 0 never comes again."""
    first, again, other = tasmota(), tasmota(), tasmota("04A224B3")
    assert event_of(INTAKE, first).fingerprint == event_of(INTAKE, again).fingerprint != 0
    assert event_of(INTAKE, first).fingerprint != event_of(INTAKE, other).fingerprint
    again.qos = 0
    assert event_of(INTAKE, again).fingerprint == 0
    assert event_of(INTAKE, message("seuil/hub/front/event", badge())).fingerprint == 0


def test_fingerprints_are_keyed() -> None:
    """Else every badge number could be tried until the journal's fingerprint comes out."""
    assert event_of(INTAKE, tasmota()).fingerprint != event_of(OTHER_KEY, tasmota()).fingerprint


FRONT, PIR = "seuil/hub/front/event", "seuil/hub/pir/event"


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        pytest.param(PIR, b"x" * (PAYLOAD_LIMIT + 1), "too-large", id="too large"),
        pytest.param("seuil/hub/nobody/event", badge(), "unknown-device", id="unknown device"),
        pytest.param("seuil/nowhere/front/event", badge(), "unknown-device", id="unknown site"),
        pytest.param(PIR, badge(), "not-wired", id="a badge from a sensor"),
        pytest.param(FRONT, badge(type="love"), "unknown-type", id="unknown type"),
        pytest.param(FRONT, badge(boot="x"), "wrong-type", id="wrong type"),
        pytest.param(FRONT, badge(seq=0), "out-of-range", id="out of range"),
        pytest.param(FRONT, badge(format="decimal"), "badge-format", id="format"),
    ],
)
def test_what_cannot_be_understood(topic: str, payload: bytes, reason: str) -> None:
    """A reason, and a letter without the badge number."""
    told = message(topic, payload)
    with pytest.raises(WireError) as caught:
        INTAKE.events(told, NOW)
    letter = dead_letter(told, caught.value, NOW)
    assert (letter.reason, letter.topic, letter.size) == (reason, topic, len(payload))
    assert BADGE not in str(letter)
    assert PIN not in str(letter)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[[[[", b'{"seq":NaN}', b"null"])
def test_garbage_is_an_error_of_the_wire(payload: bytes) -> None:
    """Never another exception."""
    with pytest.raises(WireError):
        INTAKE.events(message("seuil/hub/front/event", payload), NOW)


def test_a_topic_that_is_no_text() -> None:
    """Is a letter like any other."""
    told = message("", b"{}")
    told._topic = b"seuil/hub/\xff/event"
    with pytest.raises(WireError, match="not-utf8") as caught:
        INTAKE.events(told, NOW)
    assert dead_letter(told, caught.value, NOW).topic == "(not UTF-8)"


def test_garbage_with_a_number_is_taken_in() -> None:
    """Its device may forget it, else it would send it for ever; without one there is nothing."""
    told = message("seuil/hub/front/event", badge(type="love"), retain=True)
    with pytest.raises(WireError) as caught:
        INTAKE.events(told, NOW)
    known = misunderstood(told, caught.value)
    assert known is not None
    assert (known.site, known.event) == (
        HUB,
        Misunderstood(DeviceId("front"), 17, 412, retained=True),
    )
    assert misunderstood(told, WireError("not-json", "JSON")) is None
    origin = MessageOrigin(HUB, DeviceId("pir"), 1, 2)
    plain = misunderstood(message("x", b""), WireError("x", "y", origin))
    assert plain is not None
    assert plain.event == Misunderstood(DeviceId("pir"), 1, 2)


def test_a_status_that_was_cleared_says_nothing() -> None:
    """No event, and no fault."""
    assert INTAKE.events(message("seuil/hub/pir/status", b""), NOW) == []


def test_a_reading_is_left_as_it_is() -> None:
    """Only badges are hashed."""
    told = b'{"boot":1,"seq":1,"at":"2026-11-23T10:00:00Z","type":"motion","active":true}'
    event = event_of(INTAKE, message("seuil/hub/pir/event", told))
    assert event.reading == Motion(active=True)


# -- requests

OPEN = "seuil/hub/request/open"


def asked(**more: object) -> bytes:
    """A request to open a door."""
    request = {"transaction": "t-1", "by": "h-op", "at": "2026-11-23T10:00:00Z", "door": "front"}
    return json.dumps(request | more).encode()


def test_a_request_becomes_an_event_of_its_site() -> None:
    """As it was asked, whoever asks: the engine knows who may."""
    (found,) = INTAKE.events(message(OPEN, asked()), NOW)
    order = OpenDoor(DoorId("front"))
    assert found == SiteEvent(HUB, Requested(Request("t-1", HolderId("h-op"), NOW, order)))


@pytest.mark.parametrize(
    ("told", "error"),
    [
        pytest.param(message(OPEN, asked(), retain=True), "retained", id="kept by the broker"),
        pytest.param(message(OPEN, asked(lock="x")), "malformed", id="a field too many"),
        pytest.param(message("seuil/hub/request/event", asked()), "malformed", id="no such verb"),
    ],
)
def test_a_request_that_is_refused_by_the_wire_can_be_answered(
    told: MQTTMessage, error: str
) -> None:
    """It keeps its transaction, and takes no device's number."""
    with pytest.raises(RequestError) as wrong:
        INTAKE.events(told, NOW)
    assert (wrong.value.error, wrong.value.asked.transaction) == (error, "t-1")
    assert misunderstood(told, wrong.value) is None


def test_a_request_is_as_bounded_as_any_message() -> None:
    """Nothing of it is read then."""
    with pytest.raises(WireError) as wrong:
        INTAKE.events(message(OPEN, asked(why="x" * PAYLOAD_LIMIT)), NOW)
    assert (wrong.value.reason, type(wrong.value)) == ("too-large", WireError)


def test_requests_of_other_places_are_not_ours() -> None:
    """Nor is a deeper topic."""
    for topic in ("seuil/nowhere/request/open", "seuil/hub/request/open/now", "seuil/hub/request"):
        with pytest.raises(WireError) as wrong:
            INTAKE.events(message(topic, asked()), NOW)
        assert wrong.value.reason == "unknown-device"
