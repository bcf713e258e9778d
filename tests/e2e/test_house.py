"""The whole house, through its pages: mosquitto, `seuil run` and `seuil console` as processes.

Simulated people hold badges to simulated readers; somebody signs in through the real page and runs
the place, in English at a desk and in French with a phone; then axe looks at every screen. The
processes are started once for all three: a test leaves the site in the mode in which it found it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from msgspec import structs
from playwright.async_api import Browser, BrowserContext, Dialog, Page, async_playwright, expect

from gateway.adapters.accounts.store import FILE as ACCOUNTS
from gateway.adapters.accounts.store import AccountStore
from gateway.adapters.directory import credential_hash, reader_hash
from gateway.config import Settings
from gateway.console.auth import sessions
from gateway.core.model.directory import Credential, Membership
from gateway.core.model.names import AccessPointId, DeviceId, PlanId
from gateway.core.readings import Tampered
from gateway.core.requests import AcknowledgeAlarm, EnrolBadge, MarkMustered, SetMode, SetService
from gateway.wire.message import encode
from gateway.wire.states import AlarmMessage
from gateway.wire.topics import Topics
from tests.axe import barriers
from tests.servers import PATIENCE_S, Mosquitto, program, until
from tests.world.console_process import ConsoleProcess
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA, BOB, CYD, KEY, OLA, holder, member, members_in
from tests.world.play import CLOCK, EVERYBODY, SITE, WORKSHOP, Play, play
from tests.world.signed_in import SignedIn, administrator

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAY, EVE, NEW = "04fafafafafafa", "04e0e0e0e0e0e0", "04f1f2f3f4f5f6"
"""Badges: of a membership that has ended, of a hostile name, and of nobody yet."""
HOSTILE: Final = "<img src=x onerror=document.title='owned'>"
PHONE: Final = {"width": 390, "height": 844}
DESK: Final = {"width": 1280, "height": 800}
SPACE: Final = (
    WORKSHOP.replace('name = "Lab"\n', 'name = { fr = "Atelier", en = "Lab" }\ncapacity = 30\n'
    'capacity_source = "the test"\noutline = [[0, 0], [8, 0], [8, 5], [0, 5]]\n', 1)
    .replace('name = "Front"\n', 'name = { fr = "Entrée", en = "Front" }\nat = [4, 5]\n')
    + '\n[kiosk]\nzones = ["lab"]\n'
)  # fmt: skip
SCREENS: Final = (
    *("live", "doors", "mode/lockdown", "mode/evacuation", "mode/normal"),
    *("log", "here", "here/list", "history", "history?by=week"),
    *("members", "members/new", "members/import"),
    *("rules", "rules/may", "rules/what-if", "devices", "alarms", "health", "audit"),
)
"""Below a site's address."""


class House:
    """The processes, whoever plays in the place, and the administrator."""

    def __init__(
        self, gateway: GatewayProcess, console: ConsoleProcess, place: Play, ada: SignedIn
    ) -> None:
        self.gateway = gateway
        self.console = console
        self.place = place
        self.iris = ada
        self.site = f"{console.url}/sites/hub"
        self._codes = 0

    async def session(self, context: BrowserContext, ago: timedelta) -> None:
        """A session of Iris's, who signed in some time ago and has done nothing since."""
        store = AccountStore(self.gateway.data / ACCOUNTS)
        with closing(store), store.change() as connection:
            begun = CLOCK.now() - ago
            secret = sessions.begin(connection, self.iris.holder, "passkey", begun)
        await structs.replace(self.iris, secret=secret).into(context, self.console.url)

    async def sign_in(self, page: Page, password: str, then: str) -> None:
        """Through the two pages; the labels are the page's language."""
        await page.goto(f"{self.site}/live")
        await page.locator("#login").fill(self.iris.login)
        await page.get_by_label(password).fill(self.iris.password)
        await page.locator("button.first").click()
        await page.locator("#code").fill(self.iris.code(later=self._codes))
        self._codes += 1  # each code counts once
        await page.get_by_role("button", name=then).click()
        await expect(page.locator("#link")).to_have_attribute("data-link", "live")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for the module."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=program("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A workshop in which Bob, Cyd and a hostile name are; Fay's membership has ended."""
    folder = tmp_path_factory.mktemp("house")
    async with Mosquitto(folder / "mosquitto") as broker, play(broker) as place:
        gateway = GatewayProcess(folder / "gateway", broker.url, SPACE)
        iris = _members(gateway)
        console = ConsoleProcess(
            folder / "console",
            folder / "gateway/space.toml",
            broker_url=broker.url,
            data_dir=str(gateway.data),
            credential_key=KEY,
        )
        async with gateway, console:
            await gateway.hears()
            await until(lambda: place.last("mode"), "the gateway is connected")
            await place.enter(BOB, CYD, EVE)
            yield House(gateway, console, place, iris)


