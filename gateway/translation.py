"""All that a person reads, in French and English: gettext catalogues, read by Babel as written.

English is the source: `Phrase("Door %(door)s is open", door=name)` in Python, `_("…")` in
templates. `locale/fr/<chapter>.po` holds a chapter's French, so that a translator and a reviewer
see one subject at a time; there are no compiled files.

Names that operators typed in both languages (`Text`) are data of the space file; they are read
here beside the phrases, since a sentence may contain one.
"""

import io
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Literal, Protocol

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from gateway.core.model.names import Text
from gateway.phrase import Phrase

Lang = Literal["fr", "en"]
LANGS: Final[tuple[Lang, ...]] = ("fr", "en")
NAMES: Final[dict[Lang, str]] = {"fr": "Français", "en": "English"}
"""What each language is called by those who speak it."""
FALLBACK: Final[Lang] = "en"
LOCALES: Final[dict[Lang, str]] = {"fr": "fr_FR", "en": "en_GB"}
"""The formats of dates, times and numbers: with 24 hours, as on the doors of the sites."""
LOCALE: Final = Path(__file__).parent / "locale"
_BOTH_KEPT: Final = 1024
"""Phrases without values that are kept in both languages: a few hundred exist."""
_FRENCH_SPACE: Final = re.compile(r" (?=[:;!?»])|(?<=«) ")
"""The spaces of French punctuation, at which no line may break."""


class Translator(Protocol):
    """Translates an English sentence into a reader's language, and fills in its values."""

    def __call__(self, message: str, /, **values: object) -> str:
        """Return the sentence; `values` replace its `%(name)s`."""


@cache
def catalogue(lang: Lang) -> NullTranslations:
    """Return all translations into a language; none for English, which is the source."""
    if lang == FALLBACK:
        return NullTranslations()
    merged = Translations()
    for chapter in sorted((LOCALE / lang).glob("*.po")):
        with chapter.open("rb") as opened:
            compiled, said = io.BytesIO(), read_po(opened, locale=lang)
            for message in said:
                message.string = _typeset_each(message.string or "")
            write_mo(compiled, said)
        compiled.seek(0)
        chapter_said = Translations(compiled)
        merged.merge(chapter_said)
        merged.plural = chapter_said.plural  # French says "0 personne"; merging keeps English's
    return merged


def words(lang: Lang) -> Translator:
    """Return the translator into `lang`."""
    translated = catalogue(lang).gettext

    def say(message: str, /, **values: object) -> str:
        said = translated(message)
        if not values:
            return said
        return said % {name: _value(value, lang) for name, value in values.items()}

    return say


def in_lang(text: Text | str, lang: Lang) -> str:
    """Return a phrase or a name in a language; any other string as it is."""
    match text:
        case Text():
            return typeset(text.fr) if lang == "fr" else text.en
        case Phrase():
            return _translated(text, lang)
        case _:
            return text


def both(text: Text | str) -> Text:
    """Return a phrase in both languages, as messages to devices and clients carry it.

    The French has plain spaces: a reader's display may draw no other.
    """
    match text:
        case Text():
            return text
        case Phrase() if text.values:
            return _both(text)
        case _:
            return _fixed(text)


def _both(text: str) -> Text:
    french = in_lang(text, "fr").replace("\N{NO-BREAK SPACE}", " ")
    return Text(fr=french, en=in_lang(text, "en"))


_fixed = lru_cache(_BOTH_KEPT, typed=True)(_both)  # a plain string equals its phrase


def _translated(phrase: Phrase, lang: Lang) -> str:
    found = catalogue(lang)
    if phrase.plural is not None:
        said = found.ngettext(phrase.msgid, *phrase.plural)
    else:
        said = found.gettext(phrase.msgid)
    if not phrase.values:
        return said
    return said % {name: _value(value, lang) for name, value in phrase.values.items()}


def _value(value: object, lang: Lang) -> object:
    return in_lang(value, lang) if isinstance(value, Text | str) else value


def colon(lang: Lang) -> str:
    """Return the separator between a name and its value."""
    return typeset(" : ") if lang == "fr" else ": "


def typeset(french: str) -> str:
    """Return French with no-break spaces before `: ; ! ? »` and after `«`; sources lack them."""
    return _FRENCH_SPACE.sub("\N{NO-BREAK SPACE}", french)


def _typeset_each(said: str | Sequence[str]) -> str | tuple[str, ...]:
    """Return a message, or its plural forms, with no-break spaces."""
    return typeset(said) if isinstance(said, str) else tuple(typeset(each) for each in said)
