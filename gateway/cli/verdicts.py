"""How a decision is shown: the answer in both languages, then every rule and what it saw."""

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from gateway.core.facts import Verdict
from gateway.core.reasons import REASONS
from gateway.core.rules import RULES

_MARKS = {"pass": "·", "grant": "[green]granted[/]", "deny": "[red]denied[/]"}


def show_answer(console: Console, decision: str, reason: str) -> None:
    """What the member is told, and the standard's word for it."""
    told = REASONS[reason]
    colour = "green" if decision == "granted" else "red"
    console.print(f"[bold {colour}]{decision}[/] · {reason} · {told.bacnet}")
    console.print(f"{told.text.fr}\n{told.text.en}\n")


def show_verdicts(console: Console, verdicts: Sequence[Verdict]) -> None:
    """Every rule in the order of the policy, those that were not asked too."""
    table = Table("rule", "said", "what it saw", box=None, pad_edge=False)
    for verdict in verdicts:
        saw = ", ".join(f"{name} = {value}" for name, value in verdict.saw.items())
        table.add_row(verdict.rule, _MARKS[verdict.outcome], saw)
    for rule in not_asked(verdicts):
        table.add_row(f"[dim]{rule}[/]", "[dim]not asked[/]", "")
    console.print(table)


def as_data(decision: str, reason: str, verdicts: Sequence[Verdict]) -> dict[str, object]:
    """The same for scripts."""
    return {
        "decision": decision,
        "reason": reason,
        "message": msgspec.to_builtins(REASONS[reason].text),
        "bacnet": REASONS[reason].bacnet,
        "verdicts": [
            {"rule": each.rule, "outcome": each.outcome, "reason": each.reason, "saw": each.saw}
            for each in verdicts
        ],
        "not_asked": not_asked(verdicts),
    }


def not_asked(verdicts: Sequence[Verdict]) -> list[str]:
    """The rules behind the one that ended the matter."""
    asked = {verdict.rule for verdict in verdicts}
    return [rule.__name__ for rule in RULES if rule.__name__ not in asked]
