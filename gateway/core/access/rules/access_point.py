"""Rules about the direction, the time and the access point, checked before any personal data."""

from datetime import timedelta

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules.machines import signs_off
from gateway.core.access.rules.verdicts import denied, granted, passed
from gateway.core.facts import RuleVerdict

LATE = timedelta(seconds=5)
"""A credential event older than this is recorded and never opens anything."""


def exit_is_free(question: AccessRequest) -> RuleVerdict:
    """Grant every exit, for any user and whatever the clock says."""
    point = question.point
    if point is not None and point.direction == "exit":
        return granted("exit_is_free", "exit-free", direction=point.direction)
    return passed("exit_is_free", direction=point.direction if point else None)


def muster_is_noted(question: AccessRequest) -> RuleVerdict:
    """Grant every badge at a muster point: its holder is safe."""
    point = question.point
    if point is not None and point.direction == "muster":
        return granted("muster_is_noted", "mustered", zone=point.zone)
    return passed("muster_is_noted")


def event_is_fresh(question: AccessRequest) -> RuleVerdict:
    """Check that the event is fresh: not retained, not delayed, not dated by a wrong clock."""
    age = question.now - question.at
    age_s = round(age.total_seconds(), 3)
    if question.retained:
        return denied("event_is_fresh", "retained", retained=True)
    if age > LATE:
        return denied("event_is_fresh", "too-old", age_s=age_s, limit_s=LATE.total_seconds())
    if -age > LATE:
        return denied("event_is_fresh", "clock-ahead", age_s=age_s, limit_s=-LATE.total_seconds())
    return passed("event_is_fresh", age_s=age_s)


def reader_enrols_no_badge(question: AccessRequest) -> RuleVerdict:
    """Check that the reader is not waiting for a badge to enrol."""
    waiting = question.state.enrolments.get(question.device)
    if waiting is not None:
        return denied("reader_enrols_no_badge", "enrolment", until=waiting.until.isoformat())
    return passed("reader_enrols_no_badge")


def reader_guards_something(question: AccessRequest) -> RuleVerdict:
    """Check that the reader belongs to an access point of the space file."""
    if question.point is None:
        return denied("reader_guards_something", "point-unknown")
    return passed("reader_guards_something", access_point=question.point.id)


def mode_allows_entry(question: AccessRequest) -> RuleVerdict:
    """Check that no lockdown and no evacuation forbids entering or starting a machine."""
    mode = question.state.mode.mode
    if mode != "normal" and not signs_off(question):
        return denied("mode_allows_entry", mode, mode=mode)
    return passed("mode_allows_entry", mode=mode)


def point_is_in_service(question: AccessRequest) -> RuleVerdict:
    """Check that the access point is in service."""
    why = question.state.out_of_service.get(question.here.id)
    if why is not None and not signs_off(question):
        return denied("point_is_in_service", "out-of-service", why=why)
    return passed("point_is_in_service")
