"""Live and Kiosk of a console alone: the test itself says what a gateway would."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from gateway.aio import cancel_and_wait
from gateway.config import Settings, load_space
from gateway.console.kiosk import kiosk
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId, Text, ZoneId
from gateway.wire.message import encode
from gateway.wire.states import HintMessage, OccupancyMessage
from gateway.wire.topics import Topics
from tests.axe import barriers
from tests.servers import Mosquitto
from tests.world.console import FixedSeats, seat, served
from tests.world.gateway_process import HUB
from tests.world.members import KEY

SITE, HALL = SiteId("hub"), ZoneId("hall")
TOPICS = Topics()
SPACE = HUB + '\n[kiosk]\nzones = ["hall"]\n'


class House:
    """A console that serves the hub; `seats` says who looks."""

    def __init__(self, broker: Mosquitto, url: str, seats: FixedSeats) -> None:
        self.live = f"{url}/sites/{SITE}/live"
        self.kiosk = f"{url}/kiosk/{SITE}"
        self.seats = seats
        self._broker = broker

    async def count(self, people: int) -> None:
        """So many are in the hall, whoever says so."""
        now = datetime(2026, 11, 22, 9, tzinfo=UTC)
        count = OccupancyMessage(now, people, people, people, people, 30, 0.0, 0.0, stale=False)
        await self.publish(TOPICS.occupancy(SITE, HALL), encode(count), retain=True)

    async def publish(self, topic: str, told: bytes, *, retain: bool = False) -> None:
        """Say something on the wire."""
        await self._broker.publish(topic, told, retain=retain)


CHANGED = """() => {
    const shown = document.querySelector('[data-zone="hall"] .people')?.textContent;
    window.first ??= shown;
    return shown !== window.first;
}"""
"""The number on the page is another one than it first was."""


@pytest.fixture
async def house(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """An operator looks; the kiosk is in a hurry."""
    monkeypatch.setattr(kiosk, "PACE_S", 0.2)
    space = tmp_path / "space.toml"
    space.write_text(SPACE)
    seats = FixedSeats()
    seats.seat = seat("operator")
    settings = Settings(broker_url=broker.url, data_dir=tmp_path / "data", credential_key=KEY)
    async with served(load_space(space), settings, lambda *_: seats) as url:
        yield House(broker, url, seats)


async def test_a_hint_shows(house: House, page: Page) -> None:
    """What was noticed shows with its time, and does not hide among the passages."""
    await connected(page, house.live)
    text = Text("Hall : allez voir", "Hall: more people than badges")
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    hint = HintMessage(now, "tailgating", HALL, HolderId("h-1"), text)
    await house.publish(TOPICS.hint(SITE, "tailgating", HALL), encode(hint))
    log = page.get_by_role("log", name="Worth checking")
    await expect(log).to_contain_text("10:00:00 Hall: more people than badges")


async def test_the_kiosk_shows_bands(house: House, chromium: Browser) -> None:
    """Who passes by reads a band in their language; another website may not frame it unasked."""
    house.seats.seat = None
    context = await chromium.new_context(locale="fr-FR")
    page = await context.new_page()
    await house.count(3)
    await page.goto(house.kiosk)
    zone = page.get_by_role("listitem").filter(has_text="Hall")
    await expect(zone).to_contain_text("moins de 6 personnes")
    await expect(page.locator("body")).to_have_attribute("data-link", "live")
    await house.count(14)
    await expect(zone).to_contain_text("de 12 à 17 personnes")
    assert await context.cookies() == []
    await page.get_by_role("link", name="English").click()
    await expect(zone).to_contain_text("12 to 17 people")
    assert await barriers(page) == []
    await context.close()


async def test_what_moves_while_a_page_is_opened(house: House, page: Page) -> None:
    """It shows, though it moves before, while and after the page's own picture is made."""
    moving = asyncio.create_task(_move(house))
    try:
        await page.goto(house.live, wait_until="commit")
        await page.wait_for_function(CHANGED)
    finally:
        await cancel_and_wait(moving)


async def _move(house: House) -> None:
    for people in range(10_000):
        await house.count(people % 30)
        await asyncio.sleep(0.03)


async def connected(page: Page, url: str) -> None:
    """Open a page, and return when it and the console hear the broker."""
    await page.goto(url)
    await expect(page.locator("#link")).to_have_attribute("data-link", "live")
    await expect(page.locator("#gateway")).not_to_have_attribute("data-gateway", "unreachable")
