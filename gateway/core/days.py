"""Local days: which one a moment belongs to, and when it begins."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo


def day_of(at: datetime, timezone: str) -> date:
    """The day on a calendar in `timezone` at `at` (aware)."""
    return at.astimezone(_zone(timezone)).date()


def day_begins(day: date, timezone: str) -> datetime:
    """The day's first moment, in UTC: a day has 23, 24 or 25 hours."""
    return datetime.combine(day, time(), _zone(timezone)).astimezone(UTC)


@lru_cache(maxsize=64)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
