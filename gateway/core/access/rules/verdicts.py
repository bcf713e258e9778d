"""What a rule may say. `rule` is the rule's own name; the rest are the values that it saw."""

from gateway.core.facts import RuleVerdict, Value


def passed(rule: str, /, **saw: Value) -> RuleVerdict:
    """Nothing speaks against it here: the next rule is asked."""
    return RuleVerdict(rule, "pass", None, saw)


def granted(rule: str, reason: str, /, **saw: Value) -> RuleVerdict:
    """Let them pass, and ask no more."""
    return RuleVerdict(rule, "grant", reason, saw)


def denied(rule: str, reason: str, /, **saw: Value) -> RuleVerdict:
    """Refuse them, and ask no more."""
    return RuleVerdict(rule, "deny", reason, saw)
