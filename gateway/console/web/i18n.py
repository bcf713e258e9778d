"""The console in French and English: gettext catalogues, read by Babel as they are written.

English is the source. `locale/fr/<chapter>.po` holds a chapter's French, one file per screen, so
that a translator and a reviewer see one screen at a time; there are no compiled files.

In Python: `_ = words(lang)`, then `_("Door %(door)s is open", door=name)`. In templates: `_("…")`.
"""

import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal, Protocol

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from gateway.core.model.names import Text

Lang = Literal["fr", "en"]
LANGS: Final[tuple[Lang, ...]] = ("fr", "en")
FALLBACK: Final[Lang] = "en"
LOCALES: Final[dict[Lang, str]] = {"fr": "fr_FR", "en": "en_GB"}
"""The formats of dates, times and numbers: with 24 hours, as on the doors of the sites."""
LOCALE: Final = Path(__file__).parent / "locale"
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
        return said % values if values else said

    return say


def in_lang(text: Text, lang: Lang) -> str:
    """Return a name or sentence that is stored in both languages."""
    return typeset(text.fr) if lang == "fr" else text.en


def colon(lang: Lang) -> str:
    """Return the separator between a name and its value."""
    return typeset(" : ") if lang == "fr" else ": "


def typeset(french: str) -> str:
    """Return French with no-break spaces before `: ; ! ? »` and after `«`; sources lack them."""
    return _FRENCH_SPACE.sub("\N{NO-BREAK SPACE}", french)


def _typeset_each(said: str | Sequence[str]) -> str | tuple[str, ...]:
    """Return a message, or its plural forms, with no-break spaces."""
    return typeset(said) if isinstance(said, str) else tuple(typeset(each) for each in said)


def choose_lang(asked: str | None, remembered: str | None, accepted: str) -> Lang:
    """Return the language of the switch, else the earlier choice, else that of Accept-Language."""
    chosen = negotiate_locale([asked or "", remembered or "", *_preferences(accepted)], LANGS)
    return "fr" if chosen == "fr" else "en"


def _preferences(accepted: str) -> list[str]:
    """Return the primary tags of an Accept-Language header (RFC 9110), best first, without q=0."""
    ranked: list[tuple[float, str]] = []
    for item in accepted.split(","):
        tag, _, weight = item.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            ranked.append((-quality, tag.split("-")[0].lower()))
    return [tag for _, tag in sorted(ranked, key=lambda wish: wish[0])]
