"""The erasures of the last months, so that a restored backup brings nobody back.

One small file for each, in a folder of the data folder: its name is the pseudonym, its content the
time. It is written before the member is removed, and deleted when no backup can hold them any more.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.core.model.directory import HolderId
from gateway.files import private_folder, write_whole

FOLDER: Final = "erased"
DAYS: Final = 90
"""Days that an erasure is remembered: the most that a backup may be kept."""


def remember(folder: Path, holder: HolderId, at: datetime) -> None:
    """Store in this folder that somebody is erased."""
    private_folder(folder)
    write_whole(folder / holder, f"{at.isoformat()}\n".encode(), 0o600)


def erased_since(folder: Path, at: datetime) -> Iterator[tuple[HolderId, datetime]]:
    """Yield whom this folder names as erased at this time or later."""
    for file in sorted(folder.glob("h-*")):
        when = datetime.fromisoformat(file.read_text("ascii").strip())
        if when >= at:
            yield HolderId(file.name), when


def forget(folder: Path, before: datetime) -> None:
    """Delete what is older, or cannot be read."""
    for file in folder.glob("*"):
        try:
            is_old = datetime.fromisoformat(file.read_text("ascii").strip()) < before
        except ValueError:
            is_old = True
        if is_old:
            file.unlink(missing_ok=True)
