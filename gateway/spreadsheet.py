"""Cells that a spreadsheet must not take for a formula.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from typing import Final

ESCAPED: Final = "=+-@\t\r'"
"""Signs at which a spreadsheet takes text for a formula, and the one that we put before."""


def harmless(text: str) -> str:
    """The text behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in tuple(ESCAPED) else text
