"""Other people's lists as lines in our own columns and words.

`headers` says which column is what. Here the cells below are brought into the form that `rows`
reads: a plan by its name becomes its id, "oui" below "Laser" a training, 3 nov. 2026 an ISO day.
Words that mean nothing known are asked together, before any line is read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from email.utils import parseaddr
from typing import Final, cast

from msgspec import Struct

from gateway.members import french, vocabulary
from gateway.members.headers import NOTHING, Header, field_label, header_of, says_total, training_of
from gateway.members.known import ReferenceData
from gateway.members.questions import LEFT_OUT, Answers, Choice, Question
from gateway.members.schema import COLUMNS, DATES, GOES_WITH
from gateway.members.sheet_lines import LineFault, SheetLine
from gateway.members.written_days import DayOrder, is_day, is_open, iso, order_of
from gateway.phrase import Phrase
from sensors import badges

WORDS_ASKED_MAX: Final = 20
"""Words of one column; a column with more unknown ones is another column."""
_ALIKE: Final = 0.8
_PARTS: Final = re.compile(r"\s*[;,\n|]\s*|\s+\+\s+")
_BADGES: Final = re.compile(r"[\s;,|/]+")
_BADGE: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[:\-\s]?){3,32}|[0-9]{6,20}")
_DIGITS: Final = re.compile(r"[0-9]+")
_CARD: Final = re.compile(r"(?<!\S)([0-9]{1,3}):([0-9]{1,5})(?!\S)")
"""What is printed on a Wiegand card: its facility and its number, of one and of two bytes."""
_OF_A_CARD: Final = {"": "06x", "hex": "06x", "wiegand26": "d"}
"""Format of a badge column -> how the three bytes of such a card are written in it."""
_FACILITY_MAX: Final = 0xFF
_CARD_MAX: Final = 0xFFFF
_FOOTNOTE_WORDS: Final = 4
_STATES: Final = ("active", "suspended", "unpaid")
_OF_SOMEBODY: Final = ("email", "plan", "roles", "badges", "trainings")
"""Columns in which a line of totals has figures at most."""
_FIGURE: Final = re.compile(r"[0-9\s.,%€]+")
_GROUPS: Final = ("plan", "sites", "status")
"""The columns whose words are asked."""
_REPEATED: Final = ("ref", "name", "email", "kind")


class ListLayout(Struct, frozen=True):
    """A list as it was understood."""

    header: int
    """The number of the line that names the columns."""
    columns: tuple[str, ...]
    """Our own columns."""
    lines: tuple[SheetLine, ...]
    """Its lines in those columns."""
    called: Mapping[str, str]
    """Our column -> the list's own name of it."""
    ignored: tuple[str, ...]
    """Columns that are left out."""
    questions: tuple[Question, ...]
    notes: tuple[str, ...]
    faults: tuple[LineFault, ...]
    chosen: Mapping[str, str] = {}
    """What was decided without asking, and holds for the next list too."""


def layout_of(lines: Sequence[SheetLine], known: ReferenceData, answers: Answers) -> ListLayout:
    """Return the lines in our own columns, or what must be asked first."""
    lines = [line for line in lines if any(line.cells)] or [SheetLine(1, [])]
    header = header_of(lines, known.named("training"), answers, _Fits(known).fits)
    return _Reading(header, lines[header.above + 1 :], known, answers).layout()


class _Fits:
    def __init__(self, known: ReferenceData) -> None:
        self._known = known

    def fits(self, field: str, words: Sequence[str]) -> bool:
        """Return whether every word of a column fits a field that its name may mean."""
        given = [word for word in words if word]
        if field == "kind":
            return all(_kind(word) in ("member", "visitor") for word in given)
        if field == "ref":
            return _tells_apart(words)
        return bool(given) and all(self._is_one(field, word) for word in given)

    def _is_one(self, field: str, word: str) -> bool:
        match field:
            case "plan":
                return _known_parts(word, self._known.named("plan")) is not None
            case "status":
                return _state(word, "") is not None
            case "name":
                return " " in word and not word.isdecimal()
            case "badges":
                return _BADGE.fullmatch(word) is not None
            case "until":
                return is_day(word)
            case _:
                return False


