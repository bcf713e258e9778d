"""Escapes CSV cells that a spreadsheet would interpret as a formula.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from typing import Final, TypeVar

Cell = TypeVar("Cell")
ESCAPED: Final = "=+-@#\t\r'"
"""Initial characters that make a text a formula or (#N/A) an error in a spreadsheet, and our escape
character."""


def escape_formula(cell: Cell) -> Cell | str:
    """Return the cell; prefix a text that a spreadsheet would interpret with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple(ESCAPED) else cell
