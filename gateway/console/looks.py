"""Looks at people: whoever sees who is where leaves a note of it, once in a while."""

from gateway.console.place import Console
from gateway.console.seat import Seat
from gateway.core.site import SiteId


async def look(console: Console, seat: Seat, site: SiteId, what: str) -> None:
    """Note that somebody looks at people."""
    del console, seat, site, what
