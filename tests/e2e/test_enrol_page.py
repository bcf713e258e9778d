"""A badge is enrolled by holding it to a reader: real gateway, simulated badge, real browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from gateway.adapters.directory import FILE, DirectoryStore, Member, credential_hash, reader_hash
from gateway.adapters.embedded_broker import LOOPBACK, free_port
from gateway.config import Settings, load_space
from gateway.console.serve import serve
from gateway.core.directory import Holder, StaffRole
from gateway.core.requests import EnrolBadge
from gateway.core.site import ADMINISTRATOR, OPERATOR, DeviceId
from tests.axe import barriers
from tests.console_place import FixedSeats, seat
from tests.gateway_process import KEY, GatewayProcess
from tests.play import ADA, BOB, CYD, OLA, WORKSHOP, Play, enrol, holder, play
from tests.servers import Mosquitto, until

NEW = "04f1f2f3f4f5f6"
FOR_EVER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
async def place(broker: Mosquitto) -> AsyncIterator[Play]:
    """The play's devices."""
    async with play(broker) as place:
        yield place


@pytest.fixture
async def gateway(tmp_path: Path, broker: Mosquitto, place: Play) -> AsyncIterator[GatewayProcess]:
    """The workshop's gateway, in a process of its own; Ola is an administrator too."""
    gateway = GatewayProcess(tmp_path / "gateway", broker.url, WORKSHOP)
    enrol(gateway)
    with closing(DirectoryStore(gateway.data / FILE)) as store:
        store.revise(OLA, _promoted)
    async with gateway:
        await gateway.hears()
        await until(lambda: place.last("mode"), "the gateway is connected")
        yield gateway


def _promoted(member: Member) -> Member:
    roles = (StaffRole(OPERATOR), StaffRole(ADMINISTRATOR))
    return structs.replace(member, holder=structs.replace(member.holder, roles=roles))


@asynccontextmanager
async def console(gateway: GatewayProcess, broker: Mosquitto) -> AsyncIterator[str]:
    """A console beside the gateway, at which Ola sits."""
    seats = FixedSeats()
    ola = Holder(holder(OLA), roles=(StaffRole(OPERATOR), StaffRole(ADMINISTRATOR)))
    seats.seat = structs.replace(seat(""), holder=ola, fresh_until=FOR_EVER)
    settings = Settings(broker_url=broker.url, data_dir=gateway.data, credential_key=KEY)
    sites, port = load_space(gateway.data.parent / "space.toml"), free_port()
    task = asyncio.create_task(serve(sites, settings, seats=lambda *_: seats, port=port))
    try:
        yield f"http://{LOOPBACK}:{port}/sites/hub"
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_badge_is_enrolled_at_a_reader(
    gateway: GatewayProcess, broker: Mosquitto, place: Play, page: Page
) -> None:
    """The page says so at once, the door opens with it soon, a cut-off reader can know it too."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    async with console(gateway, broker) as url:
        await _wait_for(page, f"{url}/members/{holder(CYD)}")
        answer = await place.badge("front-in", NEW)
        assert (answer.effect, answer.reason) == ("denied", "enrolment")
        await expect(page.get_by_text("The badge is enrolled.")).to_be_visible(timeout=2000)
        assert await barriers(page) == []
        with closing(DirectoryStore(gateway.data / FILE)) as store:
            found = store.find(CYD)
        assert found is not None
        added = {each.hash: each for each in found.credentials}[credential_hash(KEY.encode(), NEW)]
        assert added.reader_hash == reader_hash(KEY.encode(), NEW)
        await until(lambda: _granted(gateway), "the gateway knows the badge")
        assert (await place.badge("front-in", NEW)).reason == "plan"

        await _wait_for(page, f"{url}/members/{holder(CYD)}")
        answer = await place.badge("front-in", BOB)
        assert answer.effect == "denied"
        whose = page.get_by_text(f"This badge is already held by Name of {BOB}.")
        await expect(whose).to_be_visible(timeout=2000)

        await _wait_for(page, f"{url}/members/{holder(ADA)}")
        said = await place.ask(OLA, EnrolBadge(DeviceId("front-in"), holder(ADA)))
        assert said.error == "busy"
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_text("Cancelled")).to_be_visible()
        assert (await place.badge("front-in", ADA)).reason == "plan"
    assert complaints == []
    assert NEW not in gateway.log


def _granted(gateway: GatewayProcess) -> bool:
    """Whether the gateway has taken a change of the members in since its start."""
    return gateway.ask(
        lambda file: any(
            credential_hash(KEY.encode(), NEW) in str(stored.event)
            and stored.row.kind == "directory"
            for stored in file.events_after(0)
        )
    )


async def _wait_for(page: Page, member: str) -> None:
    """From a member's page to the countdown at the front door."""
    await page.goto(member)
    await page.get_by_role("link", name="Enrol a badge").click()
    await page.get_by_role("radio", name="Front").check()
    await page.get_by_role("button", name="Wait for the badge").click()
    await expect(page.get_by_text("Hold the badge to Front now.")).to_be_visible()
