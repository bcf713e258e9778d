"""The rules of a decision in plain words."""

from collections.abc import Sequence

from gateway.core.access.rules import RULES
from gateway.core.access.rules.descriptions import BUTTON_TITLES, RULE_TITLES
from gateway.core.facts import RuleVerdict


def title_of(rule: str) -> str:
    """Return a rule's title in plain words; its name if only an old journal knows the rule."""
    return (RULE_TITLES | BUTTON_TITLES).get(rule, rule)


def not_asked(verdicts: Sequence[RuleVerdict]) -> list[str]:
    """Return the rules behind the one that decided."""
    asked = {verdict.rule for verdict in verdicts}
    return [rule.__name__ for rule in RULES if rule.__name__ not in asked]
