"""Pages of a past with something in every part: the log, a why, the history."""

import asyncio
from pathlib import Path

from playwright.async_api import Page, expect

from gateway.config import Settings
from tests.axe import barriers
from tests.servers import Mosquitto
from tests.world.console import served, somebody
from tests.world.console_past import HOSTILE, ConsolePast
from tests.world.engine import SITE


async def test_without_barriers(broker: Mosquitto, page: Page, tmp_path: Path) -> None:
    """No rule of axe is broken, light or dark; a name with markup is a name."""
    past = await asyncio.to_thread(ConsolePast, tmp_path)
    settings = Settings(broker_url=broker.url, data_dir=tmp_path)
    async with served((SITE,), settings, somebody("administrator")) as console:
        url = f"{console}/sites/hub"
        for path in (
            "/log",
            f"/log/{past.number('membership-expired')}",
            "/rules",
            "/rules/may?who=M-fay&point=front-in",
            "/history?by=week&on=2026-11-22",
        ):
            await page.goto(url + path)
            assert await barriers(page) == [], path
        await page.goto(f"{url}/log")
        await expect(page.locator("#log")).to_contain_text(HOSTILE)
        assert await page.locator("img").count() == 0
