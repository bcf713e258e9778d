"""A console with real accounts and without processes: the app over a folder, and browsers.

place = SignInPlace(folder)
async with place.browser() as browser:
    page = await browser.get("/sign-in")
    answer = await place.send(browser, "/sign-in", login=..., password=...)
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from gateway.clock import Clock, ManualClock
from gateway.config import Settings, load_space
from gateway.console.app import build_app
from gateway.console.auth.authenticator import SignIn
from gateway.console.context import AppContext
from tests.world.console import EXAMPLE, NOW
from tests.world.signed_in import SignedIn, administrator

_CSRF = re.compile(r'name="csrf" (?:value|content)="([0-9a-f]+)"')


class SignInPlace:
    """The app with its accounts over `folder`, at the time of a clock that a test moves."""

    def __init__(self, folder: Path, *, demo: bool = False, **settings: object) -> None:
        self.settings = Settings(data_dir=folder, **settings)  # type: ignore[arg-type]
        self.clock = ManualClock(NOW)
        self.sites = load_space(EXAMPLE)
        self.site = self.sites[0].id

        def seats(settings: Settings, clock: Clock) -> SignIn:
            return SignIn(settings, clock, demo=demo)

        self.app = build_app(
            self.sites, self.settings, seats=seats, clock=self.clock, allowed_hosts=("seuil.test",)
        )
        self.console: AppContext = self.app.state.console

    @property
    def sign_in(self) -> SignIn:
        """What gives the seats."""
        seats = self.console.seats
        assert isinstance(seats, SignIn)
        return seats

    def close(self) -> None:
        """Let go of the files."""
        self.console.close()

    def person(self, role: str = "administrator", *sites: str, **more: str | bool) -> SignedIn:
        """Somebody with an account."""
        return administrator(self.settings, role, *sites, now=self.clock.now(), **more)  # type: ignore[arg-type]

    @asynccontextmanager
    async def browser(
        self,
        who: SignedIn | None = None,
        url: str = "http://localhost",
        address: str = "127.0.0.1",
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A browser that follows no redirect, with somebody's session or none."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 50_000))
        async with httpx.AsyncClient(
            transport=transport, base_url=url, headers={"accept-language": "en"}
        ) as browser:
            if who is not None:
                browser.cookies.set(*who.cookie, domain="localhost.local")
            yield browser

    async def send(
        self, browser: httpx.AsyncClient, path: str, page: str | None = None, **fields: str
    ) -> httpx.Response:
        """Fill in the form of a page and send it, as a browser does."""
        token = await csrf(browser, page or path)
        origin = str(browser.base_url).rstrip("/")
        return await browser.post(path, data={"csrf": token, **fields}, headers={"origin": origin})


async def csrf(browser: httpx.AsyncClient, page: str) -> str:
    """The token in a page's form."""
    found = _CSRF.search((await browser.get(page)).text)
    return found[1] if found else ""
