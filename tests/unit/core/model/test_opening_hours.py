"""Opening hours on the site's clocks: both DST nights, midnights, holidays, exceptional days."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import holidays
import msgspec
import opening_hours
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.model.holidays import (
    countries,
    is_public_holiday,
    is_school_holiday,
    school_holidays_known_until,
)
from gateway.core.model.names import SiteId, Text
from gateway.core.model.opening_hours import holidays_named, opening, without_holidays
from gateway.core.model.plans import ExceptionalDay
from gateway.core.model.site import Site

NAME = Text("x", "x")
PARIS = Site(SiteId("s"), NAME, "Europe/Paris", country="FR", school_zone="C")
LYON = msgspec.structs.replace(PARIS, school_zone="A")
BERLIN = Site(SiteId("b"), NAME, "Europe/Berlin", country="DE")
FORT_DE_FRANCE = Site(SiteId("m"), NAME, "America/Martinique", country="MQ")
NOWHERE = Site(SiteId("n"), NAME, "Europe/Paris")
OFFICE = "Mo-Fr 08:00-20:00; PH off"


def at(local: str, site: Site = PARIS, *, fold: int = 0) -> datetime:
    """An instant, from what the site's clock shows (`fold` 1: the second time)."""
    clock = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(site.timezone), fold=fold)
    return clock.astimezone(UTC)


WEEK = {
    "on a working day": ("2026-11-10 10:00", OFFICE, "open"),
    "in the last minute": ("2026-11-10 19:59", OFFICE, "open"),
    "at the minute of closing": ("2026-11-10 20:00", OFFICE, "closed"),
    "on a Sunday": ("2026-11-15 10:00", OFFICE, "closed"),
    "on 11 November": ("2026-11-11 10:00", OFFICE, "holiday"),
    "on 11 November, before the door would open anyway": ("2026-11-11 07:59", OFFICE, "closed"),
    "the day after 11 November": ("2026-11-12 10:00", OFFICE, "open"),
    "on a holiday that moves: Ascension": ("2026-05-14 10:00", OFFICE, "holiday"),
    "on a holiday of Alsace alone": ("2027-03-26 10:00", OFFICE, "open"),
    "on 11 November with hours of its own": (
        "2026-11-11 10:00",
        "Mo-Fr 08:00-20:00; PH 10:00-12:00",
        "open",
    ),
    "on 11 November after those": (
        "2026-11-11 13:00",
        "Mo-Fr 08:00-20:00; PH 10:00-12:00",
        "holiday",
    ),
    "on 11 November, always open": ("2026-11-11 10:00", "24/7", "open"),
    "on 11 November, always but on holidays": ("2026-11-11 10:00", "24/7; PH off", "holiday"),
    "on 11 November, whose hours say nothing of it": (
        "2026-11-11 10:00",
        "Mo-Fr 08:00-20:00",
        "open",
    ),
    "on the eve of a holiday": ("2026-11-10 18:00", "Mo-Fr 08:00-20:00; PH -1 day off", "holiday"),
    "on weekdays and holidays alike": ("2026-11-11 10:00", "Sa,PH 09:00-12:00", "open"),
    "on holidays that are Saturdays": ("2026-11-11 10:00", "PH Sa 09:00-12:00", "closed"),
    "on a holiday that is a Saturday": ("2026-08-15 10:00", "PH Sa 09:00-12:00", "open"),
    "on a holiday of that month alone": ("2026-11-11 10:00", "Nov PH 09:00-12:00", "open"),
    "on a holiday of another month": ("2026-11-11 10:00", "Dec PH 09:00-12:00", "closed"),
    "with holidays in a comment": ("2026-11-11 10:00", 'Mo-Fr 08:00-20:00 "not PH off"', "open"),
    "on Friday night": ("2026-11-13 23:00", "Fr 20:00-02:00", "open"),
    "past its midnight": ("2026-11-14 01:00", "Fr 20:00-02:00", "open"),
    "at the end of that night": ("2026-11-14 02:00", "Fr 20:00-02:00", "closed"),
    "on the night before": ("2026-11-13 01:00", "Fr 20:00-02:00", "closed"),
    "past the midnight of a holiday": ("2026-11-12 02:30", "PH 21:00-03:00", "open"),
    "past midnight into a day with a rule of its own, which replaces all of that day": (
        "2026-11-14 01:00",
        "Fr 20:00-02:00; Sa 10:00-12:00",
        "closed",
    ),
    "past midnight into a day to which a rule is added": (
        "2026-11-14 01:00",
        "Fr 20:00-02:00, Sa 10:00-12:00",
        "open",
    ),
    "past the midnight into a holiday": ("2026-11-11 01:00", "Tu 20:00-02:00; PH off", "holiday"),
    "in the evening of a holiday that is off": (
        "2026-11-11 21:00",
        "We 20:00-02:00; PH off",
        "holiday",
    ),
    "past its midnight, for the night belongs to the evening": (
        "2026-11-12 01:00",
        "We 20:00-02:00; PH off",
        "holiday",
    ),
    "past midnight, of a later rule than the next day's": (
        "2026-11-15 00:30",
        "Mo-Su 10:00-22:00; Fr,Sa 10:00-02:00",
        "open",
    ),
    "on leap day": ("2028-02-29 10:00", "Feb 29 09:00-12:00", "open"),
    "on leap day, a Tuesday": ("2028-02-29 10:00", "Tu 08:00-20:00", "open"),
    "past the midnight of leap day": ("2028-03-01 01:00", "Feb 29 20:00-02:00", "open"),
    "on New Year's Eve": ("2026-12-31 23:59", "Dec 31 18:00-04:00", "open"),
    "on New Year's morning": ("2027-01-01 03:00", "Dec 31 18:00-04:00; Jan 2 off", "open"),
    "on New Year's Day": ("2027-01-01 10:00", OFFICE, "holiday"),
    "on the last day of the year": ("2026-12-31 10:00", OFFICE, "open"),
}


