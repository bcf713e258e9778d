"""A zone's local day in figures: its mean and extremes, and its use while the place was open.

The engine adds minute after minute and emits the day at its end, for InfluxDB; `seuil report` and
`seuil history` add the journal's minutes, a quarter of an hour at a time. Both use this module, so
that the numbers are the same.

The opening hours are checked once per quarter of an hour, at its start: the offset of every time
zone is a multiple of it.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from gateway.core.facts import OccupancyDay, OccupancyMinute
from gateway.core.model.names import ZoneId
from gateway.core.model.opening_hours import opening
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.state import DaySum
from gateway.core.step_context import StepContext

THRESHOLD: Final = 0.25
"""A zone is in use when it holds this share of its capacity; without one, when anyone is there."""
QUARTER: Final = timedelta(minutes=15)
_ANYBODY: Final = 1e-9
"""The least mean of people in a minute in which anyone was there."""
_DIGITS: Final = 4


class Piece(Struct, frozen=True, gc=False):
    """Some minutes of one quarter of an hour. `people` is the sum of their means."""

    people: float
    low: int
    high: int
    minutes: int
    used: int
    """Minutes in which the zone was in use."""


def added(so_far: DaySum, piece: Piece, *, is_open: bool) -> DaySum:
    """Return the day with one more piece."""
    return DaySum(
        day=so_far.day,
        people=so_far.people + piece.people,
        low=piece.low if so_far.low is None else min(so_far.low, piece.low),
        high=max(so_far.high, piece.high),
        minutes=so_far.minutes + piece.minutes,
        open_minutes=so_far.open_minutes + (piece.minutes if is_open else 0),
        used=so_far.used + (piece.used if is_open else 0),
    )


def figures(site: Site, zone: ZoneId, day: DaySum) -> OccupancyDay:
    """Return a day's figures, as published."""
    return OccupancyDay(
        zone=zone,
        day=day.day,
        at=began(site, day.day),
        mean=round(day.people / day.minutes, _DIGITS) if day.minutes else 0.0,
        min=day.low or 0,
        max=day.high,
        in_use=round(day.used / day.open_minutes, _DIGITS) if day.open_minutes else None,
        minutes=day.minutes,
    )


def whole(
    site: Site, zone: ZoneId, day: date, pieces: Iterable[tuple[Piece, bool]]
) -> OccupancyDay:
    """Return a day's figures from all of its pieces, each with whether it was open then."""
    so_far = DaySum(day)
    for piece, is_open in pieces:
        so_far = added(so_far, piece, is_open=is_open)
    return figures(site, zone, so_far)


def in_use_from(zone: Zone, threshold: float = THRESHOLD) -> float:
    """Return the mean people per minute from which the zone counts as in use."""
    return max(threshold * zone.capacity, _ANYBODY) if zone.capacity else _ANYBODY


def is_open(site: Site, hours: str, at: datetime) -> bool:
    """Return whether `hours` hold in the quarter of an hour around `at`."""
    return (
        opening(site, hours, at - (at - datetime.min.replace(tzinfo=at.tzinfo)) % QUARTER) == "open"
    )


def began(site: Site, day: date) -> datetime:
    """Return the local midnight at which a day begins, in UTC."""
    return datetime.combine(day, time(), site.clock).astimezone(UTC)


def minute_closed(context: StepContext, minute: OccupancyMinute) -> None:
    """Add a minute to a zone's day."""
    zone, day = minute.zone, context.site.day_of(minute.minute)
    so_far = context.days.get(zone)
    if so_far is None or so_far.day != day:
        so_far = DaySum(day)
    used = minute.mean >= in_use_from(context.site.zone[zone])
    piece = Piece(minute.mean, minute.min, minute.max, 1, int(used))
    opened = is_open(context.site, context.site.opening_hours, minute.minute)
    context.days = context.days.set(zone, added(so_far, piece, is_open=opened))


def tell_days(context: StepContext) -> None:
    """Emit the figures of the days that are over."""
    today = context.site.day_of(context.now)
    for zone, so_far in sorted(context.days.items()):
        if so_far.day < today:
            context.emit(figures(context.site, zone, so_far))
            context.days = context.days.delete(zone)
