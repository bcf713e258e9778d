"""Faults of a space file or a setting: their place, and the correction."""

from collections.abc import Iterable
from difflib import get_close_matches

from msgspec import Struct

_NAMES_SHOWN = 12
"""Known names listed in a message; a longer list would hide the sentence."""


class ConfigFault(Struct, frozen=True, order=True):
    """One fault. `path` is a key's path as in the file, a line and column, or a variable."""

    file: str
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.message) if part)


class ConfigError(Exception):
    """The configuration cannot be used; `faults` holds every reason at once."""

    def __init__(self, faults: Iterable[ConfigFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def unknown(word: str, what: str, known: Iterable[str]) -> str:
    """Return the message that `word` is no `what` (a singular noun), with a suggestion.

    >>> unknown("hal", "zone", ["hall", "lab"])
    '"hal" is not a zone; did you mean "hall"? zones are: hall, lab'
    """
    names = sorted(set(known))
    close = get_close_matches(word, names, n=1)
    article = "an" if what[0] in "aeiou" else "a"
    guess = f'; did you mean "{close[0]}"?' if close else ";"
    if not names:
        return f'"{word}" is not {article} {what}; there are none'
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    plural = f"{what.replace(' or ', 's or ')}s"
    return f'"{word}" is not {article} {what}{guess} {plural} are: {shown}{more}'
