"""Home Assistant's side of the real mosquitto: what it finds there, and what is taken away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import aiomqtt
import msgspec

from gateway.config import Settings
from gateway.console.integrations.home_assistant_publisher import HomeAssistant
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.core.model.site import Site
from gateway.wire.states import AccessMessage
from tests.servers import Mosquitto, stops, until
from tests.world.hive import HALL, HUB, SITE

CONFIG = "homeassistant/device/seuil-hub/config"
DECISION = "homeassistant/device/seuil-hub/decision"


class Ears:
    """What Home Assistant hears, by topic; every message in order."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.heard: list[tuple[str, bytes]] = []

    async def listen(self) -> None:
        """Keep everything."""
        await self.client.subscribe("homeassistant/#", qos=1)
        async for message in self.client.messages:
            self.heard.append((message.topic.value, bytes(message.payload)))

    def last(self, topic: str) -> bytes | None:
        """The last message of a topic."""
        return next((payload for name, payload in reversed(self.heard) if name == topic), None)

    def components(self) -> dict[str, Any]:
        """Of the last announcement."""
        found: dict[str, dict[str, Any]] = json.loads(self.last(CONFIG) or b'{"components": {}}')
        return found["components"]


@asynccontextmanager
async def listening(broker: Mosquitto) -> AsyncIterator[Ears]:
    """Home Assistant, connected."""
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        ears = Ears(client)
        task = asyncio.create_task(ears.listen())
        try:
            yield ears
        finally:
            task.cancel()
            await asyncio.wait([task])


@asynccontextmanager
async def console(
    broker: Mosquitto, *sites: Site, asks: Literal["fr", "en", "remove"] = "en"
) -> AsyncIterator[HomeAssistant]:
    """A console that tells Home Assistant."""
    settings = Settings(broker_url=broker.url, home_assistant=asks, data_dir=Path("/nonexistent"))
    telling = HomeAssistant({site.id: site for site in sites}, settings)
    task = asyncio.create_task(telling.run())
    try:
        await until(lambda: telling.connected, "the console is connected")
        yield telling
    finally:
        await stops(task)


async def test_announced_again_when_home_assistant_is_back(broker: Mosquitto) -> None:
    """It is retained, and told once more when Home Assistant says that it is online."""
    async with console(broker, SITE), listening(broker) as ears:
        await until(lambda: "zone-hall-people" in ears.components(), "it was announced")
        before = len(ears.heard)
        await ears.client.publish("homeassistant/status", b"online")
        await until(lambda: len(ears.heard) >= before + 2, "it was announced again")
        assert "zone-hall-people" in ears.components()


async def test_a_zone_that_went_is_taken_away_by_the_next_console(broker: Mosquitto) -> None:
    """Over a restart: the broker's own memory says what had been announced."""
    async with console(broker, SITE):
        pass
    smaller = msgspec.structs.replace(SITE, zones=SITE.zones[:1], machines=())
    async with console(broker, smaller), listening(broker) as ears:
        await until(
            lambda: ears.components().get("zone-lab-people") == {"platform": "sensor"},
            "the lab was taken away",
        )
        assert "unique_id" in ears.components()["zone-hall-people"]


async def test_a_site_that_went_is_taken_away_and_a_neighbour_stays(broker: Mosquitto) -> None:
    """Only what carries our own origin is emptied."""
    other = msgspec.structs.replace(SITE, id=SiteId("annex"))
    foreign = "homeassistant/device/kitchen/config"
    said = b'{"origin": {"name": "z2m"}, "components": {"a": {"platform": "sensor"}}}'
    async with console(broker, SITE, other), listening(broker) as ears:
        await ears.client.publish(foreign, said, retain=True)
        await until(lambda: ears.last(foreign), "the neighbour is there")
    async with listening(broker) as ears:
        async with console(broker, SITE):
            gone = "homeassistant/device/seuil-annex/config"
            await until(lambda: ears.last(gone) == b"", "the annex was taken away")
        async with console(broker, SITE, asks="remove"):
            await until(lambda: ears.last(CONFIG) == b"", "all was taken away")
        assert ears.last(foreign) == said


async def test_a_decision_is_an_event_of_nobody(broker: Mosquitto) -> None:
    """It arrives, and the pseudonym does not."""
    message = AccessMessage(
        id="1",
        at=datetime(2026, 11, 22, tzinfo=UTC),
        reader=DeviceId("reader"),
        access_point="front-in",
        zone=HALL,
        direction="entry",
        decision="denied",
        reason="hours",
        holder=HolderId("h-0123456789ab"),
        message=Text("Trop tôt", "Too early"),
        latency_ms=1.0,
    )
    async with console(broker, SITE) as telling, listening(broker) as ears:
        await until(lambda: ears.last(CONFIG), "it listens")
        telling.decided(HUB, message)
        await until(lambda: ears.last(DECISION), "the decision was told")
        told = json.loads(ears.last(DECISION) or b"")
        assert told["event_type"] == "denied"
        assert "h-0123456789ab" not in str(ears.heard)


async def test_it_comes_back_after_the_broker(broker: Mosquitto) -> None:
    """A broker that restarts is told again, whatever it had kept."""
    async with console(broker, SITE) as telling:
        await broker.stop()
        await until(lambda: not telling.connected, "the connection is lost")
        await broker.start()
        await until(lambda: telling.connected, "it is back")
        async with listening(broker) as ears:
            await until(lambda: "zone-hall-people" in ears.components(), "it is announced")
