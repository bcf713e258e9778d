"""OpenStreetMap opening_hours, evaluated on the site's clock with its holidays.

A library evaluates the expressions; this module adds the following.

*The clock.* An instant is first converted to the site's local time, then looked up. Daylight saving
time (DST): in the night
when clocks go forward 02:30 does not exist: `22:00-02:30` ends when 03:00 follows 01:59. In the
night when they go back 02:30 occurs twice, and hours that are open at 02:30 are open both times.

*Midnight.* A rule after `;` replaces a whole local day, and `off` closes one, from midnight to
midnight, including hours that run into it from an earlier rule's evening; so does an exceptional
day. Hours past midnight belong to their evening: one that was replaced or closed has no night.

*Holidays.* The library has public holidays of its own, no school holidays, and reads `SH Mo-Fr` as
"school holidays or Monday to Friday", where the specification says "and". But whether it is open
depends on two days alone: the local day, and the day before, whose hours may run past midnight. So
`PH` and `SH` are spelled as the weekdays of those two days on which they hold, or as a third
weekday where they hold on neither. On Wednesday 11 November 2026

    Mo-Fr 08:00-20:00; PH off      is      Mo-Fr 08:00-20:00; We off

and on the Thursday after it, too: the Wednesday is then the day before.

Results are cached by the minute: an expression has no finer resolution, and evaluating one costs
some tens of microseconds.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, validate

from gateway.core.model.holidays import is_public_holiday, is_school_holiday
from gateway.core.model.site import Site

ALWAYS = "24/7"
Opening = Literal["open", "closed", "holiday", "exceptional"]

_OFFSET = r"(?: [+-]\d+ days?)?"
_WEEKDAY = r"(?i:Mo|Tu|We|Th|Fr|Sa|Su)"
_RANGE = rf"{_WEEKDAY}(?:-{_WEEKDAY}|\[[-\d,]+\]{_OFFSET})?"
_RANGES = rf"{_RANGE}(?:,{_RANGE})*"
_HOLIDAY = rf"(?:PH{_OFFSET}|SH)\b"
_HOLIDAYS = rf"{_HOLIDAY}(?:,{_HOLIDAY})*"
_SELECTOR = re.compile(
    r'"[^"]*"'  # a comment, which may hold any word
    rf"|\b(?P<holidays>{_HOLIDAYS})(?:(?P<joined>[ ,])(?P<ranges>{_RANGES}))?"
    rf"|\b(?P<ranges_first>{_RANGES}),(?P<holidays_last>{_HOLIDAYS})"
)
_COMMENT = re.compile(r'"[^"]*"')
_RULES = re.compile(r'(?:[^;"]|"[^"]*")+')
_TIMES = re.compile(r"\b(\d\d:\d\d)-(\d\d:\d\d)\b")
_TIMES_LIST = re.compile(r"\b\d\d:\d\d-\d\d:\d\d(?:, *\d\d:\d\d-\d\d:\d\d)*")
_MODIFIER = re.compile(r"\b(?:open|off|closed)\b", re.IGNORECASE)
_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY = timedelta(days=1)


def opening(site: Site, hours: str, at: datetime) -> Opening:
    """Return whether `hours` holds at `at` (aware) at this site; if not, whether by a special day.

    "holiday": closed, but open without public holidays. "exceptional": open, except for the hours
    of an exceptional day, which apply from its midnight to the next and limit "24/7", too.

    Source: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
    """
    if hours == ALWAYS and not site.exceptional_days:
        return "open"
    minute = at.replace(second=0, microsecond=0)
    by_plan = _by_plan(hours, site.timezone, site.country, site.school_zone, minute)
    if by_plan == "open" and site.exceptional_days:
        local = _local(site.timezone, minute)
        day = site.exceptional_day.get(local.date())
        if day is not None and not _parsed(day.hours).is_open(local):
            return "exceptional"
    return by_plan


def holidays_named(hours: str) -> frozenset[str]:
    """Return those of "PH" and "SH" that an expression names."""
    return frozenset(
        word
        for selector in _SELECTOR.finditer(hours)
        for word in re.findall("[PS]H", selector["holidays"] or selector["holidays_last"] or "")
    )


def without_holidays(hours: str, day: date, country: str | None, school_zone: str | None) -> str:
    """Return an expression of weekdays alone that is equivalent on `day` and the day before.

    Without a `country` there are no public holidays; without a `school_zone` no school holidays.
    """

    def spelled(selector: re.Match[str]) -> str:
        holidays = selector["holidays"] or selector["holidays_last"]
        if holidays is None:
            return selector[0]
        ranges = selector["ranges"] or selector["ranges_first"]
        both = selector["joined"] == " "
        matching = [
            each
            for each in (day - _DAY, day)
            if _matches(each, holidays, ranges, country, school_zone, both=both)
        ]
        return ",".join(_WEEKDAYS[each.weekday()] for each in matching or [day + _DAY])

    return _SELECTOR.sub(spelled, hours)


@lru_cache(maxsize=8192)
def _by_plan(
    hours: str, timezone: str, country: str | None, school_zone: str | None, minute: datetime
) -> Literal["open", "closed", "holiday"]:
    local = _local(timezone, minute)
    if _holds(hours, country, school_zone, local):
        return "open"
    if country and "PH" in hours and _holds(hours, None, school_zone, local):
        return "holiday"
    return "closed"


def _holds(hours: str, country: str | None, school_zone: str | None, local: datetime) -> bool:
    plain = without_holidays(hours, local.date(), country, school_zone)
    if ";" not in plain or "||" in plain:
        return bool(_parsed(plain).is_open(local))
    own = _TIMES.sub(lambda span: f"{span[1]}-{_until_midnight(span[1], span[2])}", plain)
    return bool(_parsed(own).is_open(local)) or _night_goes_on(plain, local)


def _night_goes_on(hours: str, local: datetime) -> bool:
    """Return whether a night that began on the day before is still on.

    The library drops the night of a later rule where an earlier rule holds on the next day
    (`Mo-Su 10:00-22:00; Fr,Sa 10:00-02:00` on Sunday at 00:30), and keeps that of a rule that a
    later one replaced. The rule in force on the evening before decides: the last that names that
    day. A still later rule that names the next day replaces all of it, and ends the night.
    """
    rules = [rule.strip() for rule in _RULES.findall(hours)]
    eve = local - _DAY
    last = max((n for n, rule in enumerate(rules) if _names_day(rule, eve)), default=None)
    if last is None or _is_off(rules[last]):
        return False
    if any(_names_day(rule, local) for rule in rules[last + 1 :]):
        return False
    nights = [_after_midnight(*span) for span in _TIMES.findall(rules[last])]
    nights = [end for end in nights if end > "00:00"]
    if not nights:
        return False
    spans = ",".join(f"00:00-{end}" for end in nights)
    return bool(_parsed(_TIMES_LIST.sub(spans, rules[last], count=1)).is_open(eve))


def _until_midnight(begins: str, ends: str) -> str:
    """Return the end of a span on its first day."""
    return "24:00" if ends <= begins or ends > "24:00" else ends


def _after_midnight(begins: str, ends: str) -> str:
    """Return the end of a span on the next day; 00:00: it ends before."""
    if ends > "24:00":
        return f"{int(ends[:2]) - 24:02}{ends[2:]}"
    return ends if ends <= begins else "00:00"


def _is_off(rule: str) -> bool:
    """Return whether a rule closes whole days."""
    plain = _COMMENT.sub("", rule).rstrip().lower()
    return plain.endswith(("off", "closed")) and not _TIMES.search(plain)


def _names_day(rule: str, at: datetime) -> bool:
    """Return whether a rule holds on a day, at whatever hour; False where that cannot be told."""
    days = _MODIFIER.sub("", _TIMES_LIST.sub("", _COMMENT.sub("", rule))).strip(" ,")
    if not days or days == ALWAYS:
        return True
    return validate(days) and bool(_parsed(days).is_open(at.replace(hour=12, minute=0)))


def _matches(
    day: date,
    holidays: str,
    ranges: str | None,
    country: str | None,
    school_zone: str | None,
    *,
    both: bool,
) -> bool:
    """Return whether a selector holds on a day: a holiday and one of these weekdays, or either."""
    found = any(_is_holiday(holiday, day, country, school_zone) for holiday in _parts(holidays))
    if ranges is None:
        return found
    weekday = bool(_parsed(ranges).is_open(datetime.combine(day, time(12))))
    return found and weekday if both else found or weekday


def _parts(holidays: str) -> Iterator[tuple[str, timedelta]]:
    """Yield each holiday word, and how many days after the holiday it refers to."""
    for part in holidays.split(","):
        kind, _, offset = part.partition(" ")
        yield kind, timedelta(days=int(offset.split()[0])) if offset else timedelta()


def _is_holiday(
    holiday: tuple[str, timedelta], day: date, country: str | None, school_zone: str | None
) -> bool:
    kind, offset = holiday
    if kind == "PH":
        return country is not None and is_public_holiday(day - offset, country)
    return school_zone is not None and is_school_holiday(day - offset, school_zone)


@lru_cache(maxsize=4096)
def _local(timezone: str, minute: datetime) -> datetime:
    """Return the site's local time at that minute, without its zone."""
    return minute.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


@lru_cache(maxsize=1024)
def _parsed(hours: str) -> OpeningHours:
    return OpeningHours(hours)
