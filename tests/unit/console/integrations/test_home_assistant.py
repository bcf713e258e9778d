"""Home Assistant's discovery: keys as its documentation has them, and nobody in it.

The keys below are written from home-assistant.io's pages on MQTT discovery, sensor, binary sensor
and event, as of 2026: what is required, and what else each may have.
"""

import json
from typing import Any

import jinja2
import msgspec
import pytest

from gateway.console.integrations.home_assistant import Discovery, components_of
from gateway.core.model.names import Text, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from tests.world.hive import FRONT, HOLDER, HUB, SITE, TOPICS, decision

SHARED = {"device", "origin", "components", "availability", "qos"}
DEVICE = {"identifiers", "name", "manufacturer", "model", "sw_version"}
ENTITY = {"platform", "unique_id", "name", "state_topic", "value_template", "entity_category"}
PLATFORMS = {
    "sensor": ENTITY | {"device_class", "unit_of_measurement", "state_class", "options"},
    "binary_sensor": ENTITY | {"device_class"},
    "event": ENTITY | {"event_types"},
}
CLASSES = {"sensor": {"enum"}, "binary_sensor": {"occupancy", "opening", "problem"}}

DISCOVERY = Discovery(TOPICS, "gw1", "en")


def payload(site: Site = SITE, announced: bytes = b"") -> dict[str, Any]:
    """What is announced, as Home Assistant reads it."""
    found: dict[str, Any] = json.loads(DISCOVERY.payload(site, announced))
    return found


def rendered(key: str, state: str | None) -> str:
    """What Home Assistant makes of a state by a component's template."""
    template = jinja2.Environment(autoescape=False).from_string(  # noqa: S701 - as Home Assistant
        payload()["components"][key]["value_template"]
    )
    json_ = {"value_json": json.loads(state)} if state else {}
    return template.render(value=state or "", **json_)


def test_the_topic_is_a_devices() -> None:
    """homeassistant/device/<id>/config, the id in letters that Home Assistant takes."""
    assert DISCOVERY.config_topic(HUB) == "homeassistant/device/seuil-hub/config"


def test_every_key_is_documented() -> None:
    """Nothing is in the payload that Home Assistant would refuse, and all that it requires is."""
    found = payload()
    assert found.keys() == SHARED
    assert found["device"].keys() <= DEVICE
    assert found["device"]["identifiers"] == ["seuil-hub"]
    assert found["origin"]["name"] == "Seuil seuil/gw1"
    assert found["availability"] == [{"topic": "seuil/gateway/gw1/state"}]
    for component in found["components"].values():
        platform = component["platform"]
        assert component.keys() <= PLATFORMS[platform], component
        assert {"unique_id", "name", "state_topic"} <= component.keys()
        assert component.get("device_class", "enum") in CLASSES.get(platform, {"enum"})
        if component.get("device_class") == "enum":
            assert component["options"]
            assert "unit_of_measurement" not in component


def test_ids_are_unique() -> None:
    """No two entities share one; Home Assistant would drop the second."""
    found = [each["unique_id"] for each in payload()["components"].values()]
    assert len(set(found)) == len(found)


def test_each_part_of_the_space_has_its_components() -> None:
    """A zone's people and presence, a door's state and contact, alarms, mode, decisions."""
    found = payload()["components"]
    assert {"zone-hall-people", "zone-hall-occupied", "door-front-state", "door-front-open"} <= set(
        found
    )
    assert {"alarm-forced-front", "alarm-over-capacity-hall", "alarm-tamper-reader"} <= set(found)
    assert {"mode", "decisions"} <= set(found)
    assert found["zone-hall-people"]["name"] == "Lobby: people"
    assert not [key for key in found if "duress" in key]


@pytest.mark.parametrize(
    ("key", "state", "shown"),
    [
        ("zone-hall-people", '{"people": 3}', "3"),
        ("zone-hall-people", None, ""),
        ("zone-hall-occupied", '{"people": 3}', "ON"),
        ("zone-hall-occupied", '{"people": 0}', "OFF"),
        ("door-front-open", '{"state": "held"}', "ON"),
        ("door-front-open", '{"state": "unlocked"}', "OFF"),
        ("door-front-state", '{"state": "forced"}', "forced"),
        ("alarm-forced-front", '{"kind": "forced"}', "ON"),
        ("alarm-forced-front", None, "OFF"),
        ("mode", '{"mode": "lockdown"}', "lockdown"),
    ],
)
def test_templates_read_our_own_topics(key: str, state: str | None, shown: str) -> None:
    """Each retained message becomes a state; a cleared alarm is off, an emptied topic says none."""
    assert rendered(key, state) == shown


def test_decisions_name_nobody() -> None:
    """The event says where, which way and why; neither its topic nor its payload says who."""
    told = json.loads(DISCOVERY.decision(decision()))
    assert told["event_type"] in payload()["components"]["decisions"]["event_types"]
    assert HOLDER not in json.dumps(told)
    assert "holder" not in told
    topics = [each["state_topic"] for each in payload()["components"].values()]
    assert TOPICS.access(HUB) not in topics


def test_what_is_gone_is_taken_away() -> None:
    """A zone that was announced and is no more is named with its platform alone, for good."""
    more = msgspec.structs.replace(
        SITE, zones=(*SITE.zones, Zone(ZoneId("attic"), Text("Grenier", "Attic")))
    )
    before = DISCOVERY.payload(more)
    after = DISCOVERY.payload(SITE, before)
    found = json.loads(after)["components"]
    assert found["zone-attic-people"] == {"platform": "sensor"}
    assert found["zone-attic-occupied"] == {"platform": "binary_sensor"}
    assert json.loads(DISCOVERY.payload(SITE, after)) == json.loads(after)
    assert (
        "unique_id" in json.loads(DISCOVERY.payload(more, after))["components"]["zone-attic-people"]
    )


@pytest.mark.parametrize(
    "foreign", [b"", b"{", b"[]", b'{"origin": {"name": "z2m"}, "components": {"a": {}}}']
)
def test_what_others_announced_is_not_ours(foreign: bytes) -> None:
    """Nothing is taken away that somebody else announced."""
    assert components_of(foreign, DISCOVERY.origin) == {}


def test_names_are_in_the_language_that_was_asked_for() -> None:
    """Home Assistant has one language a house."""
    french = json.loads(Discovery(TOPICS, "gw1", "fr").payload(SITE))
    assert french["components"][f"alarm-forced-{FRONT}"]["name"] == "Entrée: Porte forcée"
    assert french["device"]["name"] == "La Ruche"
