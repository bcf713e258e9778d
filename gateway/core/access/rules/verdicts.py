"""What a rule may say. `rule` is the rule's own name; the rest are the values that it saw."""

from gateway.core.facts import Value, Verdict


def passed(rule: str, /, **saw: Value) -> Verdict:
    """Nothing speaks against it here: the next rule is asked."""
    return Verdict(rule, "pass", None, saw)


def granted(rule: str, reason: str, /, **saw: Value) -> Verdict:
    """Let them pass, and ask no more."""
    return Verdict(rule, "grant", reason, saw)


def denied(rule: str, reason: str, /, **saw: Value) -> Verdict:
    """Refuse them, and ask no more."""
    return Verdict(rule, "deny", reason, saw)
