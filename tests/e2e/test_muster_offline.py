"""The muster list on a phone whose network goes: it is still there, says so, and leaves nothing."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error, Page, expect

from gateway.adapters.broker.ports import LOOPBACK
from gateway.console.server import _Server, listening
from gateway.core.requests import SetMode
from tests.axe import barriers
from tests.servers import PATIENCE_S, POLL_S, until
from tests.world.console import seat
from tests.world.console_desk import EVE, OLA, DeskPlace, pseudonym

ADA, BOB, SOFIA = "Ada Lovelace", "Bob Martin", "Sofia Rossi"
HERE = "/sites/le-seuil/here"
KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys()) {
        const requests = await (await caches.open(name)).keys();
        found.push(...requests.map((each) => new URL(each.url).pathname));
    }
    return found;
}"""
SPOILT = """async ([header, value]) => {
    const cache = await caches.open("seuil-muster-le-seuil");
    const list = await cache.match(location.pathname);
    const headers = new Headers(list.headers);
    headers.set(header, value);
    let html = await list.text();
    if (header !== "date") html = html.replace('id="offline"', "");
    await cache.put(location.pathname, new Response(html, { headers }));
}"""
WORKERS = "async () => (await navigator.serviceWorker.getRegistrations()).length"


class Cable:
    """A network between a phone and the console, which may be cut."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._ways: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def plug(self) -> None:
        """The network is there, always at the same address."""
        self._server = await asyncio.start_server(self._carry, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """It is gone, with all that was open."""
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.transport.abort()

    async def _carry(self, hears: asyncio.StreamReader, says: asyncio.StreamWriter) -> None:
        there_hears, there_says = await asyncio.open_connection(LOOPBACK, self._to)
        mine = {says, there_says}
        self._ways |= mine
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pour(hears, there_says))
                both.create_task(_pour(there_hears, says))
        finally:
            self._ways -= mine


async def _pour(hears: asyncio.StreamReader, says: asyncio.StreamWriter) -> None:
    try:
        while some := await hears.read(1 << 16):
            says.write(some)
            await says.drain()
    except OSError:
        pass  # the cable was cut
    finally:
        says.close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[DeskPlace]:
    """Three people are inside when Ola evacuates the place."""
    place = DeskPlace(tmp_path, (ADA, BOB, SOFIA))
    await place.open()
    await place.enters(ADA, BOB, SOFIA)
    await place.request(SetMode("evacuation", "Smoke"))
    place.sits(place.sitting(OLA))
    yield place
    await place.close()


@asynccontextmanager
async def served(place: DeskPlace) -> AsyncIterator[Cable]:
    """The console behind a cable."""
    with listening(LOOPBACK, 0) as door:
        server = _Server(place.app, (place.console.hub, place.console.kiosk), [])
        task = asyncio.create_task(server.serve_until_cancelled(door), name="console")
        cable = Cable(door.getsockname()[1])
        await cable.plug()
        try:
            yield cable
        finally:
            await cable.cut()
            task.cancel()
            await asyncio.wait([task])


async def test_a_phone_without_a_network_has_the_list(place: DeskPlace, page: Page) -> None:
    """Loaded again it is there, as of when; a mark made then arrives later, and nothing is left."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    async with served(place) as cable:
        await _open(page, cable)
        assert await page.locator("#offline").is_hidden()
        kept = await page.evaluate(KEPT)
        assert [path for path in kept if not path.startswith("/static/")] == [HERE]
        await cable.cut()
        await page.reload()
        await expect(page.locator("#offline")).to_contain_text(re.compile(r"Offline, as of 10:00"))
        await expect(page.locator(".person")).to_have_count(3)
        assert await barriers(page) == []
        await page.get_by_role("button", name=BOB).click()
        await expect(page.locator(f"#p-{pseudonym(BOB)}")).to_contain_text(
            "waiting for the network"
        )
        await page.reload()
        await expect(page.locator(f"#p-{pseudonym(BOB)}")).to_contain_text(
            "waiting for the network"
        )
        assert place.state.muster[pseudonym(BOB)].safe is None
        await cable.plug()
        await until(lambda: place.state.muster[pseudonym(BOB)].safe is not None, "Bob is safe")
        await expect(page.locator("#offline")).to_be_hidden()
        await place.request(SetMode("normal", "over"))
        await expect(page.locator("#mode")).to_be_hidden()
        await expect(page.locator("#rooms tbody tr")).to_have_count(2)  # Bob is outside
        await _nothing_is_kept(page)
        await cable.cut()
        with pytest.raises(Error, match="ERR_"):
            await page.reload()
    assert complaints == []


async def test_whoever_may_not_see_it_any_more_keeps_nothing(place: DeskPlace, page: Page) -> None:
    """Whose role has ended has no copy from the next answer on; nor has a phone on another page."""
    async with served(place) as cable:
        await _open(page, cable)
        place.sits(seat("operator", "another-site"))
        assert (await _reloaded(page)) == 404
        assert await page.evaluate(KEPT) == []
        place.sits(place.sitting(EVE))
        await _open(page, cable)
        await page.goto("about:blank")
        await place.request(SetMode("normal", "over"))
        place.sits(seat("viewer"))
        await page.goto(f"http://{LOOPBACK}:{cable.port}/sites/le-seuil/doors")
        await _nothing_is_kept(page)


async def test_a_list_that_is_old_is_not_shown(place: DeskPlace, page: Page) -> None:
    """A copy of yesterday, or one that could not say what it is, is deleted and not shown."""
    async with served(place) as cable:
        for header, value in (("date", "Sat, 21 Nov 2020 09:00:00 GMT"), ("x-none", "no mark")):
            tab = await page.context.new_page()
            await _open(tab, cable)
            await tab.evaluate(SPOILT, [header, value])
            await cable.cut()
            with pytest.raises(Error, match="ERR_"):
                await tab.reload()
            await tab.close()
            await cable.plug()


async def _reloaded(page: Page) -> int:
    answer = await page.reload()
    assert answer is not None
    return answer.status


async def _open(page: Page, cable: Cable) -> None:
    """The muster page, until this phone has kept it."""
    await page.goto(f"http://{LOOPBACK}:{cable.port}{HERE}")
    await expect(page.get_by_role("heading", name="Muster list")).to_be_visible()
    await _comes(page, "the list is kept", KEPT, lambda kept: HERE in kept)
    await _comes(page, "the worker is there", "() => !!navigator.serviceWorker.controller", bool)


async def _nothing_is_kept(page: Page) -> None:
    await _comes(page, "the cache is empty", KEPT, lambda kept: not kept)
    await _comes(page, "the worker is gone", WORKERS, lambda workers: not workers)


async def _comes(page: Page, what: str, asked: str, is_so: Callable[[Any], bool]) -> None:
    """Poll the page until it answers so."""
    found: object = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(found := await page.evaluate(asked)):
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        pytest.fail(f"waited in vain until {what}: {found}")
