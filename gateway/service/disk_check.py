"""Watches the disk's free space, so that doors still work long after there is little.

With little left, an alarm. With very little, what doors do not need is journaled rarely: each
sensor is heard once a minute, with its newest message, and so are undeclared devices; badges, exit
buttons, contacts, machines and requests are journaled and answered as ever. With none left nothing
can be journaled, so nothing is acknowledged and no door opens, except by a reader's own list.
"""

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Final

from gateway.doctor.machine import DISK_FULL_BYTES, DISK_LOW_BYTES
from gateway.service.conditions import report
from gateway.service.pipeline import Service

log = logging.getLogger(__name__)

LOOK_S: Final = 10.0
ENOUGH_AGAIN: Final = 1.1
"""Times the limit, above which there is enough again: an alarm must not come and go."""


class DiskCare:
    """Watches the free space; `run` until cancelled."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.trouble = ""
        """What is wrong and what we do; empty if there is enough."""
        self._service = service
        self._folder = folder
        self._is_low = False

    async def run(self) -> None:
        """Look every few seconds, raise and clear the alarm, and save what can be saved."""
        while True:
            self.look()
            await report(self._service, "disk-low", active=self._is_low)
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Look at the free space, and log changes."""
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:  # the folder is gone: the journal says so, and stops
            return
        inbox = self._service.inbox
        was = self._is_low, inbox.is_scarce
        self._is_low = _is_below(free, DISK_LOW_BYTES, was=self._is_low)
        inbox.is_scarce = _is_below(free, DISK_FULL_BYTES, was=inbox.is_scarce)
        self.trouble = f"the disk has {free / 1e9:.2f} GB left" if self._is_low else ""
        if inbox.is_scarce:
            self.trouble += ": each sensor is heard once a minute"
        if was != (self._is_low, inbox.is_scarce):
            log.warning("%s", self.trouble or "the disk has room again")


def _is_below(free: int, limit: int, *, was: bool) -> bool:
    return free < limit * (ENOUGH_AGAIN if was else 1.0)