def _tells_apart(words: Sequence[str]) -> bool:
    """Return whether a column may be the members' numbers.

    One that counts its lines is not, as next year's list counts anew; and a badge's number must
    never be shown as a reference.
    """
    if any(_BADGE.fullmatch(word) and not word.isdecimal() for word in words):
        return False
    counts = list(words) == [str(n + 1) for n in range(len(words))] and len(words) > 1
    return bool(words) and all(words) and len(set(words)) == len(words) and not counts


class _Reading:
    """One list being read."""

    def __init__(
        self, header: Header, lines: Sequence[SheetLine], known: ReferenceData, answers: Answers
    ) -> None:
        self._header, self._known, self._answers = header, known, answers
        self._questions = list(header.questions)
        self._notes: list[str] = []
        self._faults: list[LineFault] = []
        self._chosen: dict[str, str] = {}
        self._ref = "name"
        self._format = ""
        self._order: DayOrder = "day-first"
        self._lines = list(self._of_members(lines))

    def layout(self) -> ListLayout:
        header = self._header
        called = {each.field: each.name for each in reversed(header.columns)}
        parts = [part for part in ("first", "last") if part in called]
        if parts and "name" not in called:
            called["name"] = called[parts[-1]]
        columns = self._columns()
        if header.above:
            self._notes.append(Phrase("the columns are named in line %(line)s", line=header.line))
        lines = [] if self._questions else list(self._canonical(columns))
        faults = [] if self._questions else self._faults
        return ListLayout(
            header.line,
            tuple(columns),
            tuple(lines),
            called,
            header.ignored,
            tuple(self._questions),
            tuple(self._notes),
            tuple(faults),
            self._chosen,
        )

    # -- which lines are members

    def _of_members(self, lines: Iterable[SheetLine]) -> Iterator[SheetLine]:
        for line in lines:
            if self._is_no_member(line):
                text = next(cell for cell in line.cells if cell)[:40]
                note = Phrase('line %(line)s is left out: "%(text)s"', line=line.number, text=text)
                self._notes.append(note)
                continue
            fault = self._width_fault(line)
            if fault is None:
                yield line
            else:
                self._faults.append(fault)

    def _is_no_member(self, line: SheetLine) -> bool:
        """Return whether a line is a total or a footnote: nobody with a plan, role or badge."""
        filled = [cell for cell in line.cells if cell]
        words = filled[0].split()
        for column in self._header.columns:
            cell = line.cells[column.place] if column.place < len(line.cells) else ""
            if column.field in _OF_SOMEBODY and cell and not _FIGURE.fullmatch(cell):
                return False
        is_footnote = len(filled) == 1 < len(self._header.columns)
        return says_total(line) or (is_footnote and len(words) >= _FOOTNOTE_WORDS)

    def _width_fault(self, line: SheetLine) -> LineFault | None:
        header = self._header.width
        spare = line.cells[header:]
        if len(line.cells) < header or any(spare):
            return LineFault(
                line.number, "", f"has {len(line.cells)} cells, the header has {header}"
            )
        return None

    # -- which columns there are, and what is asked

    def _columns(self) -> list[str]:
        fields = {each.field for each in self._header.columns}
        there = {field for field in fields if field in COLUMNS}
        if fields & {"first", "last"}:
            there.add("name")
        if any(training_of(field) for field in fields):
            there.add("trainings")
        self._ask_ref(there)
        self._ask_plan(there)
        for group in _GROUPS:
            self._ask_words(group)
        self._order = self._ask_order()
        if "badges" in there:
            self._format = self._ask_format()
            there |= {"badge_format"} if self._format else set()
        return [column for column in COLUMNS if column in there]

    def _file(self, key: str) -> str | None:
        return self._answers.get("file", {}).get(key)

    def _words(self, field: str) -> list[str]:
        return [
            line.cells[each.place]
            for each in self._header.of(field)
            for line in self._lines
            if line.cells[each.place]
        ]

    def _ask_ref(self, there: set[str]) -> None:
        """Find what identifies a member: their number, else their address or name if it does."""
        if "ref" in there or "name" not in there:
            return
        answered = self._file("ref")
        if answered is None:
            answered = self._evident_ref(there)
        if answered == "email":  # a column that may only number the lines is not needed
            numbers = {Choice("ref", field_label("ref")), Choice(LEFT_OUT, NOTHING)}
            self._questions = [each for each in self._questions if set(each.choices) != numbers]
        if answered is None:
            choices = [Choice(each, _REFS[each]) for each in ("email", "name") if each in there]
            choices += [Choice("=" + name, name) for name in self._header.ignored]
            text = Phrase("What tells the members apart, as no column is a number of theirs?")
            self._questions.append(Question("file", "ref", text, tuple(choices)))
        else:
            self._chosen["ref"] = answered
            said = _REFS.get(answered, answered[1:])
            self._notes.append(Phrase("members are told apart by %(what)s", what=said))
        self._ref = answered or "name"
        there.add("ref")

    def _evident_ref(self, there: set[str]) -> str | None:
        people = [(self._name(line), self._cell(line, "email").lower()) for line in self._lines]
        people = [each for each in people if any(each)]
        names, addresses = [name for name, _ in people], [address for _, address in people]
        if "email" in there and all(addresses):
            one_each = len(set(people)) == len(set(addresses)) == len(set(names))
            return "email" if one_each else None
        return "name" if len(set(names)) == len(names) else None

    def _ask_plan(self, there: set[str]) -> None:
        """Ask for the plan of all where no column says it, and the list is not one of our own."""
        if "plan" in there or self._known.plans is None:
            return
        answered = self._file("plan")
        own = any(each.field == "ref" and each.rank == 0 for each in self._header.columns)
        if answered is None and (own or "name" not in there):
            return
        if answered is None:
            choices = [Choice("=" + name, name) for name in self._header.ignored]
            text = Phrase("Which plan has each member, or which column says it?")
            every = (*self._known.labels("plan"), *choices)
            self._questions.append(Question("file", "plan", text, every))
        there.add("plan")

    def _ask_words(self, group: str) -> None:
        """Ask what the words of a column mean that nothing known is called."""
        unknown = [
            word for word in dict.fromkeys(self._words(group)) if self._meant(group, word) is None
        ]
        if len(unknown) > WORDS_ASKED_MAX:
            name = self._header.of(group)[0].name
            text = Phrase('What is the column "%(column)s"?', column=name)
            self._questions.append(Question("columns", name, text, (Choice(LEFT_OUT, NOTHING),)))
            return
        choices = (
            tuple(Choice(each, Phrase(each)) for each in _STATES)
            if group == "status"
            else self._known.labels(group)
        )
        for word in unknown:
            text = Phrase(
                'What does "%(word)s" mean in the column "%(column)s"?',
                word=word[:60],
                column=self._header.of(group)[0].name,
            )
            self._questions.append(
                Question(group, word, text, (*choices, Choice(LEFT_OUT, _LINES_LEFT_OUT)))
            )

    def _ask_order(self) -> DayOrder:
        days = [word for field in DATES for word in self._words(field)]
        proven = order_of(days)
        answered = self._file("dates")
        if len(proven) == 1:
            return next(iter(proven))
        if answered in ("day-first", "month-first"):
            return cast(DayOrder, answered)
        names = {each.name for each in self._header.columns}
        if any(is_open(day) for day in days) and not any(
            vocabulary.is_french(name) for name in names
        ):
            day = next(day for day in days if is_open(day))
            text = Phrase("Which comes first in %(day)s?", day=day)
            choices = (
                Choice("day-first", Phrase("the day")),
                Choice("month-first", Phrase("the month")),
            )
            self._questions.append(Question("file", "dates", text, choices))
        return "day-first"

    def _ask_format(self) -> str:
        """Return how badge numbers are written that no cell says it of; empty: nothing is needed.

        Decimal numbers are hex digits as well, and would be enrolled as badges that nobody has.
        """
        unsaid = [line for line in self._lines if not self._cell(line, "badge_format")]
        texts = [each for line in unsaid for each in self._badges(self._line_words(line, "badges"))]
        answered = self._file("badge_format")
        if answered is not None and answered in badges.FORMATS:
            return answered
        if not texts or not all(_DIGITS.fullmatch(text) for text in texts):
            colons = texts and all(badges.FORMATS["hex-colons"](text) for text in texts)
            return "hex-colons" if colons else ""
        possible = [
            name
            for name, read in badges.FORMATS.items()
            if name not in ("pin", "qr") and all(read(text) for text in texts)
        ]
        possible.sort(key=lambda name: name not in self._known.formats)
        spoken = ", ".join(name for name in possible if name in self._known.formats)
        text = Phrase("How are the badge numbers written? They have digits only.")
        if spoken:
            text = Phrase(
                "How are the badge numbers written? They have digits only; your readers speak "
                "%(formats)s.",
                formats=spoken,
            )
        choices = tuple(Choice(each, f"{each}: {badges.RIGHT[each]}") for each in possible)
        self._questions.append(Question("file", "badge_format", text, choices))
        return ""

    # -- the cells in our own words

    def _canonical(self, columns: Sequence[str]) -> Iterator[SheetLine]:
        earlier: dict[str, dict[str, str]] = {}
        last: tuple[int, dict[str, str]] = (0, {})
        for line in self._lines:
            cells = self._cells(line, columns)
            if cells is None:
                self._notes.append(
                    Phrase("line %(line)s is left out, as you answered", line=line.number)
                )
                continue
            goes_on = line.number == last[0] + 1 and not any(
                cells.get(each) for each in _REPEATED[:3]
            )
            before = last[1] if goes_on else earlier.get(cells.get("ref", ""), {})
            for column in _REPEATED:
                if column in cells and not cells[column] and before:
                    cells[column] = before[column]
            last = line.number, cells
            if cells.get("ref"):
                earlier.setdefault(cells["ref"], cells)
            for each in _split(cells, self._known.named("plan")):
                yield SheetLine(
                    line.number, [each[column] for column in columns], self._numbers(line, columns)
                )

    def _numbers(self, line: SheetLine, columns: Sequence[str]) -> frozenset[int]:
        fields = {each.field for each in self._header.columns if each.place in line.numbers}
        return frozenset(place for place, column in enumerate(columns) if column in fields)

    def _cell(self, line: SheetLine, field: str) -> str:
        return next((line.cells[each.place] for each in self._header.of(field)), "")

    def _named_cell(self, line: SheetLine, name: str) -> str:
        place = self._header.places.get(name)
        return line.cells[place] if place is not None and place < len(line.cells) else ""

    def _name(self, line: SheetLine) -> str:
        name, first, last = (self._cell(line, part) for part in ("name", "first", "last"))
        if name and first:
            return name if vocabulary.plain(first) in vocabulary.plain(name) else f"{first} {name}"
        return name or " ".join(part for part in (first, last) if part)

    def _cells(self, line: SheetLine, columns: Sequence[str]) -> dict[str, str] | None:
        """Return the cells by our columns; None: the line is left out, as was answered."""
        cells = {column: self._cell(line, column) for column in columns}
        if "name" in cells:
            cells["name"] = self._name(line)
        if "email" in cells:
            cells["email"] = address_of(cells["email"])
        self._give_ref_and_plan(line, cells)
        for group in _GROUPS:
            if cells.get(group):
                said = self._meant(group, cells[group])
                if said == LEFT_OUT:
                    return None
                cells[group] = cells[group] if said is None else said
        cells |= {column: iso(cells[column], self._order) for column in DATES if column in cells}
        if cells.get("kind"):
            cells["kind"] = _kind(cells["kind"])
        if "badges" in cells:
            self._give_badges(line, cells)
        if "trainings" in cells:
            cells["trainings"] = self._trainings(line)
        return cells

    def _give_badges(self, line: SheetLine, cells: dict[str, str]) -> None:
        """Put in the badges of all columns, and how they are written where no cell says it."""
        cells["badges"] = " ".join(self._badges(self._line_words(line, "badges")))
        if cells["badges"] and not cells.get("badge_format", "-"):
            cells["badge_format"] = self._format
        spelling = _OF_A_CARD.get(cells.get("badge_format", "").lower())
        if spelling is not None:
            cells["badges"] = _CARD.sub(lambda card: _number_of(card, spelling), cells["badges"])

    def _give_ref_and_plan(self, line: SheetLine, cells: dict[str, str]) -> None:
        """Put in what no column says."""
        if "ref" in cells and not self._header.of("ref"):
            cells["ref"] = self._ref_of(line, cells)
        if "plan" in cells and not self._header.of("plan"):
            answered = self._file("plan") or ""
            if answered.startswith("="):
                answered = self._named_cell(line, answered[1:])
            cells["plan"] = answered if cells.get("ref") or cells.get("name") else ""

    @staticmethod
    def _badges(words: Iterable[str]) -> list[str]:
        return [part for word in words for part in _BADGES.split(word) if part]

    def _ref_of(self, line: SheetLine, cells: Mapping[str, str]) -> str:
        if self._ref[:1] == "=":
            return self._named_cell(line, self._ref[1:])
        return cells.get(self._ref, "").lower() if self._ref == "email" else cells["name"]

    def _line_words(self, line: SheetLine, field: str) -> list[str]:
        return [line.cells[each.place] for each in self._header.of(field) if line.cells[each.place]]

    def _meant(self, group: str, word: str) -> str | None:
        """Return what a word means; None: it must be asked. One that is mistyped stays a fault."""
        answered = self._answers.get(group, {}).get(word)
        if answered is not None:
            return answered
        if group == "status":
            return _state(
                word, self._header.of("status")[0].name if self._header.of("status") else ""
            )
        named = self._known.named(group)
        if not named and self._known.plans is None:
            return word
        parts = _known_parts(word, named)
        if parts:
            return "; ".join(parts) if group == "plan" else " ".join(parts)
        plain = vocabulary.plain(word)
        alike = get_close_matches(plain, named, n=1, cutoff=_ALIKE)
        return word if alike and abs(len(alike[0]) - len(plain)) <= 1 else None

    def _trainings(self, line: SheetLine) -> str:
        """Return the trainings of a line in the words of `cells.trainings`."""
        named, said = self._known.named("training"), []
        for word in self._line_words(line, "trainings"):
            parts = _known_parts(word, named)
            if parts is None and vocabulary.plain(word) not in vocabulary.words("no"):
                said.append(word)
            said += parts or ()
        for column in self._header.columns:
            training, word = training_of(column.field), line.cells[column.place]
            if training is None or not word:
                continue
            day = iso(word, self._order)
            if vocabulary.plain(word) in vocabulary.words("yes"):
                said.append(training)
            elif vocabulary.plain(word) not in vocabulary.words("no"):
                message = f'"{word[:40]}" is neither yes nor no'
                if day != word or day[:1].isdecimal():
                    right = f"{training} given {day}, or {training} until {day}"
                    message = f'"{word[:40]}" is a day: write {right}, in a column trainings'
                self._faults.append(LineFault(line.number, column.name, message))
        return "; ".join(dict.fromkeys(said))


