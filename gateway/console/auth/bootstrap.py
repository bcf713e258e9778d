"""The first link: for the first administrator, and the link that the command line makes."""

import ipaddress
from contextlib import closing

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.store import FILE, AccountStore
from gateway.clock import Clock
from gateway.config import Settings
from gateway.console.auth import links
from gateway.console.auth.staff import DEMO_REF, People, is_administrator
from gateway.core.model.directory import HolderId

BY_COMMAND = "command"
"""The author of a link that was made by a command on this machine."""


def address(settings: Settings, host: str = "127.0.0.1", port: int = 8080) -> str:
    """Return the address for browsers; passkeys work at localhost, but not at 127.0.0.1."""
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    try:
        known = ipaddress.ip_address(host)
        if known.is_loopback or known.is_unspecified:
            host = "localhost"
        elif known.version == 6:  # noqa: PLR2004 - IPv6
            host = f"[{host}]"
    except ValueError:
        pass
    return f"http://{host}:{port}"


def new_link(settings: Settings, clock: Clock, base: str, holder: HolderId | None = None) -> str:
    """Return a one-time link: for a member, or for a first administrator.

    Raises:
        gateway.adapters.accounts.store.StoreError: The accounts cannot be written.
    """
    with closing(AccountStore(settings.data_dir / FILE)) as store, store.change() as connection:
        secret = links.make(connection, holder, BY_COMMAND, clock.now())
    return base + links.PATH + secret


def link_if_first(settings: Settings, clock: Clock, base: str) -> str | None:
    """Return a link if no account can sign in yet.

    Raises:
        gateway.adapters.accounts.store.StoreError: The accounts cannot be read or written.
    """
    with closing(AccountStore(settings.data_dir / FILE)) as store, store.read() as connection:
        if accounts.is_any(connection):
            return None
    return new_link(settings, clock, base)


def is_of_a_demo(settings: Settings) -> bool:
    """Return whether this folder's members include the demo's operator: no real site has one.

    Raises:
        gateway.adapters.directory.DirectoryError: The members cannot be read.
    """
    with closing(People(settings)) as people:
        member = people.find(DEMO_REF)
    return member is not None and member.ref == DEMO_REF and is_administrator(member.holder)
