"""The service's own object over a place's state, with what the test puts around it."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal.journal import Journal
from gateway.clock import ManualClock
from gateway.core.model.directory import CredentialHash
from gateway.core.model.site import Site
from gateway.service.decoder import Intake
from gateway.service.messages import MessageFactory
from gateway.service.pipeline import Service
from gateway.service.recovery import Recovered, SiteInForce
from gateway.wire.topics import Topics
from sensors.registry import Registry
from tests.world.engine import MONDAY


def hashed(number: str) -> CredentialHash:
    """The hash of a badge number, as it can be read in a test."""
    return CredentialHash(f"hash-{number}")


def parts(
    *sites: Site, credential: Callable[[str], CredentialHash] = hashed
) -> tuple[Intake, MessageFactory]:
    """What reads and writes for these sites."""
    registry = Registry(sites)
    return Intake(registry, credential), MessageFactory(registry, Topics())


def service_of(
    known: Sequence[tuple[Site, SiteInForce]],
    journal: object,
    clock: ManualClock | None = None,
    credential: Callable[[str], CredentialHash] = hashed,
) -> Service:
    """The service at these sites, of which it knows so much."""
    sites = [site for site, _ in known]
    intake, announcer = parts(*sites, credential=credential)
    return Service(
        sites,
        recovered=Recovered({site.id: in_force for site, in_force in known}, MONDAY, [], []),
        journal=cast("Journal", journal),
        intake=intake,
        announcer=announcer,
        topics=Topics(),
        clock=clock or ManualClock(MONDAY),
        instance="gw1",
    )


def delivered(topic: str, payload: bytes) -> MQTTMessage:
    """A message as a broker hands it over."""
    message = MQTTMessage(1, topic.encode())
    message.payload, message.qos = payload, 1
    return message


def badge_event(device: str = "front-in", **fields: Any) -> MQTTMessage:  # noqa: ANN401 - JSON
    """A badge at a reader of the hub, first of its first boot but for what is said."""
    said = {"boot": 1, "seq": 1, "at": MONDAY, "type": "credential", "credential": "04a224b2"}
    return delivered(f"seuil/hub/{device}/event", msgspec.json.encode(said | fields))
