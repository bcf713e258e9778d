"""The console's words: every English sentence has its French, and both fill in the same values."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gateway import doctor, translation
from gateway.console.feed.status_words import WORDS
from gateway.core.facts import AlarmKind
from gateway.translation import both
from gateway.wire.alarm_texts import ALARMS, alarm_words

CONSOLE = Path(translation.__file__).parent / "console"
VALUES = re.compile(r"%\((\w+)\)")


def sentences() -> Iterator[str]:
    """Every sentence of the templates and modules, and the words by what they are said of."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    for _, _, message, _, _ in extract_from_dir(CONSOLE, methods, keywords={"_": None}):
        yield message if isinstance(message, str) else message[0]
    yield from WORDS.values()


def test_every_sentence_has_its_french() -> None:
    """None was forgotten."""
    catalogue = translation.catalogue("fr")
    known = getattr(catalogue, "_catalog", {})
    assert sorted({each for each in sentences() if each not in known}) == []


@pytest.mark.parametrize(
    "path", sorted((translation.LOCALE / "fr").glob("*.po")), ids=lambda p: p.stem
)
def test_same_values(path: Path) -> None:
    """Both languages fill in the same values, and no translation is empty."""
    with path.open("rb") as opened:
        messages = [each for each in read_po(opened, locale="fr") if each.id]
    for message in messages:
        said = str(message.string)
        assert said, message.id
        asked = str(message.id)
        filled, given = set(VALUES.findall(said)), set(VALUES.findall(asked))
        # A fault of the members' file ends in English advice, which the French says in its own way.
        assert filled == given or (path.stem == "faults" and filled < given), asked


def test_every_alarm_has_its_words_and_advice() -> None:
    """In both languages, and they differ; a kind of another release has its own name."""
    assert set(ALARMS) == set(get_args(AlarmKind))
    for words in ALARMS.values():
        for text in (both(words.word), both(words.do)):
            assert text.fr
            assert text.en
            assert text.fr != text.en
    assert alarm_words("of-tomorrow").word == "of-tomorrow"


def test_one_french_for_one_english() -> None:
    """Two chapters that translate the same sentence agree: they are merged."""
    seen: dict[str, str] = {}
    for path in (translation.LOCALE / "fr").glob("*.po"):
        with path.open("rb") as opened:
            for message in read_po(opened, locale="fr"):
                if message.id:
                    assert seen.setdefault(str(message.id), str(message.string)) == str(
                        message.string
                    ), path.name


@pytest.mark.parametrize(("people", "said"), [(0, "personne"), (1, "personne"), (2, "personnes")])
def test_french_counts_from_two(people: int, said: str) -> None:
    """Nobody is singular: "0 personne"."""
    one, many = "%(num)s person by badges and sensors", "%(num)s people by badges and sensors"
    french = translation.catalogue("fr").ngettext(one, many, people) % {"num": people}
    assert french == f"{people} {said} d'après badges et capteurs"


COMMAND_LINE_ALONE = (
    "broker_program",
    "pages",
    "retention",
    "refused",
    "settings_complete",
    "space_file",
    "_told",
)
"""What of the doctor the Health screen does not show."""


def _said_by(module: Path) -> Iterator[str]:
    """What a doctor's module says: the texts of its findings, at once or by way of a name."""
    for function in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef) and function.name not in COMMAND_LINE_ALONE:
            yield from _said_in(function)


def _said_in(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name("found" | "do" | "check")], value=value):
                yield from _texts([value])
            case ast.Assign(targets=[ast.Tuple([ast.Name("found" | "check"), _])], value=value):
                assert isinstance(value, ast.Tuple)
                yield from _texts(value.elts[:1])
            case ast.Call(ast.Name("ok" | "warning" | "fault" | "part"), args):
                yield from _texts(args)
            case ast.Return(ast.Constant() as value):
                yield from _texts([value])
            case _:
                pass


def _texts(values: Iterable[ast.expr]) -> Iterator[str]:
    for value in values:
        assert not isinstance(value, ast.JoinedStr), ast.unparse(value)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


@pytest.mark.parametrize("chapter", ["machine", "settings", "stores"])
def test_what_the_doctor_finds_has_its_french(chapter: str) -> None:
    """All that the Health screen shows of it; it fills values in, and glues no sentences."""
    module = Path(doctor.__file__).parent / f"{chapter}.py"
    known = getattr(translation.catalogue("fr"), "_catalog", {})
    assert sorted({each for each in _said_by(module) if each not in known}) == []
