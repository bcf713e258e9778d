"""Checks the journal for damage each night, and raises an alarm.

A damaged page is noticed only when it is read, which may be months later. So the whole file is
checked each night, and once after a start, since a power cut may have preceded it.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from gateway.adapters.journal.integrity import look_through
from gateway.adapters.journal.journal import Journal
from gateway.clock import Clock
from gateway.service.conditions import report
from gateway.service.pipeline import Service

log = logging.getLogger(__name__)

LOOK_S: Final = 5.0
"""Seconds until damage met by a read becomes an alarm."""
FIRST_S: Final = 300.0
"""Seconds until the first check, after the busy first minutes of a start."""
NIGHT_HOUR: Final = 4
"""The hour of the check in the first site's local time: after the purge."""
WITHIN_S: Final = 900.0
"""Seconds until a check is given up for the night: 1 GB takes 4 s from memory, 60 s from a card."""
_DAY: Final = timedelta(days=1)


class JournalCare:
    """Checks the journal regularly; `run` until cancelled."""

    def __init__(self, journal: Journal, service: Service, clock: Clock) -> None:
        self._journal = journal
        self._service = service
        self._clock = clock
        self._due = clock.monotonic() + FIRST_S

    async def run(self) -> None:
        """Raise an alarm within seconds of known damage, and check the file each night."""
        while True:
            if self._clock.monotonic() >= self._due:
                await self.look()
                self._due = self._clock.monotonic() + self._until_night_s()
            await report(self._service, "journal-damaged", active=bool(self._journal.damage))
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Check the whole file, and remember the damage."""
        found = await look_through(self._journal.path, WITHIN_S)
        if found is None:
            log.warning("the journal could not be looked through (in %d s at most)", WITHIN_S)
        elif found:
            log.error("the journal is damaged: %s; restore it from a backup", found)
            self._journal.damage = found
        else:
            self._journal.damage = ""

    def _until_night_s(self) -> float:
        now = self._clock.now()
        zone = next((site.clock for site in self._service.sites.values()), now.tzinfo)
        local = now.astimezone(zone)
        night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
        return ((night if night > local else night + _DAY) - local).total_seconds()
