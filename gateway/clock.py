"""The only place that reads the time; everything else takes a `Clock` or a moment as argument."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

log = logging.getLogger(__name__)

STEP_BACK: Final = timedelta(seconds=2)
"""More is no adjustment by NTP but a correction; less than the 5 s that make a badge late."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The time of day, aware UTC; it may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; it never goes back, so it measures durations."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The time of day, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()


class ManualClock:
    """A clock for tests and simulations: it moves only when told."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError(f"{now} has no time zone; a clock tells aware UTC")
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """The time it was told."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that passed since it was made; setting the time of day does not count."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        if seconds < 0:
            raise ValueError(
                f"{seconds} s: time does not go back; use `set_to` to set the time of day"
            )
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set_to(self, now: datetime) -> None:
        """Set the time of day, as NTP may, without any time passing."""
        self._now = now.astimezone(UTC)


class ForwardClock:
    """Our clock as the engine sees it: small steps back are waited out, a large one is taken.

    A clock that was wrong and is put right may jump back by hours. Holding on to the wrong time
    would make every badge look late for as long, so the step is taken, and told.
    """

    def __init__(self, clock: Clock, latest: datetime) -> None:
        """`latest`: the last time that was given out, before a restart say."""
        self._clock = clock
        self._latest = latest

    def now(self) -> datetime:
        """Aware UTC."""
        now = self._clock.now()
        if now < self._latest - STEP_BACK:
            log.error("the clock went back from %s to %s", self._latest, now)
            self._latest = now
        self._latest = max(now, self._latest)
        return self._latest
