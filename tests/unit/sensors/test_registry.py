"""All drivers together: who reads which topic, and what no driver claims."""

from datetime import UTC, datetime

import msgspec
import pytest

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, MachineId, SiteId, Text
from gateway.core.model.site import Site
from gateway.core.readings import Availability, CredentialPresented, Motion, WireError
from gateway.wire.commands import SafeStopCommand
from gateway.wire.message import PAYLOAD_LIMIT
from sensors.registry import DRIVERS, AccessAnswer, Registry, clashes

NAME = Text("Lieu", "Place")
EXPIRES = datetime(2026, 11, 22, 8, 0, 5, tzinfo=UTC)
EVENT = b'{"boot":1,"seq":2,"at":"2026-11-22T08:00:00Z","type":"motion","active":true}'


def device(name: str, driver: str, topic: str, role: str = "sensor", **options: object) -> Device:
    """A device as the space file would declare it."""
    said = {"id": name, "role": role, "driver": driver, "topic": topic, "options": options}
    return msgspec.convert(said, Device)


def site(name: str, *devices: Device) -> Site:
    """A site with nothing but devices."""
    return Site(SiteId(name), NAME, "Europe/Paris", devices=devices)


HUB = site(
    "hub",
    device("front", "native", "", "reader"),
    device("pir", "native", ""),
    device("esp", "esp-rfid", "esprfid", "reader", ip="10.0.0.3"),
    device("hall", "zigbee2mqtt", "zigbee2mqtt/hall"),
    device("board", "tasmota", "board", "reader"),
    device("lock", "tasmota", "board", "lock", relay=1),
)
LAB = site("lab", device("front", "native", "", "reader"))
REGISTRY = Registry([HUB, LAB])


def test_each_driver_has_the_name_that_it_is_found_by() -> None:
    """And no declared device of these sites is at fault."""
    assert [driver.name for driver in DRIVERS.values()] == list(DRIVERS)
    assert all(DRIVERS[one.driver].faults(one) == [] for one in HUB.devices)


def test_a_message_goes_to_the_driver_of_its_topic() -> None:
    """And comes back with its site and device."""
    (native,) = REGISTRY.decode("seuil/lab/front/event", EVENT)
    assert (native.site, native.device, native.reading) == ("lab", "front", Motion(active=True))
    (zigbee,) = REGISTRY.decode("zigbee2mqtt/hall", b'{"occupancy":true}')
    assert (zigbee.site, zigbee.device) == ("hub", "hall")
    (tasmota,) = REGISTRY.decode("tele/board/SENSOR", b'{"RC522":{"UID":"BA839D07"}}')
    assert tasmota.reading == CredentialPresented("ba839d07")
    (esp,) = REGISTRY.decode("esprfid/avty", b"offline")
    assert esp.reading == Availability("offline")


@pytest.mark.parametrize(
    "topic",
    [
        "seuil/hub/stranger/event",
        "seuil/hub/stranger/status",
        "seuil/elsewhere/front/event",
        "seuil/hub/esp/event",
        "seuil/hub/front/command",
        "zigbee2mqtt/other",
        "tele/board/STATE",
        "stat/board/PIR1",  # published by a rule of the board: a name and a meaning of its own
        "stat/board/MOTION",
        "",
    ],
)
def test_a_topic_that_nobody_claims_is_an_unknown_device(topic: str) -> None:
    """Strangers are noticed and never believed."""
    with pytest.raises(WireError, match="unknown-device"):
        REGISTRY.decode(topic, EVENT)


@pytest.mark.parametrize("topic", ["seuil/hub/front/event", "zigbee2mqtt/hall", "nobody/knows"])
def test_a_payload_has_a_limit_before_anything_reads_it(topic: str) -> None:
    """One byte more is too large, whoever sent it."""
    with pytest.raises(WireError, match="too-large"):
        REGISTRY.decode(topic, b" " * (PAYLOAD_LIMIT + 1))
    with pytest.raises(WireError) as within:
        REGISTRY.decode(topic, b" " * PAYLOAD_LIMIT)
    assert within.value.reason != "too-large"


