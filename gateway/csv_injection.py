"""Cells that a spreadsheet must not take for a formula.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from typing import Final, TypeVar

Cell = TypeVar("Cell")
ESCAPED: Final = "=+-@#\t\r'"
"""Signs at which a spreadsheet takes text for a formula or (#N/A) for an error, and the one that we
put before."""


def escape_formula(cell: Cell) -> Cell | str:
    """The cell; a text that a spreadsheet would take for a formula stands behind an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple(ESCAPED) else cell
