"""A sentence of the program is English, and knows what it says in another language."""

import pickle

import pytest

from gateway.core.model.names import Text
from gateway.phrase import Phrase
from gateway.translation import both, in_lang

HALL = Text(fr="Le hall", en="The hall")


def test_a_phrase_is_its_english() -> None:
    """Logs, JSON and comparisons need no translation."""
    assert Phrase("%(zone)s is full, %(percent)s%%", zone=HALL, percent=100) == (
        "The hall is full, 100%"
    )
    assert Phrase("100 % of it") == "100 % of it"


@pytest.mark.parametrize(
    ("people", "english", "french"),
    [(0, "0 people", "0 personne"), (1, "1 person", "1 personne"), (2, "2 people", "2 personnes")],
)
def test_each_language_counts_in_its_own_way(people: int, english: str, french: str) -> None:
    """French is singular at none."""
    one, many = "%(num)s person by badges and sensors", "%(num)s people by badges and sensors"
    said = Phrase.counted(one, many, people, num=people)
    assert said.startswith(english)
    assert in_lang(said, "fr") == f"{french} d'après badges et capteurs"


def test_a_name_inside_is_of_the_same_language() -> None:
    """A sentence is not half translated; what has no translation stays English."""
    said = Phrase("%(where)s: %(what)s", where=HALL, what=Phrase("badge"))
    assert both(said) == Text(fr="Le hall: badge", en="The hall: badge")


def test_a_plain_string_is_not_translated() -> None:
    """Somebody typed it; that it equals a sentence of ours does not matter."""
    assert both(Phrase("journal")) == Text(fr="journal", en="journal")
    assert both("yes") == Text(fr="yes", en="yes")
    assert in_lang("members", "fr") == "members"
    assert in_lang(Phrase("members"), "fr") == "membres"


def test_devices_get_plain_spaces() -> None:
    """A page must not break a line before a colon; a reader's display may have no such space."""
    said = Phrase("is more than a month away: that is a member, not a visitor")
    assert both(said).fr == "est dans plus d'un mois : c'est un membre, pas un visiteur"
    assert "mois\N{NO-BREAK SPACE}:" in in_lang(said, "fr")


@pytest.mark.parametrize(
    "phrase", [Phrase("members"), Phrase("%(n)s s", n=3), Phrase.counted("%(n)s a", "%(n)s as", 2)]
)
def test_a_phrase_crosses_processes(phrase: Phrase) -> None:
    """A worker hands it to its parent with all its parts."""
    again = pickle.loads(pickle.dumps(phrase))  # noqa: S301 - our own
    assert (again, again.msgid, again.plural) == (phrase, phrase.msgid, phrase.plural)
    assert dict(again.values) == dict(phrase.values)
