"""Home Assistant's MQTT discovery: one device per site, in one payload, from the space file.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (2024.11 and newer). The
states are the gateway's own retained topics, read by templates. Decisions have a topic of their
own, without the pseudonym that `<site>/access` carries: Home Assistant need not read that one.

An alarm that is off has no retained message, so it is "unknown" until its first occurrence. Duress
is left out: an alarm that must be silent may not appear on a wall.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gateway import __version__
from gateway.core.facts import OF_GATEWAY
from gateway.core.model.equipment import Machine
from gateway.core.model.names import SiteId, Text
from gateway.core.model.places import Door, Zone
from gateway.core.model.site import Site
from gateway.phrase import Phrase
from gateway.translation import Lang, in_lang
from gateway.wire.alarm_texts import alarm_words
from gateway.wire.state_messages import DEVICE_ALARMS, possible_alarms
from gateway.wire.states import AccessMessage
from gateway.wire.topics import Topics

PREFIX: Final = "homeassistant"
"""Home Assistant's own default; also the prefix of its birth message."""
STATUS: Final = f"{PREFIX}/status"
"""The topic on which Home Assistant announces its restart, after which all is published again."""
_OF_DEVICES: Final = frozenset(
    {"device-silent", "device-offline", "tamper", "clock-skew", "battery-low"}
)
_NEVER: Final = frozenset({"duress", *OF_GATEWAY, *DEVICE_ALARMS}) - _OF_DEVICES
"""Alarms that not everyone in the room may see, or that only the gateway's operator can clear."""
_PEOPLE: Final = Phrase("people")
_OCCUPIED: Final = Phrase("occupied")
_STATE: Final = Phrase("state")
_OPENING: Final = Phrase("opening")
_DECISIONS: Final = Phrase("Decisions")
_DOOR_STATES: Final = ("locked", "unlocked", "open", "held", "forced")

Component = dict[str, Any]


