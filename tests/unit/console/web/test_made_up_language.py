"""Every page in a made-up language that has each sentence in brackets: none stands outside."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import msgspec
import pytest
from babel.support import NullTranslations

from gateway import translation
from gateway.console.web import rendering
from gateway.core.model.names import ADMINISTRATOR
from gateway.core.requests import SetMode
from tests.unit.console.test_hostile_names import HOSTILE, House, read
from tests.world import console_desk

NAMES: Final = ("Xanthippe", "Zebedee")
BACNET: Final = "BACnet GRANTED"
"""A standard's own word, shown beside ours."""
SPOKEN: Final = frozenset({"title", "aria-label", "placeholder", "alt"})
UNREAD: Final = frozenset({"script", "style", "code", "kbd", "time", "noscript"})
SENTENCE: Final = re.compile(r"[^\W\d_]{2,}(?:[ \N{NO-BREAK SPACE}][^\W\d_]{2,})+")
"""Two words and more."""
DATE: Final = re.compile(
    r"(lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)?\s*\d*\s*(janvier|février|mars|avril|mai"
    r"|juin|juillet|août|septembre|octobre|novembre|décembre)\s*\d*"
)


class MadeUp(NullTranslations):
    """A language of brackets."""

    def gettext(self, message: object) -> str:
        """Return a sentence in brackets."""
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return a sentence in brackets."""
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    ugettext = gettext  # Babel has them under the older names, and Jinja asks for those
    ungettext = ngettext


class Outside(HTMLParser):
    """The text of a page that is in no brackets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._depth = 0
        self._unread = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read what a screen reader says."""
        self._unread += tag in UNREAD
        for name, value in attrs:
            if name in SPOKEN and value:
                self.said.append(outside(value)[0])

    def handle_endtag(self, tag: str) -> None:
        """Read on."""
        self._unread -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        """Keep what no brackets hold; some hold markup, too."""
        text, self._depth = outside(data, self._depth)
        if not self._unread:
            self.said.append(text)


def outside(text: str, depth: int = 0) -> tuple[str, int]:
    """Return what stands outside brackets, and how deep the end is."""
    kept = []
    for letter in text:
        depth += (letter == "⟦") - (letter == "⟧")
        kept.append(letter if depth == 0 else " ")
    return "".join(kept), depth


def names_in(data: object) -> Iterator[str]:
    """Yield each text of the space file."""
    match data:
        case {"fr": str(fr), "en": str(en)}:
            yield fr
            yield en
        case dict():
            for each in data.values():
                yield from names_in(each)
        case list() | tuple():
            for each in data:
                yield from names_in(each)
        case _:
            return


def without(names: Sequence[str], said: str) -> str:
    """Return a text without names and dates."""
    for name in names:
        said = said.replace(name, "·")
    return DATE.sub("·", said)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house whose console speaks the made-up language instead of French."""
    for name in NAMES:
        monkeypatch.setitem(console_desk.ROLES, name, ADMINISTRATOR)
    made_up = MadeUp()
    for module in (translation, rendering):
        monkeypatch.setattr(module, "catalogue", lambda _lang: made_up)
    rendering.templates.cache_clear()
    translation._fixed.cache_clear()
    house = House(tmp_path, NAMES)
    await house.lives()
    yield house
    await house.close()
    rendering.templates.cache_clear()
    translation._fixed.cache_clear()


async def test_no_sentence_is_left_in_english_or_french(house: House) -> None:
    """On any page of a site, in peace and in an evacuation; names and dates are data."""
    data = {*names_in(msgspec.to_builtins(house.site)), *console_desk.ROLES, HOSTILE, BACNET}
    names = sorted(data, key=len, reverse=True)
    left = set[tuple[str, str]]()
    pages = 0
    for mode in ("normal", "evacuation"):
        await house.request(SetMode(mode, "Xanthippe"), NAMES[0])
        for path in read(house):
            answer = await house.get(path, "fr")
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            pages += 1
            for said in Outside(answer.text).said:
                found = SENTENCE.findall(without(names, said))
                # The plan breaks a long name into lines.
                left |= {(path, it) for it in found if not any(it in name for name in names)}
    assert pages > 40
    assert sorted(left) == []
