"""The confirmation that the clock is right, for a purge that waits for it.

It is a file of the data folder: only the gateway writes the journal.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.files import write_whole

FILE: Final = "clock-confirmed"
VALID: Final = timedelta(days=1)
"""A clock further from the confirmed time counts as another clock."""


def confirm(folder: Path, now: datetime) -> None:
    """Record that an operator saw this time and found it right.

    Raises:
        OSError: It cannot be written.
    """
    write_whole(folder / FILE, f"{now.isoformat()}\n".encode(), 0o600)


def is_confirmed(folder: Path, now: datetime) -> bool:
    """Return whether the clock was confirmed within a day of `now`."""
    try:
        at = datetime.fromisoformat((folder / FILE).read_text(encoding="ascii").strip())
        return abs(now - at) <= VALID
    except (OSError, ValueError, TypeError):
        return False


def forget_confirmation(folder: Path) -> None:
    """Delete the used confirmation: the next jump must be confirmed again."""
    (folder / FILE).unlink(missing_ok=True)
