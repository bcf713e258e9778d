"""What a plan's use counts: tallies by themselves, for what no single question shows."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.core.access.quotas import STAY_MAX, stay, tally, with_stay
from gateway.core.model.plans import Accounting, Quota
from gateway.core.state import DayOfUse

TODAY = date(2026, 11, 23)
PARIS = ZoneInfo("Europe/Paris")
ACCOUNTING = Accounting(half_from_s=100.0, whole_from_s=200.0)


def day(ago: int, seconds: float, entries: int = 0) -> DayOfUse:
    """A day of use, so many days ago."""
    return DayOfUse(TODAY - timedelta(days=ago), seconds, entries)


@pytest.mark.parametrize(
    ("seconds", "days", "halves"),
    [
        (0.0, 0.0, 0),
        (99.9, 0.0, 0),
        (100.0, 0.5, 1),
        (199.9, 0.5, 1),
        (200.0, 1.0, 2),
        (9e9, 1.0, 2),
    ],
)
def test_a_day_counts_nothing_a_half_or_one(seconds: float, days: float, halves: int) -> None:
    """By how long somebody was there."""
    used = (day(1, seconds),)
    assert tally(Quota("days", 9, "year"), used, TODAY, ACCOUNTING).used == days
    assert tally(Quota("half-days", 9, "year"), used, TODAY, ACCOUNTING).used == halves


def test_what_today_began_costs_nothing_more() -> None:
    """A day is one day however often one comes; a second half-day is one more."""
    for seconds, halves in ((0.0, 0), (100.0, 0), (200.0, 1)):
        used = (day(1, 200.0), day(0, seconds))
        assert tally(Quota("days", 9, "week"), (day(0, seconds),), TODAY, ACCOUNTING).used == 0
        assert tally(Quota("days", 9, "year"), used, TODAY, ACCOUNTING).used == 1
        assert tally(Quota("half-days", 9, "year"), used, TODAY, ACCOUNTING).used == 2 + halves


def test_what_is_left_is_the_rest() -> None:
    """And less than nothing where more was used."""
    quota = Quota("entries", 2, "day")
    assert tally(quota, (), TODAY, ACCOUNTING).left == 2
    assert tally(quota, (day(1, 0.0, 7), day(0, 0.0, 5)), TODAY, ACCOUNTING).left == -3


def test_a_stay_adds_to_the_days_that_it_touches() -> None:
    """And leaves the others as they were."""
    ended = (day(5, 10.0, 1), day(1, 20.0, 2), day(0, 30.0, 3))
    running = (day(1, 1.0), day(0, 2.0))
    assert with_stay(ended, running) == (day(5, 10.0, 1), day(1, 21.0, 2), day(0, 32.0, 3))
    assert with_stay(ended, ()) == ended
    assert with_stay((), running) == running
    assert with_stay(ended[2:], running[1:]) == (day(0, 32.0, 3),)
    assert with_stay(ended[:1], running) == (day(5, 10.0, 1), *running)
    assert with_stay(ended, running[:1]) == (day(5, 10.0, 1), day(1, 21.0, 2), day(0, 30.0, 3))


def test_a_stay_that_a_late_event_ended_may_be_of_a_day_before_others() -> None:
    """Days stay ascending, so that each is counted once."""
    ended = (day(5, 10.0), day(0, 30.0))
    assert with_stay(ended, (day(1, 1.0),)) == (day(5, 10.0), day(1, 1.0), day(0, 30.0))


def test_a_stay_is_split_at_local_midnight_and_bounded() -> None:
    """24 hours from its begin lie on two local days."""
    began = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    assert stay(began, began + timedelta(hours=3), PARIS) == (
        DayOfUse(date(2026, 11, 20), 3600.0),
        DayOfUse(date(2026, 11, 21), 7200.0),
    )
    assert stay(began, began + timedelta(hours=1), PARIS) == (DayOfUse(date(2026, 11, 20), 3600.0),)
    assert stay(began, began, PARIS) == ()
    assert stay(began, began + timedelta(minutes=90), PARIS) == (
        DayOfUse(date(2026, 11, 20), 3600.0),
        DayOfUse(date(2026, 11, 21), 1800.0),
    )
    whole = stay(began, began + timedelta(days=99), PARIS)
    assert sum(part.seconds for part in whole) == STAY_MAX.total_seconds() == 86_400.0


def test_a_midnight_that_does_not_exist_ends_the_day_all_the_same() -> None:
    """In Beirut clocks go from 24:00 to 01:00 on the last Sunday of March."""
    began = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
    parts = stay(began, began + timedelta(hours=4), ZoneInfo("Asia/Beirut"))
    assert parts == (DayOfUse(date(2026, 3, 28), 7200.0), DayOfUse(date(2026, 3, 29), 7200.0))
