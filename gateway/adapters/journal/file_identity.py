"""Checks that the journal's files are still those that we have open.

SQLite continues silently with a file that was deleted or replaced: everything stored afterwards is
lost when the process ends (sqlite.org/howtocorrupt.html, 2.6).
"""

import os
from pathlib import Path

from msgspec import Struct


class ForeignJournalError(Exception):
    """Another file has replaced our journal, or it contains rows that another program wrote.

    Going on would undo what others stored, or lose what we acknowledge. Waiting does not help: the
    process ends, and its next start continues with the file that is there.
    """


class JournalIdentity(Struct, frozen=True):
    """The device and inode of the file and of its write-ahead log."""

    file: tuple[int, int]
    log: tuple[int, int]


def identity_of(path: Path) -> JournalIdentity:
    """Return the identity of a journal that is open.

    Raises:
        OSError: There is no such file.
    """
    return JournalIdentity(_inode(path), _inode(_log(path)))


def check_identity(path: Path, ours: JournalIdentity) -> None:
    """Check that the files at `path` are those we have open: two `stat` calls, some microseconds.

    Raises:
        ForeignJournalError: Another file is there.
        OSError: There is no file, or the write-ahead log is gone.
    """
    check_file(path, ours)
    try:
        is_ours = _inode(_log(path)) == ours.log
    except FileNotFoundError:
        is_ours = False
    if not is_ours:
        raise FileNotFoundError("its write-ahead log (-wal) was removed or replaced")


def check_file(path: Path, ours: JournalIdentity) -> None:
    """Check the file alone, without its log; see `check_identity`.

    Raises:
        ForeignJournalError: Another file is there.
        OSError: There is no file.
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
