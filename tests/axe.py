"""What axe says of a page."""

from typing import Literal

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def barriers(page: Page) -> list[str]:
    """Each rule of axe that the page breaks, light and dark, with the first element that does."""
    found = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        results = await Axe().run(page)
        found += [
            f"{scheme}: {wrong['id']}: {wrong['nodes'][0]['html'][:160]}"
            for wrong in results.response["violations"]
        ]
    return found
