"""The finding of a check, in English; the console translates it (`Finding.said`)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from msgspec import Struct

Verdict = Literal["ok", "warning", "fault"]
Say = Callable[[str], str]
"""Translates a sentence; its `%(name)s` stay unchanged."""


class Part(Struct, frozen=True):
    """A part of a sentence that is inserted into another one, with its values."""

    text: str
    values: dict[str, Any]


class Sentences(NamedTuple):
    """A finding as text."""

    check: str
    found: str
    do: str


class Finding(Struct, frozen=True):
    """One sentence about one part; `do_` is the remedy, and empty when there is no fault.

    Its texts are fixed, with `%(name)s` for the `values`, so that they can be translated. A value
    is formatted by `str`, a number with one decimal, an age, a `Part`, or a tuple of these: they
    are joined. Texts without values are used unchanged.
    """

    part: str
    verdict: Verdict
    text: str
    advice: str = ""
    values: dict[str, Any] = {}

    @property
    def check(self) -> str:
        """The part's name."""
        return self.said().check

    @property
    def found(self) -> str:
        """The observation."""
        return self.said().found

    @property
    def do(self) -> str:
        """The remedy."""
        return self.said().do

    def said(self, say: Say = str) -> Sentences:
        """Return the finding as text; `say` translates."""
        texts = (self.part, self.text, self.advice)
        return Sentences(*(_filled(text, self.values, say) if text else "" for text in texts))


def ok(check: str, found: str, **values: object) -> Finding:
    """Return the finding that a part works."""
    return Finding(check, "ok", found, values=values)


def warning(check: str, found: str, do: str, **values: object) -> Finding:
    """Return the finding that a part works, for now or in part."""
    return Finding(check, "warning", found, do, values)


def fault(check: str, found: str, do: str, **values: object) -> Finding:
    """Return the finding that a part does not work."""
    return Finding(check, "fault", found, do, values)


def part(text: str, **values: object) -> Part:
    """Return a part of a sentence."""
    return Part(text, values)


def spoken(age: timedelta, say: Say = str) -> str:
    """Return a duration in words: the largest unit that fits."""
    seconds = age.total_seconds()
    for text, length in (("%(n)s days", 86_400), ("%(n)s hours", 3600), ("%(n)s minutes", 60)):
        if seconds >= 2 * length:
            return say(text) % {"n": f"{seconds / length:.0f}"}
    return say("%(n)s s") % {"n": f"{seconds:.0f}"}


def decimal(number: float, say: Say = str) -> str:
    """Return a number with one decimal, behind the decimal sign of the language."""
    whole, tenths = f"{number:.1f}".split(".")
    return say("%(whole)s.%(tenths)s") % {"whole": whole, "tenths": tenths}


def _filled(text: str, values: dict[str, Any], say: Say) -> str:
    said = say(text)
    return said % {name: _value(value, say) for name, value in values.items()} if values else said


def _value(value: object, say: Say) -> str:
    match value:
        case float():
            return decimal(value, say)
        case timedelta():
            return spoken(value, say)
        case Part():
            return _filled(value.text, value.values, say)
        case tuple():
            return "".join(_value(each, say) for each in value)
        case _:
            return str(value)
