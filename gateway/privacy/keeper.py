"""The gateway's task for personal data: the purge of each night, and erasures on request."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditError, AuditLog
from gateway.adapters.directory import DirectoryError
from gateway.adapters.journal.journal import Journal, JournalError
from gateway.adapters.journal.occupancy_history import HistoryError, opened
from gateway.clock import Clock
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.privacy.confirmation import forget_confirmation, is_confirmed
from gateway.privacy.erased import DAYS as ERASED_DAYS
from gateway.privacy.erased import FOLDER as ERASED
from gateway.privacy.erased import forget
from gateway.privacy.erasure import erase_pending
from gateway.privacy.retention import Kept, jump_of, purge

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
"""The delay until an erasure begins."""
AGAIN: Final = timedelta(hours=1)
"""The delay until the next attempt of a purge that failed, or waits for a trustworthy clock."""
FAULT_S: Final = 60.0
"""The delay until the next attempt after a fault: each one is logged."""
NIGHT_HOUR: Final = 3
"""The purge begins at this hour of the first site's clock, if the machine runs at that time."""
DAY: Final = timedelta(days=1)
FAULTS: Final = (
    JournalError,
    HistoryError,
    DirectoryError,
    AuditError,
    msgspec.MsgspecError,
    sqlite3.Error,
)
"""Faults that are logged and retried: the disk, a file in use, a row of another release."""
NO_FILE: Final = (0, 0)
"""The stamp of members before the first import."""


class RetentionKeeper:
    """Maintains the journal until cancelled. None of its faults stops a door."""

    def __init__(
        self,
        journal: Journal,
        members: Path,
        kept: Kept,
        clock: Clock,
        live: Callable[[], tuple[Mapping[SiteId, Site], Mapping[SiteId, State]]],
        *,
        is_sure: Callable[[], bool],
    ) -> None:
        """Create the keeper.

        `live` returns the sites in force and their states at that moment. `is_sure` returns whether
        the clock follows a time server.
        """
        self._journal = journal
        self._members = members
        self._kept = kept
        self._clock = clock
        self._live = live
        self._is_sure = is_sure
        self._seen = NO_FILE
        self._again: float | None = None
        """The next run of erasures, on the monotonic clock; None: with the next request."""

    async def run(self) -> None:
        """Check every other second whether there is work."""
        due: datetime | None = None
        while True:
            now, pause_s = self._clock.now(), LOOK_S
            try:
                due = due or await self._first_purge()
                await self._erase()
                if now >= due:
                    due = now + AGAIN  # where it fails, or waits
                    if await self._purge(now):
                        due = self._next_night(now)
            except FAULTS as error:
                pause_s = FAULT_S
                log.error("personal data could not be purged or erased: %s", error)  # noqa: TRY400 - the text says it
            await asyncio.sleep(pause_s)

    async def _first_purge(self) -> datetime:
        """Return the time of the first purge: now if a night was missed (machine off)."""
        ran = (await self._journal.read(lambda file: file.purged())).ran
        now = self._clock.now()
        return now if now - ran > DAY else self._next_night(now)

    async def _purge(self, now: datetime) -> bool:
        """Run one night's purge; return False if it waits for a trustworthy clock."""
        sites, _ = self._live()
        if not self._is_sure() and await asyncio.to_thread(self._is_held, now):
            return False
        done = await purge(self._journal, sites, self._kept, now)
        await asyncio.to_thread(self._purge_log, now)
        if done.rows:
            log.info(
                "%d rows of more than %d days were purged in %d steps, the longest %.1f ms",
                done.rows, self._kept.passage_days, done.steps, done.longest_ms,
            )  # fmt: skip
        return True

    def _is_held(self, now: datetime) -> bool:
        """Return whether a purge would delete far more than usual without a confirmation."""
        with opened(self._journal.path) as connection:
            jump = jump_of(connection, self._live()[0], self._kept, now)
        folder = self._members.parent
        if jump is None or is_confirmed(folder, now):
            forget_confirmation(folder)
            return False
        log.warning(
            "the purge waits: it would delete %d days of passages at once, and nothing shows that "
            "the clock (%s UTC) is right. Synchronise it, or: seuil privacy confirm-clock",
            jump.days, f"{now:%Y-%m-%d %H:%M}",
        )  # fmt: skip
        return True

    def _purge_log(self, now: datetime) -> None:
        """Purge the console's own log, where there is one."""
        file = self._members.with_name(AUDIT_FILE)
        if file.exists():
            with closing(AuditLog(file)) as entries:
                entries.purge(now - timedelta(days=self._kept.audit_days))
        forget(self._members.with_name(ERASED), now - timedelta(days=ERASED_DAYS))

    async def _erase(self) -> None:
        """Run erasures, only after a change of the members' file or when a delayed one is due."""
        stamp, began = await asyncio.to_thread(_stamp, self._members), self._clock.monotonic()
        is_due = self._again is not None and began >= self._again
        if stamp == NO_FILE or (stamp == self._seen and not is_due):
            return
        wait_s = await erase_pending(self._journal, self._members, lambda: self._live()[1])
        self._seen = stamp
        self._again = None if wait_s is None else began + wait_s

    def _next_night(self, now: datetime) -> datetime:
        sites, _ = self._live()
        clock = next((site.clock for site in sites.values()), now.tzinfo)
        local = now.astimezone(clock)
        night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
        return night if night > local else night + DAY


def _stamp(members: Path) -> tuple[int, int]:
    """Return a value that changes with each change of the members."""
    wal = members.with_name(members.name + "-wal")
    found = wal if wal.exists() else members
    if not found.exists():
        return NO_FILE
    stat = found.stat()
    return stat.st_mtime_ns, stat.st_size
