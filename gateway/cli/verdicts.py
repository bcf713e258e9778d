"""How a decision is shown: the answer in both languages, then every rule and what it saw."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway.core.facts import Verdict
from gateway.core.reasons import REASONS
from gateway.core.rules import RULES
from gateway.core.rules.titles import RULE_TITLES
from gateway.core.site import Text

Language = Annotated[
    Literal["fr", "en"],
    typer.Option(help="The language of the rules' words."),
]
_MARKS = {"pass": "·", "grant": "[green]granted[/]", "deny": "[red]denied[/]"}


def show_answer(console: Console, decision: str, reason: str) -> None:
    """What the member is told, and the standard's word for it."""
    told = REASONS[reason]
    colour = "green" if decision == "granted" else "red"
    console.print(f"[bold {colour}]{decision}[/] · {reason} · {told.bacnet}")
    console.print(f"{told.text.fr}\n{told.text.en}\n")


def show_verdicts(console: Console, verdicts: Sequence[Verdict], language: Language) -> None:
    """Every rule in the order of the policy and in plain words, those that were not asked too."""
    table = Table("rule", "said", "what it saw", box=None, pad_edge=False)
    for verdict in verdicts:
        saw = ", ".join(f"{name} = {value}" for name, value in verdict.saw.items())
        table.add_row(_title(verdict.rule, language), _MARKS[verdict.outcome], saw)
    for rule in not_asked(verdicts):
        table.add_row(f"[dim]{_title(rule, language)}[/]", "[dim]not asked[/]", "")
    console.print(table)


def as_data(decision: str, reason: str, verdicts: Sequence[Verdict]) -> dict[str, object]:
    """The same for scripts."""
    return {
        "decision": decision,
        "reason": reason,
        "message": msgspec.to_builtins(REASONS[reason].text),
        "bacnet": REASONS[reason].bacnet,
        "verdicts": [
            {
                "rule": each.rule,
                "title": msgspec.to_builtins(_titles(each.rule)),
                "outcome": each.outcome,
                "reason": each.reason,
                "saw": each.saw,
            }
            for each in verdicts
        ],
        "not_asked": not_asked(verdicts),
    }


def not_asked(verdicts: Sequence[Verdict]) -> list[str]:
    """The rules behind the one that ended the matter."""
    asked = {verdict.rule for verdict in verdicts}
    return [rule.__name__ for rule in RULES if rule.__name__ not in asked]


def _title(rule: str, language: str) -> str:
    titles = _titles(rule)
    return titles.fr if language == "fr" else titles.en


def _titles(rule: str) -> Text:
    """A rule in plain words; its name where an old journal knows a rule that is gone."""
    return RULE_TITLES.get(rule, Text(fr=rule, en=rule))
