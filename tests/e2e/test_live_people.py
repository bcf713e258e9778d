"""Live and Kiosk with a real gateway: a badge at a reader moves the number, for who may see it.

One gateway and one console for all that is looked at in a test: starting them takes the longest.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from gateway.adapters.directory import (
    FILE,
    DirectoryStore,
    Member,
    credential_hash,
    holder_of,
)
from gateway.adapters.embedded_broker import LOOPBACK, free_port
from gateway.clock import SystemClock
from gateway.config import Settings, load_space
from gateway.console import kiosk
from gateway.console.serve import serve
from gateway.core.directory import Credential, Holder, HolderId, Membership
from gateway.core.site import DeviceId, PlanId, SiteId, Text, ZoneId
from gateway.wire import HintMessage, OccupancyMessage, Topics, encode
from tests.axe import barriers
from tests.console_place import FixedSeats, seat
from tests.gateway_process import HUB, KEY, GatewayProcess
from tests.servers import Mosquitto, listens

SITE, HALL = SiteId("hub"), ZoneId("hall")
ADA, BADGE = "Ada <b>Lovelace</b>", "04a224b2c31990"
TOPICS = Topics()
SPACE = HUB.replace('[[sensors]]\nid = "contact"\ndoor = "front"\n', "").replace(
    'capacity_source = "the test"\n',
    'capacity_source = "the test"\noutline = [[0, 0], [8, 0], [8, 5], [0, 5]]\n',
).replace('exit = "reader"\n', 'exit = "reader"\nat = [4, 5]\n') + ('\n[kiosk]\nzones = ["hall"]\n')
"""A hall with walls, a door without a contact (a grant counts), and a kiosk."""


class House:
    """A gateway and a console that serve the hub; `seats` says who looks."""

    def __init__(self, broker: Mosquitto, port: int, seats: FixedSeats) -> None:
        self.live = f"http://{LOOPBACK}:{port}/sites/{SITE}/live"
        self.kiosk = f"http://{LOOPBACK}:{port}/kiosk/{SITE}"
        self.seats = seats
        self._broker = broker
        self._seq = 0

    async def badge(self) -> None:
        """Ada holds her badge to the reader at the door."""
        self._seq += 1
        event = {"boot": 1, "seq": self._seq, "at": SystemClock().now().isoformat()}
        told = json.dumps(event | {"type": "credential", "credential": BADGE}).encode()
        await self.publish(TOPICS.event(SITE, DeviceId("reader")), told)

    async def count(self, people: int) -> None:
        """So many are in the hall, whoever says so."""
        now = datetime(2026, 11, 22, 9, tzinfo=UTC)
        count = OccupancyMessage(now, people, people, people, people, 30, 0.0, 0.0, stale=False)
        await self.publish(TOPICS.occupancy(SITE, HALL), encode(count), retain=True)

    async def publish(self, topic: str, told: bytes, *, retain: bool = False) -> None:
        """Say something on the wire."""
        async with aiomqtt.Client(LOOPBACK, self._broker.port) as client:
            await client.publish(topic, told, qos=1, retain=retain)


@asynccontextmanager
async def console(broker: Mosquitto, folder: Path, space: Path) -> AsyncIterator[House]:
    """A console over a gateway's data folder."""
    port, seats = free_port(), FixedSeats()
    seats.seat = seat("operator")
    settings = Settings(broker_url=broker.url, data_dir=folder, credential_key=SecretStr(KEY))
    task = asyncio.create_task(
        serve(load_space(space), settings, seats=lambda *_: seats, port=port)
    )
    try:
        await listens(port)
        yield House(broker, port, seats)
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def house(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """A console alone, its kiosk in a hurry: the test itself says what a gateway would."""
    monkeypatch.setattr(kiosk, "PACE_S", 0.2)
    space = tmp_path / "space.toml"
    space.write_text(SPACE)
    async with console(broker, tmp_path / "data", space) as house:
        yield house


async def test_a_badge_moves_the_number(broker: Mosquitto, page: Page, tmp_path: Path) -> None:
    """Within a second of the badge, on the plan, on the card and in the passages.

    An operator reads the member's name, as text; a viewer reads of nobody.
    """
    gateway = GatewayProcess(tmp_path / "gateway", broker.url, SPACE)
    enrol(gateway)
    space = tmp_path / "gateway/space.toml"
    async with gateway, console(broker, gateway.data, space) as house:
        await gateway.hears()
        await connected(page, house.live)
        hall = page.get_by_role("article", name="Hall")
        await expect(hall.locator(".people")).to_have_text("0")
        badged = time.monotonic()
        await house.badge()
        await expect(hall.locator(".people")).to_have_text("1", timeout=1000)
        assert time.monotonic() - badged < 1
        await expect(page.get_by_role("link", name="Hall: 1 / 30")).to_be_visible()
        passages = page.get_by_role("log", name="Passages")
        await expect(passages).to_contain_text("Granted Front")
        await expect(passages).to_contain_text(ADA)
        house.seats.seat = seat("viewer")
        await connected(page, house.live)
        await expect(passages).to_contain_text("Granted Front")
        await house.badge()
        await expect(passages.get_by_role("listitem")).to_have_count(2)
        await expect(passages).not_to_contain_text("Ada")
        await expect(page.get_by_text("Correct the count")).to_have_count(0)


async def test_an_operator_corrects_a_count(broker: Mosquitto, page: Page, tmp_path: Path) -> None:
    """The number that somebody counted by eye is asked of the gateway, and is the page's."""
    gateway = GatewayProcess(tmp_path / "gateway", broker.url, SPACE)
    enrol(gateway)
    space = tmp_path / "gateway/space.toml"
    async with gateway, console(broker, gateway.data, space) as house:
        await gateway.hears()
        await connected(page, house.live)
        hall = page.get_by_role("article", name="Hall")
        await hall.get_by_text("Correct the count").click()
        await hall.get_by_label("I counted").fill("7")
        await hall.get_by_role("button", name="Set").click()
        await expect(page.get_by_role("article", name="Hall").locator(".people")).to_have_text("7")
        assert page.url.endswith("#zone-hall")


async def test_a_hint_shows(house: House, page: Page) -> None:
    """What was noticed shows with its time, and does not hide among the passages."""
    await connected(page, house.live)
    text = Text("Hall : allez voir", "Hall: more people than badges")
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    hint = HintMessage(now, "tailgating", HALL, HolderId("h-1"), text)
    await house.publish(TOPICS.hint(SITE, "tailgating", HALL), encode(hint))
    log = page.get_by_role("log", name="To look at")
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
    await expect(zone).to_contain_text("de 12 à 17 personnes", timeout=2000)
    assert await context.cookies() == []
    await page.get_by_role("link", name="English").click()
    await expect(zone).to_contain_text("12 to 17 people")
    assert await barriers(page) == []
    await context.close()


@pytest.mark.parametrize("lang", ["fr", "en"])
async def test_nobody_is_shut_out(house: House, page: Page, lang: str) -> None:
    """On a phone and at a desk, light and dark, in both languages, axe finds nothing."""
    await house.count(29)
    for width, height in ((390, 844), (1280, 900)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.goto(f"{house.live}?lang={lang}")
        await expect(page.locator("#link")).to_have_attribute("data-link", "live")
        await expect(page.get_by_role("article", name="Hall")).to_contain_text("29")
        assert await barriers(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_first_change_is_soon(house: House, page: Page) -> None:
    """Within half a second of its navigation an open page shows what moves; the best of three."""
    moving = asyncio.create_task(_move(house))
    try:
        took = [await _first_change_ms(page, house.live) for _ in range(3)]
    finally:
        moving.cancel()
    assert min(took) <= 500, took


async def _move(house: House) -> None:
    for people in range(10_000):
        await house.count(people % 30)
        await asyncio.sleep(0.03)


async def _first_change_ms(page: Page, url: str) -> float:
    """From the navigation until the number on the page is another one."""
    await page.goto(url, wait_until="commit")
    taken = await page.wait_for_function(
        """() => {
            const shown = document.querySelector('[data-zone="hall"] .people')?.textContent;
            if (shown === undefined) return 0;
            window.first ??= shown;
            return shown === window.first ? 0 : performance.now();
        }"""
    )
    return float(await taken.json_value())


async def connected(page: Page, url: str) -> None:
    """Open a page, and return when it and the console hear the broker."""
    await page.goto(url)
    await expect(page.locator("#link")).to_have_attribute("data-link", "live")
    await expect(page.locator("#gateway")).not_to_have_attribute("data-gateway", "unreachable")


def enrol(gateway: GatewayProcess) -> None:
    """Ada, with the plan of everything, and an operator: who sits at the desk."""
    key = KEY.encode()
    store = DirectoryStore(gateway.data / FILE)
    store.bind(key)
    ada, desk = holder_of(key, "ada"), seat("operator").holder
    store.apply(
        [
            Member(
                ref="ada",
                name=ADA,
                holder=Holder(ada, memberships=(Membership(PlanId("all")),)),
                credentials=(Credential(credential_hash(key, BADGE), ada),),
            ),
            Member(ref="desk", name="Desk", holder=desk, credentials=()),
        ]
    )
    store.close()
