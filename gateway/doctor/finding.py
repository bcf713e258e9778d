"""What a check found."""

from datetime import timedelta
from typing import Literal

from msgspec import Struct

Verdict = Literal["ok", "warning", "fault"]


class Finding(Struct, frozen=True):
    """One sentence about one part; `do` says what would mend it, and is empty when all is well."""

    check: str
    verdict: Verdict
    found: str
    do: str = ""


def ok(check: str, found: str) -> Finding:
    """This part works."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, do: str) -> Finding:
    """This part works, for now or in part."""
    return Finding(check, "warning", found, do)


def fault(check: str, found: str, do: str) -> Finding:
    """This part does not work."""
    return Finding(check, "fault", found, do)


def spoken(age: timedelta) -> str:
    """A duration as people say it: the largest unit that fits."""
    seconds = age.total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}s"
    return f"{seconds:.0f} s"
