"""The columns of a members' file, and the faults of a header."""

from collections.abc import Iterator
from typing import Final

from gateway.config.faults import unknown
from gateway.members.known import ReferenceData
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


def header_faults(columns: list[str], known: ReferenceData) -> Iterator[LineFault]:
    """Yield the faults of the first line, which names the columns."""
    for column in REQUIRED:
        if column not in columns:
            yield LineFault(1, column, "is required; the first line names the columns")
    for place, column in enumerate(columns):
        if column not in COLUMNS:
            yield LineFault(1, column, unknown(column, "column", COLUMNS))
        elif column in columns[:place]:
            yield LineFault(1, column, "is there twice")
        elif GOES_WITH.get(column, column) not in columns:
            message = f"says more of {GOES_WITH[column]}, which is not there"
            yield LineFault(1, column, message)
        elif column in DATES and known.timezone is None:
            yield LineFault(1, column, "dates need a time zone: --space or --timezone")
