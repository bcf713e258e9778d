"""The exception for a fault in a cell.

It ends the line, with the column and the correction. No message repeats a badge number, a PIN or a
code.
"""

from collections.abc import Mapping
from typing import NoReturn

Cells = Mapping[str, str]


class Wrong(Exception):  # noqa: N818 - not an error of ours: a fault on its way up
    """A fault in a cell."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def wrong(column: str, message: str) -> NoReturn:
    """Raise a fault, which ends the line."""
    raise Wrong(column, message)