def test_each_topic_is_asked_for_once_and_names_its_devices() -> None:
    """Strangers and requests are asked for at every site."""
    wanted = {one.filter: one for one in REGISTRY.subscriptions}
    assert len(wanted) == len(REGISTRY.subscriptions)
    assert {one.qos for one in wanted.values()} == {1}
    assert wanted["seuil/hub/front/event"].devices == (("hub", "front"),)
    assert wanted["esprfid/send"].kind == "device"
    for name in ("hub", "lab"):
        assert wanted[f"seuil/{name}/+/event"].kind == "stranger"
        assert wanted[f"seuil/{name}/+/status"].kind == "status"
        assert wanted[f"seuil/{name}/request/+"].kind == "request"


def test_a_topic_names_the_device_that_writes_there() -> None:
    """For alarms about it; nobody's is nobody's."""
    assert REGISTRY.sources["seuil/hub/front/event"] == ("hub", "front")
    assert REGISTRY.sources["seuil/hub/front/status"] == ("hub", "front")
    assert "seuil/hub/nobody/event" not in REGISTRY.sources


def test_a_requests_topic_names_its_site_and_verb() -> None:
    """Of our own sites; everything else is a device's."""
    assert REGISTRY.request("seuil/hub/request/mode") == ("hub", "mode")
    assert REGISTRY.request("seuil/lab/request/party") == ("lab", "party")
    for topic in ("seuil/paris/request/mode", "seuil/hub/front/event", "seuil/hub/request"):
        assert REGISTRY.request(topic) is None


def test_orders_go_to_the_driver_of_the_device() -> None:
    """Answers to readers, unlocks to locks; a device that is not declared is a bug of ours."""
    answer = AccessAnswer(
        "7", HUB.id, DeviceId("front"), "granted", "plan", 1, 2, 5.0, EXPIRES, NAME
    )  # fmt: skip
    esp = msgspec.structs.replace(answer, device=DeviceId("esp"))
    board = msgspec.structs.replace(answer, device=DeviceId("board"))
    topics = [order.topic for one in (answer, esp, board) for order in REGISTRY.answer(one)]
    assert topics == ["seuil/hub/front/command", "esprfid/cmd"]
    (order,) = REGISTRY.unlock(HUB.id, DeviceId("lock"), "o1", 5.0, EXPIRES)
    assert order.topic == "cmnd/board/Backlog0"
    with pytest.raises(KeyError):
        REGISTRY.unlock(LAB.id, DeviceId("lock"), "o1", 5.0, EXPIRES)
    stop = SafeStopCommand("o2", MachineId("laser"), "alone", NAME)
    (order,) = REGISTRY.tell_machine(HUB.id, DeviceId("front"), stop, EXPIRES)
    assert order.topic == "seuil/hub/front/command"
    assert REGISTRY.tell_machine(HUB.id, DeviceId("board"), stop, EXPIRES) == ()
    with pytest.raises(KeyError):
        REGISTRY.tell_machine(LAB.id, DeviceId("board"), stop, EXPIRES)


@pytest.mark.parametrize(
    ("first", "second", "about"),
    [
        (
            device("a", "zigbee2mqtt", "z/pir"),
            device("b", "zigbee2mqtt", "z/pir"),
            "both are z/pir",
        ),
        (
            device("a", "esp-rfid", "esp", "reader", ip="10.0.0.3", hostname="x"),
            device("x", "esp-rfid", "esp", "reader", ip="10.0.0.4"),
            "both are esp with hostname x",
        ),
        (
            device("a", "tasmota", "board", switch=1, means="motion"),
            device("b", "tasmota", "board", switch=1, means="presence"),
            "both are Switch1 of tele/board/SENSOR",
        ),
        (
            device("a", "tasmota", "x"),
            device("b", "zigbee2mqtt", "tele/x/SENSOR"),
            "topic tele/x/SENSOR: devices of zigbee2mqtt and tasmota claim it",
        ),
    ],
)
def test_devices_that_cannot_be_told_apart_are_refused(
    first: Device, second: Device, about: str
) -> None:
    """Even at two sites: there is one broker."""
    pair = [site("hub", first), site("lab", second)]
    (fault,) = clashes(pair)
    assert about in fault
    with pytest.raises(ValueError, match="; "):
        Registry(pair)


def test_devices_that_can_be_told_apart_do_not_clash() -> None:
    """The same native id at two sites, a reader and a lock on one board."""
    assert clashes([HUB, LAB]) == []
