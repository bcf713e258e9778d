"""`seuil why`: one decision, and every rule's verdict on it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.adapters.journal.queries import DecisionWhy, explained
from gateway.adapters.journal.reader import JournalFile
from gateway.cli import decision_output, errors
from gateway.cli.journal_option import open_journal
from gateway.config import ConfigError, ConfigFault
from gateway.core.model.names import DeviceId


def why(
    event: Annotated[str, typer.Argument(help="A decision's number, or last@READER.")],
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
    *,
    language: decision_output.Language = "en",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Explain a decision: every rule that was asked, in order, with the values that it saw."""
    with errors.told(as_json=as_json), open_journal(data_dir) as file:
        found = _find(file, event)
    if as_json:
        typer.echo(json.dumps(found.as_data(), ensure_ascii=False))
    else:
        _show(found, language)


def _find(file: JournalFile, event: str) -> DecisionWhy:
    reader = event.removeprefix("last@") if event.startswith("last@") else None
    n = file.last_decision(DeviceId(reader)) if reader else _number(event)
    stored = file.decision(n) if n is not None else None
    if stored is None:
        raise ConfigError((ConfigFault("", "EVENT", _missing(file, reader, n)),))
    return explained(stored)


def _missing(file: JournalFile, reader: str | None, n: int | None) -> str:
    """Return the reason for which there is nothing to explain."""
    purged = file.purged()
    if n is not None and n <= purged.n:
        return (
            f"row {n} was purged: of what came before {purged.received:%Y-%m-%d %H:%M} UTC "
            "there are only counts"
        )
    wanted = f"no decision of reader {reader}" if reader else f"row {n} is no decision"
    return f"{wanted} in this journal"


def _number(event: str) -> int:
    try:
        return int(event)
    except ValueError:
        right = "a decision's number (the `id` of an access message), or last@READER"
        raise ConfigError((ConfigFault("", "EVENT", f"{event!r} is neither; {right}"),)) from None


def _show(why: DecisionWhy, language: decision_output.Language) -> None:
    console = Console(highlight=False)
    decision_output.show_answer(console, why.decision, why.reason)
    late = "; the reader decided alone, the rules say what we would have" if why.late else ""
    console.print(
        f"row {why.n}, {_where(why)}, "
        f"holder {why.holder or 'unknown'}\n"
        f"at {why.at.isoformat()}, received {why.received.isoformat()}, "
        f"answer {why.handover}{late}\n"
    )
    decision_output.show_verdicts(console, why.verdicts, language)


def _where(why: DecisionWhy) -> str:
    if why.door is not None:
        return f"exit button at {why.device}, door {why.door}"
    return f"reader {why.device}, access point {why.access_point}"
