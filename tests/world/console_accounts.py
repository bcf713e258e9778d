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
from typing import Any

import httpx

from gateway.console.auth.authenticator import SignIn
from tests.world.console import ConsoleApp
from tests.world.signed_in import SignedIn, administrator

_CSRF = re.compile(r'name="csrf" (?:value|content)="([0-9a-f]+)"')


class SignInPlace(ConsoleApp):
    """The app with its accounts over `folder`."""

    def __init__(self, folder: Path, *, demo: bool = False, **settings: Any) -> None:  # noqa: ANN401 - any of them
        super().__init__(
            folder,
            lambda settings, clock: SignIn(settings, clock, demo=demo),
            allowed_hosts=("seuil.test",),
            **settings,
        )
        self.site = self.sites[0].id

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
