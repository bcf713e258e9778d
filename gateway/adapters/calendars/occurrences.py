"""The content of a feed: its occurrences, and the addresses of their guests."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from gateway.core.model.names import GroupId

OCCURRENCES_MAX: Final = 1000
"""Occurrences kept per feed and per target: some 60 per day over the 17 days of the window."""
GUESTS_MAX: Final = 200
"""Addresses and groups kept per event: more people than that should be a group."""


class FeedError(Exception):
    """A feed could not be fetched or read: the message says why, without address or content."""


class TimeWindow(Struct, frozen=True):
    """From `starts` until `ends` (exclusive), aware UTC."""

    starts: datetime
    ends: datetime


class Guests(Struct, frozen=True):
    """The guests of an event. `addresses` are lowercase e-mail addresses, kept in memory only."""

    addresses: tuple[str, ...] = ()
    groups: tuple[GroupId, ...] = ()
    public: bool = False


class Occurrence(Struct, frozen=True, order=True):
    """One occurrence in UTC; `guests` is an index into `Expanded.guests`."""

    starts: datetime
    ends: datetime
    id: str
    guests: int


class Expanded(Struct, frozen=True):
    """A feed's occurrences in a window, soonest first.

    `left_out` counts the rejected events by reason.
    """

    occurrences: tuple[Occurrence, ...] = ()
    guests: tuple[Guests, ...] = ()
    left_out: dict[str, int] = {}
