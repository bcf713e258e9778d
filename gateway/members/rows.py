"""One line of a members' file, read by itself; its faults name the column."""

from collections.abc import Callable
from typing import Final, Literal, TypeVar

from msgspec import Struct

from gateway.adapters.directory import holder_of
from gateway.core.model.directory import Membership, StaffRole, Training
from gateway.core.model.names import GroupId
from gateway.csv_injection import ESCAPED
from gateway.members import cells as read
from gateway.members.credentials import Given, credentials
from gateway.members.known import ReferenceData
from gateway.members.sheet_lines import LineFault, SheetLine
from gateway.members.wrong import Wrong

_MUST_BE_TEXT: Final = ("pin", "duress_pin", "code", "duress_code", "qr")
_NUMBER_FORMATS: Final = ("decimal", "wiegand")
_ERRORS: Final = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#SPILL!", "#VALUE!"}
)

T = TypeVar("T")


class MemberRow(Struct, frozen=True):
    """A line without faults."""

    line: int
    ref: str
    name: str
    email: str | None
    kind: Literal["member", "visitor"]
    membership: Membership | None
    given: tuple[Given, ...]
    trainings: tuple[Training, ...]
    mentioned: tuple[str, ...]
    """References of the trainers."""
    roles: tuple[StaffRole, ...]
    groups: tuple[GroupId, ...]


class RowFaults:
    """The faults of one line, column by column, so that a file can be mended in one pass."""

    def __init__(self, line: int) -> None:
        self.found: list[LineFault] = []
        self._line = line

    def tried(self, part: Callable[[], T], otherwise: T) -> T:
        """Return a part of the line; record the fault and return `otherwise` where it is wrong."""
        try:
            return part()
        except Wrong as wrong:
            if all(each.column != wrong.column for each in self.found):
                self.found.append(LineFault(self._line, wrong.column, str(wrong)))
            return otherwise


def row_of(
    line: SheetLine, columns: list[str], known: ReferenceData, faults: RowFaults
) -> MemberRow:
    """Return the content of a line; it is valid only if `faults` stays empty."""
    cells = dict(zip(columns, map(_unescaped, line.cells), strict=True))
    tried = faults.tried
    tried(lambda: _check_numbers(line, columns, cells), None)
    ref = tried(lambda: read.needed(cells, "ref"), "")
    holder = holder_of(known.key, ref)
    none: tuple[tuple[Training, ...], tuple[str, ...]] = ((), ())
    trainings, mentioned = tried(lambda: read.trainings(cells, known), none)
    return MemberRow(
        line=line.number,
        ref=ref,
        name=tried(lambda: read.needed(cells, "name"), "") if "name" in columns else "",
        email=tried(lambda: read.email(cells), None),
        kind=tried(lambda: read.one_of(cells, "kind", "member", "visitor"), "member"),
        membership=tried(lambda: read.membership(cells, known), None),
        given=tried(lambda: tuple(credentials(cells, holder, known)), ()),
        trainings=trainings,
        mentioned=mentioned,
        roles=tried(lambda: read.roles(cells, known), ()),
        groups=tried(lambda: read.groups(cells, known), ()),
    )


def _unescaped(text: str) -> str:
    """Return the text without the apostrophe by which an export prevents a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in ESCAPED else text


def _check_numbers(line: SheetLine, columns: list[str], cells: dict[str, str]) -> None:
    for column, text in zip(columns, line.cells, strict=True):  # as they stand, unescaped
        if text in _ERRORS:
            raise Wrong(column, f"is a spreadsheet's error, {text}")
    for place in line.numbers:
        column = columns[place]
        spelled = cells.get("badge_format", "").lower()
        if column in _MUST_BE_TEXT or (
            column == "badges" and not spelled.startswith(_NUMBER_FORMATS)
        ):
            message = "is a number to the spreadsheet, which drops zeros: make the column text"
            raise Wrong(column, f"{message} and type it again")
