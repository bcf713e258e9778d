"""The columns of a list: its header found, each name understood, left out or asked.

A list has a title above its header, columns of the treasurer's own, two columns for a name. What is
not understood is left out and listed; what may be one of several things is decided by the words
below it, and asked where they fit several.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from gateway.members import french, vocabulary
from gateway.members.questions import LEFT_OUT, Answers, Choice, Question
from gateway.members.schema import COLUMNS, GOES_WITH
from gateway.members.sheet_lines import SheetLine
from gateway.phrase import Phrase

LINES_BEFORE_MAX: Final = 20
"""Titles, logos and dates above a header."""
_UNDERSTOOD_MIN: Final = 2
"""Names that make a line a header."""
_SOMEBODY: Final = frozenset({"ref", "name", "first", "last", "email"})
_TRAINING: Final = "training:"
_BEFORE_TRAINING: Final = ("formation", "habilitation", "training", "certification")
_JOINED: Final = ("badges", "trainings")
"""Fields that several columns may give."""
_NUMBERED: Final = re.compile(r"(.*[^0-9])[0-9]{1,2}$")
_ALIKE: Final = 0.86
_LETTERS_MIN: Final = 4

Fits = Callable[[str, Sequence[str]], bool]
"""Returns whether every word of a column fits a field."""


class Column(Struct, frozen=True):
    """A column of the list: its place, its own name, and the field that it is read as."""

    place: int
    name: str
    field: str
    rank: int


class Header(Struct, frozen=True):
    """The understood columns, the left-out ones, and what is to be asked."""

    line: int
    above: int
    width: int
    places: Mapping[str, int]
    """Each column's own name -> its place."""
    columns: tuple[Column, ...]
    ignored: tuple[str, ...]
    questions: tuple[Question, ...]

    def of(self, field: str) -> list[Column]:
        """Return the columns of a field, in their order."""
        return [each for each in self.columns if each.field == field]


def header_place(lines: Sequence[SheetLine], trainings: Mapping[str, str]) -> int | None:
    """Return the place of the line that names the columns; None: none is understood."""
    for place, line in enumerate(lines[:LINES_BEFORE_MAX]):
        fields = {_field(cell, trainings)[0] for cell in line.cells if cell} - {""}
        if len(fields) >= _UNDERSTOOD_MIN and fields & _SOMEBODY:
            return place
    return None


def header_of(
    lines: Sequence[SheetLine], trainings: Mapping[str, str], answers: Answers, fits: Fits
) -> Header:
    """Return the header of the lines, of which the first that is not empty is one at the latest."""
    found = header_place(lines, trainings)
    above = found if found is not None else 0
    line = lines[above]
    below = [each for each in lines[above + 1 :] if not says_total(each)]
    names = own_names(line.cells, below)
    places = {name: place for place, name in names.items()}
    questions: list[Question] = []
    judge = _Judge(trainings, answers, fits, questions)
    columns: list[Column] = []
    ignored: list[str] = []
    for place, name in names.items():
        field, rank = judge.meant(line.cells[place], name, _below(place, below))
        if field == LEFT_OUT:
            ignored.append(name)
        elif field:
            columns.append(Column(place, name, field, rank))
    if all(each.field != "until" for each in columns):
        ends = [name for name in ignored if judge.may_end(name, _below(places[name], below))]
        ignored = [name for name in ignored if name not in ends]
    chosen = _chosen(columns, answers, questions)
    kept = [each for each in chosen if _has_its_base(each, chosen)]
    ignored += [each.name for each in columns if each not in kept]
    ignored.sort(key=places.__getitem__)
    width = len(line.cells)
    return Header(line.number, above, width, places, tuple(kept), tuple(ignored), tuple(questions))


def _below(place: int, lines: Sequence[SheetLine]) -> list[str]:
    return [each.cells[place] for each in lines if place < len(each.cells)]


def own_names(cells: Sequence[str], below: Sequence[SheetLine]) -> dict[int, str]:
    """Return each used column's own name, which no other has; one without a name has its number."""
    used = {place for line in below for place, cell in enumerate(line.cells) if cell}
    names: dict[int, str] = {}
    for place, cell in enumerate(cells):
        if cell or place in used:
            name = " ".join(cell.split()) or f"#{place + 1}"
            names[place] = f"{name} #{place + 1}" if name in names.values() else name
    return names


