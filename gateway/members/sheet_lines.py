"""Lines of a members' file, whichever format they come from, and what may be wrong with them."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

LINES_MAX: Final = 200_000
"""Four times the largest supported list, for members with several plans and badges."""


class LineFault(Struct, frozen=True, order=True):
    """A fault in a line; `column` may be empty."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"line {self.line}", self.column))) + f": {self.message}"


class SheetLine(Struct, frozen=True):
    """The cells of a line, as text without spaces around it.

    `numbers` are the places of cells with a number type in the spreadsheet; a CSV has none.
    """

    number: int
    cells: list[str]
    numbers: frozenset[int] = frozenset()


class BadSheet(Exception):  # noqa: N818 - not an error of ours: a fault on its way up
    """The file cannot be read any further."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.fault = LineFault(line, "", message)


class Sheet(Struct, frozen=True):
    """An open file: its lines, and their number (None: unknown).

    Of a workbook also the title of the sheet, if it is not the only one, or the titles of those
    among which somebody must choose.
    """

    lines: Iterator[SheetLine]
    total: int | None = None
    title: str = ""
    to_choose: tuple[str, ...] = ()
