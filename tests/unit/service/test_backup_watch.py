"""Days without a backup are an alarm; the next backup ends it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.backup.last import FILE, LATE, LastBackup, last_backup, remember
from gateway.cli.backup import night_after
from gateway.core.events import ConditionReported
from gateway.core.facts import GATEWAY
from gateway.doctor import stores
from gateway.service import backup_watch
from gateway.service.backup_watch import BackupWatch
from tests.servers import until
from tests.unit.service.test_pipeline import Desk, desk
from tests.world.engine import SITE

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def is_raised(place: Desk) -> bool:
    """Whether the alarm is on."""
    return ("backup-late", GATEWAY) in place.service.states[SITE.id].alarms


async def test_three_days_without_a_backup_are_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the journal's first row on, where there was none; the next backup ends it."""
    monkeypatch.setattr(backup_watch, "LOOK_S", 0.01)
    async with desk(tmp_path) as place:
        watch = BackupWatch(place.journal, place.service, tmp_path, place.clock)
        running = asyncio.create_task(watch.run())
        place.clock.advance(LATE.total_seconds() - 60)
        place.service.note(SITE.id, condition())
        await until(lambda: place.journal.last_n, "there is a first row")
        assert not is_raised(place)
        place.clock.advance(LATE.total_seconds() + 60)
        await until(lambda: is_raised(place), "there was none for three days")
        await asyncio.to_thread(remember, tmp_path, LastBackup(place.clock.now(), "b.tar.gz"))
        await until(lambda: not is_raised(place), "there is one")
        place.clock.advance(LATE.total_seconds() + 1)
        await until(lambda: is_raised(place), "it is too old")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def condition() -> ConditionReported:
    """Any event, for a row."""
    return ConditionReported("clock-unsure", GATEWAY, active=True)


def test_the_doctor_tells_its_age(tmp_path: Path) -> None:
    """None, a fresh one, one that is too old; a file that nobody can read is none."""
    assert stores.backup(tmp_path, NOW).verdict == "warning"
    remember(tmp_path, LastBackup(NOW - timedelta(hours=9), "/usb/b.tar.gz"))
    found = stores.backup(tmp_path, NOW)
    assert (found.verdict, found.found) == ("ok", "the last one is 9 hours old: /usb/b.tar.gz")
    assert stores.backup(tmp_path, NOW + LATE).verdict == "warning"
    (tmp_path / FILE).write_text("{")
    assert last_backup(tmp_path) is None


@pytest.mark.parametrize(("hour", "days"), [(2, 0), (3, 0), (4, 1), (23, 1)])
def test_the_nightly_one_is_at_half_past_three(hour: int, days: int) -> None:
    """Of the machine's time; a machine that was off makes it when it is on."""
    at = datetime(2026, 11, 30, hour, tzinfo=UTC).astimezone().replace(hour=hour)
    night = night_after(at)
    assert (night.hour, night.minute) == (3, 30)
    assert night.date() - at.date() == timedelta(days=days)
