"""The finding of a check, as phrases; the command and the console write them in a language."""

import re
from datetime import timedelta
from typing import Final, Literal

from msgspec import Struct

from gateway.phrase import Phrase, joined

Verdict = Literal["ok", "warning", "fault"]
_VALUE: Final = re.compile(r"%\((\w+)\)s")


class Finding(Struct, frozen=True):
    """A finding at one part; `do` is the remedy, and empty when there is no fault."""

    check: str
    verdict: Verdict
    found: str
    do: str = ""


def ok(check: str, found: str, **values: object) -> Finding:
    """Return the finding that a part works."""
    return Finding(part(check, **values), "ok", part(found, **values))


def warning(check: str, found: str, do: str, **values: object) -> Finding:
    """Return the finding that a part works, for now or in part."""
    return Finding(part(check, **values), "warning", part(found, **values), part(do, **values))


def fault(check: str, found: str, do: str, **values: object) -> Finding:
    """Return the finding that a part does not work."""
    return Finding(part(check, **values), "fault", part(found, **values), part(do, **values))


def part(text: str, **values: object) -> Phrase:
    """Return a phrase with those of the values that stand in it; a phrase stays as it is.

    An age is shown by its largest unit, a number that is no whole one with one decimal.
    """
    if isinstance(text, Phrase) and text.values:
        return text
    used = _VALUE.findall(text)
    return Phrase(text, **{name: _shown(values[name]) for name in used})


def spoken(age: timedelta) -> Phrase:
    """Return a duration in words: the largest unit that fits twice."""
    seconds = age.total_seconds()
    for text, length in _UNITS:
        if seconds >= 2 * length:
            return text.filled(n=f"{seconds / length:.0f}")
    return Phrase("%(n)s s", n=f"{seconds:.0f}")


_UNITS: Final = (
    (Phrase("%(n)s days"), 86_400),
    (Phrase("%(n)s hours"), 3600),
    (Phrase("%(n)s minutes"), 60),
)


def decimal(number: float) -> Phrase:
    """Return a number with one decimal, behind the decimal sign of the language."""
    whole, tenths = f"{number:.1f}".split(".")
    return Phrase("%(whole)s.%(tenths)s", whole=whole, tenths=tenths)


def _shown(value: object) -> object:
    match value:
        case float():
            return decimal(value)
        case timedelta():
            return spoken(value)
        case tuple():
            return joined(value, "")
        case _:
            return value
