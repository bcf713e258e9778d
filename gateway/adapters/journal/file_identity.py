"""Whether the journal's files are still those that we have open.

SQLite goes on with a file that was deleted or replaced under it, and says nothing: all that is
stored from then on is gone with the process (sqlite.org/howtocorrupt.html, 2.6).
"""

import os
from pathlib import Path

from msgspec import Struct


class ForeignJournalError(Exception):
    """Another file lies where our journal was, or rows are in it that another program wrote.

    Going on would undo what others stored, or lose what we acknowledge. Waiting heals neither: the
    process ends, and its next start goes on with what is there.
    """


class JournalIdentity(Struct, frozen=True):
    """The device and inode of the file and of its write-ahead log."""

    file: tuple[int, int]
    log: tuple[int, int]


def identity_of(path: Path) -> JournalIdentity:
    """The identity of a journal that is open.

    Raises:
        OSError: There is none.
    """
    return JournalIdentity(_inode(path), _inode(_log(path)))


def check_identity(path: Path, ours: JournalIdentity) -> None:
    """Compare what lies at `path` with what we have open: two `stat` calls, some microseconds.

    Raises:
        ForeignJournalError: Another file lies there.
        OSError: Nothing does, or the write-ahead log is gone.
    """
    check_file(path, ours)
    try:
        is_ours = _inode(_log(path)) == ours.log
    except FileNotFoundError:
        is_ours = False
    if not is_ours:
        raise FileNotFoundError("its write-ahead log (-wal) was removed or replaced")


def check_file(path: Path, ours: JournalIdentity) -> None:
    """As `check_identity`, of the file alone.

    Raises:
        ForeignJournalError: Another file lies there.
        OSError: Nothing does.
    """
    try:
        found = _inode(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            "the file or its folder was removed; put it back: what was acknowledged is still in "
            "this process, and lost when it ends"
        ) from None
    if found != ours.file:
        raise ForeignJournalError(
            f"{path} was replaced by another file while the gateway ran; nothing that came since "
            "is acknowledged. Its next start goes on with the new file"
        )


def _inode(path: Path) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - a third of pathlib's time, before each acknowledgement
    return found.st_dev, found.st_ino


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
