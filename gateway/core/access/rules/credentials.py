"""Rules about the credential: it is known, valid, strong enough, and used by its holder.

PINs and numbers are keyed hashes here, and no verdict keeps one.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules.verdicts import denied, passed
from gateway.core.facts import RuleVerdict
from gateway.core.model.places import Strength
from gateway.core.state import Attempts

ATTEMPTS_MAX = 5
"""After this many wrong PINs within `ATTEMPTS_WITHIN`, none is checked for `LOCKOUT`: trying all
PINs of four digits takes a fortnight, day and night."""
ATTEMPTS_WITHIN = timedelta(minutes=10)
LOCKOUT = timedelta(minutes=10)
"""Counted from the last wrong PIN."""

_NONE = Attempts(())
_STRENGTHS: Final[dict[Strength, int]] = {"pin": 0, "number": 1, "number-and-pin": 2}


def attempts_are_left(question: AccessRequest) -> RuleVerdict:
    """Check that there were not too many wrong PINs for this badge, or codes at this keypad."""
    for key in _guessed_at(question):
        times = question.state.attempts.get(key, _NONE).times[-ATTEMPTS_MAX:]
        if (
            len(times) == ATTEMPTS_MAX
            and times[-1] - times[0] <= ATTEMPTS_WITHIN
            and question.at - times[-1] < LOCKOUT
        ):
            again = (times[-1] + LOCKOUT).isoformat()
            return denied("attempts_are_left", "too-many-attempts", wrong=len(times), again=again)
    return passed("attempts_are_left")


def credential_is_known(question: AccessRequest) -> RuleVerdict:
    """Check that the badge is enrolled and has a holder."""
    if question.credential is None or question.holder is None:
        return denied("credential_is_known", "credential-unknown")
    return passed("credential_is_known", holder=question.holder.id, kind=question.credential.kind)


def credential_is_good(question: AccessRequest) -> RuleVerdict:
    """Check that the badge is not lost, stolen or suspended, and is within its validity."""
    badge = question.badge
    if badge.status != "active":
        return denied("credential_is_good", f"credential-{badge.status}", status=badge.status)
    if badge.starts is not None and question.at < badge.starts:
        starts = badge.starts.isoformat()
        return denied("credential_is_good", "credential-not-started", starts=starts)
    if badge.ends is not None and question.at >= badge.ends:
        return denied("credential_is_good", "credential-expired", ends=badge.ends.isoformat())
    return passed("credential_is_good", status=badge.status)


def credential_is_strong(question: AccessRequest) -> RuleVerdict:
    """Check that the credential is as strong as this access point requires."""
    needed, shown = question.here.min_credential, _strength(question)
    if _STRENGTHS[shown] < _STRENGTHS[needed]:
        return denied("credential_is_strong", "credential-weak", shown=shown, needed=needed)
    return passed("credential_is_strong", shown=shown, needed=needed)


def pin_is_right(question: AccessRequest) -> RuleVerdict:
    """Check that a typed PIN is the badge's own, or its duress PIN."""
    badge, typed = question.badge, question.pin
    if badge.duress or (typed is not None and typed == badge.duress_pin):
        return passed("pin_is_right", noted="duress")
    if typed is not None and badge.pin is not None and typed != badge.pin:
        return denied("pin_is_right", "pin-wrong")
    return passed("pin_is_right", typed=typed is not None)


def _guessed_at(question: AccessRequest) -> Iterator[str]:
    """Yield the keys that wrong PINs are counted under, if any were typed."""
    if not question.state.attempts:
        return
    device = question.site.device.get(question.device)
    if question.credential is not None:
        yield question.credential.hash
    if device is not None and device.format == "pin":
        yield device.id


def _strength(question: AccessRequest) -> Strength:
    if question.badge.kind == "pin":
        return "pin"
    if question.pin is not None and question.badge.pin is not None:
        return "number-and-pin"
    return "number"
