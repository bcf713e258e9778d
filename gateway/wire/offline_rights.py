"""Rights lists: credentials that may pass while a reader is offline, and the list's state."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class RightsMessage(Struct, frozen=True):
    """The head of a rights list; it is in force once all of its `pages` have arrived.

    `who`: on an exit `everybody` may pass, forever. `listed`: those whose key is on the pages.
    `nobody`: the reader decides nothing alone. From `expires` on nobody may pass. `unlock_s`: the
    time for which the reader releases its door.
    """

    version: str
    who: Literal["everybody", "listed", "nobody"]
    begins: datetime
    expires: datetime
    pages: int
    keys: int
    unlock_s: float | None


class RightsGroup(Struct, frozen=True):
    """Keys that may enter at the same times: `[from, until)` in minutes since the head's `begins`.

    A key is the first 16 hex digits of HMAC-SHA256 of the canonical badge number under the readers'
    key.
    """

    open: tuple[tuple[int, int], ...]
    keys: tuple[str, ...]


class RightsPage(Struct, frozen=True):
    """A page of a rights list, of the head with the same version."""

    version: str
    page: int
    groups: tuple[RightsGroup, ...]


class RightsState(Struct, frozen=True):
    """The state of a reader's rights list.

    `confirmed`: the reader has confirmed that this list is in force. `waiting`: it has not. `keys`
    counts those on the list, `missing` those that should be on it but cannot, `left_out` the
    credentials without rights, by reason; `why` is the reason for an empty list.
    """

    at: datetime
    state: Literal["confirmed", "waiting"]
    who: Literal["everybody", "listed", "nobody"]
    why: str | None
    version: str
    expires: datetime
    keys: int
    missing: int
    left_out: dict[str, int]
