"""Logs alarms that the gateway's administrator has to fix, each as one sentence.

Alarms of doors, rooms and machines concern the operators, who see them on the console.
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
