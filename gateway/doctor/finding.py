"""What a check found, in English; the console says it in other words (`Finding.said`)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from msgspec import Struct

Verdict = Literal["ok", "warning", "fault"]
Say = Callable[[str], str]
"""A sentence in somebody's language; its `%(name)s` stay."""


class Part(Struct, frozen=True):
    """A piece of a sentence that is put into another one, with its values."""

    text: str
    values: dict[str, Any]


class Sentences(NamedTuple):
    """A finding as it is read."""

    check: str
    found: str
    do: str


class Finding(Struct, frozen=True):
    """One sentence about one part; `do_` says what would mend it, and is empty when all is well.

    Its texts are fixed, with `%(name)s` for the `values`, so that they can be translated. A value
    is what `str` makes of it, a number with one decimal, an age, a `Part`, or a tuple of these:
    they are joined. Texts without values are said as they are.
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
        """What was seen."""
        return self.said().found

    @property
    def do(self) -> str:
        """What would mend it."""
        return self.said().do

    def said(self, say: Say = str) -> Sentences:
        """It in words; `say` translates."""
        texts = (self.part, self.text, self.advice)
        return Sentences(*(_filled(text, self.values, say) if text else "" for text in texts))


def ok(check: str, found: str, **values: object) -> Finding:
    """This part works."""
    return Finding(check, "ok", found, values=values)


def warning(check: str, found: str, do: str, **values: object) -> Finding:
    """This part works, for now or in part."""
    return Finding(check, "warning", found, do, values)


def fault(check: str, found: str, do: str, **values: object) -> Finding:
    """This part does not work."""
    return Finding(check, "fault", found, do, values)


def part(text: str, **values: object) -> Part:
    """A piece of a sentence."""
    return Part(text, values)


def spoken(age: timedelta, say: Say = str) -> str:
    """A duration as people say it: the largest unit that fits."""
    seconds = age.total_seconds()
    for text, length in (("%(n)s days", 86_400), ("%(n)s hours", 3600), ("%(n)s minutes", 60)):
        if seconds >= 2 * length:
            return say(text) % {"n": f"{seconds / length:.0f}"}
    return say("%(n)s s") % {"n": f"{seconds:.0f}"}


def decimal(number: float, say: Say = str) -> str:
    """A number with one decimal, behind the sign that a language has for it."""
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
