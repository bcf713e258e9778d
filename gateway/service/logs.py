"""The log of a batch, each line with a rate limit: a fault must not fill the disk.

- Dead letters: at most one warning per topic per minute.
- Alarms that the gateway's administrator has to fix, one sentence each. Alarms of doors, rooms and
  machines concern the operators, who see them on the console.
- Our own bugs: a traceback for the first of each kind, then at most one line per hour. The text of
  an exception may contain input data (a badge number): only its class is logged.
"""

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Final, Generic, TypeVar

from gateway.adapters.journal.rows import DeadLetter, EventRow
from gateway.core.engine import Bug
from gateway.core.facts import AlarmKind, AlarmRaised
from gateway.core.model.names import SiteId
from gateway.service.counters import MINUTE
from gateway.wire.alarm_texts import alarm_said, alarm_words

log = logging.getLogger(__name__)

LOGGED: Final = frozenset[AlarmKind]({"clock-skew", "numbering-restarted", "numbering-refused"})
AGAIN_S: Final = 3600.0
KINDS_MAX: Final = 64
"""Kinds of bugs that are remembered."""
SAID_MAX: Final = 256
"""Keys remembered per log."""
K = TypeVar("K", bound=Hashable)


class OnceAMinute(Generic[K]):
    """Limits a log to one line per key and minute."""

    def __init__(self) -> None:
        self._said: dict[K, datetime] = {}

    def is_due(self, key: K, now: datetime) -> bool:
        """Return whether a key may be logged now, and count it as logged if so."""
        said = self._said.get(key)
        if said is not None and now - said < MINUTE:
            return False
        if len(self._said) >= SAID_MAX:
            self._said.clear()
        self._said[key] = now
        return True


class LogRateLimiter:
    """Logs dead letters, remembering the topics that were logged in the last minute."""

    def __init__(self) -> None:
        self._told = OnceAMinute[str]()

    def say(self, letters: Iterable[DeadLetter]) -> None:
        """Log each of these letters unless its topic was logged less than a minute ago."""
        for letter in letters:
            if self._told.is_due(letter.topic, letter.received):
                log.warning(
                    "dead letter from %r: %s: %s", letter.topic, letter.reason, letter.detail
                )


class AlarmLog:
    """Logs each alarm at most once per minute, however often it is raised and cleared."""

    def __init__(self) -> None:
        self._told = OnceAMinute[tuple[SiteId, AlarmKind, str]]()

    def say(self, rows: Iterable[EventRow], now: datetime) -> None:
        """Log the alarms raised in these rows."""
        for row in rows:
            for fact in row.facts:
                if isinstance(fact, AlarmRaised) and fact.kind in LOGGED:
                    self._say(row.site, fact, now)

    def _say(self, site: SiteId, alarm: AlarmRaised, now: datetime) -> None:
        if self._told.is_due((site, alarm.kind, alarm.object), now):
            said, do = alarm_said(alarm.kind, alarm.ahead_s), alarm_words(alarm.kind).do
            log.warning("%s/%s: %s: %s: %s", site, alarm.object, alarm.kind, said, do)


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