def _members(gateway: GatewayProcess) -> SignedIn:
    """Everybody of the play, Fay, a hostile name, and Iris, who has an account."""
    ended = Membership(PlanId("all"), ends=datetime(2026, 1, 1, tzinfo=UTC))
    fay, eve = member(FAY, "laser"), structs.replace(member(EVE, "laser"), name=HOSTILE)
    fay = structs.replace(fay, holder=structs.replace(fay.holder, memberships=(ended,)))
    gateway.enrol(*EVERYBODY, fay, eve)
    settings = Settings(data_dir=gateway.data, credential_key=KEY)
    return administrator(settings, ref="iris", name="Iris")


class Complaints(list[str]):
    """What a browser complained of on a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        page.on("console", lambda message: self.append(message.text))
        page.on("pageerror", lambda error: self.append(str(error)))


async def _context(chromium: Browser, locale: str, size: dict[str, int]) -> BrowserContext:
    context = await chromium.new_context(
        locale=locale, viewport={"width": size["width"], "height": size["height"]}, has_touch=True
    )
    context.set_default_timeout(1000 * PATIENCE_S)
    return context


async def test_a_day_at_the_desk(house: House, chromium: Browser, tmp_path: Path) -> None:
    """Each thing by the page's own buttons, in English; the browser has no complaint.

    Live, a refusal and its why, a door, a lockdown, an evacuation, an enrolment, an import, an
    erasure.
    """
    context = await _context(chromium, "en-GB", DESK)
    page = await context.new_page()
    complaints = Complaints(page)
    await house.sign_in(page, "Password", "Continue")
    await _a_badge_moves_the_number(house, page)
    await _an_operator_corrects_it(page)
    await _a_refusal_and_its_why(house, page)
    await _a_door_is_opened(house, page)
    await _a_lockdown(house, page)
    await _an_evacuation(house, page)
    await _a_badge_is_enrolled(house, page)
    await _a_list_is_imported(page, tmp_path)
    await _somebody_is_erased(house, page)
    assert complaints == []
    await _the_console_is_killed(house, page)
    await context.close()


async def _a_badge_moves_the_number(house: House, page: Page) -> None:
    """By itself, once Ada has walked through the door."""
    lab = page.get_by_role("article", name="Lab", exact=True)
    await expect(lab.locator(".people")).to_have_text("3")
    await house.place.enter(ADA)
    await expect(lab.locator(".people")).to_have_text("4")
    await expect(page.get_by_role("link", name="Lab: 4 / 30")).to_be_visible()
    passages = page.get_by_role("log", name="Passages")
    await expect(passages).to_contain_text("Granted Front entry")


async def _an_operator_corrects_it(page: Page) -> None:
    """The number that somebody counted by eye is asked of the gateway, and is the page's."""
    lab = page.get_by_role("article", name="Lab", exact=True)
    for people in ("7", "4"):
        await lab.get_by_text("Correct the count").click()
        await lab.get_by_label("I counted").fill(people)
        await lab.get_by_role("button", name="Set").click()
        await expect(lab.locator(".people")).to_have_text(people)
        await expect(page).to_have_url(re.compile("#zone-lab$"))


