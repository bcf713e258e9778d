"""The real command in a real browser: from the first link to a passkey, and out again."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyotp
from playwright.async_api import Page, expect

from gateway.adapters.broker.ports import free_port
from gateway.clock import SystemClock
from tests.axe import barriers
from tests.servers import PATIENCE_S, Mosquitto

PASSWORD = "seven herons over water"  # noqa: S105 - of this test
SPACE = "gateway/examples/space.toml"
KEEP = "async () => (await import('/static/kept.js')).keep('le-seuil')"
KEPT = "() => caches.keys()"
_SEUIL = "from gateway.cli import main; main()"


@asynccontextmanager
async def console(folder: Path, broker: Mosquitto) -> AsyncIterator[str]:
    """`seuil console` as a child; the one-time link that it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SEUIL, "console", SPACE, "--port", str(free_port())),
        stderr=PIPE,
        env={"SEUIL_DATA_DIR": str(folder), "SEUIL_BROKER_URL": broker.url},
    )
    assert process.stderr is not None
    try:
        link = b""
        async with asyncio.timeout(PATIENCE_S):
            async for line in process.stderr:
                link = found[0] if (found := re.search(rb"http://\S+/set-up/\S+", line)) else link
                if b"console on http://" in line:
                    break
        yield link.decode()
    finally:
        process.terminate()
        await process.communicate()


async def _authenticator(page: Page) -> None:
    """A device that keeps passkeys, and whose user always shows a finger."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def test_from_the_first_link_to_a_passkey(
    tmp_path: Path, broker: Mosquitto, page: Page
) -> None:
    """The first administrator sets up a password, an app and a passkey, and signs in with each."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    async with console(tmp_path, broker) as link:
        base = link.split("/set-up/")[0]
        await _set_up(page, link)
        code = await _app(page)
        await expect(page.locator("#link")).to_contain_text("Live")
        await _keep_a_list(page)
        await _sign_out(page, base)
        assert await page.evaluate(KEPT) == []
        await _authenticator(page)
        await _with_password(page, code)
        await _a_session_that_is_over_keeps_nothing(page, base)
        await page.goto(f"{base}/me")
        await page.get_by_label("Name of the device").fill("Ada's laptop")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_text("Ada's laptop", exact=True).first).to_be_visible()
        assert await barriers(page) == []
        await _sign_out(page, base)
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.locator("#link")).to_contain_text("Live")
        await page.goto(f"{base}/accounts")
        await expect(page.get_by_role("row", name=re.compile("Ada"))).to_contain_text("yes")
        assert await barriers(page) == []
    assert complaints == []


async def _set_up(page: Page, link: str) -> None:
    await page.goto(link)
    assert await barriers(page) == []
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("E-mail").fill("ada@example.org")
    await page.get_by_label("Password").fill("ada-ada-ada-ada")
    await page.get_by_role("button", name="Set up").click()
    await expect(page.get_by_text("Too easy to guess")).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Set up").click()
    await expect(page.get_by_role("alert")).to_contain_text("need a second factor")


async def _app(page: Page) -> str:
    """A recovery code, one of the ten that are shown."""
    await page.get_by_role("button", name="Set up an app").click()
    secret = await page.locator(".secret").inner_text()
    await page.get_by_label("Enter the code").fill(_code(secret))
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.locator(".codes code")).to_have_count(10)
    codes = await page.locator(".codes code").all_inner_texts()
    await page.get_by_role("link", name="I've saved them").click()
    return codes[0]


async def _with_password(page: Page, code: str) -> None:
    await page.get_by_label("E-mail or login").fill("ada@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_label("Code from your app")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_label("Code from your app").fill(code)
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator("#link")).to_contain_text("Live")


async def _keep_a_list(page: Page) -> None:
    """This browser has a copy of the muster page, as in an evacuation."""
    await page.evaluate(KEEP)
    assert await page.evaluate(KEPT) == ["seuil-muster-le-seuil"]


async def _a_session_that_is_over_keeps_nothing(page: Page, base: str) -> None:
    """The muster page then leads to the sign-in, and its copy is gone."""
    cookies = await page.context.cookies()
    await _keep_a_list(page)
    await page.context.clear_cookies()
    await page.goto(f"{base}/sites/le-seuil/here")
    await expect(page).to_have_url(re.compile("/sign-in"))
    assert await page.evaluate(KEPT) == []
    await page.context.add_cookies(cookies)  # type: ignore[arg-type] # its own


async def _sign_out(page: Page, base: str) -> None:
    await page.goto(f"{base}/me")
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.get_by_role("link", name="Sign in").click()
    await expect(page.get_by_label("E-mail or login")).to_be_visible()


def _code(secret: str) -> str:
    return pyotp.TOTP(secret).at(SystemClock().now())
