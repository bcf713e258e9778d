"""A new space file and the messages of the same batch: read by the new devices, or not at all."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec import structs
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal.journal import JournalError
from gateway.adapters.journal.writer import Batch
from gateway.core.facts import Decided
from gateway.core.model.equipment import Device
from gateway.core.model.names import AccessPointId, DeviceId, SiteId, ZoneId
from gateway.core.model.places import Zone
from gateway.service.inbox import ReceivedMessage
from gateway.service.pipeline import Service
from gateway.service.publisher import Links
from gateway.service.recovery import SiteInForce
from gateway.wire.message import Outgoing
from tests.world.engine import MONDAY, SITE, Place, reader
from tests.world.service import badge_event, parts, service_of

ANNEX = structs.replace(SITE, id=SiteId("annex"))
ATTIC = Zone(ZoneId("attic"), SITE.name)
NEW_READER = structs.replace(
    SITE,
    zones=(*SITE.zones, ATTIC),
    devices=(*(d for d in SITE.devices if d.id != "spare"), reader("front-in", "second")),
)
"""With a second reader at the front and an attic; without the reader that stood nowhere."""


class Wire:
    """A journal that may fail, and a session that keeps what is published."""

    def __init__(self) -> None:
        self.fails = False
        self.batches: list[Batch] = []
        self.published: list[Outgoing] = []
        self.commit_ms = 0.0

    async def commit(self, batch: Batch) -> None:
        """Keep it, unless the disk is full."""
        await asyncio.sleep(0)
        if self.fails:
            raise JournalError("full")
        self.batches.append(batch)

    async def heal(self) -> None:
        """The disk has room again."""
        self.fails = False

    def publish(self, message: Outgoing, _now: object, *, more: bool = False) -> int | None:  # noqa: ARG002 - as the real one
        """Keep it."""
        self.published.append(message)
        return None

    def last(self, topic: str) -> bytes | None:
        """What was said last on a topic."""
        return next((m.payload for m in reversed(self.published) if m.topic == topic), None)


@pytest.fixture
def wire() -> Wire:
    """Nothing was said."""
    return Wire()


@pytest.fixture
def service(wire: Wire) -> Service:
    """The service at two places, with nothing around it."""
    state = Place().state
    made = service_of(
        [(site, SiteInForce(site, state, 0)) for site in (SITE, ANNEX)],
        SimpleNamespace(last_n=0, commit_ms=0.0, commit=wire.commit, heal=wire.heal),
    )
    session = Hashable(
        publish=wire.publish,
        flush=lambda **_: None,
        drop=lambda _why: None,
        allow=lambda: None,
        acknowledge=lambda _message: None,
        connection=1,
    )
    made.use(cast("Links", SimpleNamespace(publisher=session, all=lambda: (session,))))
    return made


class Hashable(SimpleNamespace):
    """As a session is."""

    def __hash__(self) -> int:  # type: ignore[override] # a namespace has none
        return id(self)


async def one_batch(service: Service, *messages: MQTTMessage) -> bool:
    """Let the service do one round with these messages; whether it was stored."""
    await asyncio.sleep(0)
    assert service._outlet.links is not None
    session = service._outlet.links.publisher
    arrived: Sequence[ReceivedMessage] = [
        ReceivedMessage(session, message, 1) for message in messages
    ]
    turnover = service._decide(arrived)
    stored = await service._stored(turnover)
    if stored:
        service._outlet.send(turnover, MONDAY)
        service._outlet.acknowledge(arrived, more_waits=False)
    return stored


def kinds(batch: Batch) -> list[tuple[str, str]]:
    """Each row's site and kind."""
    return [(row.site, row.kind) for row in batch.events]


async def test_a_batch_is_read_by_the_devices_that_it_brings(service: Service, wire: Wire) -> None:
    """The new reader is answered, the gone one is a dead letter; both sites are journaled."""
    annex = structs.replace(ANNEX, booking_margin_s=1.0)
    task = asyncio.create_task(service.renew([NEW_READER, annex], *parts(NEW_READER, annex)))
    assert await one_batch(
        service, badge_event("second"), badge_event("spare"), badge_event("front-in")
    )
    (batch,) = wire.batches
    assert kinds(batch)[:2] == [("hub", "space"), ("annex", "space")]
    decided = [fact for row in batch.events for fact in row.facts if isinstance(fact, Decided)]
    assert [each.device for each in decided] == ["second", "front-in"]
    assert [letter.reason for letter in batch.letters] == ["unknown-device"]
    assert await task == ["hub", "annex"]
    assert wire.last("seuil/hub/second/command")
    assert wire.last("seuil/hub/zone/attic/occupancy")


async def test_a_site_that_is_the_same_is_no_news(service: Service, wire: Wire) -> None:
    """Nothing is journaled for it."""
    task = asyncio.create_task(service.renew([NEW_READER, ANNEX], *parts(NEW_READER, ANNEX)))
    await one_batch(service)
    assert [kinds(batch) for batch in wire.batches] == [[("hub", "space")]]
    assert await task == ["hub"]
    assert await service.renew([NEW_READER, ANNEX], *parts(NEW_READER, ANNEX)) == []


async def test_what_could_not_be_stored_is_not_in_force(service: Service, wire: Wire) -> None:
    """Neither the site nor its devices; the next batch brings them again."""
    wire.fails = True
    task = asyncio.create_task(service.renew([NEW_READER, ANNEX], *parts(NEW_READER, ANNEX)))
    assert not await one_batch(service, badge_event("second"))
    assert service.sites[SITE.id] == SITE
    assert not task.done()
    assert await one_batch(service, badge_event("second"))
    assert await task == ["hub"]
    assert wire.last("seuil/hub/second/command")


async def test_what_is_gone_is_emptied_and_stays_so(service: Service, wire: Wire) -> None:
    """Though a state of it was waiting to be told; at each connection again, until it is back."""
    attic, topic = NEW_READER, "seuil/hub/zone/attic/occupancy"
    for site in (attic, SITE):
        task = asyncio.create_task(service.renew([site, ANNEX], *parts(site, ANNEX)))
        service._outlet._news[topic] = Outgoing(topic, b"late", retain=True)
        await one_batch(service)
        await task
        service._outlet.spread()
    assert wire.last(topic) == b""
    wire.published.clear()
    service.broker_is_up()
    assert wire.last(topic) == b""
    task = asyncio.create_task(service.renew([attic, ANNEX], *parts(attic, ANNEX)))
    await one_batch(service)
    await task
    wire.published.clear()
    service.broker_is_up()
    assert wire.last(topic)
    assert [m.payload for m in wire.published if m.topic == topic] != [b""]


def test_the_places_here_are_as_the_tests_say() -> None:
    """Or the tests above prove nothing."""
    assert Device(DeviceId("spare"), "reader", "native", "") in SITE.devices
    assert NEW_READER.device[DeviceId("second")].access_point == AccessPointId("front-in")
