"""The columns of a members' file, and the faults of a header."""

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.members.sheet_lines import LineFault

REQUIRED: Final = ("ref",)
OF_NEW: Final = ("name", "plan")
"""Columns that a new member requires."""
IGNORED: Final = ("badges_count", "badges_told")
"""Columns of an export that are only informative."""
GOES_WITH: Final = {
    "sites": "plan",
    "from": "plan",
    "until": "plan",
    "status": "plan",
    "badge_format": "badges",
    "badge_status": "badges",
    "pin": "badges",
    "duress_pin": "pin",
    "qr_from": "qr",
    "qr_until": "qr",
}
"""Columns that qualify another one."""
COLUMNS: Final = (
    *REQUIRED,
    *OF_NEW,
    "email",
    "kind",
    *list(GOES_WITH)[:4],
    "badges",
    *list(GOES_WITH)[4:8],
    "code",
    "duress_code",
    "qr",
    *list(GOES_WITH)[8:],
    "trainings",
    "roles",
    "groups",
    *IGNORED,
)
DATES: Final = ("from", "until", "qr_from", "qr_until")


def header_faults(columns: Sequence[str], line: int, *, has_clock: bool) -> Iterator[LineFault]:
    """Yield the faults of the line that names the columns."""
    for column in REQUIRED:
        if column not in columns:
            yield LineFault(line, column, "is required; the first line names the columns")
    for column in columns:
        if GOES_WITH.get(column, column) not in columns:
            message = f"says more of {GOES_WITH[column]}, which is not there"
            yield LineFault(line, column, message)
        elif column in DATES and not has_clock:
            yield LineFault(line, column, "dates need a time zone: --space or --timezone")
