"""The lock of a data folder, so that one gateway uses it; the kernel frees it with the process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.files import give_to_owner, private_folder

FILE: Final = "gateway.lock"
"""In the data folder. It is never removed, because removing a lock file allows two owners."""
_CONTENT_MAX: Final = 1000


class FolderTakenError(Exception):
    """Another gateway uses this folder, or no lock can be taken there."""


class FolderLock(Struct, frozen=True):
    """A lock that we hold, with the owner's data that is written in its file."""

    instance: str
    pid: int
    since: datetime


@contextmanager
def folder_lock(folder: Path, instance: str, now: datetime) -> Iterator[FolderLock]:
    """Hold the lock of the data folder, which is created if there is none.

    The kernel releases the lock when the process ends, even after a kill -9: the file's content is
    then meaningless.

    Raises:
        FolderTakenError: Another process holds it.
    """
    try:
        private_folder(folder)
        handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        give_to_owner(folder / FILE)
    except OSError as wrong:
        raise FolderTakenError(f"{folder}: cannot be used: {wrong.strerror}") from wrong
    try:
        _take(handle, folder)
        lock = FolderLock(instance, os.getpid(), now)
        os.ftruncate(handle, 0)
        os.pwrite(handle, msgspec.json.encode(lock) + b"\n", 0)
        yield lock
    finally:
        os.close(handle)


def _take(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderTakenError(_owner(handle, folder)) from None
    except OSError as wrong:
        message = f"{folder / FILE}: cannot be locked ({wrong.strerror}): use a local disk"
        raise FolderTakenError(message) from wrong


def _owner(handle: int, folder: Path) -> str:
    """Return a sentence that names the folder's owner."""
    try:
        lock = msgspec.json.decode(os.pread(handle, _CONTENT_MAX, 0), type=FolderLock)
    except msgspec.DecodeError:  # it has the lock, and has not said so yet
        return f"another gateway starts on {folder} just now"
    return (
        f"{lock.instance} runs already on {folder}, pid {lock.pid}, since "
        f"{lock.since:%Y-%m-%d %H:%M:%S} UTC: end it first (systemctl stop seuil)"
    )
