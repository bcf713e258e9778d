"""The desk's screens have no barriers, and nothing runs over a phone's edge."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser

from gateway.console.serve import _Server, listening
from gateway.core.readings import Tampered
from gateway.core.requests import AcknowledgeAlarm, SetMode, SetService
from gateway.core.site import AccessPointId
from gateway.wire import AlarmMessage
from tests.axe import barriers
from tests.desk_place import EVE, DeskPlace

SCREENS = ("doors", "mode/evacuation", "here", "here/list", "alarms", "audit")


@asynccontextmanager
async def served(place: DeskPlace) -> AsyncIterator[str]:
    """The address of the site of a console without a broker."""
    with listening("127.0.0.1", 0) as door:
        server = _Server(place.app, (place.console.hub,), [])
        serving = asyncio.create_task(server.serve_until_cancelled(door))
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}/sites/{place.site.id}"
        finally:
            serving.cancel()
            await asyncio.wait([serving])


async def test_no_screen_has_a_barrier(tmp_path: Path, chromium: Browser) -> None:
    """Light and dark, on a phone, with something in every part; normal and in an evacuation."""
    place = DeskPlace(tmp_path, [f"Person {n} of the house" for n in range(12)])
    await place.open()
    await place.enters(*(f"Person {n} of the house" for n in range(12)))
    place.sees("hall", people=15)
    for device in ("meeting-co2", "coworking-pir"):
        await place.says(device, Tampered(active=True))
    await place.request(AcknowledgeAlarm("tamper", "meeting-co2", "new battery"))
    await place.request(SetService(AccessPointId("front-entry"), in_service=False, why="broken"))
    place.hears(
        "alarm/duress/laser-entry", AlarmMessage(place.clock.now(), "duress", "laser-entry")
    )
    place.sits(place.sitting(EVE))
    context = await chromium.new_context(locale="fr-FR", viewport={"width": 390, "height": 844})
    page = await context.new_page()
    async with served(place) as site:
        for screen in (*SCREENS, "evacuation"):
            if screen == "evacuation":
                await place.request(SetMode("evacuation", "smoke"))
                screen = "here"  # noqa: PLW2901 - the same page, as it is now
            await page.goto(f"{site}/{screen}")
            assert await barriers(page) == [], screen
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, screen
    await place.close()
