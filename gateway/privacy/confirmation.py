"""Somebody confirms that the clock is right, so that a purge that waits for that may go on.

A file of the data folder: the gateway alone writes the journal.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.files import write_whole

FILE: Final = "clock-confirmed"
VALID: Final = timedelta(days=1)
"""A clock that is further from what was confirmed is another one."""


def confirm(folder: Path, now: datetime) -> None:
    """Remember that somebody saw this time and found it right.

    Raises:
        OSError: It cannot be written.
    """
    write_whole(folder / FILE, f"{now.isoformat()}\n".encode(), 0o600)


def is_confirmed(folder: Path, now: datetime) -> bool:
    """Whether somebody did, within a day of `now`."""
    try:
        at = datetime.fromisoformat((folder / FILE).read_text(encoding="ascii").strip())
        return abs(now - at) <= VALID
    except (OSError, ValueError, TypeError):
        return False


def forget_confirmation(folder: Path) -> None:
    """It is used up: the next jump has to be confirmed anew."""
    (folder / FILE).unlink(missing_ok=True)
