"""What is known of a feed: its occurrences, and by which addresses their guests are known."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from gateway.core.model.names import GroupId

OCCURRENCES_MAX: Final = 1000
"""Occurrences kept of a feed, and of a target: some 60 a day for the 17 days that we look at."""
GUESTS_MAX: Final = 200
"""Addresses kept of an event, and groups: more people than that are a group."""


class FeedError(Exception):
    """A feed could not be had or read: the message says why, without address or content."""


class TimeWindow(Struct, frozen=True):
    """From `starts` until `ends` (exclusive), aware UTC."""

    starts: datetime
    ends: datetime


class Guests(Struct, frozen=True):
    """Who an event is for. `addresses` are lowercase e-mail addresses: they stay in memory."""

    addresses: tuple[str, ...] = ()
    groups: tuple[GroupId, ...] = ()
    public: bool = False


class Occurrence(Struct, frozen=True, order=True):
    """One occurrence in UTC; `guests` is a place in `Expanded.guests`."""

    starts: datetime
    ends: datetime
    id: str
    guests: int


class Expanded(Struct, frozen=True):
    """A feed's occurrences in a window, soonest first.

    `left_out` counts, by reason, what was not taken.
    """

    occurrences: tuple[Occurrence, ...] = ()
    guests: tuple[Guests, ...] = ()
    left_out: dict[str, int] = {}
