"""Cumulative counters: growth, wraps, restarts, resets, and garbage."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.estimator.counters import NOBODY, CounterDelta, Totals, passed

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def totals(
    entered: int, left: int, *, seq: int | None = 1, boot: int | None = 1, after_s: float = 0
) -> Totals:
    """A report."""
    return Totals(START + timedelta(seconds=after_s), boot, seq, entered, left)


def test_the_first_report_is_where_counting_starts() -> None:
    """What it counted before we listened is not in the room."""
    assert passed(None, totals(4711, 4000)) == NOBODY


def test_growth_is_people() -> None:
    """Each way."""
    assert passed(totals(10, 7), totals(13, 8, seq=2)) == CounterDelta(3, 1)


@pytest.mark.parametrize(
    ("seq", "boot"), [(1, 2), (9, 1)], ids=["an older number", "an older boot"]
)
def test_an_older_report_is_contained_in_the_newer(seq: int, boot: int) -> None:
    """It moves nobody."""
    assert passed(totals(10, 7, seq=2, boot=2), totals(9, 7, seq=seq, boot=boot)) is None


@pytest.mark.parametrize("bits", [16, 32])
def test_a_wrap_is_no_restart(bits: int) -> None:
    """Two people over the end are two people, whichever total it is."""
    end = 2**bits
    assert passed(totals(end - 1, 50), totals(1, 51, seq=2)) == CounterDelta(2, 1)
    assert passed(totals(50, end - 2), totals(50, 1, seq=2)) == CounterDelta(0, 3)


def test_a_wrap_of_both_at_once() -> None:
    """As good as one."""
    assert passed(totals(65_535, 65_534), totals(0, 0, seq=2)) == CounterDelta(1, 2)


def test_a_device_that_starts_again_counts_from_zero() -> None:
    """Its new totals are people since its start."""
    assert passed(totals(500, 480), totals(2, 1, boot=2)) == CounterDelta(2, 1, restarted=True)


def test_a_device_that_keeps_its_totals_over_a_start() -> None:
    """Then they are differences as ever."""
    assert passed(totals(500, 480), totals(503, 480, boot=2)) == CounterDelta(3, 0)


def test_a_device_near_its_wrap_that_starts_again() -> None:
    """A new boot with lower totals is a restart, not a wrap."""
    before, now = totals(65_530, 65_520), totals(1, 0, boot=2)
    assert passed(before, now) == CounterDelta(1, 0, restarted=True)


def test_a_reset_counter_counts_from_zero() -> None:
    """Somebody pressed the button; the same boot, and far from any wrap."""
    assert passed(totals(500, 480), totals(0, 0, seq=2)) == CounterDelta(0, 0, restarted=True)


def test_unnumbered_counters_are_taken_as_they_come() -> None:
    """There is no older or newer to tell."""
    before, now = totals(10, 7, seq=None, boot=None), totals(12, 7, seq=None, boot=None)
    assert passed(before, now) == CounterDelta(2, 0)


def test_an_impossible_jump_moves_nobody() -> None:
    """Ten thousand in a second is garbage; the next report counts from there."""
    before, mad = totals(10, 7), totals(10_010, 7, seq=2, after_s=1)
    told = passed(before, mad)
    assert told == CounterDelta(believed=False)
    assert passed(mad, totals(10_012, 7, seq=3, after_s=60)) == CounterDelta(2, 0)


def test_a_long_outage_makes_a_large_jump_possible() -> None:
    """Two thousand in an hour pass a wide door."""
    assert passed(totals(0, 0), totals(2000, 1990, seq=2, after_s=3600)) == CounterDelta(2000, 1990)
