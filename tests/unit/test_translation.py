"""Every sentence of the program has its French, each French sentence is used, and both agree."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, get_args

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import gateway
from gateway import translation
from gateway.console.feed.status_words import WORDS
from gateway.core.facts import AlarmKind
from gateway.translation import both
from gateway.wire.alarm_texts import ALARMS, alarm_words

CODE: Final = Path(gateway.__file__).parent
VALUES: Final = re.compile(r"%\((\w+)\)")
TEMPLATES: Final = {"_": None, "ngettext": (1, 2)}
TRANSLATED: Final = {"Phrase", "_", "say", "_say"}
"""The calls in Python whose first argument is a sentence."""
KEYED: Final = ("from gateway.console.feed.status_words import", "from gateway.demo.words import")
"""Modules in which `say` takes the key of a sentence."""
BY_PATTERN: Final = "faults"
"""The chapter whose sentences are recognised in what `gateway.members` says."""


def _in_python(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    calls = TRANSLATED - ({"say"} if any(line in text for line in KEYED) else set())
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        count = 2 if name == "counted" else 1 if name in calls else 0
        for argument in node.args[:count]:
            yield from _literals(argument)


def _literals(argument: ast.expr) -> Iterator[str]:
    """The sentence, or both of `a if x else b`."""
    match argument:
        case ast.Constant(value=str() as value) if value:
            yield value
        case ast.IfExp(body=body, orelse=orelse):
            yield from _literals(body)
            yield from _literals(orelse)
        case _:
            pass


@cache
def sentences() -> frozenset[str]:
    """Every sentence of the modules and templates, and the words that are found by a key."""
    found = {each for file in CODE.rglob("*.py") for each in _in_python(file)} | set(WORDS.values())
    pages = extract_from_dir(CODE, [("**/templates/**.html", "jinja2")], keywords=TEMPLATES)
    for _, _, message, _, _ in pages:
        found |= {message} if isinstance(message, str) else set(message)
    return frozenset(found)


@cache
def french() -> tuple[tuple[str, Message], ...]:
    """Every entry with its chapter."""
    found = []
    for path in sorted((translation.LOCALE / "fr").glob("*.po")):
        with path.open("rb") as opened:
            found += [(path.stem, each) for each in read_po(opened, locale="fr") if each.id]
    return tuple(found)


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def test_every_sentence_has_its_french() -> None:
    """None was forgotten."""
    known = {id_ for _, message in french() for id_ in _ids(message)}
    assert len(sentences()) > 1000
    assert sorted(sentences() - known) == []


def test_every_french_sentence_is_used() -> None:
    """What nobody says any more is deleted."""
    entries = (message for chapter, message in french() if chapter != BY_PATTERN)
    assert [ids for ids in map(_ids, entries) if not set(ids) & sentences()] == []


def test_both_languages_fill_in_the_same_values() -> None:
    """And no translation is empty."""
    for chapter, message in french():
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        asked = {name for id_ in _ids(message) for name in VALUES.findall(id_)}
        for each in said:
            assert each, message.id
            filled = set(VALUES.findall(str(each)))
            # A fault of the members' file ends in English advice; the French has its own.
            assert filled == asked or (chapter == BY_PATTERN and filled < asked), message.id


def test_a_sentence_is_translated_once() -> None:
    """Chapters are merged, so two that translate the same sentence would hide each other."""
    seen: dict[str, str] = {}
    for chapter, message in french():
        first = _ids(message)[0]
        assert first not in seen, f"{first}: {seen[first]} and {chapter}"
        seen[first] = chapter


def test_every_alarm_has_its_words_and_advice() -> None:
    """In both languages, and they differ; a kind of another release has its own name."""
    assert set(ALARMS) == set(get_args(AlarmKind))
    for words in ALARMS.values():
        for text in (both(words.word), both(words.do)):
            assert text.fr
            assert text.en
            assert text.fr != text.en
    assert alarm_words("of-tomorrow").word == "of-tomorrow"


@pytest.mark.parametrize(("people", "said"), [(0, "personne"), (1, "personne"), (2, "personnes")])
def test_french_counts_from_two(people: int, said: str) -> None:
    """Nobody is singular: "0 personne"."""
    one, many = "%(num)s person by badges and sensors", "%(num)s people by badges and sensors"
    told = translation.catalogue("fr").ngettext(one, many, people) % {"num": people}
    assert told == f"{people} {said} d'après badges et capteurs"
