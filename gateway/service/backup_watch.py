"""Raises an alarm when there has been no backup for days."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.adapters.journal.journal import Journal, JournalError
from gateway.backup.last import LATE, last_backup
from gateway.clock import Clock
from gateway.service.conditions import report
from gateway.service.pipeline import Service

LOOK_S: Final = 60.0
"""Seconds between two looks at the time of the last backup."""


class BackupWatch:
    """Watches the age of the last backup; `run` until cancelled."""

    def __init__(self, journal: Journal, service: Service, folder: Path, clock: Clock) -> None:
        self._journal = journal
        self._service = service
        self._folder = folder
        self._clock = clock

    async def run(self) -> None:
        """Look each minute."""
        while True:
            begun = await self._begun()
            if begun is not None:
                is_late = self._clock.now() - begun > LATE
                await report(self._service, "backup-late", active=is_late)
            await asyncio.sleep(LOOK_S)

    async def _begun(self) -> datetime | None:
        """Return the time since when there has been none; before the first, that of the journal."""
        last = await asyncio.to_thread(last_backup, self._folder)
        if last is not None:
            return last.at
        try:
            return await self._journal.read(lambda file: file.first())
        except JournalError:
            return None
