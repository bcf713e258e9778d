"""What waits in memory between two requests of one sign-in: a passkey's challenge, OIDC's state.

Bounded in number and time; each is taken out once. After a restart people begin again.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")

WAITS: Final = timedelta(minutes=5)
ROOM: Final = 1024
"""Sign-ins under way; the oldest makes room. The limits by address keep one from filling it."""


class PendingStore(Generic[T]):
    """Things that wait, by the browser that will come back for them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, who: str, what: T, now: datetime) -> None:
        """Keep something; it replaces what the same browser left before."""
        self._kept.pop(who, None)
        self._kept[who] = (now, what)
        while len(self._kept) > ROOM:
            self._kept.popitem(last=False)

    def take(self, who: str, now: datetime) -> T | None:
        """What waits for this browser, once; None when there is nothing or it is too old."""
        since, what = self._kept.pop(who, (now, None))
        return what if now - since < WAITS else None
