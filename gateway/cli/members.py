"""`seuil members`: the members who may enter, from the operator's own list."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import click
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gateway.adapters.directory import FILE, DirectoryStore, credential_key
from gateway.cli import errors
from gateway.cli.members_account import account
from gateway.cli.members_edit import label, restore, revoke, train
from gateway.cli.members_key import readers_key
from gateway.cli.members_options import AsJson, DataDir, Names, Space, TimeZone, zone_of
from gateway.cli.members_show import kept, list_members, show_member
from gateway.config import (
    ConfigError,
    ConfigFault,
    Settings,
    known_credential_key,
    load_settings,
    load_space,
)
from gateway.members import describe as members_words
from gateway.members.diff import MembersDiff, change_of
from gateway.members.export import SUFFIXES, export
from gateway.members.french import Language
from gateway.members.importer import all_faults, read_members
from gateway.members.known import ReferenceData, known_of
from gateway.members.questions import FILE as ANSWERS_FILE
from gateway.members.questions import (
    Answers,
    Question,
    joined_answers,
    keep_answers,
    read_answers,
)
from gateway.members.sheet_lines import SheetLine
from gateway.members.together import Members

app = typer.Typer(help="Members, their plans, trainings and badges.", no_args_is_help=True)
app.command("list")(list_members)
app.command("show")(show_member)
app.command("revoke")(revoke)
app.command("label")(label)
app.command("restore")(restore)
app.command("train")(train)
app.command("account")(account)
app.command("readers-key")(readers_key)

_SHOWN = 40
"""Rows of a table on a terminal; the counts below it include the rest."""
_NO_KEY_YET = b"a dry run before the first import: compared with nothing"


@app.command("import")
def import_members(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX with a header.", exists=True, dir_okay=False)
    ],
    *,
    space: Annotated[
        Path | None,
        typer.Option(
            help="Space file or folder: checks plans and roles, gives the time zone; "
            "default: SEUIL_SPACE."
        ),
    ] = None,
    timezone: TimeZone = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove members, plans and badges not in the file.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Write the good lines although others are bad.")
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="JSON with the answers to what a list leaves open, as --json asks it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Show how names change.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add and change members. One bad line, and nothing is written (see --skip-bad)."""
    if prune and skip_bad:
        raise typer.BadParameter("--skip-bad with --prune would remove who has a bad line")
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        known = _known(settings, space or settings.space, timezone, dry_run=dry_run)
        answers = joined_answers(
            read_answers(settings.data_dir / ANSWERS_FILE),
            {} if mapping is None else read_answers(mapping),
        )
        outcome = _import(
            file, settings, known, answers, dry_run=dry_run, prune=prune, skip_bad=skip_bad
        )
        _report(outcome, as_json=as_json, names=names)
    if outcome.faults or outcome.questions:
        raise typer.Exit(errors.FOUND)