_REFS: Final = {"email": Phrase("their e-mail address"), "name": Phrase("their name")}
_LINES_LEFT_OUT: Final = Phrase("leave these lines out")


def _number_of(card: re.Match[str], spelling: str) -> str:
    """Return the number of a facility and a card in a spelling; the text where they are none."""
    facility, number = int(card[1]), int(card[2])
    if facility > _FACILITY_MAX or number > _CARD_MAX:
        return card[0]
    return format(facility << 16 | number, spelling)


def address_of(text: str) -> str:
    """Return the address in `Ann <ann@example.org>` and `mailto:ann@example.org`."""
    plain = (
        text.removeprefix("mailto:").partition("?")[0].strip()
        if text.startswith("mailto:")
        else text
    )
    if plain.endswith(">") and "<" in plain:
        return parseaddr(plain)[1] or plain
    return plain


def _kind(word: str) -> str:
    plain = vocabulary.plain(word)
    for kind in ("member", "visitor"):
        if plain in vocabulary.words(kind):
            return kind
    return word


def _state(word: str, column: str) -> str | None:
    plain = vocabulary.plain(word)
    if plain in vocabulary.states():
        return vocabulary.states()[plain]
    if plain in vocabulary.words("yes"):
        return "active"
    if plain in vocabulary.words("no"):
        return (
            "suspended" if vocabulary.plain_header(column) in vocabulary.words("off") else "unpaid"
        )
    return french.word(word) if french.word(word) in _STATES else None


def _known_parts(word: str, named: Mapping[str, str]) -> list[str] | None:
    """Return the ids of a word, or of each of its parts; None: one of them is not known."""
    if vocabulary.plain(word) in named:
        return [named[vocabulary.plain(word)]]
    parts = [named.get(vocabulary.plain(part)) for part in _PARTS.split(word) if part]
    found = [part for part in parts if part is not None]
    return found if parts and len(found) == len(parts) else None


def _split(cells: dict[str, str], plans: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield a line for each plan of a cell that has several."""
    first, *others = cells.get("plan", "").split("; ") if plans else [cells.get("plan", "")]
    yield cells | {"plan": first}
    kept = {*_REPEATED, *(column for column, base in GOES_WITH.items() if base == "plan")}
    for other in others:
        yield {column: cell if column in kept else "" for column, cell in cells.items()} | {
            "plan": other
        }
