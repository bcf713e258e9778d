"""The lines of a members' file: a member has one or more, each with at most one membership.

`rows` reads each line by itself; `together` combines the lines of a member.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import structs

from gateway.members.diff import MembersDiff
from gateway.members.known import ReferenceData
from gateway.members.layout import ListLayout, layout_of
from gateway.members.questions import Answers, Choice, Question
from gateway.members.rows import MemberRow, RowFaults, row_of
from gateway.members.schema import header_faults
from gateway.members.sheet_lines import BadSheet, LineFault, SheetLine
from gateway.members.spreadsheet import opened
from gateway.members.together import Members, together
from gateway.phrase import Phrase

Watch = Callable[[Iterable[SheetLine], int | None], Iterable[SheetLine]]


def read_members(
    file: Path,
    known: ReferenceData,
    watch: Watch = lambda lines, total: lines,  # noqa: ARG005
    answers: Answers | None = None,
) -> Members:
    """Return the members of a file; `watch` is called as lines pass, to show progress.

    Where the list leaves something open that `answers` do not say, the members are none and its
    questions are.

    Raises:
        OSError: It cannot be read.
    """
    faults: list[LineFault] = []
    lines: list[SheetLine] = []
    notes: list[str] = []
    answers = answers or {}
    try:
        with opened(file, answers.get("file", {}).get("sheet")) as sheet:
            if sheet.to_choose:
                choices = tuple(Choice(title, title) for title in sheet.to_choose)
                which = Question("file", "sheet", Phrase("Which sheet is the list?"), choices)
                return structs.replace(together([], frozenset(), known.key, []), questions=(which,))
            if sheet.title:
                notes.append(Phrase('the sheet "%(sheet)s" is read', sheet=sheet.title))
            for line in watch(sheet.lines, sheet.total):
                lines.append(line)  # noqa: PERF402 - those before a fault are kept
    except BadSheet as wrong:
        faults.append(wrong.fault)
    if faults and not lines:
        return together([], frozenset(), known.key, faults)
    layout = layout_of(lines, known, answers)
    if not layout.questions:
        has_clock = known.timezone is not None
        faults += header_faults(layout.columns, layout.header, has_clock=has_clock)
    rows = [] if layout.questions or faults else list(_rows(layout, known, faults))
    read = together(rows, frozenset(layout.columns), known.key, [*faults, *layout.faults])
    return structs.replace(
        read,
        faults=tuple(sorted(_named(each, layout.called) for each in read.faults)),
        called=layout.called,
        ignored=layout.ignored,
        questions=layout.questions,
        notes=(*notes, *layout.notes, *_shared_addresses(read)),
        chosen=layout.chosen,
    )


def _rows(layout: ListLayout, known: ReferenceData, faults: list[LineFault]) -> Iterator[MemberRow]:
    bad = {fault.line for fault in layout.faults}
    for line in layout.lines:
        row = row_of(line, list(layout.columns), known, wrong := RowFaults(line.number))
        faults += wrong.found
        if not wrong.found and line.number not in bad:
            yield row


def all_faults(read: Members, change: MembersDiff) -> tuple[LineFault, ...]:
    """Return the faults of a list and those beside the store, by the list's own columns."""
    return tuple(sorted((*read.faults, *(_named(each, read.called) for each in change.faults))))


def _named(fault: LineFault, called: Mapping[str, str]) -> LineFault:
    return structs.replace(fault, column=called.get(fault.column, fault.column))


def _shared_addresses(read: Members) -> Iterator[str]:
    """Yield each address of several members: a booking by it would be nobody's."""
    first: dict[str, str] = {}
    for ref, member in read.members.items():
        other = first.setdefault((member.email or "").lower(), ref) if member.email else ref
        if other != ref:
            yield Phrase(
                'line %(line)s has the address of "%(other)s": bookings by it are nobody\'s',
                line=read.lines[ref],
                other=other,
            )
