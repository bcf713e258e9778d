"""The reasons of a head count in words: "Entrance counter +2, 10:41"."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from gateway.core.estimator.zone import EstimateReason, ReasonKind
from gateway.core.facts import CountReason
from gateway.core.model.names import Text
from gateway.phrase import Phrase

_CHANGES: Final = frozenset({"counter", "badge", "room"})
"""Kinds whose amount is a difference, and has its sign."""
_WORDS: Final[dict[ReasonKind, Phrase]] = {
    "counter": Phrase("%(where)s counter %(amount)s"),
    "badge": Phrase("%(where)s badge %(amount)s"),
    "motion": Phrase("%(where)s motion"),
    "presence": Phrase("%(where)s presence"),
    "silence": Phrase("%(where)s without motion since"),
    "count": Phrase("%(where)s camera: %(amount)s"),
    "vacancy": Phrase("%(where)s declared empty (%(why)s)"),
    "set": Phrase("%(where)s counted by staff: %(amount)s"),
    "stuck": Phrase("%(where)s sensor stuck, ignored"),
    "room": Phrase("%(where)s empty: %(amount)s next door"),
}


def in_words(
    reason: CountReason | EstimateReason, name: Callable[[str], Text], local: tzinfo
) -> Phrase:
    """Return a reason in words with its local time; `name` finds a door's or zone's by its id."""
    amount = f"{reason.amount:+d}" if reason.kind in _CHANGES else str(reason.amount)
    said = _WORDS[reason.kind].filled(where=name(reason.place), amount=amount, why=reason.why)
    at = reason.at.astimezone(local)
    return Phrase("%(reason)s, %(time)s", reason=said, time=f"{at:%H:%M}")
