"""The access log in a real browser: a refused badge is there at once, with its why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
from playwright.async_api import Page, expect

from gateway.adapters.embedded_broker import LOOPBACK, free_port
from gateway.adapters.journal import JOURNAL_FILE
from gateway.config import Settings
from gateway.console.serve import serve
from gateway.core.facts import Decided
from gateway.core.reasons import REASONS
from gateway.wire import AccessMessage, Topics, encode
from tests.axe import barriers
from tests.console_past import HOSTILE, ConsolePast, rows_of, stored
from tests.console_place import somebody
from tests.servers import Mosquitto
from tests.unit.core.place import HALL, SITE


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


async def refuse(broker: Mosquitto, past: ConsolePast) -> None:
    """Fay, whose membership has ended, holds her badge to the front door: journaled, then told."""
    past.morning.badge("front-in", "fay")
    row = rows_of(past.morning)[-1]
    await stored(past.settings.data_dir / JOURNAL_FILE, [row])
    decided = next(fact for fact in row.facts if isinstance(fact, Decided))
    message = AccessMessage(
        id=str(row.n),
        at=past.morning.now,
        reader=decided.device,
        access_point=decided.access_point,
        zone=HALL,
        direction="entry",
        decision=decided.decision,
        reason=decided.reason,
        holder=decided.holder,
        message=REASONS[decided.reason].text,
        latency_ms=1.0,
    )
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.publish(Topics().access(SITE.id), encode(message), qos=1)


async def test_a_refused_badge_is_there_at_once(
    broker: Mosquitto, page: Page, tmp_path: Path
) -> None:
    """On top of the log, by name, as the filters want it; its why is a click away; no barrier."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    past = await asyncio.to_thread(ConsolePast, tmp_path)
    async with running(broker, tmp_path) as url:
        await page.goto(f"{url}/log?who=M-fay")
        await expect(page.locator("#link")).to_contain_text("Live")
        await expect(page.locator("#gateway")).not_to_contain_text("unreachable")
        lines = page.locator("#log tr")
        await expect(lines).to_have_count(1)
        await refuse(broker, past)
        await expect(lines).to_have_count(2)
        await expect(lines.first).to_contain_text("Fay Ended")
        await expect(lines.first).to_contain_text("Your membership has expired")

        await lines.first.get_by_role("link").click()
        await expect(page.locator(".advice")).to_contain_text("Renew it at the front desk.")
        await expect(page.locator("[data-outcome=deny]")).to_contain_text("membership")
        await page.get_by_role("link", name="Français").click()
        await expect(page.locator(".verdict")).to_contain_text("Refusé")
        await expect(page.locator("[data-outcome=deny]")).to_contain_text("adhésion")
        assert complaints == []


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
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_text("Paused: new passages wait.")).to_be_visible()
