"""Somebody who can sign in, made straight in a data folder: for tests with real processes.

ada = administrator(Settings(data_dir=folder))     # a member, their account, a session
browser.cookies.set(*ada.cookie)                   # httpx
await ada.into(context, url)                       # Playwright
headers = {"x-csrf-token": ada.csrf}               # for changes that are no forms

Or through the page: `ada.login`, `ada.password`, then `ada.code(now)`. The members must be of the
settings' credential key, which is made where there is none.
"""

from contextlib import closing
from datetime import datetime, timedelta
from functools import cache

import pyotp
from msgspec import Struct
from playwright.async_api import BrowserContext

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.store import FILE, AccountStore
from gateway.adapters.directory import FILE as MEMBERS
from gateway.adapters.directory import DirectoryStore, Member, credential_key, holder_of
from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.console.auth import cookies, passwords, sessions
from gateway.console.auth.secrets import csrf_of
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import RoleId, SiteId

PASSWORD = "four words without a link"  # noqa: S105 - everybody's in the tests
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""The secret of everybody's app in the tests."""


class SignedIn(Struct, frozen=True):
    """A member with an account, and a session of theirs."""

    holder: HolderId
    ref: str
    login: str
    secret: str
    password: str = PASSWORD

    @property
    def cookie(self) -> tuple[str, str]:
        """The session's cookie on plain http, which is loopback."""
        return cookies.SESSION, self.secret

    @property
    def csrf(self) -> str:
        """What goes with changes."""
        return csrf_of(self.secret)

    async def into(self, context: BrowserContext, url: str) -> None:
        """Their session for a browser context."""
        name, value = self.cookie
        await context.add_cookies([{"name": name, "value": value, "url": url, "httpOnly": True}])

    def code(self, at: datetime | None = None, *, later: int = 0) -> str:
        """The app's code; each counts once, so a second sign-in takes the one `later`."""
        moment = (at or SystemClock().now()) + timedelta(seconds=30 * later)
        return pyotp.TOTP(TOTP).at(moment)


def administrator(
    settings: Settings,
    role: str = "administrator",
    *sites: str,
    ref: str = "ada",
    name: str = "Ada",
    second: bool = True,
    now: datetime | None = None,
) -> SignedIn:
    """Somebody with this role (no sites: at all of them), an account, and a session."""
    holder = enrol(settings, role, *sites, ref=ref, name=name)
    now = now or SystemClock().now()
    login = f"{ref}@example.org"
    with closing(AccountStore(settings.data_dir / FILE)) as store, store.change() as connection:
        accounts.make(connection, holder, login, now)
        accounts.change(connection, holder, password=_hashed(), totp=TOTP if second else None)
        secret = sessions.begin(connection, holder, "password", now)
    return SignedIn(holder, ref, login, secret)


def enrol(
    settings: Settings, role: str = "", *sites: str, ref: str = "ada", name: str = "Ada"
) -> HolderId:
    """A member with this role, in the place of the one with this reference."""
    key = credential_key(settings)
    roles = (StaffRole(RoleId(role), tuple(SiteId(site) for site in sites)),) if role else ()
    member = Member(ref, name, Holder(holder_of(key, ref), roles=roles), f"{ref}@example.org")
    with closing(DirectoryStore(settings.data_dir / MEMBERS)) as store:
        store.bind(key)
        store.apply((member,))
    return member.holder.id


@cache
def _hashed() -> str:
    return passwords.hashed(PASSWORD)
