"""Log at most one warning per topic per minute for rejected messages."""

import logging
from collections.abc import Iterable

from gateway.adapters.journal.rows import DeadLetter
from gateway.service.counters import OnceAMinute

log = logging.getLogger(__name__)


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