@pytest.mark.parametrize(("local", "hours", "expected"), WEEK.values(), ids=WEEK)
def test_whether_it_is_open(local: str, hours: str, expected: str) -> None:
    """By the clock in Paris, with the holidays of France."""
    assert opening(PARIS, hours, at(local)) == expected


SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
NIGHTS = {
    "spring: a minute before 02:00": ("2026-03-29T00:59:00", "Mo-Su 22:00-02:30", "open"),
    "spring: 03:00 follows, and 02:30 has passed": (
        "2026-03-29T01:00:00",
        "Mo-Su 22:00-02:30",
        "closed",
    ),
    "spring: what opens at 02:00 is open at 03:00": (
        "2026-03-29T01:00:00",
        "Mo-Su 02:00-05:00",
        "open",
    ),
    "spring: hours that do not exist open nothing": (
        "2026-03-29T01:00:00",
        "Mo-Su 02:00-03:00",
        "closed",
    ),
    "autumn: 02:30, the first time": ("2026-10-25T00:30:00", "Mo-Su 02:00-03:00", "open"),
    "autumn: 02:30, the second time": ("2026-10-25T01:30:00", "Mo-Su 02:00-03:00", "open"),
    "autumn: 03:00 comes once": ("2026-10-25T02:00:00", "Mo-Su 02:00-03:00", "closed"),
    "autumn: closing at 02:30 opens again at the second 02:00": (
        "2026-10-25T01:15:00",
        "Mo-Su 22:00-02:30",
        "open",
    ),
}


@pytest.mark.parametrize(("utc", "hours", "expected"), NIGHTS.values(), ids=NIGHTS)
def test_nights_in_which_clocks_change(utc: str, hours: str, expected: str) -> None:
    """What counts is the time that the clock on the wall shows."""
    assert opening(PARIS, hours, datetime.fromisoformat(utc).replace(tzinfo=UTC)) == expected


