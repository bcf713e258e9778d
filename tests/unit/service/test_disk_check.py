"""A disk with little room: who is told, and what is still journaled."""

import asyncio
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.core.facts import GATEWAY
from gateway.doctor.machine import DISK_FULL_BYTES, DISK_LOW_BYTES
from gateway.service.disk_check import ENOUGH_AGAIN, DiskCare
from tests.servers import PATIENCE_S
from tests.unit.service.test_pipeline import desk
from tests.world.engine import SITE

ALARM = ("disk-low", GATEWAY)


def use(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    """From now on the disk has so many bytes left."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: SimpleNamespace(free=int(free)))


async def test_little_room_is_an_alarm_and_very_little_spares_the_doors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each is over only when there is clearly more."""
    async with desk(tmp_path) as at:
        care, inbox = DiskCare(at.service, tmp_path), at.service.inbox
        for free, alarm, scarce in (
            (DISK_LOW_BYTES + 1, False, False),
            (DISK_LOW_BYTES - 1, True, False),
            (DISK_FULL_BYTES - 1, True, True),
            (DISK_FULL_BYTES * 1.05, True, True),
            (DISK_FULL_BYTES * ENOUGH_AGAIN + 1, True, False),
            (DISK_LOW_BYTES * 1.05, True, False),
            (DISK_LOW_BYTES * ENOUGH_AGAIN + 1, False, False),
        ):
            use(monkeypatch, free)
            care.look()
            task = asyncio.create_task(care.run())
            async with asyncio.timeout(PATIENCE_S):
                while (ALARM in at.service.states[SITE.id].alarms) is not alarm:
                    await asyncio.sleep(0)
            task.cancel()
            assert inbox.is_scarce is scarce
            assert bool(care.trouble) is alarm
            assert ("once a minute" in care.trouble) is scarce
