"""Headless Chromium for every test of a page."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.servers import PATIENCE_S, program

PATIENCE_MS = 1000 * PATIENCE_S
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """Headless Chromium, this machine's."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=program("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(chromium: Browser) -> Page:
    """A page of an English-speaking desk."""
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page