@pytest.mark.parametrize("day", [SPRING, AUTUMN], ids=["23 hours", "25 hours"])
def test_a_day_of_another_length_is_open_for_as_long(day: date) -> None:
    """`Su 00:00-24:00` is open in every minute of the local day, and in none around it."""
    start = at(f"{day} 00:00")
    end = at(f"{day + timedelta(days=1)} 00:00")
    minutes = (start + timedelta(minutes=n) for n in range(-2, 25 * 60 + 3))
    is_open = {minute for minute in minutes if opening(PARIS, "Su", minute) == "open"}
    assert len(is_open) == (end - start) / timedelta(minutes=1)
    assert min(is_open) == start


def test_seconds_and_other_clocks_do_not_matter() -> None:
    """The last second of an open minute is open, whatever zone the instant is told in."""
    last = datetime(2026, 11, 10, 19, 59, 59, 999_999, tzinfo=ZoneInfo("Europe/Paris"))
    tokyo = last.astimezone(timezone(timedelta(hours=9)))
    assert opening(PARIS, OFFICE, last) == opening(PARIS, OFFICE, tokyo) == "open"
    assert opening(PARIS, OFFICE, last + timedelta(seconds=1)) == "closed"


SCHOOL = {
    "in the holidays of zone C": (PARIS, "2027-02-10 11:00", "open"),
    "in those of zone A": (LYON, "2027-02-24 11:00", "open"),
    "when only zone A has holidays, in C": (PARIS, "2027-02-24 11:00", "closed"),
    "when only zone C has holidays, in A": (LYON, "2027-02-10 11:00", "closed"),
    "on a Saturday of the holidays": (PARIS, "2027-02-13 11:00", "closed"),
    "on the last Sunday": (PARIS, "2027-02-21 11:00", "closed"),
    "on the first day of school": (PARIS, "2027-02-22 11:00", "closed"),
    "where no school zone is told": (BERLIN, "2027-02-10 11:00", "closed"),
}


@pytest.mark.parametrize(("site", "local", "expected"), SCHOOL.values(), ids=SCHOOL)
def test_school_holidays_of_the_zone(site: Site, local: str, expected: str) -> None:
    """`SH Mo-Fr` is Monday to Friday in school holidays, and not "or"."""
    assert opening(site, "SH Mo-Fr 10:00-18:00", at(local, site)) == expected


def test_school_holidays_end_where_they_are_published() -> None:
    """After the last published one no day is a school holiday, even in July."""
    last = school_holidays_known_until()
    assert last >= date(2028, 8, 31)
    assert is_school_holiday(last, "A")
    assert not is_school_holiday(last.replace(year=last.year + 1), "A")


def test_christmas_in_school_holidays_is_said_to_be_a_holiday() -> None:
    """Of two selectors, the one of public holidays is told as the reason."""
    hours = "SH Mo-Fr 10:00-18:00; PH off"
    assert opening(PARIS, hours, at("2026-12-25 11:00")) == "holiday"
    assert opening(PARIS, hours, at("2026-12-28 11:00")) == "open"


ELSEWHERE = {
    "German Unity Day in Berlin": (BERLIN, "2025-10-03 10:00", "holiday"),
    "the same day in Paris": (PARIS, "2025-10-03 10:00", "open"),
    "14 July in Berlin": (BERLIN, "2026-07-14 10:00", "open"),
    "14 July in Paris": (PARIS, "2026-07-14 10:00", "holiday"),
    "the end of slavery in Martinique": (FORT_DE_FRANCE, "2026-05-22 10:00", "holiday"),
    "without a country no day is a holiday": (NOWHERE, "2026-11-11 10:00", "open"),
}


