"""The verdicts of a rule. `rule` is the rule's own name; the rest are the values that it used."""

from gateway.core.facts import RuleVerdict, Value


def passed(rule: str, /, **saw: Value) -> RuleVerdict:
    """Return a verdict that passes the request on to the next rule."""
    return RuleVerdict(rule, "pass", None, saw)


def granted(rule: str, reason: str, /, **saw: Value) -> RuleVerdict:
    """Return a verdict that grants the request; no further rule is asked."""
    return RuleVerdict(rule, "grant", reason, saw)


def denied(rule: str, reason: str, /, **saw: Value) -> RuleVerdict:
    """Return a verdict that denies the request; no further rule is asked."""
    return RuleVerdict(rule, "deny", reason, saw)
