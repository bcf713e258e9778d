"""Days and moments in cells, in the local time of the site: reading and writing."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from gateway.members import french
from gateway.members.known import ReferenceData
from gateway.members.wrong import Cells, wrong

_YEARS: Final = range(1970, 2200)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    _DAY.pattern + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def period(
    cells: Cells, first: str, last: str, known: ReferenceData
) -> tuple[datetime | None, datetime | None]:
    """Return the period from the beginning of the first day until the end of the last one."""
    starts = moment(cells.get(first, ""), first, known.timezone)
    ends = moment(cells.get(last, ""), last, known.timezone, after=1)
    if starts is not None and ends is not None and ends <= starts:
        wrong(last, f"{cells[last]} is before {first}, {cells[first]}")
    return starts, ends


def moment(text: str, column: str, timezone: ZoneInfo | None, after: int = 0) -> datetime | None:
    """Return local midnight at the beginning of the day (or `after` days later).

    A day with a time is that moment, in local time unless it has an offset. A day may also be
    written 22/11/2026.
    """
    try:
        return _moment(french.day(text), timezone, after) if text else None
    except ValueError:
        wrong(column, f'"{text[:40]}" is not a date; write it like 2026-11-22, or 2026-11-22 18:30')
    except LookupError as fault:
        wrong(column, str(fault.args[0]))


@lru_cache(4096)  # a list has few different days, and each takes a time zone look-up
def _moment(text: str, timezone: ZoneInfo | None, after: int) -> datetime:
    if not (_DAY.fullmatch(text) or _MOMENT.fullmatch(text)):
        raise ValueError(text)
    read = datetime.fromisoformat(text)
    if read.year not in _YEARS:
        raise LookupError(f"{text}: a year is from {_YEARS[0]} to {_YEARS[-1]}")
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    if timezone is None:
        raise LookupError("a date needs a time zone: --space or --timezone")
    if _DAY.fullmatch(text):
        read += timedelta(days=after)
    return read.replace(tzinfo=timezone).astimezone(UTC)


def written(at: datetime | None, timezone: ZoneInfo, after: int = 0) -> str | date:
    """Return the cell that `moment` reads as `at`: a day where it is one, else text."""
    if at is None:
        return ""
    local = at.astimezone(timezone).replace(tzinfo=None)
    day = local.date() - timedelta(days=after)
    clock = local.isoformat(sep=" ").removesuffix(":00")
    if _read_again(day.isoformat(), timezone, after) == at:
        return day
    if _read_again(clock, timezone, after) == at:
        return clock
    return at.isoformat(sep=" ")  # the hour that occurs twice


def _read_again(text: str, timezone: ZoneInfo, after: int) -> datetime | None:
    try:
        return _moment(text, timezone, after)
    except LookupError:
        return None  # a year that `moment` does not read
