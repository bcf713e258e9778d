"""The last backup, for the doctor, the console and the alarm: a small file of the data folder."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.files import write_whole

FILE: Final = "backup.json"
LATE: Final = timedelta(days=3)
"""Without a backup for so long there is an alarm: two nights may fail."""


class LastBackup(Struct, frozen=True):
    """The time when the last backup began, and the file that it is in."""

    at: datetime
    file: str


def last_backup(folder: Path) -> LastBackup | None:
    """Return the last backup of a data folder; None: none was made, or nothing tells."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=LastBackup)
    except (OSError, msgspec.DecodeError):
        return None


def remember(folder: Path, last: LastBackup) -> None:
    """Store that a backup was made."""
    write_whole(folder / FILE, msgspec.json.encode(last) + b"\n", 0o600)
