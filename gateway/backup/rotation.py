"""The folder of nightly backups: each archive is named by its time, and old ones are deleted."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

FOLDER: Final = "backups"
"""In the data folder, where no other place is set."""
_TIME: Final = "%Y%m%dT%H%M%SZ"


def archive_in(folder: Path, instance: str, now: datetime, *, encrypted: bool) -> Path:
    """Return the name of a new archive."""
    end = ".tar.gz.age" if encrypted else ".tar.gz"
    return folder / f"seuil-{instance}-{now.astimezone(UTC):{_TIME}}{end}"


def rotate(folder: Path, instance: str, now: datetime, days: int) -> int:
    """Delete this instance's archives of more than `days`, and return how many.

    Call it after a backup, so that there is one.
    """
    name = re.compile(rf"seuil-{re.escape(instance)}-(\d{{8}}T\d{{6}}Z)\.tar\.gz(\.age)?")
    old = [
        file
        for file in folder.iterdir()
        if (found := name.fullmatch(file.name))
        and now - datetime.strptime(found[1], _TIME).replace(tzinfo=UTC) > timedelta(days=days)
    ]
    for file in old:
        file.unlink()
    return len(old)
