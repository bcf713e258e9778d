"""Finds out whether this machine's clock is synchronised to a time server."""

import ctypes
import sys
from pathlib import Path
from typing import Final

TIMESYNC: Final = Path("/run/systemd/timesync")
"""systemd-timesyncd's folder while it runs; it touches `synchronized` in it with each success."""
SERVICES: Final = tuple(
    Path("/run") / name for name in ("chrony/chronyd.pid", "chronyd.pid", "ntpd.pid", "ntpsec.pid")
)
"""Other time services that run; they tell the kernel."""
_UNSYNCHRONISED: Final = 0x0040
"""STA_UNSYNC of adjtimex(2)."""
_TIMEX_BYTES: Final = 512
"""More than struct timex has anywhere."""
_STATUS_AT: Final = 5 * ctypes.sizeof(ctypes.c_long)
"""Where `status` stands in it: behind `modes`, padded to a long, and four longs."""


def is_synchronised() -> bool | None:
    """Return whether the clock follows a time server; None: unknown on this system.

    Returns False only if a time service runs, so that waiting makes sense.
    """
    if TIMESYNC.is_dir():
        return (TIMESYNC / "synchronized").exists() or _kernel_says_so() is True
    if _kernel_says_so():
        return True
    return False if any(service.exists() for service in SERVICES) else None


def _kernel_says_so() -> bool | None:
    """Return the kernel's flag; None if it may not be read (ProtectClock= of systemd)."""
    if sys.platform != "linux":
        return None
    asked = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes = 0: nothing is set
    if ctypes.CDLL(None, use_errno=True).adjtimex(asked) < 0:
        return None
    status = ctypes.c_int.from_buffer(asked, _STATUS_AT).value
    return not status & _UNSYNCHRONISED
