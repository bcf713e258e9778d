"""Public holidays of a country, and school holidays of a French zone.

The days come from tables of maintained libraries. Public holidays are those of the whole country:
an additional one of a region (Good Friday in Alsace) is an exceptional day of the space file.
School holidays are known as far as the ministry has published them; later days are none.
"""

from datetime import date
from functools import cache, lru_cache

import holidays
from holidays.registry import EntityLoader
from vacances_scolaires_france import SchoolHolidayDates  # type: ignore[import-untyped]

SCHOOL_COUNTRY = "FR"
"""The country whose school holidays are known."""


def is_public_holiday(day: date, country: str) -> bool:
    """Return whether `day` is a public holiday in all of `country`, one of `countries()`."""
    return day in _public(country)


def is_school_holiday(day: date, zone: str) -> bool:
    """Return whether schools of the French zone "A", "B" or "C" have holidays on `day`.

    A holiday begins on its first Saturday, or on the day after the last lesson.
    """
    row = _published().data.get(day)
    return row is not None and bool(row[f"vacances_zone_{zone.lower()}"])


def school_holidays_known_until() -> date:
    """Return the last day of the last school holiday that is published."""
    days: dict[date, object] = _published().data
    return max(days)


@cache
def countries() -> frozenset[str]:
    """Return the codes (two letters, ISO 3166) of countries whose public holidays are known.

    Read from the register alone: `list_supported_countries` imports all of them (8 MB).
    """
    return frozenset(EntityLoader.get_country_codes(include_aliases=False))


@lru_cache(maxsize=64)
def _public(country: str) -> holidays.HolidayBase:
    """Return a country's holidays: a table that computes each year at its first use."""
    return holidays.country_holidays(country)


@cache
def _published() -> SchoolHolidayDates:
    """Return the ministry's table. It takes 0.1 s to read, which `gateway.config` does before."""
    return SchoolHolidayDates()
