"""Methods of counting: the estimator, and three that are in use.

raw           people in less people out
clamp-reset   the same, never below zero, and zero at 04:00
clamp-silence the same, never below zero, and zero after ten minutes without motion
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from benchmarks.occupancy_story import Story
from gateway.core.estimator import counters, estimate, reorder_window, state
from gateway.core.estimator.counters import Totals
from gateway.core.estimator.evidence import Evidence, MotionSeen, TotalsTold
from gateway.core.model.names import DeviceId, ZoneId

RESET_HOUR = 4
SILENCE = timedelta(minutes=10)
DAY = timedelta(days=1)


class Guess(Struct, frozen=True):
    """An estimate of the people, with its 80 % interval (None: the method gives none)."""

    people: int
    low: int | None = None
    high: int | None = None


class Method(Protocol):
    """A method of counting."""

    def tell(self, evidence: Evidence, now: datetime) -> None:
        """Process evidence."""
        ...

    def look(self, zone: ZoneId, at: datetime) -> Guess:
        """Return the number of people in a zone."""
        ...


class Estimator:
    """The service's own estimator."""

    def __init__(self, story: Story) -> None:
        first = story.arrived[0].now if story.arrived else story.looks[0].at
        self._parts = story.parts
        self._estimate = reorder_window.begun(story.capacities, first, story.rooms)

    def tell(self, evidence: Evidence, now: datetime) -> None:
        """Process evidence."""
        self._estimate = reorder_window.told(self._estimate, evidence, now)

    def look(self, zone: ZoneId, at: datetime) -> Guess:
        """Return the median and the interval."""
        self._estimate = reorder_window.settled(self._estimate, at)
        parts = [state.zone_at(self._estimate, part, at) for part in self._parts[zone]]
        count = estimate.read(parts, None, 0)
        return Guess(count.people, count.low, count.high)


class Raw:
    """People in less people out."""

    least: int | None = None

    def __init__(self, story: Story) -> None:
        self._parts = story.parts
        self._counters: dict[DeviceId, Totals] = {}
        self.people = dict.fromkeys(story.capacities, 0)

    def tell(self, evidence: Evidence, now: datetime) -> None:
        """Add the counters' totals."""
        del now
        if not isinstance(evidence, TotalsTold):
            return
        told = Totals(
            evidence.at, evidence.boot, evidence.seq, evidence.in_total, evidence.out_total
        )
        passed = counters.passed(self._counters.get(evidence.device), told)
        if passed is None:
            return
        self._counters[evidence.device] = told
        self._add(evidence.inner, passed.inward - passed.outward)
        self._add(evidence.outer, passed.outward - passed.inward)

    def look(self, zone: ZoneId, at: datetime) -> Guess:
        """Return the sum."""
        del at
        return Guess(sum(self.people[part] for part in self._parts[zone]))

    def _add(self, zone: ZoneId | None, people: int) -> None:
        if zone is not None:
            self.people[zone] += people
            if self.least is not None:
                self.people[zone] = max(self.least, self.people[zone])


class ClampReset(Raw):
    """Never negative, and empty at 04:00."""

    least = 0

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        self._local = story.local
        self._night: datetime | None = None

    def tell(self, evidence: Evidence, now: datetime) -> None:
        """Count, after the reset if it is due."""
        self._reset(now)
        super().tell(evidence, now)

    def look(self, zone: ZoneId, at: datetime) -> Guess:
        """Return the sum, after the reset if it is due."""
        self._reset(at)
        return super().look(zone, at)

    def _reset(self, now: datetime) -> None:
        shifted = now + self._local - timedelta(hours=RESET_HOUR) - (now.utcoffset() or timedelta())
        night = shifted.replace(hour=0, minute=0, second=0, microsecond=0)
        if self._night is not None and night > self._night:
            self.people = dict.fromkeys(self.people, 0)
        self._night = night


class ClampSilence(Raw):
    """Never negative, and empty when no PIR of the zone has seen motion for ten minutes."""

    least = 0

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        self._moved: dict[ZoneId, datetime] = {}
        self._active: dict[ZoneId, set[DeviceId]] = {}

    def tell(self, evidence: Evidence, now: datetime) -> None:
        """Count, and record motion."""
        for zone in self.people:
            self._empty(zone, now)
        if isinstance(evidence, MotionSeen):
            self._moved[evidence.zone] = evidence.at
            active = self._active.setdefault(evidence.zone, set())
            (active.add if evidence.active else active.discard)(evidence.device)
        super().tell(evidence, now)

    def look(self, zone: ZoneId, at: datetime) -> Guess:
        """Return the sum of the zones that are not silent."""
        for part in self._parts[zone]:
            self._empty(part, at)
        return super().look(zone, at)

    def _empty(self, zone: ZoneId, now: datetime) -> None:
        moved = self._moved.get(zone)
        if moved is not None and not self._active[zone] and now - moved >= SILENCE:
            self.people[zone] = 0


METHODS: dict[str, Callable[[Story], Method]] = {
    "estimator": Estimator,
    "raw": Raw,
    "clamp-reset": ClampReset,
    "clamp-silence": ClampSilence,
}
