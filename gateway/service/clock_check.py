"""Whether the clock can be believed: waited for at a start, and told as an alarm.

A machine without a battery for its clock starts at some time of the past. Its journal would be
dated days off, memberships look not begun, and passages that may be kept be purged.
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
"""How soon a clock that was put right is believed."""
IsSynchronised = Callable[[], bool | None]
"""Whether the clock follows a time server; None: nothing here tells."""


async def wait_for_time(clock: Clock, within_s: float, is_synchronised: IsSynchronised) -> None:
    """Wait until the clock is synchronised, where a time service runs that will do so."""
    deadline = clock.monotonic() + within_s
    if is_synchronised() is False:
        log.info("waiting for the clock to be synchronised, %g s at most", within_s)
    while is_synchronised() is False and clock.monotonic() < deadline:
        await asyncio.sleep(POLL_S)


def doubt(now: datetime, latest: datetime, is_synchronised: bool | None) -> str:  # noqa: FBT001 - what `IsSynchronised` says
    """Say why the clock cannot be believed; empty where it can.

    `latest` is the newest time that the journal knew when we started.
    """
    if not RELEASED <= now <= RETIRED:
        return f"the clock is years off: it says {now:%Y-%m-%d}"
    if is_synchronised is False:
        return "the clock is not synchronised yet"
    if now < latest - STEP_BACK and not is_synchronised:
        return f"the clock is before the journal's last row, of {latest:%Y-%m-%d %H:%M} UTC"
    return ""


class ClockCare:
    """Tells of a clock that cannot be believed, until cancelled."""

    def __init__(
        self, service: Service, clock: Clock, latest: datetime, is_synchronised: IsSynchronised
    ) -> None:
        self.doubt = ""
        """Why the clock cannot be believed; empty where it can."""
        self._service = service
        self._clock = clock
        self._latest = latest
        self._is_synchronised = is_synchronised
        self.look()

    def look(self) -> None:
        """Look at the clock, and log what is news."""
        before, self.doubt = self.doubt, self._doubt()
        if self.doubt and self.doubt != before:
            log.warning("%s; see timedatectl", self.doubt)
        elif before and not self.doubt:
            log.info("the clock can be believed again")

    async def run(self) -> None:
        """Look every few seconds, and raise and clear the alarm."""
        while True:
            self.look()
            await report(self._service, "clock-unsure", active=bool(self.doubt))
            await asyncio.sleep(LOOK_S)

    def _doubt(self) -> str:
        return doubt(self._clock.now(), self._latest, self._is_synchronised())
