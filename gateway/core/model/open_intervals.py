"""Frames of time, and when hours are open in them, as spans of UTC."""

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
"""Ascending, with something between one and the next."""


class Window(Struct, frozen=True):
    """The time that a list speaks of; it is void from `expires` on. Whole minutes of UTC."""

    begins: datetime
    expires: datetime


def frame_of(site: Site, device: Device, now: datetime) -> Window:
    """The frame in which a reader's list is worked out now: of its door's `rights_valid_s`.

    Where nobody is ever on the list, it is a day's: there is nothing to send again.
    """
    door = site.door_of(site.point_of(device))
    valid_s = door.rights_valid_s if door is not None and door.rights_valid_s > 0 else _NOBODY_S
    half = max(MINUTE, MINUTE * (valid_s // (2 * 60)))
    begins = _EPOCH + (now - _EPOCH) // half * half
    return Window(begins, begins + 2 * half)


def open_spans(site: Site, hours: str, frame: Window) -> Spans:
    """When `hours` are open in a frame, asked minute by minute of what the rules ask.

    So a list and the rules can't disagree about a holiday or the night on which clocks change.
    It takes some 20 ms a day; answers of neighbouring frames are joined with `joined`.
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
    """Spans in any order as one sequence, those that touch as one."""
    found: list[Span] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return tuple(found)
