"""What opens something is random and long, shown once, and kept as a hash; paths that are ours."""

import hashlib
import hmac
import re
import secrets
from typing import Final

TOKEN_PREFIX: Final = "seuil_"  # noqa: S105 - by which a leaked token is recognised
_BYTES: Final = 32
"""256 random bits: no guessing, so a plain hash of them is enough and fast."""
_KEY_BYTES: Final = 6
_OWN_PATH: Final = re.compile(r"/(?![/\\])[\w\-./~%+]*(?:\?[\w\-./~%+=&:,]*)?")
_LONGEST: Final = 200


def new_secret() -> str:
    """Something new that nobody guesses."""
    return secrets.token_urlsafe(_BYTES)


def new_key() -> str:
    """A short name for a session or token, that opens nothing."""
    return secrets.token_hex(_KEY_BYTES)


def hash_of(secret: str) -> str:
    """How a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """The CSRF token of a session: who cannot read the cookie cannot know it, nothing is kept."""
    return hmac.digest(secret.encode(), b"csrf", "sha256").hex()


def own_path(wished: str | None, otherwise: str = "/") -> str:
    """A path of ours to go on to; a stranger's address, or anything odd, is `otherwise`."""
    if wished and len(wished) <= _LONGEST and _OWN_PATH.fullmatch(wished):
        return wished
    return otherwise
