"""A decision in plain words, for `seuil why`, `seuil may` and the console: each rule's verdict."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.core.access.reasons import REASONS
from gateway.core.access.rules import RULES
from gateway.core.access.rules.descriptions import BUTTON_TITLES, RULE_TITLES
from gateway.core.facts import RuleVerdict
from gateway.core.model.names import Text


def title_of(rule: str) -> Text:
    """Return a rule's title in plain words; its name if only an old journal knows the rule."""
    return (RULE_TITLES | BUTTON_TITLES).get(rule, Text(fr=rule, en=rule))


def not_asked(verdicts: Sequence[RuleVerdict]) -> list[str]:
    """Return the rules behind the one that decided."""
    asked = {verdict.rule for verdict in verdicts}
    return [rule.__name__ for rule in RULES if rule.__name__ not in asked]


def as_data(decision: str, reason: str, verdicts: Sequence[RuleVerdict]) -> dict[str, Any]:
    """Return an answer with every rule's verdict as JSON-ready data."""
    return {
        "decision": decision,
        "reason": reason,
        "message": msgspec.to_builtins(REASONS[reason].text),
        "bacnet": REASONS[reason].bacnet,
        "verdicts": [
            {
                "rule": each.rule,
                "title": msgspec.to_builtins(title_of(each.rule)),
                "outcome": each.outcome,
                "reason": each.reason,
                "saw": each.saw,
            }
            for each in verdicts
        ],
        "not_asked": not_asked(verdicts),
    }
