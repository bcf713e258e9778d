"""The words of other people's lists, from `vocabulary.toml`: columns, states, months."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from gateway.members import french
from gateway.members.schema import COLUMNS

FILE: Final = Path(__file__).with_name("vocabulary.toml")
_ASIDE: Final = re.compile(r"[(\[][^)\]]*[)\]]")
"""A remark in a header: "Date de fin (JJ/MM/AAAA)"."""
_PART: Final = re.compile(r"[^\W\d_]+")
_CAMEL: Final = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")


def plain(text: str) -> str:
    """Return a text as it is compared: letters, digits and signs without accents and spaces."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(part for part in parts if part.isalnum())
    return letters or "".join(part for part in parts if not part.isspace())


def plain_header(text: str) -> str:
    """Return a column's name as it is compared, without the remarks in brackets."""
    return plain(_ASIDE.sub(" ", text)) or plain(text)


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


@cache
def columns() -> Mapping[str, tuple[str, int]]:
    """Return plain header -> its column, and its rank among the names of that column."""
    found: dict[str, tuple[str, int]] = {}
    for column, names in _file()["columns"].items():
        for rank, name in enumerate(names, start=1):
            found.setdefault(plain(name), (column, rank))
    own = {french.header(column): column for column in COLUMNS} | {name: name for name in COLUMNS}
    own |= {name: "last" for name in own if own[name] == "name" and name != "name"}
    return found | {plain(name): (column, 0) for name, column in own.items() if name != "genre"}


@cache
def unclear() -> Mapping[str, tuple[str, ...]]:
    """Return plain header -> the columns that it may mean; an empty one means none."""
    return {plain(name): tuple(maybe) for name, maybe in _file()["unclear"].items()}


def is_french(header: str) -> bool:
    """Return whether a column has a name that only French lists use."""
    return plain_header(header) in _file_french()


def names_an_end(header: str) -> bool:
    """Return whether a column's name speaks of an end: "Plan Valid Till"."""
    parts = _PART.findall(_CAMEL.sub(" ", _ASIDE.sub(" ", header)))
    return any(plain(part) in words("ending") for part in parts)


@cache
def _file_french() -> frozenset[str]:
    return frozenset(plain(name) for name in _file()["french"]["headers"])


@cache
def states() -> Mapping[str, str]:
    """Return plain word -> the status of a membership."""
    return {plain(w): state for state, words in _file()["status"].items() for w in words}


@cache
def words(kind: str) -> frozenset[str]:
    """Return the plain words of a kind: yes, no, endless, ending, off, member, visitor, total."""
    return frozenset(plain(word) for word in _file()["words"][kind])


@cache
def months() -> Mapping[str, int]:
    """Return plain name -> month."""
    return {plain(name): int(n) for n, names in _file()["months"].items() for name in names}
