"""Alarms in the log: a sentence that says what, where, how much and what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.adapters.journal.rows import event_row
from gateway.core.events import Tick
from gateway.core.facts import AlarmKind, AlarmRaised
from gateway.core.model.names import SiteId
from gateway.service.logs import AlarmLog
from gateway.translation import both
from gateway.wire.texts import clock_off

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def say(log: AlarmLog, kind: AlarmKind, about: str, *, after_s: float = 0) -> None:
    """An alarm is raised, 70 s behind."""
    now = AT + timedelta(seconds=after_s)
    alarm = AlarmRaised(kind, about, now, -70.0 if kind == "clock-skew" else None)
    log.say([event_row(1, SiteId("hub"), Tick(), (alarm,), now)], now)


def test_a_wrong_clock_is_logged_with_its_cure(caplog: pytest.LogCaptureFixture) -> None:
    """Once a minute, however often it comes and goes."""
    log = AlarmLog()
    for after_s in (0, 1, 59, 60):
        say(log, "clock-skew", "front-in", after_s=after_s)
    say(log, "clock-skew", "front-out", after_s=60)
    assert len(caplog.messages) == 3
    assert caplog.messages[0] == (
        "hub/front-in: clock-skew: Clock is off (70 s behind): Check its time server (NTP). A "
        "reader's badges are refused until then."
    )
    assert caplog.messages[2].startswith("hub/front-out: ")


def test_what_operators_see_to_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """And duress least of all."""
    log = AlarmLog()
    for kind in ("forced", "duress", "over-capacity"):
        say(log, kind, "front")
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("ahead_s", "en", "fr"),
    [
        (0.4, "right", "à l'heure"),
        (-0.9, "right", "à l'heure"),
        (-70.4, "70 s behind", "en retard de 70 s"),
        (70.4, "70 s ahead", "en avance de 70 s"),
        (-420, "7 min behind", "en retard de 7 min"),
        (7200, "2 h ahead", "en avance de 2 h"),
        (-7_776_000, "90 days behind", "en retard de 90 jours"),
    ],
)
def test_how_far_a_clock_is_off(ahead_s: float, en: str, fr: str) -> None:
    """In the largest unit that fits twice, with its direction."""
    assert (clock_off(ahead_s), both(clock_off(ahead_s)).fr) == (en, fr)
