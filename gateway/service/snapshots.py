"""Stores snapshots of the sites' states regularly, so that a restart has few rows to replay."""

import logging
from collections.abc import Mapping
from typing import Final

from gateway.adapters.journal.journal import Journal, JournalError
from gateway.adapters.journal.writer import Snapshot
from gateway.core.model.directory import Directory
from gateway.core.model.names import SiteId
from gateway.core.state import State

log = logging.getLogger(__name__)

SNAPSHOT_EVERY: Final = 2_000
"""Rows between two snapshots: a start replays at most as many, within a second even if all are
sensor readings of a crowded room."""


class Snapshots:
    """Stores the states of all sites every `SNAPSHOT_EVERY` rows, and at the end."""

    def __init__(self, journal: Journal, rows_since: int) -> None:
        self._journal = journal
        self._rows_since = rows_since
        self._directories: dict[SiteId, Directory] = {}
        """The directories already stored: members change rarely, and are most of a state."""

    def passed(self, rows: int) -> None:
        """Count committed rows."""
        self._rows_since += rows

    @property
    def is_due(self) -> bool:
        """Return whether the next snapshot is due."""
        return self._rows_since >= SNAPSHOT_EVERY

    async def store(self, n: int, states: Mapping[SiteId, State]) -> None:
        """Store the states after row `n`; a failure only makes the next start slower."""
        if not self._rows_since or not n:
            return
        snapshots = [
            Snapshot(n, site, state, self._news(site, state)) for site, state in states.items()
        ]
        try:
            await self._journal.snapshot(snapshots)
        except JournalError as error:
            log.error("no snapshot could be stored: %s", error)  # noqa: TRY400 - the text says it
            return
        self._rows_since = 0
        self._directories = {site: state.directory for site, state in states.items()}

    def _news(self, site: SiteId, state: State) -> Directory | None:
        return None if self._directories.get(site) is state.directory else state.directory