@app.command("export")
def export_members(
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx to write.", dir_okay=False)],
    *,
    names: Names = False,
    space: Space = None,
    timezone: TimeZone = None,
    language: Annotated[Language, typer.Option(help="The language of its columns.")] = "en",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write the members as a file that an import reads; without badges, which nobody knows."""
    if file.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(f'"{file.name}" must end in {" or ".join(SUFFIXES)}')
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        found = space or settings.space
        zone = zone_of(timezone, load_space(found) if found is not None else ())
        if zone is None:
            raise ConfigError([ConfigFault("", "--timezone", "is required for days, or --space")])
        if file.exists() and not force:
            raise ConfigError([ConfigFault(str(file), "", "is there already; --force replaces it")])
        _, members = kept(settings)
        try:
            lines = export(file, members, zone, names=names, language=language)
        except OSError as wrong:
            message = f"cannot be written: {wrong.strerror}"
            raise ConfigError([ConfigFault(str(file), "", message)]) from wrong
    told = {"ok": True, "file": str(file), "members": len(members), "lines": lines}
    said = f"wrote {file}: {len(members)} members, {lines} lines"
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else said)


class _Outcome:
    """One import: its findings and its changes."""

    def __init__(self, read: Members, change: MembersDiff) -> None:
        self.change = change
        self.faults = all_faults(read, change)
        self.rows = read.rows
        self.questions = read.questions
        self.ignored = read.ignored
        self.notes = read.notes
        self.written = False
        self.dry_run = False


def _import(
    file: Path,
    settings: Settings,
    known: ReferenceData,
    answers: Answers,
    *,
    dry_run: bool,
    prune: bool,
    skip_bad: bool,
) -> _Outcome:
    read, answers = _read(file, known, answers)
    version, members = kept(settings)
    change = change_of(members, read, prune=prune)
    outcome = _Outcome(read, change)
    outcome.dry_run = dry_run
    if not dry_run and not read.questions and (skip_bad or not outcome.faults):
        with closing(DirectoryStore(settings.data_dir / FILE)) as store:
            store.bind(known.key)
            if change.entering or change.leaving:
                store.apply(change.entering, change.leaving, since=version)
        outcome.written = True
        if answers:
            keep_answers(settings.data_dir, answers)
    return outcome


def _read(file: Path, known: ReferenceData, answers: Answers) -> tuple[Members, Answers]:
    """Return the members of the file, and all answers: at a terminal each question is asked."""
    while True:
        try:
            read = read_members(file, known, _watched, answers)
        except OSError as wrong:
            message = f"cannot be read: {wrong.strerror}"
            raise ConfigError([ConfigFault(str(file), "", message)]) from wrong
        if not (read.questions and sys.stdin.isatty() and sys.stdout.isatty()):
            chosen = {"file": dict(read.chosen)} if read.chosen else {}
            return read, joined_answers(answers, chosen)
        for question in read.questions:
            answers = joined_answers(answers, {question.group: {question.key: _asked(question)}})


def _asked(question: Question) -> str:
    """Return the answer that somebody chooses."""
    typer.echo(question.text)
    for place, choice in enumerate(question.choices, start=1):
        typer.echo(f"  {place}. {choice.label}")
    chosen: int = typer.prompt("Number", type=click.IntRange(1, len(question.choices)))
    return question.choices[chosen - 1].value


def _known(
    settings: Settings, space: Path | None, timezone: str | None, *, dry_run: bool
) -> ReferenceData:
    sites = load_space(space) if space is not None else None
    key = known_credential_key(settings)
    if key is None:
        key = _NO_KEY_YET if dry_run else credential_key(settings)
    return known_of(key, zone_of(timezone, sites or ()), sites)


def _watched(rows: Iterable[SheetLine], total: int | None) -> Iterator[SheetLine]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        yield from bar.track(rows, total=total, description="reading")


def _report(outcome: _Outcome, *, as_json: bool, names: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_outcome_as_data(outcome, names=names), ensure_ascii=False))
        return
    complaints = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    for note in outcome.notes[:_SHOWN]:
        complaints.print(note)
    if outcome.ignored:
        complaints.print(f"columns that are left out: {', '.join(outcome.ignored)}")
    for question in outcome.questions:
        values = ", ".join(f"{choice.value} ({choice.label})" for choice in question.choices)
        complaints.print(f"{question.text} --mapping with {_answer_in(question)}; one of: {values}")
    for fault in outcome.faults[:_SHOWN]:
        complaints.print(str(fault))
    if len(outcome.faults) > _SHOWN:
        complaints.print(f"... and {len(outcome.faults) - _SHOWN} more; --json lists them all")
    rows = list(_changes(outcome.change, names=names))
    if rows:
        table = Table("", "ref", "holder", "what")
        for row in rows[:_SHOWN]:
            table.add_row(*row)
        Console(markup=False).print(table)
    if len(rows) > _SHOWN:
        typer.echo(f"... and {len(rows) - _SHOWN} more")
    typer.echo(_summary(outcome))


def _changes(change: MembersDiff, *, names: bool) -> Iterator[tuple[str, str, str, str]]:
    for member in change.added:
        yield "added", member.ref, member.holder.id, members_words.whole(member, names=names)
    for before, after in change.changed:
        said = members_words.change(before, after, names=names)
        yield "changed", after.ref, after.holder.id, said
    for member in change.removed:
        yield "removed", member.ref, member.holder.id, members_words.whole(member, names=names)


def _answer_in(question: Question) -> str:
    return json.dumps({question.group: {question.key: "…"}}, ensure_ascii=False)


def _summary(outcome: _Outcome) -> str:
    change = outcome.change
    counts = (
        f"{len(change.added)} added, {len(change.changed)} changed, "
        f"{len(change.unchanged)} unchanged, {len(change.removed)} removed, "
        f"{len(outcome.faults)} bad lines"
        + (f", {len(outcome.questions)} questions" if outcome.questions else "")
    )
    if outcome.written:
        return counts
    return f"{counts}; nothing was written" + (" (dry run)" if outcome.dry_run else "")


def _outcome_as_data(outcome: _Outcome, *, names: bool) -> dict[str, object]:
    change = outcome.change
    return {
        "ok": not outcome.faults and not outcome.questions,
        "written": outcome.written,
        "rows": outcome.rows,
        "added": len(change.added),
        "changed": len(change.changed),
        "unchanged": len(change.unchanged),
        "removed": len(change.removed),
        "changes": [
            {"change": what, "ref": ref, "holder": holder, "detail": detail}
            for what, ref, holder, detail in _changes(change, names=names)
        ],
        "faults": [
            {"line": fault.line, "column": fault.column, "message": fault.message}
            for fault in outcome.faults
        ],
        "ignored": list(outcome.ignored),
        "notes": list(outcome.notes),
        "questions": [
            {
                "group": each.group,
                "key": each.key,
                "text": each.text,
                "choices": [
                    {"value": choice.value, "label": str(choice.label)} for choice in each.choices
                ],
            }
            for each in outcome.questions
        ],
    }