async def _a_refusal_and_its_why(house: House, page: Page) -> None:
    """The refused badge shows its reason at once; its why is one click away."""
    assert (await house.place.badge("front-in", FAY)).reason == "membership-expired"
    line = page.locator("#passages li").filter(has_text=f"Name of {FAY}")
    await expect(line).to_contain_text("Refused Front")
    await expect(line).to_contain_text("Your membership has expired")
    await line.get_by_role("link", name="Why?").click()
    await expect(page.locator(".verdict")).to_contain_text("Refused")
    await expect(page.locator(".advice")).to_contain_text("Renew it at the front desk.")
    await expect(page.locator("[data-outcome=deny]")).to_contain_text("membership")
    await page.get_by_role("link", name="Français").click()
    await expect(page.locator(".verdict")).to_contain_text("Refusé")
    await page.get_by_role("link", name="English").click()
    await expect(page.locator(".verdict")).to_contain_text("Refused")
    await page.goto(f"{house.site}/log?who={FAY}")
    lines = page.locator("#log tr")
    await expect(lines).to_have_count(1)
    await expect(page.locator("#link")).to_have_attribute("data-link", "live")
    await house.place.badge("front-in", FAY)  # the log is live, within its filter
    await house.place.badge("front-in", "04999999999999")
    await expect(lines).to_have_count(2)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Paused: new passages are waiting.")).to_be_visible()


async def _a_door_is_opened(house: House, page: Page) -> None:
    """The button reaches the reader; the door's state comes back by itself."""
    await page.get_by_role("link", name="Doors").click()
    front = page.get_by_role("article", name="Front")
    await expect(front).to_contain_text("refused")
    await page.locator("#why-front").fill("a parcel")
    await front.get_by_role("button", name="Open now").click()
    await expect(page.get_by_text("Front unlocked for")).to_be_visible()
    await until(lambda: "unlock" in house.place.orders("front-in"), "the reader is told to open")
    await expect(front).to_contain_text("locked since")


async def _a_lockdown(house: House, page: Page) -> None:
    """Behind a page that asks, every entry is shut, with a banner everywhere; and back."""
    await page.get_by_role("link", name="Lockdown").click()
    await expect(page.get_by_text("This will block every entry.")).to_be_visible()
    await page.get_by_label("Reason").fill("a fight outside")
    await page.get_by_role("button", name="Yes, lock down").click()
    await expect(page.locator("#mode")).to_contain_text("LOCKDOWN")
    assert (await house.place.badge("front-in", ADA)).reason == "lockdown"
    assert house.place.last("mode")["why"] == "a fight outside"
    await _back_to_normal(page)
    await page.get_by_role("link", name="Live").click()
    await house.place.ask(OLA, SetMode("lockdown", "somebody else's"))
    await expect(page.locator("#mode")).to_contain_text("LOCKDOWN")  # it came by itself
    await house.place.ask(OLA, SetMode("normal", "over"))
    await expect(page.locator("#mode")).to_be_hidden()


async def _an_evacuation(house: House, page: Page) -> None:
    """The doors are released, who is inside is looked for by name, and checked off."""
    await page.get_by_role("link", name="Doors").click()
    await page.get_by_role("link", name="Evacuation").click()
    await page.get_by_label("Reason").fill("Smoke")
    await page.get_by_role("button", name="Yes, evacuate now").click()
    await expect(page.locator("#mode")).to_contain_text("EVACUATION IN PROGRESS")
    await expect(page.get_by_role("heading", name="Muster list")).to_be_visible()
    missing = page.locator("[data-figure=missing]")
    await expect(missing).to_have_text("4")
    await page.get_by_role("button", name=f"Name of {ADA}").click()
    await expect(page.locator(f"#p-{holder(ADA)}")).to_contain_text("safe since")
    await expect(missing).to_have_text("3")
    await until(lambda: house.place.last("zone/lab/muster")["seen"] == 1, "Ada is safe")
    await page.get_by_role("link", name="End the evacuation").click()
    await _confirm_normal(page)


