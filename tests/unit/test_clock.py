"""The clocks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.clock import Clock, ForwardClock, ManualClock, SystemClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_system_clock_tells_aware_utc_and_goes_forward() -> None:
    """Both of its times move on."""
    clock: Clock = SystemClock()
    before, now = clock.monotonic(), clock.now()
    assert now.tzinfo is UTC
    assert clock.monotonic() >= before


def test_a_manual_clock_moves_only_when_told() -> None:
    """Both of its times advance together."""
    clock: Clock = (manual := ManualClock(NOON))
    manual.advance(1.5)
    assert clock.now() == NOON + timedelta(seconds=1.5)
    assert clock.monotonic() == 1.5


def test_setting_the_time_of_day_lets_no_time_pass() -> None:
    """As when NTP corrects a clock: durations stay right."""
    clock = ManualClock(NOON)
    clock.set_to(NOON - timedelta(hours=1))
    assert clock.now() == NOON - timedelta(hours=1)
    assert clock.monotonic() == 0


def test_a_manual_clock_refuses_what_no_clock_does() -> None:
    """It does not go back, and tells UTC whatever zone it was set in."""
    with pytest.raises(ValueError, match="does not go back"):
        ManualClock(NOON).advance(-1)
    with pytest.raises(ValueError, match="no time zone"):
        ManualClock(NOON.replace(tzinfo=None))
    paris = timezone(timedelta(hours=1))
    assert ManualClock(NOON.astimezone(paris)).now().tzinfo is UTC


def test_a_small_step_back_is_waited_out() -> None:
    """NTP's adjustments never make our time go back."""
    machine = ManualClock(NOON)
    ours = ForwardClock(machine, NOON)
    machine.set_to(NOON - timedelta(seconds=1))
    assert ours.now() == NOON
    machine.set_to(NOON + timedelta(seconds=1))
    assert ours.now() == NOON + timedelta(seconds=1)


def test_a_clock_that_was_wrong_is_followed_back_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Else every badge would look late until the wrong time had come."""
    machine = ManualClock(NOON)
    ours = ForwardClock(machine, NOON + timedelta(hours=3))
    assert ours.now() == NOON
    assert "went back" in caplog.text
