"""Where bookings come from: the iCalendar files and feeds of a space file."""

from pathlib import Path

from msgspec import Struct

from gateway.core.bookings import Target
from gateway.core.site import SiteId


class CalendarFeed(Struct, frozen=True):
    """An iCalendar file or address that says who booked a zone or a machine of a site."""

    site: SiteId
    target: Target
    file: Path | None
    url: str | None
    refresh_s: float


def load_calendars(path: Path) -> tuple[CalendarFeed, ...]:  # noqa: ARG001 - the config branch's
    """The feeds of a space file or folder."""
    return ()