async def _a_badge_is_enrolled(house: House, page: Page) -> None:
    """Held to the reader it is Cyd's; it opens the door; somebody else's badge is refused."""
    await _wait_for_a_badge(house, page, CYD)
    for _ in range(2):
        answer = await house.place.badge("front-in", NEW)
        assert (answer.effect, answer.reason) == ("denied", "enrolment")
    await expect(page.get_by_text("The badge is enrolled.")).to_be_visible(timeout=2000)
    assert await barriers(page) == []
    await until(lambda: _knows_the_badge(house.gateway), "the gateway knows the badge")
    assert (await house.place.badge("front-in", NEW)).effect == "granted"
    await _wait_for_a_badge(house, page, CYD)
    assert (await house.place.badge("front-in", BOB)).effect == "denied"
    await expect(page.get_by_text(f"This badge already belongs to Name of {BOB}.")).to_be_visible()
    assert NEW not in house.gateway.log
    with members_in(house.gateway.data) as store:
        cyd = store.find(CYD)
    assert cyd is not None
    assert reader_hash(KEY.encode(), NEW) in {badge.reader_hash for badge in cyd.credentials}
    await _wait_for_a_badge(house, page, ADA)  # one at a time; and it can be cancelled
    busy = await house.place.ask(OLA, EnrolBadge(DeviceId("front-in"), holder(ADA)))
    assert busy.error == "busy"
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("Cancelled")).to_be_visible()


