"""Members, devices and health in a real browser, in French: an import, an erasure, no barrier."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs
from playwright.async_api import Browser, Page, expect

from gateway.adapters.directory import FILE, DirectoryStore, Member, holder_of
from gateway.adapters.embedded_broker import LOOPBACK, free_port
from gateway.adapters.journal import JOURNAL_FILE, Journal
from gateway.config import Settings, load_space
from gateway.console.serve import serve
from gateway.core.directory import Credential, CredentialHash, Holder, Membership, StaffRole
from gateway.core.site import ADMINISTRATOR, PlanId
from tests.axe import barriers
from tests.console_place import EXAMPLE, FixedSeats, seat
from tests.gateway_process import KEY
from tests.servers import Mosquitto

HOSTILE = "<img src=x onerror=document.title='owned'>"
CHANGES = f'ref,name,plan,until\nM-1,Béa Martin,resident,2027-01-31\nN-1,"{HOSTILE}",nomad,\n'
ID = holder_of(KEY.encode(), "M-1")


@pytest.fixture
async def url(tmp_path: Path, broker: Mosquitto) -> AsyncIterator[str]:
    """A console with Bea, at which an administrator sits."""
    ada = Holder(holder_of(KEY.encode(), "ADA"), roles=(StaffRole(ADMINISTRATOR),))
    badge = Credential(CredentialHash("0" * 64), ID)
    bea = Member("M-1", "Béa", Holder(ID, memberships=(Membership(PlanId("resident")),)))
    with closing(DirectoryStore(tmp_path / FILE)) as store:
        store.bind(KEY.encode())
        store.apply((Member("ADA", "Ada", ada), structs.replace(bea, credentials=(badge,))))
    journal = Journal(tmp_path / JOURNAL_FILE)
    await journal.open()
    await journal.close()
    seats, port = FixedSeats(), free_port()
    for_ever = datetime(2100, 1, 1, tzinfo=UTC)
    seats.seat = structs.replace(seat(""), holder=ada, fresh_until=for_ever)
    settings = Settings(broker_url=broker.url, data_dir=tmp_path, credential_key=KEY)
    serving = serve(load_space(EXAMPLE), settings, seats=lambda *_: seats, port=port)
    task = asyncio.create_task(serving)
    yield f"http://{LOOPBACK}:{port}/sites/le-seuil"
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
async def page(chromium: Browser) -> Page:
    """A page of a French-speaking desk."""
    page = await (await chromium.new_context(locale="fr-FR")).new_page()
    page.set_default_timeout(10_000)
    return page


async def test_a_list_is_imported_as_it_was_shown_and_somebody_erased(
    url: str, page: Page, tmp_path: Path
) -> None:
    """By the buttons of the pages; a hostile name stays a name."""
    file = tmp_path / "list.csv"
    file.write_text(CHANGES)
    await page.goto(f"{url}/members")
    await page.get_by_role("link", name="Importer").click()
    await page.get_by_role("button", name="Fichier").set_input_files(file)
    await page.get_by_role("button", name="Montrer ce qu'il changerait").click()
    await expect(page.get_by_text("nom : Béa → Béa Martin")).to_be_visible()
    await page.get_by_role("button", name="Appliquer exactement cela").click()
    await expect(page.get_by_text("Le fichier a été importé.")).to_be_visible()
    await expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    assert await page.locator("img").count() == 0

    await page.get_by_role("link", name="Béa Martin").click()
    await page.get_by_text("Effacer ce membre").click()
    await page.get_by_label("Tapez la référence M-1 pour confirmer").fill("M-1")
    await page.get_by_role("button", name="Effacer", exact=True).click()
    await expect(page.get_by_text("Le membre a été effacé.")).to_be_visible()
    await expect(page.get_by_role("link", name="Béa Martin")).to_have_count(0)


async def test_no_screen_has_a_barrier(url: str, page: Page) -> None:
    """Light and dark, and nothing is wider than a phone."""
    await page.set_viewport_size({"width": 390, "height": 844})
    screens = ("members", "members/new", "members/import", f"members/{ID}", f"members/{ID}/enrol")
    for screen in (*screens, "devices", "health"):
        await page.goto(f"{url}/{screen}")
        assert await barriers(page) == [], screen
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, screen
