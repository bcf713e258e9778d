"""The only place that reads the time; everything else takes a `Clock` or a moment as argument."""

import logging
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

log = logging.getLogger(__name__)

STEP_BACK: Final = timedelta(seconds=2)
"""More is no adjustment by NTP but a correction; less than the 5 s that make a badge late."""


RELEASED: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right is before this release: a Raspberry Pi has no battery for its own."""
RETIRED: Final = RELEASED + timedelta(days=20 * 365)
"""No release is used for longer: a clock behind that is wrong."""


class Uptime(Struct, frozen=True):
    """The time since the operating system started: it outlives our process, and cannot be set.

    `boot` names this run of the system; `us` are microseconds, sleep included.
    """

    boot: str
    us: int


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The time of day, aware UTC; it may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; it never goes back, so it measures durations."""
        ...

    def uptime(self) -> Uptime | None:
        """Return the time since the operating system started; None where it is not known."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The time of day, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def uptime(self) -> Uptime | None:
        """Return the time since the operating system started; None but on Linux."""
        boot = _boot_id()
        if boot is None or sys.platform != "linux":
            return None
        return Uptime(boot, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)


class ManualClock:
    """A clock for tests and simulations: it moves only when told."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError(f"{now} has no time zone; a clock tells aware UTC")
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0
        self.boot: str | None = "manual"
        """The run of its operating system; another name, and it was restarted."""

    def now(self) -> datetime:
        """The time it was told."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that passed since it was made; setting the time of day does not count."""
        return self._monotonic

    def uptime(self) -> Uptime | None:
        """As `monotonic`, in microseconds."""
        return None if self.boot is None else Uptime(self.boot, round(self._monotonic * 1_000_000))

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


@cache
def _boot_id() -> str | None:
    """The kernel's own name of this run of the system (random(4))."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or None
    except OSError:
        return None
