"""Days as people write them: 03/11/2026, 3 nov. 2026, a spreadsheet's number, ISO.

03/11 is 3 November or 11 March. Another day of the list says which (one with a 13 or more), or
else the language of its columns; English ones leave it open.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal, get_args

from gateway.members import vocabulary

DayOrder = Literal["day-first", "month-first"]
_NUMBERS: Final = re.compile(
    r"([0-9]{1,2})([/.\-\s])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![0-9])(.*)", re.DOTALL
)
_YEAR_FIRST: Final = re.compile(
    r"([0-9]{4})([/.\-])([0-9]{1,2})\2([0-9]{1,2})(?![0-9])(.*)", re.DOTALL
)
_DAY_NAMED: Final = re.compile(
    r"(?:[^\W\d]+\.?,?\s+)?([0-9]{1,2})(?:er|st|nd|rd|th|\.)?[\s\-]+(?:of\s+)?([^\W\d]+)\.?,?[\s\-]+([0-9]{4}|[0-9]{2})(?![0-9])(.*)",
    re.DOTALL,
)
_MONTH_NAMED: Final = re.compile(
    r"(?:[^\W\d]+,\s+)?([^\W\d]+)\.?\s+([0-9]{1,2})(?:st|nd|rd|th)?,?\s+([0-9]{4})(?![0-9])(.*)",
    re.DOTALL,
)
_CLOCK: Final = re.compile(
    r"[\s,T]*(?:\u00e0|at)?\s*([0-9]{1,2})[:h]([0-9]{2})(:[0-9]{2})?(\.[0-9]+)?"
    r"\s*(Z|[+-][0-9]{2}:?[0-9]{2}| ?UTC)?"
)
_SERIALS: Final = range(36_526, 73_051)
"""The days from 2000 to 2099 as spreadsheets number them."""
_FIRST_SERIAL: Final = date(1899, 12, 30)
_MONTHS: Final = 12


def order_of(texts: Iterable[str]) -> set[DayOrder]:
    """Return the orders that the days prove: none, one, or both."""
    found: set[DayOrder] = set()
    for text in texts:
        read = _NUMBERS.fullmatch(text)
        if read and int(read[1]) > _MONTHS >= int(read[3]):
            found.add("day-first")
        elif read and int(read[3]) > _MONTHS >= int(read[1]):
            found.add("month-first")
    return found


def is_open(text: str) -> bool:
    """Return whether a day may be read in both orders, and means two days."""
    read = _NUMBERS.fullmatch(text)
    if read is None or read[2] == ".":
        return False
    return int(read[1]) <= _MONTHS >= int(read[3]) and int(read[1]) != int(read[3])


def is_day(text: str) -> bool:
    """Return whether a text is a day, in either order."""
    return any(_YEAR_FIRST.fullmatch(iso(text, order)) for order in get_args(DayOrder))


def iso(text: str, order: DayOrder) -> str:
    """Return a day (with its time) in ISO form; a text that is none as it stands."""
    if vocabulary.plain(text) in vocabulary.words("endless"):
        return ""
    if text.isdecimal() and int(text) in _SERIALS:
        return (_FIRST_SERIAL + timedelta(days=int(text))).isoformat()
    for pattern, parts in (
        (_YEAR_FIRST, (1, 3, 4, 5)),
        (_NUMBERS, (4, 3, 1, 5) if order == "day-first" else (4, 1, 3, 5)),
        (_DAY_NAMED, (3, 2, 1, 4)),
        (_MONTH_NAMED, (3, 1, 2, 4)),
    ):
        read = pattern.fullmatch(text)
        if read:
            return _iso(*(read[part] for part in parts)) or text
    return text


def _iso(year: str, month: str, day: str, rest: str) -> str | None:
    number = int(month) if month.isdecimal() else vocabulary.months().get(vocabulary.plain(month))
    clock = _CLOCK.fullmatch(rest.rstrip()) if rest.strip() else None
    if number is None or (rest.strip() and clock is None):
        return None
    try:
        said = date(int(year) + (2000 if len(year) == 2 else 0), number, int(day)).isoformat()  # noqa: PLR2004
    except ValueError:
        return None
    if clock is None:
        return said
    zone = (clock[5] or "").strip().replace("UTC", "Z")
    if len(zone) == len("+0100"):
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{said} {int(clock[1]):02}:{clock[2]}{clock[3] or ''}{(clock[4] or '')[:7]}{zone}"
