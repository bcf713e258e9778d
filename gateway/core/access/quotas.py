"""The use of a plan: days, half-days, hours and entries in a period of the calendar.

Days are those of the site's clock, weeks begin on Monday (ISO 8601). A day counts 0, 0.5 or 1 by
the time for which the holder was present (`Accounting`). A day or half-day that was begun costs
nothing more: a holder who was let in today comes and goes until midnight on the same day of a plan,
and until the half-day is over on the same half-day.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.core.model.plans import Accounting, Per, Quota
from gateway.core.state import DayOfUse

Days = tuple[DayOfUse, ...]
DAY = timedelta(days=1)
STAY_MAX = timedelta(hours=24)
"""The longest part of one stay that counts: a longer one is a forgotten exit."""
SECONDS_PER_HOUR = 3600
HALVES_PER_DAY = 2


class QuotaUsage(Struct, frozen=True):
    """A quota and its use in the running period, in its own units."""

    quota: Quota
    used: float

    @property
    def left(self) -> float:
        """Return the amount that may still be begun; none at 0 and below."""
        return self.quota.amount - self.used


def tally(quota: Quota, days: Days, today: date, accounting: Accounting) -> QuotaUsage:
    """Return the use of a quota in the period that contains `today`; `days` are ascending."""
    counted = _counted(days, _first_day(quota.per, today), today)
    match quota.kind:
        case "entries":
            used: float = sum([day.entries for day in counted])
        case "hours":
            used = sum([day.seconds for day in counted]) / SECONDS_PER_HOUR
        case "days":
            used = _halves(counted, today, accounting)[0] / 2
        case "half-days":
            before, now = _halves(counted, today, accounting)
            used = before + max(now - 1, 0)
        case _:
            assert_never(quota.kind)
    return QuotaUsage(quota, used)


def with_stay(days: Days, running: Days) -> Days:
    """Return the days of finished stays, with those of the running one; both ascending."""
    cut = len(days)
    while running and cut and days[cut - 1].day >= running[0].day:
        cut -= 1
    by_day = {day.day: day for day in days[cut:]}
    for part in running:
        before = by_day.get(part.day, DayOfUse(part.day))
        by_day[part.day] = DayOfUse(part.day, before.seconds + part.seconds, before.entries)
    return days[:cut] + tuple(by_day[day] for day in sorted(by_day))


def stay(since: datetime, until: datetime, clock: ZoneInfo) -> Days:
    """Return the local days of one stay, `STAY_MAX` of it at most."""
    until = min(until, since + STAY_MAX)
    last = until.astimezone(clock).date()
    days = []
    while since < until:
        day, end = since.astimezone(clock).date(), until
        if day < last:
            end = datetime.combine(day + DAY, time(), clock).astimezone(UTC)
        days.append(DayOfUse(day, (end - since).total_seconds()))
        since = end
    return tuple(days)


def _counted(days: Days, first: date, last: date) -> list[DayOfUse]:
    """Return the days from `first` to `last`, latest first: periods are short, histories long."""
    counted = []
    for day in reversed(days):
        if day.day < first:
            break
        if day.day <= last:
            counted.append(day)
    return counted


def _halves(days: list[DayOfUse], today: date, accounting: Accounting) -> tuple[int, int]:
    """Return the half-days that count before `today`, and on it."""
    half, whole = accounting.half_from_s, accounting.whole_from_s
    halves = [(day.seconds >= half) + (day.seconds >= whole) for day in days]
    now = halves[0] if days and days[0].day == today else 0
    return sum(halves) - now, now


def _first_day(per: Per, today: date) -> date:
    match per:
        case "day":
            return today
        case "week":
            return today - today.weekday() * DAY
        case "month":
            return today.replace(day=1)
        case "year":
            return today.replace(month=1, day=1)
        case _:
            assert_never(per)
