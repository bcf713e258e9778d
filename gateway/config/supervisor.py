"""What systemd says in the environment of a service that it started (sd_notify(3))."""

import os
from typing import Final

from msgspec import Struct

_US: Final = 1_000_000


class Supervisor(Struct, frozen=True):
    """Where it listens (None: nowhere), and within how many s it wants signs of life, if any."""

    socket: str | None = None
    watchdog_s: float | None = None


def supervisor() -> Supervisor:
    """As the environment says; a watchdog that is another process's is none of ours."""
    interval, of = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    mine = of in {"", str(os.getpid())}
    watched = mine and interval.isdecimal() and int(interval) > 0
    return Supervisor(
        socket=os.environ.get("NOTIFY_SOCKET") or None,
        watchdog_s=int(interval) / _US if watched else None,
    )
