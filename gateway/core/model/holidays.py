"""Which days are holidays: public ones of a country, school ones of a French zone.

The days come from tables of kept libraries. Public holidays are those of the whole country: what
one region has beside (Good Friday in Alsace) is an exceptional day of the space file. School
holidays are known as far as the ministry has published them; after that no day is one.
"""

from datetime import date
from functools import cache, lru_cache

import holidays
from holidays.registry import EntityLoader
from vacances_scolaires_france import SchoolHolidayDates  # type: ignore[import-untyped]

SCHOOL_COUNTRY = "FR"
"""The country whose school holidays are known."""


def is_public_holiday(day: date, country: str) -> bool:
    """Whether `day` is a public holiday in all of `country`, one of `countries()`."""
    return day in _public(country)


def is_school_holiday(day: date, zone: str) -> bool:
    """Whether schools of the French zone "A", "B" or "C" are closed for holidays on `day`.

    A holiday begins on its first Saturday, or the day after the last lesson.
    """
    row = _published().data.get(day)
    return row is not None and bool(row[f"vacances_zone_{zone.lower()}"])


def school_holidays_known_until() -> date:
    """The last day of the last school holiday that is published."""
    days: dict[date, object] = _published().data
    return max(days)


@cache
def countries() -> frozenset[str]:
    """Two letters (ISO 3166) of each country whose public holidays are known.

    From the register alone: `list_supported_countries` imports all of them, 8 MB for one's own.
    """
    return frozenset(EntityLoader.get_country_codes(include_aliases=False))


@lru_cache(maxsize=64)
def _public(country: str) -> holidays.HolidayBase:
    """A country's holidays: a table that works out each year when it is first asked about it."""
    return holidays.country_holidays(country)


@cache
def _published() -> SchoolHolidayDates:
    """The ministry's table. It takes 0.1 s to read, which `gateway.config` does beforehand."""
    return SchoolHolidayDates()
