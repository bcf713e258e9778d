"""`seuil doctor`: the faults of an installation, and their remedies."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli import errors
from gateway.clock import Clock, SystemClock
from gateway.config import ConfigError, Settings, load_settings
from gateway.doctor.finding import Finding

DEFAULT_SPACE = Path("space.toml")
_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "fault": ("✗", "bold red")}


def doctor(
    space: Annotated[
        Path | None,
        typer.Argument(
            help="A space file, or a folder of them; default: space.toml, if it is here.",
            metavar="FILE_OR_FOLDER",
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    health: Annotated[
        bool, typer.Option("--health", help="Only: is the gateway well? One line, in a moment.")
    ] = False,
) -> None:
    """Look at every part of an installation, and say what is wrong and what to do.

    It changes nothing. Ends with 0 when there is no fault, 1 with faults, 2 with wrong settings.
    """
    if space is not None and not space.exists():
        raise typer.BadParameter(f"{space}: there is no such file or folder")
    clock = SystemClock()
    try:
        settings = load_settings()
    except ConfigError as wrong:
        if health:
            errors.tell(wrong.faults, as_json=as_json)
        else:
            _report(list(_without_settings(wrong, clock)), as_json=as_json)
        raise typer.Exit(errors.CANNOT) from None
    if health:
        _tell_health(settings, clock, as_json=as_json)
        return
    with Console(stderr=True).status("looking at everything"):
        findings = list(_findings(settings, space, clock))
    _report(findings, as_json=as_json)
    if any(finding.verdict == "fault" for finding in findings):
        raise typer.Exit(errors.FOUND)


def _findings(settings: Settings, space: Path | None, clock: Clock) -> Iterator[Finding]:
    """Yield every finding; a check comes after those that it depends on."""
    from gateway.doctor import broker, influx, machine, stores  # noqa: PLC0415 - not for --health
    from gateway.doctor import settings as configured  # noqa: PLC0415 - likewise
    from gateway.privacy.retention import Kept  # noqa: PLC0415 - likewise

    yield from machine.versions()
    yield machine.clock(clock.now())
    yield from configured.settings_complete(settings)
    named = space or settings.space or (DEFAULT_SPACE if DEFAULT_SPACE.is_file() else None)
    sites, about_space = configured.space_file(named)
    yield about_space
    yield from machine.data_folder(settings.data_dir)
    key, about_key = configured.credential_key(settings)
    yield about_key
    yield stores.members(settings.data_dir, key)
    yield from stores.journal(settings.data_dir, sites, clock.now())
    yield from stores.pages(settings.data_dir)
    yield stores.backup(settings.data_dir, clock.now())
    kept = Kept(settings.passage_days, settings.audit_days)
    yield from stores.retention(settings.data_dir, sites, kept, clock.now())
    yield machine.broker_program(settings)
    yield from broker.broker(settings, sites, clock)
    yield influx.influx(settings)


def _without_settings(wrong: ConfigError, clock: Clock) -> Iterator[Finding]:
    from gateway.doctor import machine  # noqa: PLC0415 - as above
    from gateway.doctor import settings as configured  # noqa: PLC0415 - as above

    yield from machine.versions()
    yield machine.clock(clock.now())
    yield from configured.refused(wrong)


def _tell_health(settings: Settings, clock: Clock, *, as_json: bool) -> None:
    from gateway.doctor.broker import quick_health  # noqa: PLC0415 - as above

    finding = quick_health(settings, clock)
    if as_json:
        typer.echo(json.dumps(_as_data([finding]), ensure_ascii=False))
    else:
        typer.echo(f"{finding.found}{'; ' if finding.do else ''}{finding.do}")
    if finding.verdict == "fault":
        raise typer.Exit(errors.FOUND)


def _report(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_data(findings), ensure_ascii=False))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for finding in findings:
        mark, colour = _MARKS[finding.verdict]
        words = Text(finding.found)
        if finding.do:
            words.append(f"\n→ {finding.do}", style=colour)
        table.add_row(Text(mark, style=colour), finding.check, words)
    console = Console(highlight=False)
    console.print(table)
    console.print(_summary(findings))


def _summary(findings: Sequence[Finding]) -> str:
    faults, warnings = _count(findings, "fault"), _count(findings, "warning")
    if not faults and not warnings:
        return "\nall is well"
    return f"\n{_counted(faults, 'fault')}, {_counted(warnings, 'warning')}"


def _as_data(findings: Sequence[Finding]) -> dict[str, object]:
    faults = _count(findings, "fault")
    return {
        "ok": faults == 0,
        "faults": faults,
        "warnings": _count(findings, "warning"),
        "findings": [
            {"check": one.check, "verdict": one.verdict, "found": one.found, "do": one.do}
            for one in findings
        ],
    }


def _count(findings: Sequence[Finding], verdict: str) -> int:
    return sum(finding.verdict == verdict for finding in findings)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