class Discovery:
    """The payloads, for the sites of one prefix; `instance` is the gateway that serves them."""

    def __init__(self, topics: Topics, instance: str, lang: Lang) -> None:
        self._topics = topics
        self._lang = lang
        self._instance = instance
        self.origin = f"Seuil {topics.prefix}/{instance}"
        """Identifies a payload as ours, after a restart too."""

    def config_topic(self, site: SiteId) -> str:
        """Return the discovery topic of a site's device."""
        return f"{PREFIX}/device/{self.node(site)}/config"

    def decision_topic(self, site: SiteId) -> str:
        """Return the topic of a site's decisions, without personal data."""
        return f"{PREFIX}/device/{self.node(site)}/decision"

    def node(self, site: SiteId) -> str:
        """Return a site's name among all devices of Home Assistant."""
        return f"{self._topics.prefix}-{site}"

    def payload(self, site: Site, announced: bytes = b"") -> bytes:
        """Return the discovery payload of a site.

        Components of the payload that was `announced` before, and that are gone, are listed with
        nothing but their platform: that removes them.
        """
        components = dict(self._components(site))
        gone = {
            key: {"platform": component["platform"]}
            for key, component in components_of(announced, self.origin).items()
            if key not in components and "platform" in component
        }
        return msgspec.json.encode(
            {
                "device": {
                    "identifiers": [self.node(site.id)],
                    "name": self._say(site.name),
                    "manufacturer": "Seuil",
                    "model": "Access and occupancy",
                    "sw_version": __version__,
                },
                "origin": {"name": self.origin, "sw_version": __version__},
                "availability": [{"topic": self._topics.gateway_state(self._instance)}],
                "qos": 0,
                "components": components | gone,
            }
        )

    def decision(self, message: AccessMessage) -> bytes:
        """Return a decision as an event: where, which way and why, never who."""
        return msgspec.json.encode(
            {
                "event_type": message.decision,
                "access_point": message.access_point,
                "zone": message.zone,
                "direction": message.direction,
                "reason": message.reason,
            }
        )

    def _components(self, site: Site) -> Iterator[tuple[str, Component]]:
        for zone in site.zones:
            yield from self._zone(site, zone)
        for door in site.doors:
            yield from self._door(site, door)
        for kind, about in possible_alarms(site):
            if kind not in _NEVER:
                yield self._alarm(site, kind, about)
        modes = ["normal", "lockdown", "evacuation"]
        mode = {"name": "Mode", "state_topic": self._topics.mode(site.id), "options": modes}
        yield self._entity(site, "sensor", "mode", mode | _value("mode") | _ENUM)
        decisions = {
            "name": self._say(_DECISIONS),
            "state_topic": self.decision_topic(site.id),
            "event_types": ["granted", "denied"],
        }
        yield self._entity(site, "event", "decisions", decisions)

    def _zone(self, site: Site, zone: Zone) -> Iterator[tuple[str, Component]]:
        base = {"state_topic": self._topics.occupancy(site.id, zone.id)}
        people = {
            "name": self._of(zone, _PEOPLE),
            "unit_of_measurement": "people",
            "state_class": "measurement",
        }
        yield self._entity(
            site, "sensor", f"zone-{zone.id}-people", base | people | _value("people")
        )
        occupied = {
            "name": self._of(zone, _OCCUPIED),
            "device_class": "occupancy",
            "value_template": _on_if("value_json.people > 0"),
        }
        yield self._entity(site, "binary_sensor", f"zone-{zone.id}-occupied", base | occupied)

    def _door(self, site: Site, door: Door) -> Iterator[tuple[str, Component]]:
        base = {"state_topic": self._topics.door(site.id, door.id)}
        state = {"name": self._of(door, _STATE), "options": list(_DOOR_STATES)}
        yield self._entity(
            site, "sensor", f"door-{door.id}-state", base | state | _value("state") | _ENUM
        )
        if door.contact:
            opening = {
                "name": self._of(door, _OPENING),
                "device_class": "opening",
                "value_template": _on_if("value_json.state in ['open', 'held', 'forced']"),
            }
            yield self._entity(site, "binary_sensor", f"door-{door.id}-open", base | opening)

    def _alarm(self, site: Site, kind: str, about: str) -> tuple[str, Component]:
        word = self._say(alarm_words(kind).word)
        alarm: Component = {
            "name": f"{self._say(_name(site, kind, about))}: {word}",
            "state_topic": self._topics.alarm(site.id, kind, about),
            "device_class": "problem",
            # a cleared alarm is an empty message
            "value_template": "{{ 'ON' if value else 'OFF' }}",
        }
        if kind in _OF_DEVICES:
            alarm["entity_category"] = "diagnostic"
        return self._entity(site, "binary_sensor", f"alarm-{kind}-{about}", alarm)

    def _of(self, thing: Zone | Door, word: Text | str) -> str:
        return f"{self._say(thing.name)}: {self._say(word)}"

    def _say(self, text: Text | str) -> str:
        return in_lang(text, self._lang)

    def _entity(
        self, site: Site, platform: str, key: str, config: Component
    ) -> tuple[str, Component]:
        unique = f"{self.node(site.id)}-{key}"
        return key, {"platform": platform, "unique_id": unique, **config}


def components_of(announced: bytes, origin: str) -> dict[str, Component]:
    """Return the components of an announced payload; none where it is not of this origin."""
    try:
        found = msgspec.json.decode(announced, type=_Announced)
    except msgspec.MsgspecError:
        return {}
    return found.components if found.origin.get("name") == origin else {}


class _Announced(msgspec.Struct, frozen=True):
    origin: dict[str, Any]
    components: dict[str, Component]


_ENUM: Final[Component] = {"device_class": "enum"}


def _value(field: str) -> Component:
    # An emptied topic (a zone that is gone) has no JSON, and renders to nothing, which is ignored.
    return {"value_template": f"{{{{ value_json.{field} if value_json is defined }}}}"}


def _on_if(claim: str) -> str:
    return f"{{{{ ('ON' if {claim} else 'OFF') if value_json is defined }}}}"


def _name(site: Site, kind: str, about: str) -> Text | str:
    things: tuple[Door | Zone | Machine, ...] = ()
    if kind in ("forced", "held"):
        things = site.doors
    elif kind == "over-capacity":
        things = site.zones
    elif kind not in _OF_DEVICES:
        things = site.machines
    return next((thing.name for thing in things if thing.id == about), about)
