"""Writes files atomically: a power cut, a full disk or a kill leaves the old or the new file."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_BY_UMASK: Final = 0o666


def write_whole(file: Path, content: bytes, mode: int | None = None) -> None:
    """Replace a file's content atomically; see `whole`.

    Raises:
        OSError: It cannot be written; the file is unchanged.
    """
    with whole(file, mode) as opened:
        opened.write(content)


@contextmanager
def whole(file: Path, mode: int | None = None, *, replace: bool = True) -> Iterator[IO[bytes]]:
    """Yield a draft that replaces `file` once all of it is on the disk.

    `mode` is used as given, regardless of the umask. None: the mode and owner of the replaced file,
    or rw-rw-rw- with the umask applied. A pipe or a device is written directly.

    Raises:
        FileExistsError: The file exists, and `replace` is False.
        OSError: It cannot be written; the file is as it was.
    """
    before = _found(file)
    if before is not None and not stat.S_ISREG(before.st_mode):
        with file.open("wb") as opened:
            yield opened
        return
    file = file.resolve()  # a link stays one, and what it names is replaced
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    handle = os.open(draft, flags, _BY_UMASK if mode is None else mode)
    try:
        with os.fdopen(handle, "wb") as opened:
            if before is None:
                give_to_owner(draft)
            _set_rights(handle, before, mode)
            yield opened
            opened.flush()
            os.fsync(handle)
        if replace:
            draft.replace(file)
        else:
            os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder to the disk, so that a new file name survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as wrong:
        if wrong.errno != errno.EINVAL:  # some network file systems have no word for it
            raise
    finally:
        os.close(handle)


def private_folder(folder: Path) -> None:
    """Make a folder that is for its owner alone; one that exists stays as it is."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        give_to_owner(folder)


def give_to_owner(file: Path, folder: Path | None = None) -> None:
    """Give what root makes in a folder to that folder's owner.

    Otherwise a command that root types would leave files which the service cannot read.
    """
    if os.geteuid() == 0:
        owner = (folder or file.parent).stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _found(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def _set_rights(handle: int, before: os.stat_result | None, mode: int | None) -> None:
    if before is not None:
        with contextlib.suppress(PermissionError):  # only root gives files away
            os.fchown(handle, before.st_uid, before.st_gid)
        mode = stat.S_IMODE(before.st_mode) if mode is None else mode
    if mode is not None:
        os.fchmod(handle, mode)
