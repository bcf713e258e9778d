"""`seuil why`: one decision, and what every rule said of it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.adapters.journal_file import JournalFile, StoredDecision
from gateway.cli import errors, verdicts
from gateway.cli.journal_place import open_journal
from gateway.config import ConfigError, Fault
from gateway.core.site import DeviceId


def why(
    event: Annotated[str, typer.Argument(help="A decision's number, or last@READER.")],
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
    *,
    language: verdicts.Language = "en",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Explain a decision: every rule that was asked, in order, with the values that it saw."""
    with errors.told(as_json=as_json), open_journal(data_dir) as file:
        stored = _find(file, event)
    if as_json:
        typer.echo(json.dumps(_as_data(stored), ensure_ascii=False))
    else:
        _show(stored, language)


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
        "late": decided.late,
        "handover": stored.handover,
    } | verdicts.as_data(decided.decision, decided.reason, decided.verdicts)


def _show(stored: StoredDecision, language: verdicts.Language) -> None:
    decided, console = stored.decided, Console(highlight=False)
    verdicts.show_answer(console, decided.decision, decided.reason)
    late = "; the reader decided alone, the rules say what we would have" if decided.late else ""
    console.print(
        f"row {stored.row.n}, reader {decided.device}, access point {decided.access_point}, "
        f"holder {decided.holder or 'unknown'}\n"
        f"at {stored.row.at.isoformat()}, received {stored.row.received.isoformat()}, "
        f"answer {stored.handover}{late}\n"
    )
    verdicts.show_verdicts(console, decided.verdicts, language)
