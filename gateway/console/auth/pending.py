"""The state kept between two requests of one sign-in: a passkey's challenge, OIDC's state.

In memory, bounded in number and time; each is taken out once. After a restart, users start the
sign-in again.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")

WAITS: Final = timedelta(minutes=5)
ROOM: Final = 1024
"""Sign-ins under way; the oldest is dropped. The limits by address prevent one from filling it."""


class PendingStore(Generic[T]):
    """Values kept for browsers until they come back for them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, who: str, what: T, now: datetime) -> None:
        """Store a value; it replaces the browser's previous one."""
        self._kept.pop(who, None)
        self._kept[who] = (now, what)
        while len(self._kept) > ROOM:
            self._kept.popitem(last=False)

    def take(self, who: str, now: datetime) -> T | None:
        """Return and remove the browser's value; None when there is none or it is too old."""
        since, what = self._kept.pop(who, (now, None))
        return what if now - since < WAITS else None
