"""The lines of a members' file: a member has one or more, each with at most one membership.

`rows` reads each line by itself; `together` combines the lines of a member.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gateway.members import french
from gateway.members.cells import SEPARATORS
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
    unsaid = _UnsaidFormat()
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
            unsaid.look(line, columns)
            yield row
    faults += unsaid.question(known)


class _UnsaidFormat:
    """Badge numbers whose format no column says.

    Hex is the default, but decimal numbers are hex digits as well: a column of digits alone is most
    likely decimal, and would be enrolled as badges that nobody has.
    """

    def __init__(self) -> None:
        self._first: int | None = None
        self._is_hex = False

    def look(self, line: SheetLine, columns: list[str]) -> None:
        """Note the badges of a line that says no format."""
        cells = dict(zip(columns, line.cells, strict=True))
        texts = [text for text in SEPARATORS.split(cells.get("badges", "")) if text]
        if not texts or cells.get("badge_format"):
            return
        self._first = line.number if self._first is None else self._first
        self._is_hex = self._is_hex or not all(text.isdecimal() for text in texts)

    def question(self, known: ReferenceData) -> list[LineFault]:
        """Return the question; none if at least one number can only be hex."""
        if self._first is None or self._is_hex:
            return []
        speak = ", ".join(sorted(known.formats - {"hex"})) or "decimal, or hex"
        message = (
            "every number is of digits alone, and no badge_format says whether they are decimal "
            f"or hex: your readers speak {speak}; write that into a column badge_format"
        )
        return [LineFault(self._first, "badges", message)]
