"""A decision as JSON, for `seuil why`, `seuil may` and the API: each rule's verdict, in words."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.core.access.explanation import not_asked, title_of
from gateway.core.access.reasons import REASONS
from gateway.core.facts import RuleVerdict
from gateway.translation import both


def as_data(decision: str, reason: str, verdicts: Sequence[RuleVerdict]) -> dict[str, Any]:
    """Return an answer with every rule's verdict as JSON-ready data."""
    return {
        "decision": decision,
        "reason": reason,
        "message": msgspec.to_builtins(both(REASONS[reason].sentence)),
        "bacnet": REASONS[reason].bacnet,
        "verdicts": [
            {
                "rule": each.rule,
                "title": msgspec.to_builtins(both(title_of(each.rule))),
                "outcome": each.outcome,
                "reason": each.reason,
                "saw": each.saw,
            }
            for each in verdicts
        ],
        "not_asked": not_asked(verdicts),
    }
