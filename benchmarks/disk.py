"""The disk that a benchmark writes to: whether it is one, and the time of a flush."""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.processes import BenchError

_IN_MEMORY: Final = ("tmpfs", "ramfs")
_ON_DISK: Final = Path("/var/tmp")  # noqa: S108 - only the parent of a folder of our own
_MOUNTS: Final = Path("/proc/self/mounts")
_FLUSHES: Final = 50
_PAGE: Final = bytes(4096)


def temporary_disk() -> Path:
    """Return the folder for temporary files, or /var/tmp, whichever is on a disk.

    In memory a flush costs nothing, and every figure flatters.

    Raises:
        BenchError: neither is.
    """
    for folder in (Path(tempfile.gettempdir()), _ON_DISK):
        if folder.is_dir() and _file_system(folder.resolve()) not in _IN_MEMORY:
            return folder
    raise BenchError(f"{tempfile.gettempdir()} is in memory; set TMPDIR to a folder on a disk")


def flush_ms(folder: Path) -> float:
    """Return the median time to write a page and flush it, in ms."""
    took = []
    path = folder / "flush"
    with path.open("wb", buffering=0) as file:
        for _ in range(_FLUSHES):
            started = time.perf_counter()
            file.write(_PAGE)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - started) * 1000)
    path.unlink()
    return statistics.median(took)


def _file_system(folder: Path) -> str | None:
    """Return the type of the file system that holds a folder; None without /proc."""
    if not _MOUNTS.exists():
        return None
    mounts = [line.split()[1:3] for line in _MOUNTS.read_text("utf-8").splitlines()]
    holding = [(point, kind) for point, kind in mounts if folder.is_relative_to(point)]
    return max(holding, key=lambda found: len(found[0]))[1] if holding else None
