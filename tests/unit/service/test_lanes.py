"""Which session hears which device."""

from collections import Counter

import pytest
from paho.mqtt.client import MQTTMessage

from gateway.core.model.equipment import Device
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, SiteId, Text, ZoneId
from gateway.core.model.places import AccessPoint, Door, Zone
from gateway.core.model.site import Site
from gateway.service.inbox import NOWHERE
from gateway.service.lanes import is_shared, lanes_of
from gateway.service.priorities import class_of
from gateway.service.routing import TopicRoutes
from sensors.registry import Registry
from tests.world.engine import SITE, reader


def lanes(site: Site) -> dict[str, list[str]]:
    """The topics of each lane of a site."""
    registry = Registry([site])
    found = lanes_of(registry.subscriptions, TopicRoutes(registry, [site]).service_class)
    return {name: [one.filter for one in topics] for name, topics in found.items()}


def many(readers: int) -> Site:
    """A house with so many readers, all at one entry."""
    return Site(
        SiteId("big"),
        Text("big", "big"),
        "Europe/Paris",
        zones=(Zone(ZoneId("hall"), Text("hall", "hall")),),
        doors=(Door(DoorId("front"), Text("front", "front"), ZoneId("hall")),),
        access_points=(AccessPoint(AccessPointId("in"), "entry", ZoneId("hall"), DoorId("front")),),
        devices=tuple(reader("in", f"reader-{number}") for number in range(readers)),
    )


def test_every_topic_is_in_one_lane() -> None:
    """Requests and strangers have their own; a device's status is with its events."""
    found = lanes(SITE)
    topics = [topic for lane in found.values() for topic in lane]
    assert Counter(topics) == Counter(one.filter for one in Registry([SITE]).subscriptions)
    assert found["requests"] == ["seuil/hub/request/+"]
    assert found["statuses"] == ["seuil/hub/+/status"]
    assert found["strangers"] == ["seuil/hub/+/event"]


def test_each_reader_has_a_lane_of_its_own_while_there_are_enough() -> None:
    """So that no flood of one fills the queue of another."""
    readers = {name: topics for name, topics in lanes(many(64)).items() if "reader" in name}
    assert [len(topics) for topics in readers.values()] == [2] * 64  # events, status
    crowded = {name: topics for name, topics in lanes(many(500)).items() if "reader" in name}
    assert len(crowded) > 60
    assert max(len(topics) for topics in crowded.values()) < 50


def test_it_is_known_which_lanes_several_devices_share() -> None:
    """There a device that rests would hold up others; elsewhere it holds up only itself."""

    def shared(site: Site) -> dict[str, bool]:
        registry = Registry([site])
        found = lanes_of(registry.subscriptions, TopicRoutes(registry, [site]).service_class)
        return {name: is_shared(topics) for name, topics in found.items()}

    few = shared(many(64))
    assert {few[name] for name in few if name.startswith("reader")} == {False}
    assert (few["requests"], few["statuses"], few["strangers"]) == (False, True, False)
    assert any(is_one for name, is_one in shared(many(65)).items() if name.startswith("reader"))


def test_another_device_moves_few_of_the_others() -> None:
    """A lane that changes its topics is a session that moves."""
    before, after = lanes(many(20)), lanes(many(21))
    moved = [name for name in before if before[name] != after.get(name)]
    assert len(moved) <= 2


def test_all_topics_of_a_board_share_a_lane() -> None:
    """In their order: a contact on the reader's board stays behind its badge."""
    board = (
        Device(DeviceId("r"), "reader", "tasmota", "board", AccessPointId("front-in")),
        Device(
            DeviceId("c"), "sensor", "tasmota", "board", door=DoorId("front"),
            options={"switch": 1, "means": "door", "on": "open"},
        ),
    )  # fmt: skip
    site = Site(
        SITE.id, SITE.name, SITE.timezone, zones=SITE.zones, doors=SITE.doors,
        access_points=SITE.access_points, devices=board,
    )  # fmt: skip
    (lane,) = [topics for name, topics in lanes(site).items() if "reader" in name]
    assert "tele/board/SENSOR" in lane
    assert any(topic.startswith("stat/board/") for topic in lane)


@pytest.mark.parametrize(
    ("device", "service_class"),
    [
        ("front-in", "entries"),
        ("front-out", "exits"),
        ("laser-on", "entries"),
        ("spare", "entries"),
        ("front-contact", "contacts"),
        ("lab-button", "exits"),
        ("lab-lock", "contacts"),
        ("pir", "sensors"),
    ],
)
def test_a_device_is_as_urgent_as_what_it_stands_for(device: str, service_class: str) -> None:
    """The way out before the way in; of a door with a button only that button."""
    assert class_of(SITE, SITE.device[DeviceId(device)]) == service_class


@pytest.mark.parametrize(
    ("topic", "service_class", "source"),
    [
        ("seuil/hub/front-in/event", "entries", "front-in"),
        ("seuil/hub/front-in/status", "sensors", "front-in"),
        ("seuil/hub/request/open", "requests", None),
        ("seuil/hub/nobody/event", "strangers", None),
        ("seuil/hub/nobody/status", "strangers", None),
        ("x", "strangers", None),
    ],
)
def test_a_message_waits_where_its_topic_says(
    topic: str, service_class: str, source: str | None
) -> None:
    """What is nobody's shares one queue, so that there are never more queues than devices."""
    route = TopicRoutes(Registry([SITE]), [SITE])(MQTTMessage(1, topic.encode()))
    assert route.service_class == service_class
    assert (route.source[1] if route.source else None) == source
    assert (route is NOWHERE) == (service_class == "strangers")


def test_a_topic_that_is_no_text_is_nobody_s() -> None:
    """Brokers refuse it; we do not rely on that."""
    assert TopicRoutes(Registry([SITE]), [SITE])(MQTTMessage(1, b"\xff\xfe")) is NOWHERE


def test_only_native_readers_tell_when_a_badge_asked() -> None:
    """Others send at once or never."""
    routes = TopicRoutes(Registry([SITE]), [SITE])
    at_reader = routes(MQTTMessage(1, b"seuil/hub/front-in/event"))
    at_sensor = routes(MQTTMessage(1, b"seuil/hub/pir/event"))
    assert at_reader.asked_at is not None
    assert at_sensor.asked_at is None
