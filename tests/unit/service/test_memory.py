"""What a process frees goes back to the system, where the C library can be told so."""

import ctypes
import subprocess
import sys

import pytest

from gateway.service import memory

_RUN = """
import ctypes
from pathlib import Path

{set_it}

def rss_mb():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024

bytes(b"x" * 24_000_000)  # glibc learns from it
kept = [b"x" * 20_000_000 for _ in range(4)]
wall = bytearray(b"x" * 1000)
del kept[:3]
before = rss_mb()
print(before)
"""


def left_mb(set_it: str) -> int:
    """Resident memory of a process that has freed most of what it had."""
    script = _RUN.format(set_it=set_it)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - ourselves
    return int(done.stdout)


def test_large_blocks_are_given_back() -> None:
    """Without it, the three that were freed below a fourth stay with the process."""
    ours = "from gateway.service.memory import return_freed_memory; return_freed_memory()"
    assert left_mb("") - left_mb(ours) > 30


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The musl of Alpine has no `mallopt`."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    assert memory.return_freed_memory() is False
