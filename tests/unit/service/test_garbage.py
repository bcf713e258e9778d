"""Garbage that has a number: buried once, journaled, and acknowledged so that it comes no more."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal.journal import Journal
from gateway.adapters.journal.rows import event_row, to_us
from gateway.clock import ManualClock
from gateway.core.events import Misunderstood
from gateway.core.model.directory import CredentialHash
from gateway.core.model.names import DeviceId
from gateway.core.readings import MessageOrigin, WireError
from gateway.core.sequence import BOOTS_MAX, acknowledged
from gateway.service.batch import BatchBuilder
from gateway.service.decoder import Intake, SiteEvent, misunderstood
from gateway.service.messages import MessageFactory
from gateway.service.pipeline import Service
from gateway.service.recovery import Recovered, SiteInForce
from gateway.wire.topics import Topics
from sensors.registry import Registry
from tests.world.engine import MONDAY, SITE, Place

FRONT_IN = DeviceId("front-in")


def message(**fields: object) -> MQTTMessage:
    """An event of the front door's reader, first of its first boot but for what is said."""
    said = {"boot": 1, "seq": 1, "at": MONDAY, "type": "credential", "credential": "04a224b2"}
    sent = MQTTMessage(topic=b"seuil/hub/front-in/event")
    sent.payload = msgspec.json.encode(said | fields)
    sent.qos = 1
    return sent


@pytest.fixture
def service() -> Service:
    """The service at a small place, with nothing around it."""
    place, registry, topics = Place(), Registry([SITE]), Topics()
    journal = cast("Journal", SimpleNamespace(last_n=2))
    return Service(
        [SITE],
        recovered=Recovered({SITE.id: SiteInForce(SITE, place.state, 0)}, MONDAY, [], []),
        journal=journal,
        intake=Intake(registry, lambda number: CredentialHash(f"hash-{number}")),
        announcer=MessageFactory(registry, topics),
        topics=topics,
        clock=ManualClock(MONDAY),
        instance="one",
    )


def take_in(service: Service, *messages: MQTTMessage) -> BatchBuilder:
    """What a batch of messages comes to; taken for stored."""
    turnover = service._committed.turnover(MONDAY)
    for each in messages:
        turnover.take_in(each, MONDAY)
    service._committed.take_over(turnover)
    return turnover


def ack(service: Service, boot: int = 1) -> int | None:
    """What the reader may forget."""
    return acknowledged(service.states[SITE.id].devices[FRONT_IN], boot, MONDAY)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"type": "levitation"}, "unknown-type", id="an unknown type"),
        pytest.param({"at": "yesterday"}, "out-of-range", id="a wrong field"),
        pytest.param({"credential": "0xff"}, "badge-format", id="a wrong badge format"),
    ],
)
def test_garbage_with_a_number_is_buried_once_and_acknowledged(
    service: Service, fields: dict[str, object], reason: str
) -> None:
    """The reader forgets it, and the event after it is acknowledged too."""
    take_in(service, message())
    first = take_in(service, message(seq=2, **fields))
    (letter,) = first.batch.letters
    assert letter.reason == reason
    assert [row.kind for row in first.batch.events] == ["misunderstood"]
    assert list(first.heard) == [(SITE.id, FRONT_IN, 1)]
    assert ack(service) == 2
    again = take_in(service, message(seq=2, **fields), message(seq=3))
    assert again.batch.letters == []
    assert again.duplicates == {(SITE.id, FRONT_IN): 1}
    assert ack(service) == 3


def test_garbage_without_a_number_is_buried_each_time(service: Service) -> None:
    """Nothing tells whether it is the same; nothing is acknowledged."""
    batch = take_in(service, message(seq="two"), message(seq="two")).batch
    assert (len(batch.letters), batch.events) == (2, [])
    assert FRONT_IN not in service.states[SITE.id].devices


def test_garbage_whose_number_cannot_be_judged_is_buried(service: Service) -> None:
    """Its boot is older than all that are remembered; the letter says what was wrong with it."""
    take_in(service, *(message(boot=boot) for boot in range(2, BOOTS_MAX + 2)))
    batch = take_in(service, message(boot=1, type="levitation")).batch
    assert ([letter.reason for letter in batch.letters], batch.events) == (["unknown-type"], [])


def test_the_engine_is_told_of_the_message_and_not_of_what_it_says() -> None:
    """Site, device and number; and whether the broker kept it."""
    origin = MessageOrigin(SITE.id, FRONT_IN, 1, 7)
    event = Misunderstood(FRONT_IN, 1, 7, retained=True)
    kept = message()
    kept.retain = True
    told = misunderstood(kept, WireError("unknown-type", "", origin))
    assert told == SiteEvent(SITE.id, event)
    assert misunderstood(message(), WireError("not-json", "")) is None


def test_its_row_names_the_device_and_our_time() -> None:
    """The journal has no other time for it."""
    row = event_row(3, SITE.id, Misunderstood(FRONT_IN, 1, 7), (), MONDAY)
    expected: dict[str, Any] = {"device": FRONT_IN, "kind": "misunderstood", "at": to_us(MONDAY)}
    assert {name: getattr(row, name) for name in expected} == expected
    assert row.received == row.at
