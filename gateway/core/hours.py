"""Is it open? OpenStreetMap opening_hours, in the site's local time.

The library converts nothing by itself, and evaluating costs some tens of microseconds, so answers
are remembered by the minute: an expression has no finer grain.
"""

from datetime import datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours

from gateway.core.site import Site

ALWAYS = "24/7"


def opening(
    site: Site, hours: str, at: datetime
) -> Literal["open", "closed", "holiday", "exceptional"]:
    """Whether `hours` holds at this site at `at` (aware)."""
    return "open" if is_open(hours, site.timezone, at) else "closed"


def is_open(hours: str, timezone: str, at: datetime) -> bool:
    """Whether `hours` holds at `at` (aware) on a clock in `timezone`.

    Source: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
    """
    return hours == ALWAYS or _is_open(hours, timezone, at.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _is_open(hours: str, timezone: str, minute: datetime) -> bool:
    return bool(_parsed(hours).is_open(minute.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)))


@lru_cache(maxsize=1024)
def _parsed(hours: str) -> OpeningHours:
    return OpeningHours(hours)
