"""The environment that systemd gives a service that it started (sd_notify(3))."""

import os
from typing import Final

from msgspec import Struct

_US: Final = 1_000_000


class Supervisor(Struct, frozen=True):
    """systemd's socket (None: there is none), and its watchdog timeout in s, if any."""

    socket: str | None = None
    watchdog_s: float | None = None


def supervisor() -> Supervisor:
    """Return what the environment says; ignore a watchdog that is meant for another process."""
    interval, of = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    mine = of in {"", str(os.getpid())}
    watched = mine and interval.isdecimal() and int(interval) > 0
    return Supervisor(
        socket=os.environ.get("NOTIFY_SOCKET") or None,
        watchdog_s=int(interval) / _US if watched else None,
    )
