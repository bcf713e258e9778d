"""One line of a members' file, read by itself; its faults name the column."""

from typing import Final, Literal

from msgspec import Struct

from gateway.adapters.directory import holder_of
from gateway.core.directory import Membership, StaffRole, Training
from gateway.core.names import GroupId
from gateway.members import cells as read
from gateway.members.credentials import Given, credentials
from gateway.members.known import Known
from gateway.members.sheet import Line
from gateway.members.wrong import Wrong
from gateway.spreadsheet import ESCAPED

_MUST_BE_TEXT: Final = ("pin", "duress_pin", "code", "duress_code", "qr")
_NUMBER_FORMATS: Final = ("decimal", "wiegand")
_ERRORS: Final = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#SPILL!", "#VALUE!"}
)


class Row(Struct, frozen=True):
    """A good line."""

    line: int
    ref: str
    name: str
    email: str | None
    kind: Literal["member", "visitor"]
    membership: Membership | None
    given: tuple[Given, ...]
    trainings: tuple[Training, ...]
    mentioned: tuple[str, ...]
    """References of those who gave the trainings."""
    roles: tuple[StaffRole, ...]
    groups: tuple[GroupId, ...]


def row_of(line: Line, columns: list[str], known: Known) -> Row:
    """What a line says.

    Raises:
        Wrong: a cell of it is wrong.
    """
    cells = dict(zip(columns, map(_unescaped, line.cells), strict=True))
    _check_numbers(line, columns, cells)
    ref = read.needed(cells, "ref")
    holder = holder_of(known.key, ref)
    trainings, mentioned = read.trainings(cells, known)
    return Row(
        line=line.number,
        ref=ref,
        name=read.needed(cells, "name") if "name" in columns else "",
        email=read.email(cells),
        kind=read.one_of(cells, "kind", "member", "visitor"),
        membership=read.membership(cells, known),
        given=tuple(credentials(cells, holder, known)),
        trainings=trainings,
        mentioned=mentioned,
        roles=read.roles(cells, known),
        groups=read.groups(cells, known),
    )


def _unescaped(text: str) -> str:
    """The text behind the apostrophe with which an export keeps it from being a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in ESCAPED else text


def _check_numbers(line: Line, columns: list[str], cells: dict[str, str]) -> None:
    for column, text in cells.items():
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
