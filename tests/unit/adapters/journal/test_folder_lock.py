"""One gateway a data folder: the second one is told who is there, a dead one is in nobody's way."""

import fcntl
import os
import signal
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.journal.folder_lock import FILE, FolderTakenError, folder_lock

AT = datetime(2026, 11, 30, 5, tzinfo=UTC)
_HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from gateway.adapters.journal.folder_lock import folder_lock
with folder_lock(Path(sys.argv[1]), "gw7", datetime(2026, 11, 30, 5, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_one_is_told_who_is_there(tmp_path: Path) -> None:
    """Name, process, since when, and what to do."""
    with folder_lock(tmp_path, "gw1", AT), pytest.raises(FolderTakenError) as refused:
        folder_lock(tmp_path, "gw2", AT).__enter__()
    assert str(refused.value) == (
        f"gw1 runs already on {tmp_path}, pid {os.getpid()}, since 2026-11-30 05:00:00 UTC: "
        "end it first (systemctl stop seuil)"
    )
    with folder_lock(tmp_path, "gw2", AT):
        pass


async def test_a_killed_one_is_in_nobodys_way(tmp_path: Path) -> None:
    """The kernel lets go of its lock; what stands in the file is nobody's."""
    child = await create_subprocess_exec(
        sys.executable, "-c", _HOLD, str(tmp_path), stdin=PIPE, stdout=PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"held\n"
    with pytest.raises(FolderTakenError, match=f"gw7 runs already .* pid {child.pid}"):
        folder_lock(tmp_path, "gw1", AT).__enter__()
    child.send_signal(signal.SIGKILL)
    await child.wait()
    with folder_lock(tmp_path, "gw1", AT):
        assert b"gw1" in (tmp_path / FILE).read_bytes()


def test_one_that_has_not_said_who_it_is_counts(tmp_path: Path) -> None:
    """Between the lock and its first word it is there all the same."""
    with folder_lock(tmp_path, "gw1", AT):
        (tmp_path / FILE).write_bytes(b"")
        with pytest.raises(FolderTakenError, match="starts on"):
            folder_lock(tmp_path, "gw2", AT).__enter__()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """No traceback of the operating system."""
    (tmp_path / "file").touch()
    with pytest.raises(FolderTakenError, match="cannot be used"):
        folder_lock(tmp_path / "file" / "data", "gw1", AT).__enter__()


def test_a_disk_that_knows_no_locks_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system may not; SQLite could not work there either."""

    def refuses(_handle: int, _how: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuses)
    with pytest.raises(FolderTakenError, match="local disk"):
        folder_lock(tmp_path, "gw1", AT).__enter__()


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    """As every file of the data folder."""
    with folder_lock(tmp_path, "gw1", AT):
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
