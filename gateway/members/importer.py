"""The lines of a members' file: a member has one or more, each with a membership at most.

A line is read by itself (`rows`); what follows from several is found afterwards (`together`).
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gateway.members import french
from gateway.members.known import Known
from gateway.members.rows import Faults, Row, row_of
from gateway.members.schema import header_faults
from gateway.members.spreadsheet import BadSheet, Line, LineFault, opened
from gateway.members.together import Members, together

Watch = Callable[[Iterable["Row"], int | None], Iterable["Row"]]


def read_members(
    file: Path,
    known: Known,
    watch: Watch = lambda rows, total: rows,  # noqa: ARG005
) -> Members:
    """The members of a file; `watch` may look on as rows pass, to show progress.

    Raises:
        OSError: It cannot be read.
    """
    faults: list[LineFault] = []
    columns: list[str] = []
    rows: list[Row] = []
    try:
        with opened(file) as sheet:
            rows.extend(watch(_rows(sheet.lines, columns, known, faults), sheet.total))
    except BadSheet as wrong:
        faults.append(wrong.fault)
    return together(rows, frozenset(columns), known.key, faults)


def _rows(
    lines: Iterator[Line], columns: list[str], known: Known, faults: list[LineFault]
) -> Iterator[Row]:
    header = next(lines, Line(1, []))
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
        row = row_of(line, columns, known, wrong := Faults(line.number))
        faults += wrong.found
        if not wrong.found:
            yield row
