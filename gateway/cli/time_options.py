"""The parsing of times as people type them: an ISO date or time, or a duration before now."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

import typer

_AGO = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """Return `2026-11-22`, `2026-11-22T08:00`, or `30d` before `now` (m, h, d, w) as a moment.

    Raises:
        typer.BadParameter: it is none of these.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text}: a date (2026-11-22), a time (2026-11-22T08:00+01:00) or how long ago "
            "(90m, 12h, 30d, 4w) is wanted"
        ) from None
    return at.replace(tzinfo=zone) if at.tzinfo is None else at
