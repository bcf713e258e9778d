"""Logs our own bugs: a traceback for the first of each kind, then at most one line per hour.

The text of an exception may contain input data (a badge number): only its class is logged.
"""

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Final

from gateway.core.engine import Bug

log = logging.getLogger(__name__)

AGAIN_S: Final = 3600.0
KINDS_MAX: Final = 64
"""Kinds of bugs that are remembered."""


class BugLog:
    """Counts bugs, and logs each kind once."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._monotonic = monotonic
        self._written: dict[tuple[str, str], float] = {}
        self._since: Counter[tuple[str, str]] = Counter()

    def met(self, bug: Bug) -> None:
        """Count and log a bug that was caught."""
        self.count += 1
        kind = (bug.where, type(bug.error).__name__)
        written, now = self._written.get(kind), self._monotonic()
        if written is not None and now - written < AGAIN_S:
            self._since[kind] += 1
            return
        if len(self._written) >= KINDS_MAX:
            self._written.clear()
        self._written[kind] = now
        if written is None:
            frames = "".join(traceback.format_tb(bug.error.__traceback__))
            log.error("a bug in %s, please report it: %s\n%s", *kind, frames)
        else:
            log.error("the bug in %s (%s) was met %d times more", *kind, self._since.pop(kind) + 1)
