"""The lines of a members' file: a member has one or more, each with at most one membership.

`rows` reads each line by itself; `together` combines the lines of a member.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gateway.members import french
from gateway.members.known import ReferenceData
from gateway.members.rows import MemberRow, RowFaults, row_of
from gateway.members.schema import header_faults
from gateway.members.sheet_lines import BadSheet, LineFault, SheetLine
from gateway.members.spreadsheet import opened
from gateway.members.together import Members, together

Watch = Callable[[Iterable["MemberRow"], int | None], Iterable["MemberRow"]]


def read_members(
    file: Path,
    known: ReferenceData,
    watch: Watch = lambda rows, total: rows,  # noqa: ARG005
) -> Members:
    """Return the members of a file; `watch` is called as rows pass, to show progress.

    Raises:
        OSError: It cannot be read.
    """
    faults: list[LineFault] = []
    columns: list[str] = []
    rows: list[MemberRow] = []
    try:
        with opened(file) as sheet:
            rows.extend(watch(_rows(sheet.lines, columns, known, faults), sheet.total))
    except BadSheet as wrong:
        faults.append(wrong.fault)
    return together(rows, frozenset(columns), known.key, faults)


def _rows(
    lines: Iterator[SheetLine], columns: list[str], known: ReferenceData, faults: list[LineFault]
) -> Iterator[MemberRow]:
    header = next(lines, SheetLine(1, []))
    columns += [french.column(name) for name in header.cells]
    faults += header_faults(columns, known)
    if faults:
        return
    for line in lines:
        if not any(line.cells):
            continue
        if len(line.cells) != len(columns):
            message = f"has {len(line.cells)} cells, the header has {len(columns)}"
            faults.append(LineFault(line.number, "", message))
            continue
        row = row_of(line, columns, known, wrong := RowFaults(line.number))
        faults += wrong.found
        if not wrong.found:
            yield row
