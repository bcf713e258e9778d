"""Badge numbers known from esp-rfid readers.

Only readers have them in clear. An entry can be added once its number is known: from a list, or
because the badge was held to an esp-rfid reader of this format. Numbers are kept in memory while
their badge is valid, at most `NUMBERS_MAX`, and never logged.
"""

from collections.abc import Callable
from typing import Final

from gateway.core.model.directory import CredentialHash
from gateway.core.readings import WireError
from sensors import badges, esp_rfid_users

NUMBERS_MAX: Final = 10_000
"""Badge numbers in memory: twice the members of a site."""


class Numbers:
    """Badge numbers as esp-rfid readers spell them, by format and hash; in memory only."""

    def __init__(self, hashed: Callable[[str], CredentialHash]) -> None:
        self._hashed = hashed
        self._known: dict[tuple[str, CredentialHash], str] = {}
        self.version = 0
        """Incremented with each new number."""

    def __len__(self) -> int:
        return len(self._known)

    def hear(self, uid: str, format: str, *, keep: bool = True) -> CredentialHash | None:  # noqa: A002 - the space file's word
        """Return a number's hash, and store it if `keep`; None: it is invalid in this format."""
        try:
            hashed = self._hashed(badges.normalise(uid, format))
        except WireError:
            return None
        if keep and len(uid) <= esp_rfid_users.UID_MAX:
            self.version += self._known.pop((format, hashed), None) != uid
            if len(self._known) >= NUMBERS_MAX:
                del self._known[next(iter(self._known))]
            self._known[format, hashed] = uid
        return hashed

    def of(self, hashed: CredentialHash, format: str) -> str | None:  # noqa: A002 - likewise
        """Return the number with this hash as readers of this format spell it, if known."""
        return self._known.get((format, hashed))

    def forget(self, is_good: Callable[[CredentialHash], bool]) -> None:
        """Delete the numbers of badges that are no longer valid."""
        self._known = {key: uid for key, uid in self._known.items() if is_good(key[1])}
