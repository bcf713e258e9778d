"""The only module that reads the time; all others take a `Clock` or a moment as an argument."""

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
"""A larger step is a correction, not an adjustment by NTP; below the 5 s that make a badge late."""


RELEASED: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock before this release is wrong: a Raspberry Pi's clock has no battery."""
RETIRED: Final = RELEASED + timedelta(days=20 * 365)
"""A clock after this date is wrong: no release is used for that long."""


class Uptime(Struct, frozen=True):
    """The uptime of the operating system: it outlives our process, and cannot be set.

    `boot` identifies this run of the system; `us` are microseconds, sleep included.
    """

    boot: str
    us: int


class Clock(Protocol):
    """A source of the time."""

    def now(self) -> datetime:
        """Return the time of day, aware UTC; it may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes back, so it measures durations."""
        ...

    def uptime(self) -> Uptime | None:
        """Return the uptime of the operating system; None if unknown."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the time of day, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment."""
        return time.monotonic()

    def uptime(self) -> Uptime | None:
        """Return the uptime of the operating system; None if unknown (not Linux)."""
        boot = _boot_id()
        if boot is None or sys.platform != "linux":
            return None
        return Uptime(boot, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)


class ManualClock:
    """A clock for tests and simulations: it moves only by `advance` and `set_to`."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError(f"{now} has no time zone; a clock tells aware UTC")
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0
        self.boot: str | None = "manual"
        """The run of its operating system; a new name means that it was restarted."""

    def now(self) -> datetime:
        """Return the time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds advanced since its creation; `set_to` does not count."""
        return self._monotonic

    def uptime(self) -> Uptime | None:
        """Return `monotonic` in microseconds, as the uptime."""
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
        """Set the time of day, as NTP may, without advancing `monotonic`."""
        self._now = now.astimezone(UTC)


class ForwardClock:
    """The engine's clock: it stands still during small steps back, and follows a large one.

    A corrected clock may jump back by hours. Keeping the wrong time would make every badge look
    late for as long, so the step is followed, and logged.
    """

    def __init__(self, clock: Clock, latest: datetime) -> None:
        """Start at `latest`, the last time that was returned, for example before a restart."""
        self._clock = clock
        self._latest = latest

    def now(self) -> datetime:
        """Return the time of day, aware UTC."""
        now = self._clock.now()
        if now < self._latest - STEP_BACK:
            log.error("the clock went back from %s to %s", self._latest, now)
            self._latest = now
        self._latest = max(now, self._latest)
        return self._latest


@cache
def _boot_id() -> str | None:
    """Return the kernel's id of this run of the system (random(4))."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or None
    except OSError:
        return None
