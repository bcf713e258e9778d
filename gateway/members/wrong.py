"""What is wrong with a cell of a line.

It ends the line: the column, and what would be right. No message repeats a badge number, a PIN or a
code.
"""

from collections.abc import Mapping
from typing import NoReturn

Cells = Mapping[str, str]


class Wrong(Exception):  # noqa: N818 - not an error of ours: a fault on its way up
    """What is wrong with a cell."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def wrong(column: str, message: str) -> NoReturn:
    """End the line."""
    raise Wrong(column, message)
