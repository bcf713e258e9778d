"""Secrets: random and long, shown once, and stored as a hash; and checks of our own paths."""

import hashlib
import hmac
import re
import secrets
from typing import Final

TOKEN_PREFIX: Final = "seuil_"  # noqa: S105 - by which a leaked token is recognised
_BYTES: Final = 32
"""256 random bits: guessing is hopeless, so a plain hash of them is enough and fast."""
_KEY_BYTES: Final = 6
_OWN_PATH: Final = re.compile(r"/(?![/\\])[\w\-./~%+]*(?:\?[\w\-./~%+=&:,]*)?")
_LONGEST: Final = 200


def new_secret() -> str:
    """Return a new secret that cannot be guessed."""
    return secrets.token_urlsafe(_BYTES)


def new_key() -> str:
    """Return a short name for a session or token, which opens nothing."""
    return secrets.token_hex(_KEY_BYTES)


def hash_of(secret: str) -> str:
    """Return the hash of a secret, as it is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """Return a session's CSRF token, derived from the cookie's secret, so that none is stored."""
    return hmac.digest(secret.encode(), b"csrf", "sha256").hex()


def own_path(wished: str | None, otherwise: str = "/") -> str:
    """Return a path of ours to redirect to; for a foreign or odd address, `otherwise`."""
    if wished and len(wished) <= _LONGEST and _OWN_PATH.fullmatch(wished):
        return wished
    return otherwise
