"""Checks that the clock can be trusted: waits for it at a start, and raises an alarm.

A machine without a battery for its clock starts at some time in the past. Its journal would have
wrong dates, memberships would seem not to have begun, and recent passages could be purged.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from gateway.clock import RELEASED, RETIRED, STEP_BACK, Clock
from gateway.service.conditions import report
from gateway.service.pipeline import Service

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
LOOK_S: Final = 10.0
"""Seconds after which a corrected clock is trusted."""
IsSynchronised = Callable[[], bool | None]
"""Returns whether the clock follows a time server; None: unknown."""


async def wait_for_time(clock: Clock, within_s: float, is_synchronised: IsSynchronised) -> None:
    """Wait until the clock is synchronised, if a time service runs."""
    deadline = clock.monotonic() + within_s
    if is_synchronised() is False:
        log.info("waiting for the clock to be synchronised, %g s at most", within_s)
    while is_synchronised() is False and clock.monotonic() < deadline:
        await asyncio.sleep(POLL_S)


def doubt(now: datetime, latest: datetime, is_synchronised: bool | None) -> str:  # noqa: FBT001 - what `IsSynchronised` says
    """Return the reason why the clock cannot be trusted; empty if it can.

    `latest` is the newest time in the journal when we started.
    """
    if not RELEASED <= now <= RETIRED:
        return f"the clock is years off: it says {now:%Y-%m-%d}"
    if is_synchronised is False:
        return "the clock is not synchronised yet"
    if now < latest - STEP_BACK and not is_synchronised:
        return f"the clock is before the journal's last row, of {latest:%Y-%m-%d %H:%M} UTC"
    return ""


class ClockCare:
    """Raises an alarm while the clock cannot be trusted; `run` until cancelled."""

    def __init__(
        self, service: Service, clock: Clock, latest: datetime, is_synchronised: IsSynchronised
    ) -> None:
        self.doubt = ""
        """The reason why the clock cannot be trusted; empty if it can."""
        self._service = service
        self._clock = clock
        self._latest = latest
        self._is_synchronised = is_synchronised
        self.look()

    def look(self) -> None:
        """Check the clock, and log changes."""
        before, self.doubt = self.doubt, self._doubt()
        if self.doubt and self.doubt != before:
            log.warning("%s; see timedatectl", self.doubt)
        elif before and not self.doubt:
            log.info("the clock can be believed again")

    async def run(self) -> None:
        """Check every few seconds, and raise and clear the alarm."""
        while True:
            self.look()
            await report(self._service, "clock-unsure", active=bool(self.doubt))
            await asyncio.sleep(LOOK_S)

    def _doubt(self) -> str:
        return doubt(self._clock.now(), self._latest, self._is_synchronised())
