"""The faults of a field or a line, in the reader's language.

`gateway.members` states them in English, as the command line needs it, with the values in the
sentence. Each of its sentences is a msgid of `faults.po`, so a sentence is recognised by its
pattern, and its values are put into the translation.
"""

import re
from functools import cache
from typing import Final

from babel.messages.pofile import read_po

from gateway.translation import FALLBACK, LOCALE, Lang

CHAPTER: Final = "faults.po"
_VALUE: Final = re.compile(r"%\((\w+)\)s")


def in_words(message: str, lang: Lang) -> str:
    """Return the sentence translated; unchanged where there is no translation."""
    for pattern, translated in _sentences(lang):
        found = pattern.fullmatch(message)
        if found:
            return translated % found.groupdict()
    return message


@cache
def _sentences(lang: Lang) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return patterns and translations; those with most words of their own first."""
    if lang == FALLBACK:
        return ()
    with (LOCALE / lang / CHAPTER).open("rb") as opened:
        entries = [(str(each.id), str(each.string)) for each in read_po(opened) if each.id]
    entries.sort(key=lambda entry: len(_VALUE.sub("", entry[0])), reverse=True)
    return tuple((_pattern(id_), translated) for id_, translated in entries)


def _pattern(sentence: str) -> re.Pattern[str]:
    """Return the pattern of a sentence, with any text at its values' places."""
    parts, last = [], 0
    for value in _VALUE.finditer(sentence):
        parts += [re.escape(sentence[last : value.start()]), f"(?P<{value[1]}>.*?)"]
        last = value.end()
    return re.compile("".join(parts) + re.escape(sentence[last:]), re.DOTALL)