async def _a_list_is_imported(page: Page, folder: Path) -> None:
    """What is applied is what was shown."""
    file = folder / "list.csv"
    file.write_text(f"ref,name,plan,until\n{CYD},Cyd Martin,all,2027-01-31\nN-1,{HOSTILE},all,\n")
    await page.get_by_role("link", name="Members").click()
    await page.get_by_role("link", name="Import").click()
    await page.get_by_role("button", name="File").set_input_files(file)
    await page.get_by_role("button", name="Preview changes").click()
    await expect(page.get_by_text(f"name: Name of {CYD} → Cyd Martin")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("button", name="Import these changes").click()
    await expect(page.get_by_text("The file was imported.")).to_be_visible()
    await expect(page.get_by_role("link", name=HOSTILE).first).to_be_visible()


async def _somebody_is_erased(house: House, page: Page) -> None:
    """The name goes from the pages at once, the badge from the door soon after."""
    await page.get_by_role("link", name="Cyd Martin").click()
    await page.get_by_text("Erase this member").click()
    await page.get_by_label(f"Type the reference {CYD} to confirm").fill(CYD)
    await page.get_by_role("button", name="Erase", exact=True).click()
    await expect(page.get_by_text("Member erased.")).to_be_visible()
    await expect(page.get_by_role("link", name="Cyd Martin")).to_have_count(0)
    async with asyncio.timeout(PATIENCE_S):
        while (await house.place.badge("front-in", NEW)).reason != "credential-unknown":
            pass  # it was still hers
    await page.get_by_role("link", name="Audit").click()
    await expect(page.locator("main table")).to_contain_text("Iris")


async def _the_console_is_killed(house: House, page: Page) -> None:
    """`kill -9`: the page says so, doors go on, and it is live after the new start."""
    await page.get_by_role("link", name="Live").click()
    await expect(page.locator("#passages")).to_be_visible()
    link = page.locator("#link")
    await expect(link).to_contain_text("Live")
    await house.console.kill()
    await expect(link).to_contain_text("Connection lost")
    assert (await house.place.badge("front-in", FAY)).reason == "membership-expired"
    await house.console.start()
    await expect(link).to_contain_text("Live")
    await house.place.badge("front-in", FAY)
    await expect(page.locator("#passages li").first).to_contain_text("Your membership has expired")


async def test_an_evacuation_by_phone(house: House, chromium: Browser) -> None:
    """In French, with thumbs: a dead network loses no tick, another phone's come by themselves.

    The last list stays when the gateway is gone.
    """
    context = await _context(chromium, "fr-FR", PHONE)
    page = await context.new_page()
    place = house.place
    await place.enter(ADA)
    await house.sign_in(page, "Mot de passe", "Continuer")
    await expect(page.locator("#link")).to_contain_text("En direct")
    await place.badge("front-in", FAY)
    refused = page.locator("#passages li").first
    await expect(refused).to_contain_text("Refusé Entrée entrée")
    await refused.get_by_role("link", name="Pourquoi ?").tap()
    await expect(page.locator("[data-outcome=deny]")).to_contain_text("adhésion")
    await page.goto(f"{house.site}/here")
    inside = await page.locator("#rooms tbody tr").count()
    assert inside >= 3
    await page.get_by_role("link", name="Lancer une évacuation").tap()
    await page.get_by_label("Motif").fill("Fumée")
    await page.get_by_role("button", name="Oui, évacuer maintenant").tap()
    missing = page.locator("[data-figure=missing]")
    await expect(missing).to_have_text(str(inside))
    assert await barriers(page) == []
    await _ticks(house, context, page, inside)
    await page.get_by_role("link", name="En direct").tap()  # every other screen leads back
    await expect(page.locator("#passages")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("link", name="Vers la liste de rassemblement").tap()
    await expect(page.locator("#asof")).to_be_attached()  # it is there before it is loaded again
    await house.gateway.kill()
    await page.reload()
    await expect(page.get_by_text("Dernière liste connue")).to_be_visible()
    await expect(missing).to_have_text(str(inside - 2))
    await house.gateway.start()
    await expect(page.locator("#asof")).to_be_hidden()
    await place.ask(OLA, SetMode("normal", "fini"))
    await expect(page.locator("#mode")).to_be_hidden()
    await context.close()


async def test_emergencies_six_minutes_after_the_sign_in(house: House, chromium: Browser) -> None:
    """By phone, two taps each from any screen; nothing is asked but to end it, in place."""
    context = await _context(chromium, "en-GB", PHONE)
    page, place = await context.new_page(), house.place
    await house.session(context, timedelta(minutes=6))
    await page.goto(f"{house.site}/log")
    emergency = page.get_by_role("navigation", name="Emergency")
    await emergency.get_by_role("link", name="Lockdown").tap()
    await page.get_by_role("button", name="Yes, lock down").tap()
    await expect(page.locator("#mode")).to_contain_text("LOCKDOWN")
    assert (await place.badge("front-in", ADA)).reason == "lockdown"
    before = place.orders("front-in").count("unlock")
    await emergency.get_by_role("link", name="Evacuation").tap()
    await page.get_by_role("button", name="Yes, evacuate now").tap()
    await expect(page.get_by_role("heading", name="Muster list")).to_be_visible()
    await until(
        lambda: place.orders("front-in").count("unlock") > before, "the door is told to open"
    )
    assert place.last("mode")["mode"] == "evacuation"
    assert "why" not in place.last("mode")
    await page.get_by_role("link", name="End the evacuation").tap()
    await page.get_by_role("button", name="Yes, back to normal").tap()
    who = page.get_by_role("dialog", name="Confirm it's you")
    await who.get_by_label("Password").fill("not the password")
    await who.get_by_role("button", name="Confirm").tap()
    await expect(who.get_by_role("alert")).to_be_visible()
    assert place.last("mode")["mode"] == "evacuation"
    assert await barriers(page) == []
    await who.get_by_label("Password").fill(house.iris.password)
    await who.get_by_role("button", name="Confirm").tap()
    await expect(page.locator("#mode")).to_be_hidden()
    assert place.last("mode")["mode"] == "normal"
    await context.close()


async def test_a_forced_door_that_shut_again_is_still_listed(
    house: House, chromium: Browser
) -> None:
    """On every screen and on the page of alarms, until somebody acknowledges it."""
    context = await _context(chromium, "en-GB", DESK)
    page, place = await context.new_page(), house.place
    await house.session(context, timedelta(minutes=1))
    await page.goto(f"{house.site}/live")
    await until(lambda: place.last("door/front/state")["state"] == "locked", "it is shut")
    await place.swing()
    banner = page.get_by_role("region", name="Alarms", exact=True)
    await expect(banner).to_contain_text("not acknowledged")
    assert place.last("door/front/state")["state"] == "locked"
    await page.get_by_role("link", name="Alarms").click()
    forced = page.get_by_role("article").filter(has_text="Door forced")
    await expect(forced).to_contain_text("listed until acknowledged")
    assert await barriers(page) == []
    await forced.get_by_role("button", name="Acknowledge (I'm on it)").click()
    await expect(forced).to_have_count(0)
    await expect(page.get_by_text("No active alarms.")).to_be_visible()
    await context.close()


async def test_the_lost_badge_among_three_is_the_right_one(house: House, chromium: Browser) -> None:
    """Told by its label and its last use; the question says which; only that one opens no more."""
    context = await _context(chromium, "en-GB", DESK)
    page, place, key = await context.new_page(), house.place, KEY.encode()
    await house.session(context, timedelta(minutes=1))
    numbers = ("04aaaaaaaaaa01", "04aaaaaaaaaa02", "04aaaaaaaaaa03")
    gus = member("gus", has_badge=False)
    badges = tuple(Credential(credential_hash(key, one), gus.holder.id) for one in numbers)
    with members_in(house.gateway.data) as store:
        store.apply([structs.replace(gus, credentials=badges)])
    await until_granted(house, numbers[1])
    await page.goto(f"{house.site}/members/{holder('gus')}")
    second = page.get_by_role("listitem").filter(has_text="Badge 2")
    await expect(second).to_contain_text("last used")
    await expect(second).to_contain_text("Front")
    await expect(page.get_by_role("listitem").filter(has_text="Badge 1")).to_contain_text(
        "not used lately"
    )
    await second.locator("summary").click()
    await second.get_by_label("Label").fill("blue fob")
    await second.get_by_role("button", name="Save").click()
    blue = page.get_by_role("listitem").filter(has_text="Badge 2 “blue fob”")
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.accept()

    page.on("dialog", answer)
    assert await barriers(page) == []
    await blue.get_by_role("button", name="Lost").click()
    await expect(blue.locator(".tag")).to_have_text("lost")
    assert "Badge 2 “blue fob” (enrolled" in asked[0]
    async with asyncio.timeout(PATIENCE_S):
        while (await place.badge("front-in", numbers[1])).reason != "credential-lost":
            pass  # the gateway does not know it yet
    for kept in (numbers[0], numbers[2]):
        assert (await place.badge("front-in", kept)).effect == "granted"
    await context.close()


async def until_granted(house: House, badge: str) -> None:
    """The gateway has read the members again."""
    async with asyncio.timeout(PATIENCE_S):
        while (await house.place.badge("front-in", badge)).effect != "granted":
            pass


async def test_a_desk_that_nobody_used(house: House, chromium: Browser) -> None:
    """It says so, and looks on; a door opens once somebody confirms who they are, in place."""
    context = await _context(chromium, "en-GB", DESK)
    page, place = await context.new_page(), house.place
    await house.session(context, timedelta(minutes=16))
    await page.goto(f"{house.site}/doors")
    locked = page.get_by_text("View only: this desk has been idle.")
    await expect(locked).to_be_visible()
    assert await barriers(page) == []
    before = place.orders("front-in").count("unlock")
    front = page.get_by_role("article", name="Front")
    await front.get_by_role("button", name="Open now").click()
    who = page.get_by_role("dialog", name="Confirm it's you")
    await who.get_by_role("link", name="Back").click()
    await expect(who).to_have_count(0)
    await front.get_by_role("button", name="Open now").click()
    await who.get_by_label("Password").fill(house.iris.password)
    await who.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("Front unlocked for")).to_be_visible()
    await expect(locked).to_be_hidden()
    assert place.orders("front-in").count("unlock") == before + 1
    await context.close()


async def _ticks(house: House, context: BrowserContext, page: Page, inside: int) -> None:
    """Bob's waiting for the network; Eve's is somebody else's; Ada's was a mistake."""
    missing, place = page.locator("[data-figure=missing]"), house.place

    def seen(people: int) -> bool:
        return bool(place.last("zone/lab/muster")["seen"] == people)

    ada = page.get_by_role("button", name=f"Name of {ADA}")
    box = await ada.bounding_box()
    assert box is not None
    assert box["height"] >= 48
    assert box["width"] >= 300
    await ada.tap()
    await expect(page.locator(f"#p-{holder(ADA)}")).to_contain_text("en sécurité")
    await expect(missing).to_have_text(str(inside - 1))
    await context.set_offline(True)
    await page.get_by_role("button", name=f"Name of {BOB}").tap()
    bob = page.locator(f"#p-{holder(BOB)}")
    await expect(bob).to_contain_text("attend le réseau")
    assert seen(1)
    await context.set_offline(False)
    await expect(bob).to_contain_text("en sécurité")
    await until(lambda: seen(2), "the tick has arrived")
    await place.ask(OLA, MarkMustered(holder(EVE)))
    await expect(missing).to_have_text(str(inside - 3))
    await ada.tap()  # taken back
    await until(lambda: seen(2), "Ada is looked for again")


async def test_no_screen_has_a_barrier(house: House, chromium: Browser) -> None:
    """On a phone, light and dark, with something in every part, axe finds nothing.

    Nothing is wider than the phone, and a name with markup in it is a name.
    """
    context = await _context(chromium, "fr-FR", PHONE)
    page = await context.new_page()
    stranger = await context.new_page()
    for address in ("/sign-in", "/kiosk/hub", "/nowhere"):
        await _has_no_barrier(stranger, house.console.url + address)
    await house.iris.into(context, house.console.url)
    tampered = house.place.devices["contact"].report(Tampered(active=True), CLOCK.now())
    assert tampered is not None
    await house.place._send(tampered.message)
    await house.place.ask(
        OLA, SetService(AccessPointId("store-in"), in_service=False, why="broken")
    )
    await house.place.badge("front-in", FAY)
    await house.place.alarm("tamper", "contact")
    await house.place.ask(OLA, AcknowledgeAlarm("tamper", "contact", "new battery"))
    duress = encode(AlarmMessage(CLOCK.now(), "duress", "store-in"))
    topic = Topics().alarm(SITE, "duress", "store-in")
    await house.place.say(topic, duress, retain=True)
    await page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    await page.goto(f"{house.site}/live")
    assert await barriers(page) == []
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    for screen in SCREENS:
        await _has_no_barrier(page, f"{house.site}/{screen}")
    await _has_no_barrier(page, f"{house.site}/members/{holder(EVE)}")
    await _has_no_barrier(page, f"{house.site}/members/{holder(EVE)}/enrol")
    await _has_no_barrier(page, f"{house.site}/rules/may?who={FAY}&point=front-in")
    await page.goto(f"{house.site}/log?decision=denied")
    await page.locator("#log a").first.click()
    await expect(page.locator("[data-outcome]").first).to_be_visible()
    await _has_no_barrier(page, page.url)
    for address in ("/me", "/me/totp", "/accounts", "/sign-in/again"):
        await _has_no_barrier(page, house.console.url + address)
    await context.close()


async def _has_no_barrier(page: Page, address: str) -> None:
    await page.goto(address)
    assert await barriers(page) == [], address
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
    assert await page.locator("img:not([src^='/'])").count() == 0, address
    assert await page.title() != "owned"


async def _wait_for_a_badge(house: House, page: Page, badge: str) -> None:
    """From a member's page to the countdown at the front door."""
    await page.goto(f"{house.site}/members/{holder(badge)}")
    await page.get_by_role("link", name="Enrol a badge").click()
    await page.get_by_role("radio", name="Front").check()
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_text("Hold the badge to Front twice in a row.")).to_be_visible()


def _knows_the_badge(gateway: GatewayProcess) -> bool:
    """Whether the gateway has taken the new badge in."""
    hashed = credential_hash(KEY.encode(), NEW)
    return gateway.ask(
        lambda file: any(
            hashed in str(stored.event) and stored.row.kind == "directory"
            for stored in file.events_after(0)
        )
    )


async def _back_to_normal(page: Page) -> None:
    await page.get_by_role("link", name="Back to normal").click()
    await _confirm_normal(page)


async def _confirm_normal(page: Page) -> None:
    await page.get_by_label("Reason").fill("All clear")
    await page.get_by_role("button", name=re.compile("Yes, back to normal")).click()
    await expect(page.locator("#mode")).to_be_hidden()
