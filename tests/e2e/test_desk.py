"""An operator's day in a real browser, with the real gateway and a real broker.

A door is opened, the site is locked down, then evacuated, and somebody with a phone checks people
off while the network comes and goes.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect
from pydantic import SecretStr

from gateway.adapters.embedded_broker import LOOPBACK, free_port
from gateway.config import Settings, load_space
from gateway.console.seat import Seat
from gateway.console.serve import serve
from gateway.core.directory import Holder, StaffRole
from gateway.core.requests import MarkMustered, SetMode
from gateway.core.site import OPERATOR
from tests.axe import barriers
from tests.console_place import FixedSeats
from tests.gateway_process import KEY, GatewayProcess
from tests.play import ADA, BOB, CLOCK, CYD, OLA, WORKSHOP, Play, enrol, holder, play
from tests.servers import Mosquitto, until

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
async def place(broker: Mosquitto) -> AsyncIterator[Play]:
    """The workshop's devices."""
    async with play(broker) as place:
        yield place


@pytest.fixture
async def gateway(broker: Mosquitto, place: Play, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """The workshop's gateway, in a process of its own; Ada, Bob and Cyd have come in."""
    gateway = GatewayProcess(tmp_path / "gateway", broker.url, WORKSHOP)
    enrol(gateway)
    async with gateway:
        await gateway.hears()
        await until(lambda: place.last("mode"), "the gateway is connected")
        await place.enter(ADA, BOB, CYD)
        yield gateway


@asynccontextmanager
async def desk(gateway: GatewayProcess, broker: Mosquitto, tmp_path: Path) -> AsyncIterator[str]:
    """A console at which Ola the operator sits; the address of her site."""
    seats = FixedSeats()
    seats.seat = Seat(
        Holder(holder(OLA), roles=(StaffRole(OPERATOR),)),
        "Ola",
        "session",
        "token",
        fresh_until=CLOCK.now() + timedelta(hours=1),
    )
    settings = Settings(broker_url=broker.url, data_dir=gateway.data, credential_key=SecretStr(KEY))
    port, sites = free_port(), load_space(tmp_path / "gateway/space.toml")
    console = asyncio.create_task(serve(sites, settings, seats=lambda *_: seats, port=port))
    await until(lambda: is_open(port), "the console listens")
    try:
        yield f"http://{LOOPBACK}:{port}/sites/hub"
    finally:
        console.cancel()
        await asyncio.wait([console])


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as asked:
        return asked.connect_ex((LOOPBACK, port)) == 0


async def test_a_door_and_a_lockdown(
    gateway: GatewayProcess, broker: Mosquitto, place: Play, page: Page, tmp_path: Path
) -> None:
    """A button opens the door; another one, behind a page that asks, shuts every entry."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    async with desk(gateway, broker, tmp_path) as site:
        await page.goto(f"{site}/doors")
        front = page.get_by_role("article", name="Front")
        await expect(front).to_contain_text(f"granted entry Name of {CYD}")
        await expect(front).to_contain_text("locked")
        await page.locator("#why-front").fill("a parcel")
        await front.get_by_role("button", name="Open now").click()
        await expect(page.get_by_text("Front: released.")).to_be_visible()
        await until(lambda: "unlock" in place.orders("front-in"), "the reader is told to open")
        await expect(front).to_contain_text("locked since", timeout=5000)  # by itself, live

        await page.get_by_role("link", name="Lockdown …").click()
        await expect(page.get_by_text("Nobody enters any more.")).to_be_visible()
        await page.get_by_label("Reason").fill("a fight outside")
        await page.get_by_role("button", name="Yes, lock down").click()
        await expect(page.locator("#mode")).to_contain_text("Lockdown: entries are closed")
        assert (await place.badge("front-in", ADA)).reason == "lockdown"
        assert place.last("mode")["why"] == "a fight outside"

        await page.get_by_role("link", name="Live").click()
        await expect(page.locator("#mode")).to_contain_text("Lockdown")
        await place.ask(OLA, SetMode("normal", "it is over"))
        await expect(page.locator("#mode")).to_be_hidden()
        assert complaints == []


async def test_a_muster_on_a_phone(
    gateway: GatewayProcess, broker: Mosquitto, place: Play, chromium: Browser, tmp_path: Path
) -> None:
    """Big boxes to tick; a dead network loses no tick, and another phone's come by themselves."""
    context = await chromium.new_context(locale="en-GB", viewport=PHONE, has_touch=True)
    page = await context.new_page()
    async with desk(gateway, broker, tmp_path) as site:
        await page.goto(f"{site}/here")
        await expect(page.get_by_text("3 people are here by badge.")).to_be_visible()
        await place.ask(OLA, SetMode("evacuation", "smoke"))
        await expect(page.get_by_role("heading", name="Muster list")).to_be_visible()
        missing = page.locator("[data-figure=missing]")
        await expect(missing).to_have_text("3")
        assert await barriers(page) == []
        box = await page.get_by_role("button", name=f"Name of {ADA}").bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["width"] >= 300

        await page.get_by_role("button", name=f"Name of {ADA}").tap()
        ada = page.locator(f"#p-{holder(ADA)}")
        await expect(ada).to_contain_text("safe since")
        await expect(missing).to_have_text("2")

        await context.set_offline(True)
        await page.get_by_role("button", name=f"Name of {BOB}").tap()
        bob = page.locator(f"#p-{holder(BOB)}")
        await expect(bob).to_contain_text("waits for the network")
        assert place.last("zone/lab/muster")["seen"] == 1
        await context.set_offline(False)
        await expect(bob).to_contain_text("safe since")
        await until(lambda: place.last("zone/lab/muster")["seen"] == 2, "the tick has arrived")

        await place.ask(OLA, MarkMustered(holder(CYD)))
        await expect(missing).to_have_text("0")
        await page.get_by_role("button", name=f"Name of {CYD}").tap()  # a mistake: taken back
        await until(lambda: place.last("zone/lab/muster")["seen"] == 2, "Cyd is looked for")

        await gateway.kill()
        await page.goto(f"{site}/here")
        await expect(page.get_by_text("This is the last known list")).to_be_visible()
        await expect(missing).to_have_text("1")
        await gateway.start()
        await expect(page.locator("#asof")).to_be_hidden()
