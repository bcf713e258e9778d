"""Virtual time: an agenda of actions. Actions due at the same moment run in the order of entry."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta


class Clockwork:
    """An agenda of actions; `now` moves only when `run` is called."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._number = 0

    @property
    def next_at(self) -> datetime | None:
        """The time of the next action; None: there is none."""
        return self._due[0][0] if self._due else None

    def at(self, when: datetime, action: Callable[[], None]) -> None:
        """Schedule `action` for `when`, or at once if that has passed."""
        self._number += 1
        heapq.heappush(self._due, (max(when, self.now), self._number, action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule `action` in so many seconds."""
        self.at(self.now + timedelta(seconds=seconds), action)

    def run(self, now: datetime) -> None:
        """Run every action that is due by `now`, including those that are added meanwhile."""
        while self._due and self._due[0][0] <= now:
            when, _, action = heapq.heappop(self._due)
            self.now = max(self.now, when)
            action()
        self.now = max(self.now, now)
