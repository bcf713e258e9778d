"""The result of a change, shown on the next page: kept here, named by a code in the address.

A POST is followed by a redirect, so that reloading a page changes nothing again; the result has to
wait for the page that follows. No text of the address is shown: a code that this session was not
given shows nothing.
"""

import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from gateway.core.model.names import Text

KEPT: Final = timedelta(minutes=2)
"""Time in which it is shown again when the page is reloaded."""
KEPT_MAX: Final = 500
"""Results kept; the oldest go first. Every seat of a network has one in these two minutes."""

Tone = Literal["calm", "warm", "alert"]


class Flash(Struct, frozen=True):
    """One result; `tone` is its severity."""

    tone: Tone
    text: Text | str


class FlashStore:
    """Results that wait for their page."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, Flash]] = OrderedDict()

    def keep(self, seat: str, told: Flash, now: datetime) -> str:
        """Store a result for a session (`Principal.key`), and return its code."""
        code = secrets.token_urlsafe(9)
        self._kept[seat, code] = (now, told)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return code

    def find(self, seat: str, code: str, now: datetime) -> Flash | None:
        """Return the result of a code of this session."""
        at, told = self._kept.get((seat, code), (None, None))
        return told if at is not None and now - at <= KEPT else None
