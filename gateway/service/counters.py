"""Counters that only the service can keep, passed to the engine with a tick once per minute."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from gateway.core.events import GatewayHealth, Tick
from gateway.core.model.names import DeviceId, SiteId

MINUTE: Final = timedelta(minutes=1)
Counted = Counter[tuple[SiteId, DeviceId]]
"""Counts by device."""


class MinuteCounters:
    """The current minute's counts. `decisions` and `letters` are also counted since the start."""

    def __init__(self, instance: str, now: datetime) -> None:
        self.ends = now + MINUTE
        self.decisions = 0
        self.letters = 0
        self._instance = instance
        self._before = (0, 0)
        self._duplicates: Counted = Counter()
        self._ghosts: Counted = Counter()

    def add(self, duplicates: Counted, ghosts: Counted) -> None:
        """Add duplicate events and ghost reads."""
        self._duplicates += duplicates
        self._ghosts += ghosts

    def is_over(self, now: datetime) -> bool:
        """Return whether the minute is over, so that the counts are due."""
        return now >= self.ends

    def tick(self, site: SiteId, health: GatewayHealth | None) -> Tick:
        """Return one site's tick with its counts; `health` is sent with one of the sites."""
        duplicates, ghosts = _of(site, self._duplicates), _of(site, self._ghosts)
        return Tick(minute=True, duplicates=duplicates, ghosts=ghosts, health=health)

    def health(self, backlog: int, commit_ms: float) -> GatewayHealth:
        """Return the gateway's own figures for this minute."""
        decisions, letters = self._before
        return GatewayHealth(
            instance=self._instance,
            backlog=backlog,
            commit_ms=round(commit_ms, 3),
            decisions=self.decisions - decisions,
            dropped=self.letters - letters,
        )

    def begin(self, now: datetime) -> None:
        """Begin the next minute."""
        self.ends = now + MINUTE
        self._before = (self.decisions, self.letters)
        self._duplicates.clear()
        self._ghosts.clear()


def _of(site: SiteId, counted: Counted) -> dict[DeviceId, int]:
    return {device: n for (at, device), n in counted.items() if at == site}
