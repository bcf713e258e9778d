"""Makes the C library give freed memory back to the system.

A start reads and encodes all members: blocks of many megabytes, for a moment each. glibc takes the
first such block from the system and returns it, then learns from its size to keep all that are as
large. So 50,000 members left 426 MB behind, of which 183 were in use, and each thread kept an arena
of its own. A fixed threshold stops the learning.
"""

import ctypes
import sys
from typing import Final

LARGE_BYTES: Final = 128 * 1024
"""Blocks from here on are returned when they are freed: glibc's first threshold."""
ARENAS: Final = 2
"""Python's lock lets one thread allocate at a time, so few arenas suffice."""
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""mallopt(3)."""


def return_freed_memory() -> bool:
    """Set it for this process; return False where the C library has no such setting (not glibc)."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES) and mallopt(_M_ARENA_MAX, ARENAS))
