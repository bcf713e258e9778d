"""The rules at the hours when clocks and calendars are awkward, by reason."""

from datetime import UTC, date, datetime

import pytest
from immutables import Map

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules import decide
from gateway.core.model.directory import HolderId, Membership
from gateway.core.model.plans import Per, Quota, Right
from gateway.core.state import DayOfUse
from tests.world.engine import HALL
from tests.world.makerspace import FULL, KEYHOLDER, Parts, ask, holder, with_plan, with_zone


def utc(text: str) -> datetime:
    """A moment, as the reader tells it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_hours(hours: str, at: str) -> AccessRequest:
    """The hall, on a plan with these hours."""
    return ask(site=with_plan(rights=(Right((HALL,), hours=hours),)), now=utc(at))


def after_visits(quota: Quota, at: str, *days: str) -> AccessRequest:
    """The hall, on a plan with this quota and one whole day and entry on each of these days."""
    used = tuple(DayOfUse(date.fromisoformat(day), 20_000.0, 1) for day in days)
    return ask(site=with_plan(quota), now=utc(at), usage=Map({HolderId("ada"): used}))


def since(quota: Quota, began: str, at: str) -> AccessRequest:
    """The laboratory, for somebody who has been in the hall since then."""
    return ask("lab-in", site=with_plan(quota), now=utc(at), since=utc(began), inside={"ada": HALL})


SATURDAY_NIGHT = "Sa 22:00-06:00"
SUNDAY_MORNING = "Su 08:00-12:00"
OPEN, SHUT = "plan", "outside-hours"
HOURS = {
    "spring: 01:59, the last minute before 03:00": (SATURDAY_NIGHT, "2026-03-29T00:59", OPEN),
    "spring: 03:00, a minute later": (SATURDAY_NIGHT, "2026-03-29T01:00", OPEN),
    "spring: 05:59 comes an hour early": (SATURDAY_NIGHT, "2026-03-29T03:59", OPEN),
    "spring: 06:00": (SATURDAY_NIGHT, "2026-03-29T04:00", SHUT),
    "spring: 07:59 on Sunday": (SUNDAY_MORNING, "2026-03-29T05:59", SHUT),
    "spring: 08:00 on Sunday": (SUNDAY_MORNING, "2026-03-29T06:00", OPEN),
    "autumn: 02:30 for the first time": (SATURDAY_NIGHT, "2026-10-25T00:30", OPEN),
    "autumn: 02:30 for the second time": (SATURDAY_NIGHT, "2026-10-25T01:30", OPEN),
    "autumn: 05:59 comes an hour late": (SATURDAY_NIGHT, "2026-10-25T04:59", OPEN),
    "autumn: 06:00": (SATURDAY_NIGHT, "2026-10-25T05:00", SHUT),
    "autumn: 07:59 on Sunday": (SUNDAY_MORNING, "2026-10-25T06:59", SHUT),
    "autumn: 08:00 on Sunday": (SUNDAY_MORNING, "2026-10-25T07:00", OPEN),
    "past midnight into Saturday, which is not Saturday's night": (
        SATURDAY_NIGHT,
        "2026-11-20T23:30",
        SHUT,
    ),
    "past midnight into Sunday": (SATURDAY_NIGHT, "2026-11-21T23:30", OPEN),
    "past midnight into the new year": ("Dec 31 20:00-04:00", "2026-12-31T23:30", OPEN),
    "past the end of that night": ("Dec 31 20:00-04:00", "2027-01-01T03:00", SHUT),
    "leap day": ("Feb 29 08:00-20:00", "2028-02-29T10:00", OPEN),
    "the day after leap day": ("Feb 29 08:00-20:00", "2028-03-01T10:00", SHUT),
}


@pytest.mark.parametrize(("hours", "at", "reason"), HOURS.values(), ids=HOURS)
def test_hours_are_those_of_the_clock_on_the_wall(hours: str, at: str, reason: str) -> None:
    """On both nights when it is moved, past midnight, and on leap day."""
    assert decide(in_hours(hours, at)).reason == reason


def one(per: Per) -> Quota:
    """One entry a period."""
    return Quota("entries", 1, per)


USED_UP = "quota-used-up"
PERIODS = {
    "the last minute of the year": (one("year"), "2026-12-31T22:59", "2026-12-30", USED_UP),
    "the first minute of the new one, in Paris": (
        one("year"),
        "2026-12-31T23:00",
        "2026-12-30",
        OPEN,
    ),
    "a day that is not over yet": (one("day"), "2026-12-31T22:59", "2026-12-31", USED_UP),
    "a new day": (one("day"), "2026-12-31T23:00", "2026-12-31", OPEN),
    "a new month": (one("month"), "2026-12-31T23:00", "2026-12-31", OPEN),
    "the same week, ISO week 53, in the new year": (
        one("week"),
        "2026-12-31T23:00",
        "2026-12-28",
        USED_UP,
    ),
    "the Sunday of that week": (one("week"), "2027-01-03T22:59", "2026-12-31", USED_UP),
    "the Monday after it": (one("week"), "2027-01-03T23:00", "2026-12-31", OPEN),
    "the Sunday before it": (one("week"), "2026-12-28T10:00", "2026-12-27", OPEN),
    "leap day is of February": (one("month"), "2028-02-29T10:00", "2028-02-01", USED_UP),
    "the day after it is of March": (one("month"), "2028-03-01T10:00", "2028-02-29", OPEN),
    "a day to come, for who asks what was": (
        one("week"),
        "2026-11-23T10:00",
        "2026-11-24",
        OPEN,
    ),
    "the first day of the year": (one("year"), "2026-12-31T10:00", "2026-01-01", USED_UP),
    "the last day of the year before": (one("year"), "2026-01-01T10:00", "2025-12-31", OPEN),
}


@pytest.mark.parametrize(("quota", "at", "day", "reason"), PERIODS.values(), ids=PERIODS)
def test_a_period_is_one_of_the_site_s_calendar(
    quota: Quota, at: str, day: str, reason: str
) -> None:
    """Days end at midnight in Paris; weeks begin on Monday, also over the new year."""
    assert decide(after_visits(quota, at, day)).reason == reason


STAYS = {
    "spring: from 22:00 to 08:00 are nine hours": (
        Quota("hours", 99, "month"),
        "2026-03-28T21:00",
        "2026-03-29T06:00",
        9.0,
    ),
    "spring: seven of them on Sunday": (
        Quota("hours", 99, "day"),
        "2026-03-28T21:00",
        "2026-03-29T06:00",
        7.0,
    ),
    "autumn: from 22:00 to 08:00 are eleven hours": (
        Quota("hours", 99, "month"),
        "2026-10-24T20:00",
        "2026-10-25T07:00",
        11.0,
    ),
    "autumn: nine of them on Sunday": (
        Quota("hours", 99, "day"),
        "2026-10-24T20:00",
        "2026-10-25T07:00",
        9.0,
    ),
    "into the new year: one hour in it": (
        Quota("hours", 99, "year"),
        "2026-12-31T21:00",
        "2027-01-01T00:00",
        1.0,
    ),
    "until midnight exactly: none of the day that begins": (
        Quota("hours", 99, "day"),
        "2026-12-31T20:00",
        "2026-12-31T23:00",
        0.0,
    ),
    "from midnight on": (
        Quota("hours", 99, "day"),
        "2026-12-31T23:00",
        "2027-01-01T01:00",
        2.0,
    ),
    "a night is a half-day before midnight, and one after": (
        Quota("half-days", 99, "month"),
        "2026-11-10T21:00",
        "2026-11-11T01:00",
        1.0,
    ),
    "a forgotten exit: no more than 24 hours of it": (
        Quota("hours", 99, "month"),
        "2026-11-16T10:00",
        "2026-11-20T10:00",
        24.0,
    ),
    "a forgotten exit: the first day and the second, and no more": (
        Quota("days", 99, "month"),
        "2026-11-16T10:00",
        "2026-11-20T10:00",
        2.0,
    ),
    "a reader whose clock is behind: nothing yet": (
        Quota("hours", 99, "day"),
        "2026-11-16T10:00:02",
        "2026-11-16T10:00:00",
        0.0,
    ),
}


@pytest.mark.parametrize(("quota", "began", "at", "used"), STAYS.values(), ids=STAYS)
def test_a_running_stay_counts_on_the_days_on_which_it_was(
    quota: Quota, began: str, at: str, used: float
) -> None:
    """In hours that really passed."""
    ruling = decide(since(quota, began, at))
    (told,) = (verdict.saw for verdict in ruling.verdicts if verdict.rule == "quota_is_left")
    assert told["used"] == used


def test_a_zone_is_opened_for_a_local_day() -> None:
    """At midnight in Paris, which is 23 o'clock in UTC, it is shut again."""
    opened: Parts = {
        "site": with_zone(HALL, opened_by=KEYHOLDER),
        "opened": Map({HALL: date(2026, 12, 31)}),
    }
    assert decide(ask(now=utc("2026-12-31T22:59"), **opened)).reason == "plan"
    assert decide(ask(now=utc("2026-12-31T23:00"), **opened)).reason == "not-opened"


def test_a_membership_until_midnight_in_paris_ends_there() -> None:
    """Which is 23 o'clock in UTC."""
    until = holder("ada", Membership(FULL, ends=utc("2026-12-31T23:00")))
    assert decide(ask(who=until, now=utc("2026-12-31T22:59:59"))).reason == "plan"
    assert decide(ask(who=until, now=utc("2026-12-31T23:00"))).reason == "membership-expired"


def test_rights_are_judged_when_the_badge_was_held_to_the_reader() -> None:
    """Not when its event came to us, some seconds later."""
    just_over = ask(
        who=holder("ada", Membership(FULL, ends=utc("2026-11-23T09:59:58"))),
        age=utc("2026-11-23T10:00:00") - utc("2026-11-23T09:59:57"),
    )
    assert decide(just_over).reason == "plan"
