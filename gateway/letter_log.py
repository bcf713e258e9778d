"""Dead letters in the log: one line a topic a minute, however many come."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from gateway.adapters.journal_rows import DeadLetter
from gateway.minute import MINUTE

log = logging.getLogger(__name__)

LETTERS_LOGGED: Final = 256
"""Topics whose last logged dead letter is remembered."""


class LetterLog:
    """Remembers which topics were logged in the last minute."""

    def __init__(self) -> None:
        self._told: dict[str, datetime] = {}

    def say(self, letters: Iterable[DeadLetter]) -> None:
        """Log these letters, each unless its topic was logged less than a minute ago."""
        for letter in letters:
            told = self._told.get(letter.topic)
            if told is None or letter.received - told >= MINUTE:
                self._remember(letter)
                log.warning(
                    "dead letter from %r: %s: %s", letter.topic, letter.reason, letter.detail
                )

    def _remember(self, letter: DeadLetter) -> None:
        if len(self._told) >= LETTERS_LOGGED:
            self._told.clear()
        self._told[letter.topic] = letter.received
