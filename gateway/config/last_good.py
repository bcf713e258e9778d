"""The space file that was in force last, kept in the data folder: a slip does not stop the doors.

It holds the files' text, so that it is read like any space, with its calendars and webhooks.
"""

import logging
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.files import write_whole

FILE: Final = "space-in-force.json"

_log = logging.getLogger(__name__)


class SavedSpace(Struct, frozen=True):
    """The text of each file of a space, by its name; `path` is the file or folder."""

    path: str
    files: dict[str, str]


def save_space(folder: Path, path: Path, files: list[Path]) -> None:
    """Keep a space that is in force; a fault is logged."""
    saved = folder / FILE
    try:
        found = {str(file.absolute()): file.read_text("utf-8") for file in files}
        space = msgspec.json.encode(SavedSpace(str(path.absolute()), found))
        if not saved.exists() or saved.read_bytes() != space:
            write_whole(saved, space, 0o600)
    except (OSError, UnicodeDecodeError) as wrong:
        _log.warning("the space file in force could not be kept for a next start: %s", wrong)


def saved_space(folder: Path, path: Path) -> Path | None:
    """Return the space that was last in force for `path`; None: there is none."""
    saved = folder / FILE
    try:
        is_same = read_saved(saved).path == str(path.absolute())
    except (OSError, msgspec.DecodeError):
        return None
    return saved if is_same else None


def read_saved(file: Path) -> SavedSpace:
    """Return a kept space.

    Raises:
        OSError: It cannot be read.
        msgspec.DecodeError: It is damaged.
    """
    return msgspec.json.decode(file.read_bytes(), type=SavedSpace)
