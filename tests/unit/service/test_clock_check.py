"""A clock that cannot be believed is waited for, told, and deletes nothing."""

import asyncio
import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters import time_sync
from gateway.clock import RELEASED, RETIRED, ManualClock
from gateway.core.facts import GATEWAY
from gateway.privacy.confirmation import confirm, forget_confirmation, is_confirmed
from gateway.service import clock_check
from gateway.service.clock_check import ClockCare, doubt, wait_for_time
from tests.servers import PATIENCE_S, until
from tests.unit.service.test_pipeline import desk
from tests.world.engine import MONDAY, SITE

ALARM = ("clock-unsure", GATEWAY)
HOUR = timedelta(hours=1)


# -- what the system tells


@pytest.mark.parametrize(
    ("timesync", "chrony", "kernel", "told"),
    [
        pytest.param(None, False, None, None, id="nothing here tells: a container"),
        pytest.param(None, False, False, None, id="no time service runs: not worth waiting"),
        pytest.param(None, False, True, True, id="the host's clock is synchronised"),
        pytest.param(False, False, None, False, id="timesyncd has not got it yet"),
        pytest.param(True, False, None, True, id="timesyncd has"),
        pytest.param(False, False, True, True, id="timesyncd runs, and the kernel knows better"),
        pytest.param(None, True, False, False, id="chrony has not got it yet"),
        pytest.param(None, True, True, True, id="chrony has"),
        pytest.param(None, True, None, False, id="chrony runs, and the kernel may not be asked"),
    ],
)
def test_whether_the_clock_follows_a_server(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    timesync: bool | None,
    chrony: bool,
    kernel: bool | None,
    told: bool | None,
) -> None:
    """False only where waiting makes sense."""
    folder, pid = tmp_path / "timesync", tmp_path / "chronyd.pid"
    if timesync is not None:
        folder.mkdir()
    if timesync:
        (folder / "synchronized").touch()
    if chrony:
        pid.touch()
    monkeypatch.setattr(time_sync, "TIMESYNC", folder)
    monkeypatch.setattr(time_sync, "SERVICES", (pid,))
    monkeypatch.setattr(time_sync, "_kernel_says_so", lambda: kernel)
    assert time_sync.is_synchronised() is told


def test_the_kernel_can_be_asked() -> None:
    """It says something, or that it may not be asked; nothing is set."""
    assert time_sync._kernel_says_so() in {True, False, None}


# -- waiting


class Passing(ManualClock):
    """A clock that moves by a second with each look at it."""

    def monotonic(self) -> float:
        """The time before."""
        before = super().monotonic()
        self.advance(1)
        return before


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_check, "POLL_S", 0.0)
    monkeypatch.setattr(clock_check, "LOOK_S", 0.01)


async def test_a_start_waits_until_the_clock_is_synchronised() -> None:
    """And no longer."""
    says = iter([False, False, False, True])
    clock = Passing(MONDAY)
    await wait_for_time(clock, 30, lambda: next(says, True))
    assert clock.now() < MONDAY + timedelta(seconds=10)


async def test_a_start_does_not_wait_for_ever() -> None:
    """Then it goes on, and the alarm says so."""
    clock = Passing(MONDAY)
    await wait_for_time(clock, 30, lambda: False)
    assert clock.now() - MONDAY == pytest.approx(timedelta(seconds=31), abs=timedelta(seconds=2))


@pytest.mark.parametrize("told", [None, True])
async def test_where_nothing_tells_nobody_waits(told: bool | None) -> None:  # noqa: FBT001 - a case
    """A container, a test, a machine that is synchronised."""
    async with asyncio.timeout(PATIENCE_S):
        await wait_for_time(ManualClock(MONDAY), 1e9, lambda: told)


# -- doubts


@pytest.mark.parametrize(
    ("now", "latest", "synchronised", "words"),
    [
        pytest.param(MONDAY, MONDAY, None, "", id="nothing speaks against it"),
        pytest.param(MONDAY, MONDAY, True, "", id="it is synchronised"),
        pytest.param(MONDAY, MONDAY, False, "not synchronised", id="not yet"),
        pytest.param(
            MONDAY, MONDAY + HOUR, None, "before the journal's last row", id="it is behind"
        ),
        pytest.param(MONDAY, MONDAY + HOUR, True, "", id="the rows were from the future"),
        pytest.param(MONDAY, MONDAY + timedelta(seconds=1), None, "", id="put right by a second"),
        pytest.param(datetime(1970, 1, 2, tzinfo=MONDAY.tzinfo), MONDAY, None, "years", id="1970"),
        pytest.param(RELEASED - HOUR, RELEASED - HOUR, None, "years", id="before the release"),
        pytest.param(RETIRED + HOUR, MONDAY, True, "years", id="far in the future"),
    ],
)
def test_why_a_clock_cannot_be_believed(
    now: datetime,
    latest: datetime,
    synchronised: bool | None,  # noqa: FBT001 - a case
    words: str,
) -> None:
    """One reason, in words."""
    said = doubt(now, latest, synchronised)
    assert words in said
    assert bool(said) == bool(words)


async def test_the_alarm_comes_and_goes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Raised at once, cleared when the clock is put right; each is one line of the log."""
    caplog.set_level(logging.INFO, "gateway.service.clock_check")
    told = [False]
    async with desk(tmp_path) as place:
        care = ClockCare(place.service, place.clock, MONDAY, lambda: told[0])
        assert "not synchronised" in care.doubt
        running = asyncio.create_task(care.run())
        await until(lambda: ALARM in place.service.states[SITE.id].alarms, "it is on")
        told[0] = True
        await until(lambda: ALARM not in place.service.states[SITE.id].alarms, "it is over")
        assert care.doubt == ""
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    said = [each.levelname for each in caplog.records if each.name == "gateway.service.clock_check"]
    assert said == ["WARNING", "INFO"]


# -- somebody's word


def test_a_confirmation_is_of_one_time(tmp_path: Path) -> None:
    """Another clock is not confirmed by it, and it counts once."""
    assert not is_confirmed(tmp_path, MONDAY)
    confirm(tmp_path, MONDAY)
    assert is_confirmed(tmp_path, MONDAY + HOUR)
    assert not is_confirmed(tmp_path, MONDAY + timedelta(days=100))
    forget_confirmation(tmp_path)
    assert not is_confirmed(tmp_path, MONDAY)


@pytest.mark.parametrize("garbage", ["", "yes", "2026-11-30", "\x00"])
def test_a_confirmation_that_says_nothing_is_none(tmp_path: Path, garbage: str) -> None:
    """Whatever is in the file."""
    (tmp_path / "clock-confirmed").write_text(garbage, encoding="utf-8")
    assert not is_confirmed(tmp_path, MONDAY)
