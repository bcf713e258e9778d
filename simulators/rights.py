"""The rights list of a simulated reader: its basis to decide alone while it gets no answer.

Pages and heads arrive in any order, some of a list that is replaced meanwhile. A list is in force
from the moment when the head and all pages of its version have arrived; until then the old one is.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from gateway.core.access.offline_rights import presented_hash
from gateway.wire.offline_rights import RightsMessage, RightsPage

KEY_DIGITS: Final = 16
"""Hex digits of a key on the wire."""
PAGES_MAX: Final = 64
"""Pages that wait for their head: more than the longest list has."""
_MINUTE = timedelta(minutes=1)

_read_head = msgspec.json.Decoder(RightsMessage).decode
_read_page = msgspec.json.Decoder(RightsPage).decode


class RightsBook:
    """A reader's list. `key` is the readers' key, which it got at installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._head: RightsMessage | None = None
        self._pages: dict[int, RightsPage] = {}
        self._in_force: RightsMessage | None = None
        self._keys: dict[str, tuple[tuple[int, int], ...]] = {}

    @property
    def version(self) -> str | None:
        """The version of the list in force."""
        return self._in_force.version if self._in_force else None

    @property
    def unlock_s(self) -> float | None:
        """The seconds for which to release the door."""
        return self._in_force.unlock_s if self._in_force else None

    def receive(self, payload: bytes, page: int | None) -> bool:
        """Take a head (no `page`) or a page; return whether another list is in force now.

        Raises:
            msgspec.DecodeError: it is neither.
        """
        if page is None:
            self._head = _read_head(payload) if payload else None
            if self._head is None:  # withdrawn: this reader no longer guards anything
                self._in_force, self._keys = None, {}
                return True
        elif not payload:
            self._pages.pop(page, None)
        elif page < PAGES_MAX:
            self._pages[page] = _read_page(payload)
        return self._take()

    def allows(self, canonical: str, now: datetime) -> bool:
        """Return whether a badge may pass, by the reader's own clock."""
        head = self._in_force
        if head is None:
            return False
        if head.who == "everybody":
            return True
        if head.who == "nobody" or not head.begins <= now < head.expires:
            return False
        minute = (now - head.begins) // _MINUTE
        times = self._keys.get(presented_hash(self._key, canonical)[:KEY_DIGITS], ())
        return any(since <= minute < until for since, until in times)

    def _take(self) -> bool:
        head = self._head
        if head is None or head.version == self.version:
            return False
        pages = [self._pages.get(n) for n in range(head.pages)]
        complete = [page for page in pages if page is not None and page.version == head.version]
        if len(complete) < head.pages:
            return False
        self._in_force = head
        self._keys = {
            key: group.open for page in complete for group in page.groups for key in group.keys
        }
        return True
