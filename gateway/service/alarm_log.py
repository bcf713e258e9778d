"""Alarms in the log: what whoever looks after the gateway has to mend, in a sentence.

Doors, rooms and machines are the operators' business, and have their screens.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from gateway.adapters.journal.rows import EventRow
from gateway.core.facts import AlarmKind, AlarmRaised
from gateway.core.model.names import SiteId
from gateway.service.counters import OnceAMinute
from gateway.wire.alarm_texts import alarm_said, alarm_words

log = logging.getLogger(__name__)

LOGGED: Final = frozenset[AlarmKind]({"clock-skew", "numbering-restarted", "numbering-refused"})


class AlarmLog:
    """Tells of each alarm once a minute, however often it comes and goes."""

    def __init__(self) -> None:
        self._told = OnceAMinute[tuple[SiteId, AlarmKind, str]]()

    def say(self, rows: Iterable[EventRow], now: datetime) -> None:
        """Log what was raised in these rows."""
        for row in rows:
            for fact in row.facts:
                if isinstance(fact, AlarmRaised) and fact.kind in LOGGED:
                    self._say(row.site, fact, now)

    def _say(self, site: SiteId, alarm: AlarmRaised, now: datetime) -> None:
        if self._told.is_due((site, alarm.kind, alarm.object), now):
            said, do = alarm_said(alarm.kind, alarm.ahead_s), alarm_words(alarm.kind).do
            log.warning("%s/%s: %s: %s: %s", site, alarm.object, alarm.kind, said.en, do.en)
