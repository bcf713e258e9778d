"""A members' file in French: what its columns, words and days are called here.

The spreadsheets of French places are in French; their headers, "actif" and 22/11/2026 are read as
they are. What is written, and what a fault names, stays the English word: one name for one thing.
"""

import re
import unicodedata
from typing import Final

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
}
"""`ref`, `badges`, `pin`, `code`, `qr` and `roles` are the same in both."""
_WORDS: Final = {
    "membre": "member",
    "visiteur": "visitor",
    "actif": "active",
    "suspendu": "suspended",
    "impaye": "unpaid",
    "perdu": "lost",
    "vole": "stolen",
}
_DAY: Final = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})(?= |$)")


def column(name: str) -> str:
    """A column's name, from the French one or as it is; without capitals and accents."""
    plain = _plain(name)
    return COLUMNS.get(plain, plain)


def word(text: str) -> str:
    """A choice, from the French word or as it is; without capitals and accents."""
    plain = _plain(text)
    return _WORDS.get(plain, plain)


def day(text: str) -> str:
    """A date written 22/11/2026, as on all of the continent, as 2026-11-22; another as it is."""
    return _DAY.sub(r"\3-\2-\1", text, count=1)


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))
