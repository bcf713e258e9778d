"""The live page in a real browser: it moves by itself, says when it is cut off, and comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from msgspec import structs
from playwright.async_api import Page, expect

from gateway.config import Settings
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, Text, ZoneId
from gateway.wire.message import encode
from gateway.wire.states import (
    AccessMessage,
    AlarmMessage,
    DoorMessage,
    ModeMessage,
    OccupancyMessage,
)
from tests.servers import Mosquitto
from tests.world.console import served, somebody
from tests.world.hive import FRONT, HALL, HUB, LAB, SITE, TOPICS

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
HALL_ZONE, LAB_ZONE = SITE.zones
SMALL = structs.replace(SITE, zones=(HALL_ZONE, structs.replace(LAB_ZONE, capacity=4)))
HOSTILE = "<img src=x onerror=document.title='owned'>"


@asynccontextmanager
async def running(broker: Mosquitto) -> AsyncIterator[str]:
    """The live page of a console."""
    settings = Settings(broker_url=broker.url)
    async with served((SMALL,), settings, somebody("viewer")) as url:
        yield f"{url}/sites/{HUB}/live"


async def test_live(broker: Mosquitto, page: Page) -> None:
    """Counts, doors, alarms and decisions move on an open page; the browser has no complaint."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    async with running(broker) as url:
        await _open(page, url)
        lab = page.get_by_role("article", name="Lab", exact=True)
        await expect(lab).to_contain_text("no count yet")

        await _count(broker, LAB, 4)
        await expect(lab).to_contain_text("full")
        await expect(lab.locator(".count")).to_have_text("4 / 4")
        door = DoorMessage(AT, "forced")
        await broker.publish(TOPICS.door(HUB, FRONT), encode(door), retain=True)
        await expect(page.get_by_role("listitem").filter(has_text="Front door")).to_contain_text(
            "forced"
        )
        alarm = TOPICS.alarm(HUB, "forced", FRONT)
        told = encode(AlarmMessage(AT, "forced", FRONT))
        await broker.publish(alarm, told, retain=True)
        await expect(page.get_by_role("region", name="Alarms")).to_contain_text("Door forced")
        await broker.publish(alarm, b"", retain=True)
        await expect(page.get_by_role("region", name="Alarms")).to_contain_text("No alarm")
        evacuation = ModeMessage("evacuation", AT, HolderId("h-1"), "fire drill")
        await broker.publish(TOPICS.mode(HUB), encode(evacuation), retain=True)
        await expect(page.get_by_text("EVACUATION IN PROGRESS")).to_be_visible()
        await _decision(broker, "Welcome")
        await expect(page.get_by_role("log")).to_contain_text("Granted Front door")
        assert complaints == []


async def test_hostile(broker: Mosquitto, page: Page) -> None:
    """A sentence with markup in it is shown as it is, and nothing of it runs."""
    async with running(broker) as url:
        await _open(page, url)
        await _decision(broker, HOSTILE)
        await expect(page.get_by_role("log")).to_contain_text(HOSTILE)
        assert await page.locator("img").count() == 0
        assert "Seuil" in await page.title()


async def test_hidden(broker: Mosquitto, page: Page) -> None:
    """A hidden tab holds no stream; shown again, it catches up."""
    async with running(broker) as url:
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


async def _count(broker: Mosquitto, zone: ZoneId, people: int) -> None:
    capacity = SMALL.zone[zone].capacity
    count = OccupancyMessage(AT, people, people, people, people, capacity, 0.0, 0.0, stale=False)
    await broker.publish(TOPICS.occupancy(HUB, zone), encode(count), retain=True)


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
    await broker.publish(TOPICS.access(HUB), encode(decision), retain=False)
