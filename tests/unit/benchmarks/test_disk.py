"""A benchmark of commits runs on a disk, or not at all."""

import tempfile
from pathlib import Path

import pytest

from benchmarks import disk
from benchmarks.processes import BenchError

MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /memory tmpfs rw 0 0
/dev/vdb /memory/disk ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home", "ext4"),
        ("/memory/a", "tmpfs"),
        ("/memory/disk/a", "ext4"),
        ("/memory-of-old", "ext4"),
    ],
)
def test_the_innermost_mount_says_what_a_folder_is_on(
    folder: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of nested mounts, the one that holds the folder."""
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(disk, "_MOUNTS", mounts)
    assert disk._file_system(Path(folder)) == kind


def test_a_folder_in_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other folder is taken if it is on a disk; else the message says what to do."""
    memory, on_disk = tmp_path / "memory", tmp_path / "disk"
    memory.mkdir()
    on_disk.mkdir()
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\ntmpfs {memory.resolve()} tmpfs rw 0 0\n")
    monkeypatch.setattr(disk, "_MOUNTS", mounts)
    monkeypatch.setattr(tempfile, "tempdir", str(memory))
    monkeypatch.setattr(disk, "_ON_DISK", on_disk)
    assert disk.temporary_disk() == on_disk
    monkeypatch.setattr(disk, "_ON_DISK", memory)
    with pytest.raises(BenchError, match="set TMPDIR"):
        disk.temporary_disk()


def test_a_flush_takes_some_time(tmp_path: Path) -> None:
    """And leaves nothing behind."""
    assert disk.flush_ms(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
