"""Garbage that has a number: buried once, journaled, and acknowledged so that it comes no more."""

from types import SimpleNamespace
from typing import Any

import pytest
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal.rows import event_row, to_us
from gateway.core.events import Misunderstood
from gateway.core.model.names import DeviceId
from gateway.core.readings import MessageOrigin, WireError
from gateway.core.sequence import BOOTS_MAX, acknowledged
from gateway.service.batch import BatchBuilder
from gateway.service.decoder import SiteEvent, misunderstood
from gateway.service.pipeline import Service
from gateway.service.recovery import SiteInForce
from tests.world.engine import MONDAY, SITE, Place
from tests.world.service import badge_event, service_of

FRONT_IN = DeviceId("front-in")


@pytest.fixture
def service() -> Service:
    """The service at a small place, with nothing around it."""
    return service_of([(SITE, SiteInForce(SITE, Place().state, 0))], SimpleNamespace(last_n=2))


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
    service: Service, fields: dict[str, Any], reason: str
) -> None:
    """The reader forgets it, and the event after it is acknowledged too."""
    take_in(service, badge_event())
    first = take_in(service, badge_event(seq=2, **fields))
    (letter,) = first.batch.letters
    assert letter.reason == reason
    assert [row.kind for row in first.batch.events] == ["misunderstood"]
    assert list(first.heard) == [(SITE.id, FRONT_IN, 1)]
    assert ack(service) == 2
    again = take_in(service, badge_event(seq=2, **fields), badge_event(seq=3))
    assert again.batch.letters == []
    assert again.duplicates == {(SITE.id, FRONT_IN): 1}
    assert ack(service) == 3


def test_garbage_without_a_number_is_buried_each_time(service: Service) -> None:
    """Nothing tells whether it is the same; nothing is acknowledged."""
    batch = take_in(service, badge_event(seq="two"), badge_event(seq="two")).batch
    assert (len(batch.letters), batch.events) == (2, [])
    assert FRONT_IN not in service.states[SITE.id].devices


def test_garbage_whose_number_cannot_be_judged_is_buried(service: Service) -> None:
    """Its boot is older than all that are remembered; the letter says what was wrong with it."""
    take_in(service, *(badge_event(boot=boot) for boot in range(2, BOOTS_MAX + 2)))
    batch = take_in(service, badge_event(boot=1, type="levitation")).batch
    assert ([letter.reason for letter in batch.letters], batch.events) == (["unknown-type"], [])


def test_the_engine_is_told_of_the_message_and_not_of_what_it_says() -> None:
    """Site, device and number; and whether the broker kept it."""
    origin = MessageOrigin(SITE.id, FRONT_IN, 1, 7)
    event = Misunderstood(FRONT_IN, 1, 7, retained=True)
    kept = badge_event()
    kept.retain = True
    told = misunderstood(kept, WireError("unknown-type", "", origin))
    assert told == SiteEvent(SITE.id, event)
    assert misunderstood(badge_event(), WireError("not-json", "")) is None


def test_its_row_names_the_device_and_our_time() -> None:
    """The journal has no other time for it."""
    row = event_row(3, SITE.id, Misunderstood(FRONT_IN, 1, 7), (), MONDAY)
    expected: dict[str, Any] = {"device": FRONT_IN, "kind": "misunderstood", "at": to_us(MONDAY)}
    assert {name: getattr(row, name) for name in expected} == expected
    assert row.received == row.at
