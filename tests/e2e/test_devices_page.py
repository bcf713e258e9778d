"""Devices and Health in a real browser: they move by themselves, and leave the reader in peace."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import structs
from playwright.async_api import Page, expect

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.core.events import ConditionReported, Tick
from gateway.core.model.names import DeviceId
from gateway.core.readings import Firmware
from gateway.wire.message import encode
from gateway.wire.states import HealthMessage
from gateway.wire.topics import Topics
from tests.axe import barriers
from tests.servers import Mosquitto
from tests.world.console import served, somebody
from tests.world.engine import SITE, Place
from tests.world.journal import journaled

FRONT = DeviceId("front-in")
WELL = HealthMessage(SystemClock().now(), "ok", "0.1.0", 10, 0, 0, 1.5, 0, 3, "ok")


@asynccontextmanager
async def running(broker: Mosquitto, folder: Path) -> AsyncIterator[str]:
    """A console for an administrator, over a folder."""
    settings = Settings(broker_url=broker.url, data_dir=folder)
    async with served((SITE,), settings, somebody("administrator")) as url:
        yield f"{url}/sites/hub"


async def _speaks(broker: Mosquitto, health: HealthMessage) -> None:
    """The gateway says how it is."""
    topics = Topics()
    await broker.publish(topics.gateway_state("gw1"), b"online", retain=True)
    await broker.publish(topics.gateway_health("gw1"), encode(health), retain=True)


async def test_rows_change_on_an_open_page(broker: Mosquitto, page: Page, tmp_path: Path) -> None:
    """When the gateway speaks; the table is no live region, and the reader keeps the place."""
    place = Place(now=SystemClock().now())
    place.says(FRONT, Firmware("1.4.1", "Portier"))
    place.says("front-out", Firmware("1.4.1", "Portier"))
    await journaled(tmp_path / JOURNAL_FILE, place.rows)
    await _speaks(broker, WELL)
    async with running(broker, tmp_path) as url:
        await page.goto(f"{url}/devices")
        await expect(page.locator("#link")).to_have_attribute("data-link", "live")
        row = page.get_by_role("row", name=f"{FRONT} ")
        await expect(row).to_contain_text("1.4.1")
        assert await page.locator("[aria-live] table, [role=status] table").count() == 0
        await page.get_by_role("region", name="Devices").focus()

        place.says(FRONT, Firmware("1.4.2", "Portier"))
        place.tell(Tick(ghosts={FRONT: 34}, minute=True))
        place.tell(ConditionReported("numbering-refused", "front-out", active=True))
        await journaled(tmp_path / JOURNAL_FILE, place.rows)
        await _speaks(broker, structs.replace(WELL, journal=12))
        await expect(row).to_contain_text("many misreads")
        out = page.get_by_role("row", name="front-out ")
        await expect(out).to_contain_text("others run 1.4.2")
        await expect(
            page.get_by_role("status").filter(has_text=re.compile("needs? attention"))
        ).to_be_visible()
        await expect(page.get_by_role("region", name="Devices")).to_be_focused()
        assert await barriers(page) == []
        assert await row.get_by_role("link").count() == 0
        await out.get_by_role("link", name="Restart its numbering").click()
        await expect(page.get_by_text("Restart the numbering of front-out")).to_be_visible()
        assert await barriers(page) == []


async def test_health_changes_on_an_open_page(
    broker: Mosquitto, page: Page, tmp_path: Path
) -> None:
    """And what the doctor finds is in the reader's language."""
    await _speaks(broker, structs.replace(WELL, at=SystemClock().now()))
    async with running(broker, tmp_path) as url:
        await page.goto(f"{url}/health?lang=fr")
        await expect(page.locator("#link")).to_have_attribute("data-link", "live")
        row = page.get_by_role("row", name="Écritures ")
        await expect(row).to_contain_text("1,5 ms")
        await expect(page.get_by_text("n'existe pas encore").first).to_be_visible()
        await _speaks(broker, structs.replace(WELL, at=SystemClock().now(), commit_ms=250.0))
        await expect(row).to_contain_text("250,0 ms")
        await expect(row).to_contain_text("à vérifier")
        assert await barriers(page) == []
