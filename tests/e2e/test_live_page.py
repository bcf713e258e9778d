"""The live page in a real browser: it moves by itself, says when it is cut off, and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiomqtt
from playwright.async_api import Page, expect

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.config import Settings
from gateway.console.server import serve
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, SiteId, Text, ZoneId
from gateway.core.model.places import AccessPoint, Door, Zone
from gateway.core.model.site import Site
from gateway.wire.message import encode
from gateway.wire.states import (
    AccessMessage,
    AlarmMessage,
    DoorMessage,
    ModeMessage,
    OccupancyMessage,
)
from gateway.wire.topics import Topics
from tests.servers import Mosquitto, listens
from tests.world.console import somebody

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
PARIS, HALL, LAB, DOOR = SiteId("paris"), ZoneId("hall"), ZoneId("lab"), DoorId("front")
SITE = Site(
    id=PARIS,
    name=Text("La Fabrique", "The Factory"),
    timezone="Europe/Paris",
    zones=(
        Zone(HALL, Text("Accueil", "Lobby"), 10),
        Zone(LAB, Text("Labo", "Lab"), 4, (HALL,)),
    ),
    doors=(Door(DOOR, Text("Entrée", "Front door"), HALL),),
    access_points=(AccessPoint(AccessPointId("front-in"), "entry", HALL, DOOR),),
)
TOPICS = Topics()
HOSTILE = "<img src=x onerror=document.title='owned'>"


async def _served(broker: Mosquitto, port: int) -> None:
    settings = Settings(broker_url=broker.url)
    await serve((SITE,), settings, seats=somebody("viewer"), port=port)


@asynccontextmanager
async def running(broker: Mosquitto, port: int) -> AsyncIterator[str]:
    """A console on this port."""
    task = asyncio.create_task(_served(broker, port))
    try:
        await listens(port)
        yield f"http://{LOOPBACK}:{port}/sites/{PARIS}/live"
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_live(broker: Mosquitto, page: Page) -> None:
    """Counts, doors, alarms and decisions move on an open page; the browser has no complaint."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    async with running(broker, free_port()) as url:
        await _open(page, url)
        lab = page.get_by_role("article", name="Lab", exact=True)
        await expect(lab).to_contain_text("no count yet")

        await _count(broker, LAB, 4)
        await expect(lab).to_contain_text("full")
        await expect(lab.locator(".count")).to_have_text("4 / 4")
        door = DoorMessage(AT, "forced")
        await _publish(broker, TOPICS.door(PARIS, DOOR), encode(door), retain=True)
        await expect(page.get_by_role("listitem").filter(has_text="Front door")).to_contain_text(
            "forced"
        )
        alarm = TOPICS.alarm(PARIS, "forced", DOOR)
        told = encode(AlarmMessage(AT, "forced", DOOR))
        await _publish(broker, alarm, told, retain=True)
        await expect(page.get_by_role("region", name="Alarms")).to_contain_text("Door forced")
        await _publish(broker, alarm, b"", retain=True)
        await expect(page.get_by_role("region", name="Alarms")).to_contain_text("No alarm")
        evacuation = ModeMessage("evacuation", AT, HolderId("h-1"), "fire drill")
        await _publish(broker, TOPICS.mode(PARIS), encode(evacuation), retain=True)
        await expect(page.get_by_text("EVACUATION IN PROGRESS")).to_be_visible()
        await _decision(broker, "Welcome")
        await expect(page.get_by_role("log")).to_contain_text("Granted Front door")
        assert complaints == []


async def test_hostile(broker: Mosquitto, page: Page) -> None:
    """A sentence with markup in it is shown as it is, and nothing of it runs."""
    async with running(broker, free_port()) as url:
        await _open(page, url)
        await _decision(broker, HOSTILE)
        await expect(page.get_by_role("log")).to_contain_text(HOSTILE)
        assert await page.locator("img").count() == 0
        assert "Seuil" in await page.title()


async def test_hidden(broker: Mosquitto, page: Page) -> None:
    """A hidden tab holds no stream; shown again, it catches up."""
    async with running(broker, free_port()) as url:
        await _open(page, url)
        await _set_hidden(page, hidden=True)
        await expect(page.locator("#link")).to_contain_text("Connecting")
        await _count(broker, HALL, 8)
        async with page.expect_request("**/events*"):
            await _set_hidden(page, hidden=False)
        await expect(page.get_by_role("article", name="Lobby")).to_contain_text("nearly full")


async def _open(page: Page, url: str) -> None:
    """Open the page, and return when it and the console are both connected."""
    await page.goto(url)
    await expect(page.locator("#link")).to_contain_text("Live")
    await expect(page.locator("#gateway")).not_to_contain_text("unreachable")


async def _set_hidden(page: Page, *, hidden: bool) -> None:
    await page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def _publish(broker: Mosquitto, topic: str, payload: bytes, *, retain: bool) -> None:
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.publish(topic, payload, qos=1, retain=retain)


async def _count(broker: Mosquitto, zone: ZoneId, people: int) -> None:
    capacity = SITE.zone[zone].capacity
    count = OccupancyMessage(AT, people, people, people, people, capacity, 0.0, 0.0, stale=False)
    await _publish(broker, TOPICS.occupancy(PARIS, zone), encode(count), retain=True)


async def _decision(broker: Mosquitto, sentence: str) -> None:
    decision = AccessMessage(
        id="1",
        at=AT,
        reader=DeviceId("reader"),
        access_point="front-in",
        zone=HALL,
        direction="entry",
        decision="granted",
        reason="plan",
        holder="0123456789abcdef",
        message=Text(sentence, sentence),
        latency_ms=1.0,
    )
    await _publish(broker, TOPICS.access(PARIS), encode(decision), retain=False)
