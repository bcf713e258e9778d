"""A console without processes: the app over a folder of its own, and somebody who sits at it.

place = ConsolePlace(folder)            # the example's site, an empty journal, some members
place.sits(administrator("hub"))        # who asks from now on
async with place.browser() as browser:  # httpx over ASGI; forms carry the CSRF token
    answer = await browser.get("/sites/hub/live")
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.clock import Clock, ManualClock
from gateway.config import Settings, load_space
from gateway.console.app import build_app
from gateway.console.context import AppContext
from gateway.console.identity import Principal, Scope, Seats
from gateway.console.server import serve
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import RoleId, SiteId
from gateway.core.model.site import Site
from tests.paths import ROOT
from tests.servers import listens

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CSRF = "the-token-of-this-session"
OPENED: list[AppContext] = []
"""Consoles of this test, to be closed after it (`tests/unit/conftest.py`)."""
EXAMPLE = ROOT / "gateway/examples/space.toml"


def seat(
    role: str,
    *sites: str,
    name: str = "Ada",
    fresh: bool = True,
    scopes: Sequence[Scope] | None = None,
) -> Principal:
    """Somebody with a staff role at these sites (none: at all of them)."""
    roles = (StaffRole(RoleId(role), tuple(SiteId(site) for site in sites)),) if role else ()
    return Principal(
        holder=Holder(HolderId("h-00000000ada0"), roles=roles),
        name=name,
        key="session-1",
        csrf=CSRF,
        scopes=None if scopes is None else frozenset(scopes),
        fresh_until=NOW + timedelta(days=1) if fresh else None,
    )


class FixedSeats:
    """Whoever was put there; refusals are remembered."""

    def __init__(self) -> None:
        self.seat: Principal | None = None
        self.refusals: list[tuple[str, SiteId | None, str]] = []

    async def of(self, request: Request) -> Principal | None:
        del request
        return self.seat

    async def refused(
        self, request: Request, seat: Principal, site: SiteId | None, what: str
    ) -> None:
        del request
        self.refusals.append((seat.holder.id, site, what))

    def attended(self, seat: Principal) -> None:
        del seat

    async def mark(self) -> str:
        return str(id(self.seat))

    def close(self) -> None:
        pass


def somebody(role: str, *sites: str) -> Callable[[Settings, Clock], FixedSeats]:
    """Seats on which somebody with this role sits, whoever asks."""
    seats = FixedSeats()
    seats.seat = seat(role, *sites)
    return lambda *_: seats


@asynccontextmanager
async def served(
    sites: Sequence[Site],
    settings: Settings,
    seats: Callable[[Settings, Clock], Seats],
) -> AsyncIterator[str]:
    """A console on a port of its own; its address. It ends with the block."""
    port = free_port()
    task = asyncio.create_task(serve(sites, settings, seats=seats, port=port), name="console")
    try:
        await listens(port)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        task.cancel()
        await asyncio.wait([task])


class ConsoleApp:
    """The app over `folder` as data folder, at the time of a clock that a test moves."""

    def __init__(
        self,
        folder: Path,
        seats: Callable[[Settings, Clock], Seats],
        sites: Sequence[Site] | None = None,
        allowed_hosts: Sequence[str] = (),
        **settings: Any,  # noqa: ANN401 - any of them
    ) -> None:
        self.sites = tuple(sites) if sites is not None else load_space(EXAMPLE)
        self.settings = Settings(data_dir=folder, **settings)
        self.clock = ManualClock(NOW)
        self.app = build_app(
            self.sites, self.settings, seats=seats, clock=self.clock, allowed_hosts=allowed_hosts
        )
        self.console: AppContext = self.app.state.console
        OPENED.append(self.console)


class ConsolePlace(ConsoleApp):
    """The app, and somebody who sits at it."""

    def __init__(self, folder: Path, sites: Sequence[Site] | None = None) -> None:
        self.seats = FixedSeats()
        super().__init__(folder, lambda *_: self.seats, sites)

    def sits(self, seat: Principal | None) -> None:
        """From now on requests are this one's; None: nobody has signed in."""
        self.seats.seat = seat

    @asynccontextmanager
    async def browser(self, language: str = "en") -> AsyncIterator[httpx.AsyncClient]:
        """A browser that follows no redirect."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://localhost",
            headers={"accept-language": language, "x-csrf-token": CSRF},
        ) as browser:
            yield browser
