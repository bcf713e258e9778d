"""Pages of a past with something in every part: the log, a why, the history."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, expect

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.config import Settings
from gateway.console.server import serve
from tests.axe import barriers
from tests.servers import Mosquitto
from tests.world.console import somebody
from tests.world.console_past import HOSTILE, ConsolePast
from tests.world.engine import SITE


@asynccontextmanager
async def running(broker: Mosquitto, folder: Path) -> AsyncIterator[str]:
    """A console for an operator, over a folder."""
    port = free_port()
    settings = Settings(broker_url=broker.url, data_dir=folder)
    task = asyncio.create_task(
        serve((SITE,), settings, seats=somebody("administrator"), port=port), name="console"
    )
    try:
        yield f"http://{LOOPBACK}:{port}/sites/hub"
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_without_barriers(broker: Mosquitto, page: Page, tmp_path: Path) -> None:
    """No rule of axe is broken, light or dark; a name with markup is a name."""
    past = await asyncio.to_thread(ConsolePast, tmp_path)
    async with running(broker, tmp_path) as url:
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
