"""Wrong PINs, remembered for a while: a lockout stops guessing by brute force.

A wrong PIN counts against its badge, and the right one clears it. An unknown code counts against
the keypad until it expires: else somebody's own code would allow any number of guesses. The rule
`attempts_are_left` refuses when there are too many. There are never more entries than badges and
keypads, and each is bounded.
"""

from immutables import Map

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules import Ruling
from gateway.core.access.rules.holder import ATTEMPTS_MAX, ATTEMPTS_WITHIN, LOCKOUT
from gateway.core.facts import Noticed
from gateway.core.state import Attempts
from gateway.core.step_context import StepContext

REMEMBERED = max(ATTEMPTS_WITHIN, LOCKOUT)
"""The time for which a wrong PIN matters."""


def judged(context: StepContext, question: AccessRequest, ruling: Ruling, *, is_code: bool) -> None:
    """Record whether a PIN was right. `is_code`: the credential itself was typed at a keypad."""
    if ruling.reason == "pin-wrong" and question.credential is not None:
        _count(context, question.credential.hash, question)
    elif ruling.reason == "credential-unknown" and is_code:
        _count(context, question.device, question)
    elif (
        question.credential is not None
        and question.credential.hash in context.attempts
        and _is_right(question, ruling)
    ):
        context.attempts = context.attempts.delete(question.credential.hash)


def run_timers(context: StepContext) -> None:
    """Forget wrong PINs that no longer count."""
    if context.attempts:
        oldest = context.now - REMEMBERED
        context.attempts = Map(
            {key: entry for key, entry in context.attempts.items() if entry.times[-1] > oldest}
        )


def _count(context: StepContext, key: str, question: AccessRequest) -> None:
    before = context.attempts.get(key)
    oldest = context.now - REMEMBERED
    recent = tuple(at for at in (before.times if before else ()) if at > oldest)
    context.attempts = context.attempts.set(
        key, Attempts(times=(*recent, context.now)[-ATTEMPTS_MAX:])
    )
    if len(recent) == ATTEMPTS_MAX - 1:
        context.emit(
            Noticed(
                kind="too-many-attempts",
                object=question.point.id if question.point else question.device,
                holder=question.holder.id if question.holder else None,
                at=context.now,
            )
        )


def _is_right(question: AccessRequest, ruling: Ruling) -> bool:
    """Return whether a PIN was typed, and passed the rule that compares it."""
    return question.pin is not None and any(
        verdict.rule == "pin_is_right" and verdict.outcome == "pass" for verdict in ruling.verdicts
    )
