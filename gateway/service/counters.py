"""What only the service can count, told to the engine once a minute with a tick."""

from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from gateway.core.events import GatewayHealth, Tick
from gateway.core.model.names import DeviceId, SiteId

MINUTE: Final = timedelta(minutes=1)
SAID_MAX: Final = 256
"""Things said that are remembered, for one log."""
K = TypeVar("K", bound=Hashable)
Counted = Counter[tuple[SiteId, DeviceId]]
"""How often something happened, by device."""


class OnceAMinute(Generic[K]):
    """Remembers what was said in the last minute, so that a log has one line of it."""

    def __init__(self) -> None:
        self._said: dict[K, datetime] = {}

    def is_due(self, key: K, now: datetime) -> bool:
        """Whether it may be said; it counts as said then."""
        said = self._said.get(key)
        if said is not None and now - said < MINUTE:
            return False
        if len(self._said) >= SAID_MAX:
            self._said.clear()
        self._said[key] = now
        return True


class MinuteCounters:
    """The running minute's counts. `decisions` and `letters` are also kept since the start."""

    def __init__(self, instance: str, now: datetime) -> None:
        self.ends = now + MINUTE
        self.decisions = 0
        self.letters = 0
        self._instance = instance
        self._before = (0, 0)
        self._duplicates: Counted = Counter()
        self._ghosts: Counted = Counter()

    def add(self, duplicates: Counted, ghosts: Counted) -> None:
        """Events that came again, and reads of no badge."""
        self._duplicates += duplicates
        self._ghosts += ghosts

    def is_over(self, now: datetime) -> bool:
        """Whether the counts are to be told."""
        return now >= self.ends

    def tick(self, site: SiteId, health: GatewayHealth | None) -> Tick:
        """One site's counts; `health` goes with one of the sites."""
        duplicates, ghosts = _of(site, self._duplicates), _of(site, self._ghosts)
        return Tick(minute=True, duplicates=duplicates, ghosts=ghosts, health=health)

    def health(self, backlog: int, commit_ms: float) -> GatewayHealth:
        """The gateway's own figures for this minute."""
        decisions, letters = self._before
        return GatewayHealth(
            instance=self._instance,
            backlog=backlog,
            commit_ms=round(commit_ms, 3),
            decisions=self.decisions - decisions,
            dropped=self.letters - letters,
        )

    def begin(self, now: datetime) -> None:
        """The next minute."""
        self.ends = now + MINUTE
        self._before = (self.decisions, self.letters)
        self._duplicates.clear()
        self._ghosts.clear()


def _of(site: SiteId, counted: Counted) -> dict[DeviceId, int]:
    return {device: n for (at, device), n in counted.items() if at == site}
