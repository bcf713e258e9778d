"""Frames of time, and the spans of UTC in which hours are open in them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from gateway.core.model.equipment import Device
from gateway.core.model.opening_hours import opening
from gateway.core.model.site import Site

MINUTE = timedelta(minutes=1)
"""The grain of opening hours, and of a frame."""
_NOBODY_S = 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]
"""From (inclusive) until (exclusive), aware UTC."""
Spans = tuple[Span, ...]
"""Ascending, with a gap between one and the next."""


class Window(Struct, frozen=True):
    """The time that a list covers; it is void from `expires` on. Whole minutes of UTC."""

    begins: datetime
    expires: datetime


def frame_of(site: Site, device: Device, now: datetime) -> Window:
    """Return the frame of a reader's list at `now`, by its door's `rights_valid_s`.

    If the list is always empty, the frame is a day: there is nothing to send again.
    """
    door = site.door_of(site.point_of(device))
    valid_s = door.rights_valid_s if door is not None and door.rights_valid_s > 0 else _NOBODY_S
    half = max(MINUTE, MINUTE * (valid_s // (2 * 60)))
    begins = _EPOCH + (now - _EPOCH) // half * half
    return Window(begins, begins + 2 * half)


def open_spans(site: Site, hours: str, frame: Window) -> Spans:
    """Return when `hours` are open in a frame, by the check that the rules use, minute by minute.

    So a list and the rules cannot disagree about a holiday or the night on which clocks change.
    It takes about 20 ms per day; results of neighbouring frames are joined with `joined`.
    """
    found: list[Span] = []
    since: datetime | None = None
    at = frame.begins
    while at < frame.expires:
        opens = opening(site, hours, at) == "open"
        if opens and since is None:
            since = at
        elif not opens and since is not None:
            found.append((since, at))
            since = None
        at += MINUTE
    if since is not None:
        found.append((since, frame.expires))
    return tuple(found)


def joined(spans: Iterable[Span]) -> Spans:
    """Return spans in any order as one sequence, with adjacent ones merged."""
    found: list[Span] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return tuple(found)
