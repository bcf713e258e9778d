"""The shim: built with gcc on demand, and controlled while a gateway runs with it."""

import errno
import mmap
import shutil
import struct
import subprocess
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from benchmarks.processes import BenchError

How = Literal["no space", "I/O error", "short write"]
HOW: Final[dict[How, int]] = {
    "no space": errno.ENOSPC,
    "I/O error": errno.EIO,
    "short write": 10_000,
}
"""The modes of `struct control` in shim.c."""
OPS: Final = ("", "write", "sync", "truncate", "made", "removed")
_CONTROL: Final = struct.Struct("=6Q")
_RECORD: Final = struct.Struct("=BBHIQQ")
_OPS_AT, _FAILED_AT = 0, 32


class Op(Struct, frozen=True):
    """An operation that was carried out on a file: 0 the journal, 1 its -wal, 2 another."""

    kind: str
    file: int
    offset: int
    content: bytes
    at_s: float
    """Monotonic time."""


class Shim:
    """Controls the operations of a process with `env` on files whose path contains `match`."""

    def __init__(self, folder: Path, match: str = "/journal.db", *, logs: bool = False) -> None:
        """Build it into a folder.

        Raises:
            BenchError: There is no gcc.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "operations"
        control = folder / "control"
        control.write_bytes(bytes(_CONTROL.size))
        self.env = {
            "LD_PRELOAD": str(_built(folder)),
            "SHIM_CONTROL": str(control),
            "SHIM_MATCH": match,
        }
        if logs:
            self._log.touch()
            self.env["SHIM_LOG"] = str(self._log)
        with control.open("r+b") as opened:
            self._control = mmap.mmap(opened.fileno(), _CONTROL.size)

    @property
    def ops(self) -> int:
        """Operations so far."""
        return self._number(_OPS_AT)

    @property
    def failed(self) -> int:
        """The number of operations that were made to fail."""
        return self._number(_FAILED_AT)

    def fail(self, after: int, count: int, how: How) -> None:
        """Have `count` operations fail, after `after` more operations."""
        self._set(1, 0)
        self._set(2, count)
        self._set(3, HOW[how])
        self._set(1, self.ops + after)

    def mend(self) -> None:
        """Stop failing operations."""
        self._set(1, 0)

    def kill(self, after: int) -> None:
        """Have the process killed after `after` more operations."""
        self._set(5, self.ops + after)

    def spare(self) -> None:
        """Stop killing."""
        self._set(5, 0)

    def logged(self) -> Iterator[Op]:
        """Yield the operations that were carried out, in order."""
        with self._log.open("rb") as log:
            while len(head := log.read(_RECORD.size)) == _RECORD.size:
                op, file, _, length, offset, at_ns = _RECORD.unpack(head)
                yield Op(OPS[op], file, offset, log.read(length), at_ns / 1e9)

    def close(self) -> None:
        """Close the control file."""
        self._control.close()

    def _number(self, at: int) -> int:
        return int.from_bytes(self._control[at : at + 8], "little")

    def _set(self, field: int, value: int) -> None:
        self._control[8 * field : 8 * field + 8] = value.to_bytes(8, "little")


def _built(folder: Path) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise BenchError("gcc is needed to build the shim (Debian: apt install gcc libc6-dev)")
    built = folder / "shim.so"
    with as_file(files("benchmarks.faults") / "shim.c") as source:
        done = subprocess.run(  # noqa: S603 - our own source
            [
                compiler,
                "-shared",
                "-fPIC",
                "-O2",
                "-o",
                str(built),
                str(source),
                "-ldl",
                "-lpthread",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise BenchError(f"the shim cannot be built: {done.stderr.strip()}")
    return built
