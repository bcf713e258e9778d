"""Who may pass: an ordered list of one-rule pieces that ends in "deny all".

The order is policy. Each rule looks at one question and passes it on, grants or denies; the first
that grants or denies ends the matter. A rule keeps the values it saw, so that every decision can be
explained. docs/rules.md says the same for people who run a place.
"""

from collections.abc import Callable

from msgspec import Struct

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules.access_point import (
    LATE,
    event_is_fresh,
    exit_is_free,
    mode_allows_entry,
    muster_is_noted,
    point_is_in_service,
    reader_enrols_no_badge,
    reader_guards_something,
)
from gateway.core.access.rules.credentials import (
    attempts_are_left,
    credential_is_good,
    credential_is_known,
    credential_is_strong,
    pin_is_right,
)
from gateway.core.access.rules.machines import machine_is_free, user_is_here
from gateway.core.access.rules.membership import (
    hours_are_open,
    membership_is_active,
    plan_gives_right,
    plan_opens,
    quota_is_left,
)
from gateway.core.access.rules.presence import interlock_is_clear, passback_is_clear, zone_has_room
from gateway.core.access.rules.requirements import (
    booking_allows,
    company_is_here,
    escort_is_here,
    training_is_valid,
    zone_is_opened,
)
from gateway.core.facts import RuleVerdict

__all__ = ["LATE", "NO_ACCESS_RIGHTS", "RULES", "Rule", "Ruling", "decide"]

Rule = Callable[[AccessRequest], RuleVerdict]

RULES: tuple[Rule, ...] = (
    exit_is_free,  # life safety first: nobody is locked in
    muster_is_noted,  # who is safe is written down, whoever they are
    event_is_fresh,  # before anything personal is looked at
    reader_enrols_no_badge,  # a badge that is only shown is judged by nothing
    reader_guards_something,
    mode_allows_entry,
    point_is_in_service,
    attempts_are_left,  # before a guess is compared with anything
    credential_is_known,
    credential_is_good,
    credential_is_strong,
    pin_is_right,
    machine_is_free,  # whoever uses it signs off, whatever became of their plan
    membership_is_active,
    plan_gives_right,
    hours_are_open,
    quota_is_left,
    training_is_valid,  # from here on it is no more about what was bought
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
"""Nobody granted (ONVIF PACS, BACnet DENIED_NO_ACCESS_RIGHTS)."""


class Ruling(Struct, frozen=True):
    """How a question ended, and what each rule said that was asked.

    `duress`: the PIN for it was typed, and the ruling is that of the right one; to be alarmed about
    in silence, granted or not. `passback`: granted although the holder is inside already, to be
    noted.
    """

    granted: bool
    reason: str
    verdicts: tuple[RuleVerdict, ...]
    duress: bool = False
    passback: bool = False


def decide(question: AccessRequest) -> Ruling:
    """The ruling of the first rule that grants or denies; nobody granted: denied."""
    verdicts: list[RuleVerdict] = []
    for rule in RULES:
        verdict = rule(question)
        verdicts.append(verdict)
        if verdict.outcome != "pass":
            granted = verdict.outcome == "grant"
            noted = {entry.saw["noted"] for entry in verdicts if "noted" in entry.saw}
            return Ruling(
                granted=granted,
                reason=verdict.reason or NO_ACCESS_RIGHTS,
                verdicts=tuple(verdicts),
                duress="duress" in noted,
                passback=granted and "passback" in noted,
            )
    return Ruling(granted=False, reason=NO_ACCESS_RIGHTS, verdicts=tuple(verdicts))
