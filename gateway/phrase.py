"""Sentences of the program: English in the code, translated where a person reads them.

A sentence that a person may read is written as `Phrase("%(zone)s is full", zone=zone.name)`. It is
an ordinary English string for logs, JSON and tests, and it remembers its parts, so that
`gateway.translation` can write it in the reader's language. The English text is the key (msgid) of
the catalogues in `gateway/locale`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final, Self

_PLACE: Final = re.compile(r"%\((\w+)\)s")


class Phrase(str):
    """A sentence or term in English with the values that fill its `%(name)s`.

    A value is anything that `str` writes, or again something with a translation: a `Phrase`, or a
    name of the space file. Without values, the text is used as it stands, and `%` is a plain sign.
    """

    __slots__ = ("msgid", "plural", "values")

    msgid: str
    plural: tuple[str, int] | None
    """The msgid of several, and their number."""
    values: Mapping[str, object]

    def __new__(cls, msgid: str, /, **values: object) -> Self:
        """Return the phrase of a msgid."""
        return cls._made(msgid, msgid, None, values)

    @classmethod
    def counted(cls, one: str, many: str, number: int, /, **values: object) -> Self:
        """Return the phrase for `number` things, which fills `%(n)s`."""
        chosen = one if number == 1 else many
        return cls._made(chosen, one, (many, number), {"n": number, **values})

    @classmethod
    def _made(
        cls, text: str, msgid: str, plural: tuple[str, int] | None, values: Mapping[str, object]
    ) -> Self:
        made = super().__new__(cls, text % values if values else text)
        made.msgid, made.plural, made.values = msgid, plural, values
        return made

    def filled(self, **values: object) -> "Phrase":
        """Return the phrase of the same msgid with values; for msgids that stand in a table."""
        return Phrase(self.msgid, **values)

    def __reduce__(self) -> tuple[object, ...]:
        """Return how to pickle a phrase: workers hand them to their parent process."""
        return (_restored, (self.msgid, self.plural, dict(self.values)))


def joined(parts: Sequence[object], separator: str = ", ") -> Phrase:
    """Return parts in a row, each in its language."""
    values = {f"part{n}": part for n, part in enumerate(parts)}
    return Phrase(separator.join(f"%({name})s" for name in values), **values)


def listed(parts: Sequence[str]) -> str:
    """Return parts as "a, b and c"."""
    if len(parts) == 1:
        return parts[0]
    return Phrase("%(others)s and %(last)s", others=joined(parts[:-1]), last=parts[-1])


def recognised(text: str, phrases: Iterable[Phrase]) -> str:
    """Return a stored English sentence as the phrase that it was made from, else as it is."""
    for phrase in phrases:
        found = _pattern(phrase.msgid).fullmatch(text)
        if found:
            return phrase.filled(**found.groupdict())
    return text


@cache
def _pattern(msgid: str) -> re.Pattern[str]:
    """Return the pattern of a sentence, with any text at its values' places."""
    fixed = _PLACE.split(msgid)  # every second part is the name of a value
    return re.compile(
        "".join(f"(?P<{part}>.*?)" if n % 2 else re.escape(part) for n, part in enumerate(fixed)),
        re.DOTALL,
    )


def _restored(msgid: str, plural: tuple[str, int] | None, values: dict[str, object]) -> Phrase:
    if plural is not None:
        return Phrase.counted(msgid, *plural, **values)
    return Phrase(msgid, **values)
