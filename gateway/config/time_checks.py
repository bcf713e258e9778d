"""Claims about time: the site's clock, its holidays, opening hours and exceptional days."""

import re
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

import opening_hours

from gateway.config.check_types import Claim
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault
from gateway.core.model.holidays import SCHOOL_COUNTRY, countries, school_holidays_known_until
from gateway.core.model.opening_hours import holidays_named, without_holidays

HOURS_EXAMPLE = 'write for example "Mo-Fr 08:00-20:00", or "24/7" for always'

_COMMENT = re.compile(r'"[^"]*"')
_SUN = re.compile(r"\b(?:dawn|sunrise|sunset|dusk)\b", re.IGNORECASE)
_WEEKDAYS_BEFORE_HOLIDAY = re.compile(r"\b((?i:Mo|Tu|We|Th|Fr|Sa|Su)[^\s;]*) ([PS]H)\b")
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIMES = re.compile(rf"({_TIME})-({_TIME}|24:00)")
_SAMPLE = date(2026, 11, 11)
"""An arbitrary day, to parse holidays that are spelled like weekdays."""


def timezone_exists(draft: Draft) -> Iterator[ConfigFault]:
    """Check that the machine knows the site's time zone."""
    if draft.site is None:
        return
    name = draft.site.timezone
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        yield draft.fault("site.timezone", _unknown_timezone(name))


def country_has_holidays(draft: Draft) -> Iterator[ConfigFault]:
    """Check that the country's holidays are known, and that a school zone is one of France."""
    if draft.site is None:
        return
    country, zone = draft.site.country, draft.site.school_zone
    if country is not None and country not in countries():
        message = f'"{country}" is not a country with known holidays; France is "FR"'
        yield draft.fault("site.country", message)
    elif zone is not None and country != SCHOOL_COUNTRY and draft.whole("site.country"):
        message = f'is a zone of France: it needs country = "{SCHOOL_COUNTRY}"'
        yield draft.fault("site.school_zone", message)
    elif zone is not None:
        school_holidays_known_until()  # loads the table now: 0.1 s that no door waits for later


def days_of_presence_are_ordered(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a whole day of presence is longer than half of one."""
    if draft.site is None:
        return
    accounting = draft.site.accounting
    if accounting.whole_from_min < accounting.half_from_min:
        message = (
            f"{accounting.whole_from_min:g} is less than {accounting.half_from_min:g}, "
            "from which a day counts half"
        )
        yield draft.fault("site.accounting.whole_from_min", message)


def hours_are_understood(draft: Draft) -> Iterator[ConfigFault]:
    """Check that opening hours can be parsed, and mean here what they say."""
    if draft.site is not None:
        wrong = wrong_hours(draft.site.opening_hours)
        wrong = wrong or _unknown_holidays(draft, draft.site.opening_hours)
        if wrong:
            yield draft.fault("site.opening_hours", wrong)
    for index, plan in draft.plans.items():
        for place, right in enumerate(plan.rights):
            wrong = wrong_hours(right.hours) or _unknown_holidays(draft, right.hours)
            if wrong:
                yield draft.fault(f"plans[{index}].rights[{place}].hours", wrong)


def exceptional_days_are_days(draft: Draft) -> Iterator[ConfigFault]:
    """Check that an exceptional day is given once, and that its hours end on the same day."""
    first: dict[date, str] = {}
    for index, table in draft.exceptional_days.items():
        path = f"exceptional_days[{index}]"
        if table.day in first:
            yield draft.fault(f"{path}.day", f"{table.day} is given already at {first[table.day]}")
        first.setdefault(table.day, f"{path}.day")
        if not _are_of_one_day(table.hours):
            message = (
                f'"{table.hours}" are not hours of one day; write "off", or times until 24:00, '
                '"09:00-12:00,14:00-18:00"'
            )
            yield draft.fault(f"{path}.hours", message)


CLAIMS: tuple[Claim, ...] = (
    timezone_exists,
    country_has_holidays,
    days_of_presence_are_ordered,
    hours_are_understood,
    exceptional_days_are_days,
)


def wrong_hours(hours: str) -> str | None:
    """Return what is wrong with opening hours, independent of the site."""
    said = _COMMENT.sub("", hours)
    if swapped := _WEEKDAYS_BEFORE_HOLIDAY.search(said):
        days, holiday = swapped.groups()
        return (
            f'"{swapped[0]}" may mean two things: write "{days},{holiday}" for either, or '
            f'"{holiday} {days}" for such holidays on these weekdays'
        )
    plain = without_holidays(hours, _SAMPLE, None, None)
    if not (opening_hours.validate(hours) and opening_hours.validate(plain)):
        return f'"{hours}" is not in opening_hours syntax; {HOURS_EXAMPLE}'
    if sun := _SUN.search(said):
        return f'"{sun[0]}" is not known here: write a time'
    if re.search(r"\bunknown\b", said, re.IGNORECASE):
        return '"unknown" opens nothing: write "off", or leave it away'
    if words := _comment_alone(hours):
        return (
            f"{words} alone means that it may be open, which opens nothing: write open {words} if "
            "it opens at these times, or leave them away"
        )
    return None


def _comment_alone(hours: str) -> str | None:
    """Return a comment whose rule does not say `open` or `off`; None: there is none.

    Source: opening_hours specification, rule_modifier: a comment alone is `unknown`.
    """
    for found in _COMMENT.finditer(hours):
        before = hours[: found.start()].rstrip().lower()
        if not before.endswith(("open", "off", "closed")):
            return found[0]
    return None


def _unknown_holidays(draft: Draft, hours: str) -> str | None:
    if draft.site is None or not draft.whole("site"):
        return None
    return unknown_holidays(hours, draft.site.country, draft.site.school_zone)


def unknown_holidays(hours: str, country: str | None, school_zone: str | None) -> str | None:
    """Return the fault of opening hours whose holidays are unknown at this site."""
    named = holidays_named(hours)
    if "PH" in named and country is None:
        return '"PH" needs to know whose public holidays: give [site] country = "FR"'
    if "SH" in named and school_zone is None:
        return '"SH" needs to know whose school holidays: give [site] school_zone = "A", "B" or "C"'
    return None


def _are_of_one_day(hours: str) -> bool:
    if hours == "off":
        return True
    times = [_TIMES.fullmatch(each.strip()) for each in hours.split(",")]
    return all(found is not None and found[1] < found[2] for found in times)


def _unknown_timezone(name: str) -> str:
    close = get_close_matches(name, available_timezones(), n=1)
    guess = f'; did you mean "{close[0]}"?' if close else '; write for example "Europe/Paris"'
    return f'"{name}" is not a time zone{guess}'
