"""`seuil why`: one decision, and what every rule said of it."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway.adapters.journal_file import JournalFile, StoredDecision
from gateway.cli import errors
from gateway.cli.journal_place import open_journal
from gateway.config import ConfigError, Fault
from gateway.core.reasons import REASONS
from gateway.core.rules import RULES
from gateway.core.site import DeviceId

_MARKS = {"pass": "·", "grant": "[green]granted[/]", "deny": "[red]denied[/]"}


def why(
    event: Annotated[str, typer.Argument(help="A decision's number, or last@READER.")],
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Explain a decision: every rule that was asked, in order, with the values that it saw."""
    with errors.told(as_json=as_json), open_journal(data_dir) as file:
        stored = _find(file, event)
    if as_json:
        typer.echo(json.dumps(_as_data(stored), ensure_ascii=False))
    else:
        _show(stored)


def _find(file: JournalFile, event: str) -> StoredDecision:
    reader = event.removeprefix("last@") if event.startswith("last@") else None
    n = file.last_decision(DeviceId(reader)) if reader else _number(event)
    stored = file.decision(n) if n is not None else None
    if stored is None:
        wanted = f"no decision of reader {reader}" if reader else f"row {event} is no decision"
        raise ConfigError((Fault("", "EVENT", f"{wanted} in this journal"),))
    return stored


def _number(event: str) -> int:
    try:
        return int(event)
    except ValueError:
        right = "a decision's number (the `id` of an access message), or last@READER"
        raise ConfigError((Fault("", "EVENT", f"{event!r} is neither; {right}"),)) from None


def _as_data(stored: StoredDecision) -> dict[str, object]:
    decided = stored.decided
    return {
        "n": stored.row.n,
        "site": stored.row.site,
        "at": stored.row.at.isoformat(),
        "received": stored.row.received.isoformat(),
        "reader": decided.device,
        "access_point": decided.access_point,
        "holder": decided.holder,
        "decision": decided.decision,
        "reason": decided.reason,
        "message": msgspec.to_builtins(REASONS[decided.reason].text),
        "bacnet": REASONS[decided.reason].bacnet,
        "handover": stored.handover,
        "verdicts": msgspec.to_builtins(decided.verdicts),
        "not_asked": _not_asked(stored),
    }


def _not_asked(stored: StoredDecision) -> list[str]:
    asked = {verdict.rule for verdict in stored.decided.verdicts}
    return [rule.__name__ for rule in RULES if rule.__name__ not in asked]


def _show(stored: StoredDecision) -> None:
    decided, console = stored.decided, Console(highlight=False)
    reason = REASONS[decided.reason]
    colour = "green" if decided.decision == "granted" else "red"
    console.print(
        f"[bold {colour}]{decided.decision}[/] · {decided.reason} · {reason.bacnet}\n"
        f"{reason.text.fr}\n{reason.text.en}\n"
    )
    console.print(
        f"row {stored.row.n}, reader {decided.device}, access point {decided.access_point}, "
        f"holder {decided.holder or 'unknown'}\n"
        f"at {stored.row.at.isoformat()}, received {stored.row.received.isoformat()}, "
        f"answer {stored.handover}\n"
    )
    table = Table("rule", "said", "what it saw", box=None, pad_edge=False)
    for verdict in decided.verdicts:
        saw = ", ".join(f"{name} = {value}" for name, value in verdict.saw.items())
        table.add_row(verdict.rule, _MARKS[verdict.outcome], saw)
    for rule in _not_asked(stored):
        table.add_row(f"[dim]{rule}[/]", "[dim]not asked[/]", "")
    console.print(table)