@pytest.mark.parametrize(("site", "local", "expected"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_every_site_has_its_country(site: Site, local: str, expected: str) -> None:
    """Public holidays are those of the site's country."""
    assert opening(site, OFFICE, at(local, site)) == expected


def test_every_site_has_its_clock() -> None:
    """One instant is 09:00 in Paris, and in the night in Martinique."""
    instant = datetime(2026, 11, 10, 8, 0, tzinfo=UTC)
    assert opening(PARIS, OFFICE, instant) == "open"
    assert opening(FORT_DE_FRANCE, OFFICE, instant) == "closed"


XMAS_EVE = ExceptionalDay(date(2026, 12, 24), NAME, "09:00-12:00")
BRIDGE = ExceptionalDay(date(2026, 11, 12), NAME)
"""A Thursday."""
EXCEPTIONAL = {
    "in the hours of that day": ("2026-12-24 10:00", OFFICE, "open"),
    "after them": ("2026-12-24 12:00", OFFICE, "exceptional"),
    "after them, with a right at every hour": ("2026-12-24 12:00", "24/7", "exceptional"),
    "when the plan is closed anyway": ("2026-12-24 07:00", OFFICE, "closed"),
    "outside the plan, in the hours of that day": (
        "2026-12-24 09:30",
        "Mo-Fr 10:00-20:00",
        "closed",
    ),
    "on a day that is off": ("2026-11-12 10:00", OFFICE, "exceptional"),
    "from its midnight on": ("2026-11-12 00:00", "24/7", "exceptional"),
    "until its last minute": ("2026-11-12 23:59", "24/7", "exceptional"),
    "a minute earlier": ("2026-11-11 23:59", "24/7", "open"),
    "at the next midnight": ("2026-11-13 00:00", "24/7", "open"),
    "in the night that runs into it": ("2026-11-12 01:00", "We 20:00-02:00", "exceptional"),
    "on a public holiday before it": ("2026-11-11 10:00", OFFICE, "holiday"),
}


@pytest.mark.parametrize(("local", "hours", "expected"), EXCEPTIONAL.values(), ids=EXCEPTIONAL)
def test_exceptional_days_limit_every_plan(local: str, hours: str, expected: str) -> None:
    """On its local day it is open only where the plan and the day both are."""
    site = msgspec.structs.replace(PARIS, exceptional_days=(BRIDGE, XMAS_EVE))
    assert opening(site, hours, at(local)) == expected


def test_an_exceptional_day_of_one_site_is_none_of_another() -> None:
    """What is remembered of one site's hours is not told of another's."""
    site = msgspec.structs.replace(PARIS, exceptional_days=(BRIDGE,))
    moment = at("2026-11-12 10:00")
    assert [opening(each, OFFICE, moment) for each in (PARIS, site, PARIS)] == [
        "open",
        "exceptional",
        "open",
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (OFFICE, {"PH"}),
        ("SH,PH Mo-Fr 10:00-12:00", {"PH", "SH"}),
        ("Mo,SH off", {"SH"}),
        ('Mo-Fr "PH, SH"', set()),
        ("24/7", set()),
    ],
)
def test_the_holidays_that_hours_name(hours: str, expected: set[str]) -> None:
    """Those in comments are words for people."""
    assert holidays_named(hours) == expected


_PLAIN = ["Mo-Fr 08:00-20:00", "Fr 20:00-02:00", "Mo[1] 10:00-12:00", "24/7", "10:00-26:00"]
_ENDS = ["PH off", "PH 10:00-12:00", "PH 22:00-03:00", "PH -1 day off", "Sa,PH 09:00-12:00"]


@given(
    hours=st.builds("{}; {}".format, st.sampled_from(_PLAIN), st.sampled_from(_ENDS)),
    moment=st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1)),  # noqa: DTZ001 - a local time
)
def test_spelling_holidays_as_weekdays_changes_nothing(hours: str, moment: datetime) -> None:
    """Where the library knows a country's public holidays, both ways give the same answer.

    In these years both tables of France agree, but for days of Alsace, which the library takes.
    """
    theirs = opening_hours.OpeningHours(hours, country="FR").is_open(moment)
    plain = without_holidays(hours, moment.date(), "FR", None)
    assert "PH" not in plain
    assert opening_hours.OpeningHours(plain).is_open(moment) == theirs


def test_the_tables_know_france() -> None:
    """Eleven public holidays a year, and a country that is none is not known."""
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(is_public_holiday(day, "FR") for day in year) == 11
    assert "FR" in countries()
    assert "XX" not in countries()
    assert countries() == set(holidays.list_supported_countries(include_aliases=False))
