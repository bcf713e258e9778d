"""All doors to other tools over a real broker: what a gateway says reaches the web and a server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Thread

import aiomqtt
import httpx
import msgspec
import pytest
from fastapi import FastAPI

from gateway.clock import SystemClock
from gateway.config import OtherTools, Settings, Webhook
from gateway.console.feed.site_state import Picture, StateChange
from gateway.console.integrations.integrations import Outside
from gateway.console.integrations.routes import router
from gateway.core.model.names import ZoneId
from gateway.wire.message import encode
from gateway.wire.states import ModeMessage, OccupancyMessage
from tests.servers import Mosquitto, stops, until
from tests.unit.console.integrations.test_webhooks import SECRET, Receiver
from tests.world.hive import AT, HALL, HUB, SITE, TOLD, TOPICS


class Console:
    """What of the console is needed here: an ear that tells `Outside` of each change."""

    def __init__(self, broker: Mosquitto, folder: Path, url: str) -> None:
        self._broker = broker
        settings = Settings(
            broker_url=broker.url, data_dir=folder, webhook_hosts=("127.0.0.1",), instance="gw1"
        )
        clock = SystemClock()
        self.picture = Picture((SITE,), "seuil", clock)
        hook = Webhook(HUB, url, SECRET, frozenset({"zone", "mode"}))
        told = OtherTools({HUB: TOLD}, (hook,))
        self.outside = Outside((SITE,), settings, self.picture, clock, told=told)

    async def listen(self) -> None:
        """Hear the broker."""
        async with aiomqtt.Client("127.0.0.1", self._broker.port) as client:
            await client.subscribe("seuil/#")
            self.picture.connected = True
            self.outside.heard(StateChange("house", None))
            async for message in client.messages:
                change = self.picture.apply(message.topic.value, bytes(message.payload))
                if change is not None:
                    self.outside.heard(change)

    async def spaceapi(self) -> dict[str, object]:
        """The public document."""
        app = FastAPI()
        app.include_router(router(self.outside))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
            found: dict[str, object] = (await browser.get("/spaceapi.json")).json()
            return found


@asynccontextmanager
async def running(console: Console) -> AsyncIterator[None]:
    """The console's tasks; they end when they are cancelled."""
    tasks = [asyncio.create_task(console.listen()), asyncio.create_task(console.outside.run())]
    try:
        yield
    finally:
        await stops(*tasks)


async def test_from_the_gateway_s_word_to_the_web_and_a_server(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was so before is no news; what changes is told; the public sees a band."""
    monkeypatch.setattr("gateway.console.integrations.integrations.SETTLE_S", 0.3)
    full = OccupancyMessage(AT, 10, 10, 10, 10, 10, 0.0, 0.0, stale=False)
    with Receiver() as receiver:
        serving = Thread(target=receiver.serve_forever, args=(0.01,))
        serving.start()
        console = Console(broker, tmp_path, receiver.url)
        async with aiomqtt.Client("127.0.0.1", broker.port) as gateway:
            for topic, payload in (
                (TOPICS.gateway_state("gw1"), b"online"),
                (TOPICS.occupancy(HUB, HALL), encode(full)),
                (TOPICS.occupancy(HUB, ZoneId("lab")), encode(full)),
                (TOPICS.mode(HUB), encode(ModeMessage("normal", AT, None))),
            ):
                await gateway.publish(topic, payload, qos=1, retain=True)
            async with running(console):
                await until((tmp_path / "spaceapi.json").is_file, "it has settled")
                document = await console.spaceapi()
                assert receiver.got == []
                room = encode(msgspec.structs.replace(full, people=9))
                await gateway.publish(TOPICS.occupancy(HUB, HALL), room, qos=1, retain=True)
                await until(lambda: receiver.got, "the server was told")
        receiver.shutdown()
        serving.join()
    assert [each["type"] for each in receiver.events] == ["seuil.zone.has-room"]
    assert isinstance(document["state"], dict)
    assert document["state"]["open"] is True
    assert '"value":5' in msgspec.json.encode(document["sensors"]).decode()


async def test_it_ends_though_a_library_swallows_the_first_cancellation(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As aiomqtt may, while it connects for Home Assistant."""
    outside = Console(broker, tmp_path, "http://127.0.0.1:1/").outside

    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    monkeypatch.setattr(outside.webhooks, "run", stubborn)
    running = asyncio.create_task(outside.run())
    await asyncio.sleep(0.1)
    await stops(running)
    assert running.cancelled()
