"""The output of a decision: the answer in both languages, then every rule with its values."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.core.access.explanation import not_asked, title_of
from gateway.core.access.reasons import REASONS
from gateway.core.facts import RuleVerdict
from gateway.translation import Lang, both, in_lang

Language = Annotated[
    Lang,
    typer.Option(help="The language of the rules' words."),
]
_MARKS = {"pass": "·", "grant": "[green]granted[/]", "deny": "[red]denied[/]"}


def show_answer(console: Console, decision: str, reason: str) -> None:
    """Print the member's answer, and the standard's term for it."""
    told = REASONS[reason]
    colour = "green" if decision == "granted" else "red"
    console.print(f"[bold {colour}]{decision}[/] · {reason} · {told.bacnet}")
    said = both(told.sentence)
    console.print(f"{said.fr}\n{said.en}\n")


def show_verdicts(console: Console, verdicts: Sequence[RuleVerdict], language: Language) -> None:
    """Print every rule in the order of the policy and in plain words, also those not evaluated."""
    table = Table("rule", "said", "what it saw", box=None, pad_edge=False)
    for verdict in verdicts:
        saw = ", ".join(f"{name} = {value}" for name, value in verdict.saw.items())
        table.add_row(_title(verdict.rule, language), _MARKS[verdict.outcome], saw)
    for rule in not_asked(verdicts):
        table.add_row(f"[dim]{_title(rule, language)}[/]", "[dim]not asked[/]", "")
    console.print(table)


def _title(rule: str, language: Lang) -> str:
    return in_lang(title_of(rule), language)
