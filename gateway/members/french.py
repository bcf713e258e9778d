"""A members' file in French: its columns, words and days.

The spreadsheets of French places are in French; their headers, "actif" and 22/11/2026 are accepted,
and an export may be in French too. The store and the messages use the English words: one name for
one thing. Lists in a cell (trainings, roles) have their English words.
"""

import re
import unicodedata
from typing import Final, Literal

Language = Literal["fr", "en"]
COLUMNS: Final = {
    "nom": "name",
    "formule": "plan",
    "courriel": "email",
    "genre": "kind",
    "lieux": "sites",
    "du": "from",
    "au": "until",
    "statut": "status",
    "format_badge": "badge_format",
    "statut_badge": "badge_status",
    "pin_contrainte": "duress_pin",
    "code_contrainte": "duress_code",
    "qr_du": "qr_from",
    "qr_au": "qr_until",
    "formations": "trainings",
    "groupes": "groups",
    "nombre_badges": "badges_count",
    "details_badges": "badges_told",
}
"""`ref`, `badges`, `pin`, `code`, `qr` and `roles` are the same in both languages."""
_HEADERS: Final = {english: french for french, english in COLUMNS.items()}
_SAID: Final = {
    "member": "membre",
    "visitor": "visiteur",
    "active": "actif",
    "suspended": "suspendu",
    "unpaid": "impayé",
    "lost": "perdu",
    "stolen": "volé",
}
_DAY: Final = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})(?= |$)")


def column(name: str) -> str:
    """Return a column's name, from its French name or as it is; without capitals and accents."""
    plain = _plain(name)
    return COLUMNS.get(plain, plain)


def header(column: str) -> str:
    """Return the French name of a column."""
    return _HEADERS.get(column, column)


def word(text: str) -> str:
    """Return a choice, from its French word or as it is; without capitals and accents."""
    plain = _plain(text)
    return _WORDS.get(plain, plain)


def said(word: str) -> str:
    """Return the French word of a choice."""
    return _SAID.get(word, word)


def day(text: str) -> str:
    """Return a date written 22/11/2026 as 2026-11-22; return another text unchanged."""
    return _DAY.sub(r"\3-\2-\1", text, count=1)


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


_WORDS: Final = {_plain(french): english for english, french in _SAID.items()}
