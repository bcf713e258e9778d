"""The access rules: an ordered list of single rules that ends in "deny all".

The order is policy. Each rule checks the request and passes it on, grants or denies; the first rule
that grants or denies decides. A rule records the values it used, so that every decision can be
explained. docs/rules.md explains the same for the operators of a place.
"""

from collections.abc import Callable

from msgspec import Struct

from gateway.core.access.late_events import event_is_fresh
from gateway.core.access.request import AccessRequest, Effect, Verdict
from gateway.core.access.rules.access_point import (
    exit_is_free,
    interlock_is_clear,
    machine_is_free,
    mode_allows_entry,
    muster_is_noted,
    passback_is_clear,
    point_is_in_service,
    reader_enrols_no_badge,
    reader_guards_something,
    user_is_here,
    zone_has_room,
)
from gateway.core.access.rules.holder import (
    attempts_are_left,
    booking_allows,
    company_is_here,
    credential_is_good,
    credential_is_known,
    credential_is_strong,
    escort_is_here,
    hours_are_open,
    membership_is_active,
    pin_is_right,
    plan_gives_right,
    plan_opens,
    quota_is_left,
    training_is_valid,
    zone_is_opened,
)
from gateway.core.facts import RuleVerdict

Rule = Callable[[AccessRequest], Verdict]

RULES: tuple[Rule, ...] = (
    exit_is_free,  # life safety first: no user is locked in
    muster_is_noted,  # every user who is safe is recorded, known or not
    event_is_fresh,  # before any personal data is read
    reader_enrols_no_badge,  # a badge that is only to be enrolled is not judged
    reader_guards_something,
    mode_allows_entry,
    point_is_in_service,
    attempts_are_left,  # before a guess is compared with anything
    credential_is_known,
    credential_is_good,
    credential_is_strong,
    pin_is_right,
    machine_is_free,  # its user may always sign off, also after their plan ended
    membership_is_active,
    plan_gives_right,
    hours_are_open,
    quota_is_left,
    training_is_valid,  # from here on, rules that do not depend on a plan
    booking_allows,
    user_is_here,
    passback_is_clear,
    interlock_is_clear,
    zone_is_opened,
    escort_is_here,
    company_is_here,
    zone_has_room,
    plan_opens,
)
NO_ACCESS_RIGHTS = "no-access-rights"
"""No rule granted (ONVIF PACS, BACnet DENIED_NO_ACCESS_RIGHTS)."""


class Ruling(Struct, frozen=True):
    """The outcome of an access request, and the verdict of each rule that was asked.

    `duress`: the duress PIN was typed, and the ruling is the same as for the right one; it raises a
    silent alarm, granted or not. `passback`: granted although the holder is inside already; it is
    noted.
    """

    granted: bool
    reason: str
    verdicts: tuple[RuleVerdict, ...]
    duress: bool = False
    passback: bool = False


def decide(question: AccessRequest) -> Ruling:
    """Return the ruling of the first rule that grants or denies; if none does, deny."""
    verdicts: list[RuleVerdict] = []
    effects: set[Effect] = set()
    for rule in RULES:
        verdict = rule(question)
        verdicts.append(verdict.told(rule.__name__))
        if verdict.effect is not None:
            effects.add(verdict.effect)
        if verdict.outcome != "pass":
            granted = verdict.outcome == "grant"
            return Ruling(
                granted=granted,
                reason=verdict.reason or NO_ACCESS_RIGHTS,
                verdicts=tuple(verdicts),
                duress="duress" in effects or _is_under_duress(question, verdicts),
                passback=granted and "passback" in effects,
            )
    return Ruling(granted=False, reason=NO_ACCESS_RIGHTS, verdicts=tuple(verdicts))


def _is_under_duress(question: AccessRequest, verdicts: list[RuleVerdict]) -> bool:
    """Return whether a fresh read has the duress PIN, also if a rule denied it before its PIN.

    A lockdown, a point out of service or a suspended badge is when it matters most.
    """
    badge = question.credential
    is_fresh = any(said.rule == "event_is_fresh" and said.outcome == "pass" for said in verdicts)
    if badge is None or not is_fresh:
        return False
    return badge.duress or (question.pin is not None and question.pin == badge.duress_pin)
