"""Passwords: argon2id, twelve characters at least, and no rule of composition (NIST SP 800-63B).

A password is refused when little is left of it once the most obvious words are removed: the site's
name, the owner's own names, and the beginnings of common lists.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.phrase import Phrase

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 256
"""Characters; longer ones would only cost time."""
_LEFT_MIN: Final = 6
"""Characters that must be left, and differ enough, when the known words are removed."""
_DIFFERENT_MIN: Final = 5
_KNOWN_WORDS: Final = (
    "motdepasse", "password", "passwort", "administrateur", "administrator", "bienvenue",
    "welcome", "bonjour", "azertyuiop", "qwertyuiop", "azerty", "qwerty", "coworking", "fablab",
    "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234", "0123456789",
    "abcdefghijkl", "abcdef", "letmein", "iloveyou", "jetaime", "admin", "seuil", "soleil",
    "doudou", "chouchou", "sunshine", "football", "princess", "monkey", "dragon", "2024", "2025",
    "2026", "2027", "123", "abc",
)  # fmt: skip
_WORD_MIN: Final = 3

_hasher: Final = PasswordHasher()  # RFC 9106's second choice: 64 MiB, three passes


def hashed(password: str) -> str:
    """Return the hash of a password, as it is stored. Takes some 50 ms and 64 MiB."""
    return _hasher.hash(_composed(password))


def is_right(password: str, kept: str | None) -> bool:
    """Return whether this is the password. Takes equally long without an account or a password."""
    try:
        _hasher.verify(kept or _nobodys(), _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _nobodys() -> str:
    """Return the hash that is checked where there is no password."""
    return _hasher.hash("nobody's")


def is_outdated(kept: str) -> bool:
    """Return whether the hash should be renewed with today's parameters."""
    return _hasher.check_needs_rehash(kept)


def what_is_wrong(password: str, known: Iterable[str]) -> Phrase | None:
    """Return why a password is refused; `known` are the names of its owner and of the site."""
    if len(password) < LENGTH_MIN:
        return Phrase("Too short: at least %(length_min)s characters.", length_min=LENGTH_MIN)
    if len(password) > LENGTH_MAX:
        return Phrase("Too long: at most %(length_max)s characters.", length_max=LENGTH_MAX)
    left = _without(_plain(password), known)
    if len(left) < _LEFT_MIN or len(set(_plain(password))) < _DIFFERENT_MIN:
        return Phrase("Too easy to guess: add words unrelated to you or the site.")
    return None


def _without(password: str, known: Iterable[str]) -> str:
    words = {_plain(part) for name in known for part in (name, *re.split(r"[\W_]+", name))}
    for word in sorted({*words, *_KNOWN_WORDS}, key=len, reverse=True):
        if len(word) >= _WORD_MIN:
            password = password.replace(word, "")
    return password


def _plain(text: str) -> str:
    """Return lowercase letters and digits, without accents."""
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in apart if letter.isalnum())


def _composed(password: str) -> str:
    """Return one Unicode form, however the keyboard composes an accent."""
    return unicodedata.normalize("NFC", password)
