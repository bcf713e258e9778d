"""The pictures of docs/img, of a demo that has run for a while; `scripts/screenshots` calls it.

The last one is of an evacuation, which somebody begins and checks people off in with a phone.
"""

import argparse
import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from gateway.translation import words

IMAGES: Final = Path(__file__).parents[1] / "docs/img"
DESK: Final[ViewportSize] = {"width": 1280, "height": 800}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
BYTES_MAX: Final = 200_000
COLOURS: Final = 256
"""Enough for pages with a handful of tones and their edges; a third of the bytes."""


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """`seuil demo` with the same people each time; the address of its site."""
    with TemporaryDirectory(prefix="seuil-pictures-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(str(Path(sys.executable).with_name("seuil")), "demo"),
            *("--seed", "1", "--language", "en", "--data-dir", f"{folder}/demo"),
            stdout=PIPE,
        )
        assert process.stdout is not None  # noqa: S101 - PIPE
        said = (await process.stdout.readline()).decode()
        emptying = asyncio.create_task(process.stdout.read())
        try:
            yield f"{said.split('demo: ')[1].split(' ')[0]}/sites/le-seuil"
        finally:
            process.terminate()
            await process.wait()
            await emptying


async def desk(browser: Browser, site: str) -> None:
    """What an operator has open all day, and one question to it."""
    page = await (await browser.new_context(locale="en-GB", viewport=DESK)).new_page()
    for name, scheme in (("live", "light"), ("live-dark", "dark")):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await page.goto(f"{site}/live")
        await expect(page.locator("#link")).to_have_attribute("data-link", "live")
        await _picture(page, name)
    await page.emulate_media(color_scheme="light")
    await page.goto(f"{site}/doors")
    await expect(page.locator("#link")).to_have_attribute("data-link", "live")
    await _picture(page, "doors")
    await page.goto(f"{site}/log?reason=outside-hours")
    await page.locator("#log a").first.click()
    await expect(page.locator("#link")).to_have_attribute("data-link", "live")
    await _picture(page, "why")


async def phone(browser: Browser, site: str) -> None:
    """An evacuation in French: some have been seen, the others are to be found."""
    context = await browser.new_context(locale="fr-FR", viewport=PHONE, device_scale_factor=1.5)
    page = await context.new_page()
    await page.goto(f"{site}/live")  # signs in
    await page.goto(f"{site}/mode/evacuation")
    await page.locator("#why").fill("Exercice")
    await page.locator("form.confirm button").click()
    await expect(page.locator("[data-figure=missing]")).to_be_visible()
    await expect(page.locator("#link")).to_have_attribute("data-link", "live")
    found = await page.locator(".person").evaluate_all("all => all.map((each) => each.id)")
    for one in found[1:6:2]:
        await page.locator(f"#{one} button").click()
        await expect(page.locator(f"#{one}")).to_contain_text(words("fr")("safe"))
    await expect(page.locator("[data-room-tally]").nth(1)).not_to_contain_text("0 /")
    await page.evaluate("scrollTo(0, 0)")
    await _picture(page, "phone")


async def _picture(page: Page, name: str) -> None:
    await page.mouse.move(0, 0)
    with Image.open(BytesIO(await page.screenshot(animations="disabled"))) as taken:
        drawn = taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    path = IMAGES / f"{name}.png"
    drawn.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(Path.cwd())}: {size / 1000:.0f} kB")
    if size > BYTES_MAX:
        sys.exit(f"{name}.png has more than {BYTES_MAX / 1000:.0f} kB")


async def main() -> None:
    """Take them all."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--warm-up", type=float, default=60, help="seconds before the first")
    warm_up_s = asked.parse_args().warm_up
    async with demo() as site, async_playwright() as driver:
        await asyncio.sleep(warm_up_s)
        browser = await driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        await desk(browser, site)
        await phone(browser, site)
        await browser.close()


asyncio.run(main())
