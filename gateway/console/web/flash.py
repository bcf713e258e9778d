"""What somebody is told on the page after a change: kept here, named by a code in the address.

After a POST comes a redirect, so that reloading a page changes nothing again; the answer has to
wait for the page that follows. Nothing of the address is shown: a code that this session was not
given says nothing.
"""

import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from gateway.core.model.names import Text

KEPT: Final = timedelta(minutes=2)
"""So long it is shown again when the page is reloaded."""
KEPT_MAX: Final = 500
"""Answers kept; the oldest go first. Every seat of a network has one in these two minutes."""

Tone = Literal["calm", "warm", "alert"]


class Flash(Struct, frozen=True):
    """One answer; `tone` says how grave it is."""

    tone: Tone
    text: Text


class FlashStore:
    """Answers that wait for their page."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, Flash]] = OrderedDict()

    def keep(self, seat: str, told: Flash, now: datetime) -> str:
        """Keep an answer for a session (`Seat.key`); its code."""
        code = secrets.token_urlsafe(9)
        self._kept[seat, code] = (now, told)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return code

    def find(self, seat: str, code: str, now: datetime) -> Flash | None:
        """What a code of this session's stands for."""
        at, told = self._kept.get((seat, code), (None, None))
        return told if at is not None and now - at <= KEPT else None