class _Judge(Struct, frozen=True):
    """Decides what a column is, and asks where that is open."""

    trainings: Mapping[str, str]
    answers: Answers
    fits: Fits
    questions: list[Question]

    def meant(self, cell: str, name: str, words: Sequence[str]) -> tuple[str, int]:
        """Return a column's field (`-`: left out, empty: asked), and its rank among those."""
        answered = self.answers.get("columns", {}).get(name)
        if answered is not None:
            return answered, -1
        field, rank = _field(cell, self.trainings)
        if field:
            return field, rank
        maybe = vocabulary.unclear().get(vocabulary.plain_header(cell), ())
        likely = [each for each in maybe if each and self.fits(each, words)]
        if len(likely) == 1:
            return likely[0], len(vocabulary.columns())
        partly = [each for each in maybe if each and any(self.fits(each, [w]) for w in words if w)]
        if "" in maybe and not (likely or partly or _numbered_lines(maybe, words)):
            return LEFT_OUT, 0
        asked = likely or [each for each in maybe if each] or _alike(cell)
        if not asked or not any(words):
            return LEFT_OUT, 0
        self._ask(name, asked)
        return "", 0

    def may_end(self, name: str, words: Sequence[str]) -> bool:
        """Ask if an unknown column has the last days: left out, a membership would never end."""
        if name in self.answers.get("columns", {}) or not vocabulary.names_an_end(name):
            return False
        if not any(self.fits("until", [word]) for word in words if word):
            return False
        self._ask(name, ["until"])
        return True

    def _ask(self, name: str, fields: Sequence[str]) -> None:
        text = Phrase('What is the column "%(column)s"?', column=name)
        choices = (*(Choice(each, field_label(each)) for each in fields), Choice(LEFT_OUT, NOTHING))
        self.questions.append(Question("columns", name, text, choices))


def _numbered_lines(maybe: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether a column may number the lines, so that its numbers are nobody's."""
    given = [word for word in words if word]
    return "ref" in maybe and len(given) > 1 and given == [str(n + 1) for n in range(len(given))]


NOTHING: Final = Phrase("nothing: leave it out")


def field_label(field: str) -> str:
    """Return what a field is called among the choices."""
    return _LABELS.get(field, Phrase(field))


_LABELS: Final = {
    "ref": Phrase("the member's number"),
    "name": Phrase("the name"),
    "first": Phrase("the first name"),
    "last": Phrase("the last name"),
    "email": Phrase("the e-mail address"),
    "plan": Phrase("the plan"),
    "kind": Phrase("member or visitor"),
    "status": Phrase("the state of the membership"),
    "from": Phrase("the first day"),
    "until": Phrase("the last day"),
    "badges": Phrase("the badges"),
    "trainings": Phrase("the trainings"),
    "sites": Phrase("the sites"),
}


def _field(cell: str, trainings: Mapping[str, str]) -> tuple[str, int]:
    word = vocabulary.plain_header(cell)
    known = vocabulary.columns()
    if word in known:
        return known[word]
    named = next((word[len(each) :] for each in _BEFORE_TRAINING if word.startswith(each)), word)
    training = trainings.get(named) or trainings.get(word)
    if training:
        return _TRAINING + training, 0
    numbered = _NUMBERED.fullmatch(word)
    if numbered and known.get(numbered[1], ("", 0))[0] == "badges":
        return known[numbered[1]]
    return "", 0


def _alike(cell: str) -> list[str]:
    """Return the fields whose names resemble this one: a typing error."""
    word, known = vocabulary.plain_header(cell), vocabulary.columns()
    if len(word) < _LETTERS_MIN:
        return []
    close = get_close_matches(word, known, n=3, cutoff=_ALIKE)
    return list(dict.fromkeys(known[each][0] for each in close))


def _chosen(columns: list[Column], answers: Answers, questions: list[Question]) -> list[Column]:
    """Return the columns that are read: of several for one field the first by rank, or as asked."""
    kept: list[Column] = []
    for field in dict.fromkeys(each.field for each in columns):
        same = [each for each in columns if each.field == field]
        best = [each for each in same if each.rank == min(other.rank for other in same)]
        answered = [
            each for each in same if each.name == answers.get("file", {}).get(field, "")[1:]
        ]
        if field in _JOINED:
            kept += same
        elif len(best) == 1 or answered:
            kept.append((answered or best)[0])
        else:
            text = Phrase("Which column is %(field)s?", field=field_label(field))
            choices = tuple(Choice("=" + each.name, each.name) for each in best)
            questions.append(Question("file", field, text, choices))
    if {"first", "last"} <= {each.field for each in kept}:
        kept = [each for each in kept if each.field != "name" or each.rank < 0]
    return kept


def _has_its_base(column: Column, columns: Iterable[Column]) -> bool:
    """Return whether the column that this one says more of is there.

    A missing plan is asked, and our own names without their base are faults.
    """
    base = GOES_WITH.get(column.field, column.field)
    own = {*COLUMNS, *(french.header(each) for each in COLUMNS)}
    return column.name in own or base == "plan" or any(each.field == base for each in columns)


def says_total(line: SheetLine) -> bool:
    """Return whether a line begins like one of totals."""
    first = next((cell for cell in line.cells if cell), "-")
    said = {vocabulary.plain(first.partition(":")[0]), vocabulary.plain(first.split()[0])}
    return bool(said & vocabulary.words("total"))


def training_of(field: str) -> str | None:
    """Return the training that a column is about, if it is named so."""
    return field.removeprefix(_TRAINING) if field.startswith(_TRAINING) else None
