"""Signing in: accounts, sessions and tokens."""

from starlette.requests import Request

from gateway.clock import Clock
from gateway.config import Settings
from gateway.console.seat import Seat
from gateway.core.site import SiteId


class Nobody:
    """Until there are accounts, nobody signs in."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        del settings, clock

    async def of(self, request: Request) -> Seat | None:
        """Nobody."""
        del request
        return None

    async def refused(self, request: Request, seat: Seat, site: SiteId | None, what: str) -> None:
        """Nobody is refused."""
