"""Expands iCalendar (RFC 5545) to occurrences: pure, to be called in a separate process.

A feed is untrusted input. icalendar and recurring-ical-events do not validate it and may raise any
exception, so every series (all events of one UID) is expanded alone: a fault in one is counted, and
the others are kept. A series without a bound of its own (a rule that repeats each second since
1970) is refused or is ended from outside, see `sandbox`.

Times: a date is the site's local day, a time without a zone (floating) is in the calendar's
X-WR-TIMEZONE or else the site's, a recurring time keeps its hour on the clock over a change to or
from summer time, and so does its end. A time in an unknown zone is rejected: a guess would open a
door at the wrong hour.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2s
from heapq import nsmallest
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import recurring_ical_events  # type: ignore[import-untyped] # it says no types
from icalendar import Calendar, Event, vInt

from gateway.adapters.calendars.attendees import GuestList, listed
from gateway.adapters.calendars.occurrences import (
    OCCURRENCES_MAX,
    Expanded,
    FeedError,
    Occurrence,
    TimeWindow,
)

_THEIRS: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""Exceptions of icalendar and recurring-ical-events over bad input, found by fuzzing."""
_TIMES: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
"""An event with an error in one of these is rejected: it would be at the wrong time."""
_TOO_OFTEN: Final = ("SECONDLY", "MINUTELY")
_MARGIN: Final = timedelta(days=1)
"""The query is wider than the window, whose edges are then exact in every zone."""

_Series = Sequence[Event]


def expand(
    body: bytes,
    timezone: str,
    window: TimeWindow,
    source: str,
    bounded: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Expanded:
    """Return the occurrences that overlap `window`, soonest first.

    `timezone` is the site's; `source` names the feed, so that ids of two feeds never collide. Each
    series is expanded inside `bounded()`, which may raise TimeoutError.

    Raises:
        FeedError: it is no iCalendar.
    """
    zone = ZoneInfo(timezone)
    left_out: Counter[str] = Counter()
    guests = GuestList(left_out)
    found: list[Occurrence] = []
    for alone, series in _every_series(_calendars(body), left_out):
        try:
            with bounded():
                found += [
                    Occurrence(each.starts, each.ends, _id(source, each), guests.place(each.event))
                    for each in _occurrences(alone, series, zone, window)
                ]
        except TimeoutError:
            left_out["events whose recurrence takes too long to follow"] += 1
        except _THEIRS:
            left_out["events whose recurrence cannot be followed"] += 1
    if len(found) > OCCURRENCES_MAX:
        left_out[f"occurrences beyond {OCCURRENCES_MAX}"] += len(found) - OCCURRENCES_MAX
    kept = tuple(nsmallest(OCCURRENCES_MAX, found))
    return Expanded(kept, tuple(guests.known), dict(left_out))


def _calendars(body: bytes) -> list[Calendar]:
    try:
        parts = Calendar.from_ical(body, multiple=True)  # bytes: a text may be taken for a path
    except _THEIRS:
        raise FeedError("is not iCalendar (a page to sign in, perhaps?)") from None
    calendars = [part for part in parts if part.name == "VCALENDAR"]
    if not calendars:  # what ends early has none, and must not look like a calendar without events
        raise FeedError("holds no whole VCALENDAR; was it cut off?")
    return calendars


def _every_series(
    calendars: Iterable[Calendar], left_out: Counter[str]
) -> Iterator[tuple[Calendar, _Series]]:
    """Yield the usable events, grouped by UID; an event without one is a series of its own."""
    for calendar in calendars:
        series: dict[str, list[Event]] = {}
        for place, event in enumerate(_events(calendar)):
            wrong = _what_is_wrong(event)
            if wrong is None:
                series.setdefault(str(event.get("UID") or f"event {place}"), []).append(event)
            else:
                left_out[f"events {wrong}"] += 1
        for uid, events in series.items():
            if not _is_called_off(events):
                yield _alone(calendar, uid, events), events


def _events(calendar: Calendar) -> list[Event]:
    return [part for part in calendar.subcomponents if isinstance(part, Event)]


def _alone(calendar: Calendar, uid: str, events: _Series) -> Calendar:
    """Return a calendar of one series, with the properties that determine its times."""
    alone = Calendar()
    named = str(calendar.get("X-WR-TIMEZONE", ""))
    if named in available_timezones():
        alone["X-WR-TIMEZONE"] = named
    for event in events:
        event["UID"] = uid
        event["SEQUENCE"] = vInt(_sequence(event))
        alone.add_component(event)
    return alone


def _what_is_wrong(event: Event) -> str | None:
    """Return the reason why an event is rejected; None: it is accepted."""
    if any(name in _TIMES for name, _ in event.errors):
        return "without a readable time"
    try:
        if any(_is_nowhere(event, name) for name in ("DTSTART", "DTEND", "RECURRENCE-ID")):
            return "in an unknown time zone"
        starts = _time(event, "DTSTART")
        ends = _time(event, "DTEND") if "DTEND" in event else starts
        lasts = _time(event, "DURATION") if "DURATION" in event else timedelta(0)
        if ends < starts or lasts < timedelta(0):
            return "that end before they start"
        if any(_is_too_often(rule) for rule in listed(event.get("RRULE"))):
            return "that repeat too often"
    except _THEIRS:  # absent, given twice, a day that ends at an hour, an hour without its zone
        return "without a readable time"
    return None


def _is_nowhere(event: Event, name: str) -> bool:
    """Return whether a time names a zone that was not found: icalendar then drops the zone."""
    value: Any = event.get(name)
    return (
        value is not None
        and "TZID" in value.params
        and isinstance(value.dt, datetime)
        and value.dt.tzinfo is None
    )


def _is_too_often(rule: Any) -> bool:  # noqa: ANN401 - icalendar's vRecur, or whatever was there
    """Return whether a rule repeats each second or minute, or at interval 0 (an endless loop)."""
    intervals = rule.get("INTERVAL", [1])
    return str(rule["FREQ"][0]).upper() in _TOO_OFTEN or min(intervals) < 1


def _is_called_off(events: _Series) -> bool:
    """Return whether the newest revision of the whole series cancels it."""
    whole = [event for event in events if "RECURRENCE-ID" not in event]
    return bool(whole) and _is_cancelled(max(whole, key=_sequence))


def _is_cancelled(event: Event) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _sequence(event: Event) -> int:
    number = event.get("SEQUENCE", 0)
    return number if isinstance(number, int) else 0


class _Found(NamedTuple):
    """An occurrence: its event, its time, and its identity within its series."""

    event: Event
    starts: datetime
    ends: datetime
    which: str


def _occurrences(
    alone: Calendar, series: _Series, zone: ZoneInfo, window: TimeWindow
) -> Iterator[_Found]:
    """Yield the occurrences of a series that are in the window."""
    repeats = len(series) > 1 or any(name in series[0] for name in ("RRULE", "RDATE"))
    span = (window.starts.astimezone(zone) - _MARGIN, window.ends.astimezone(zone) + _MARGIN)
    for event in recurring_ical_events.of(alone).between(*span):
        starts, ends = _span(_time(event, "DTSTART"), _time(event, "DTEND"), zone)
        inside = starts < ends and starts < window.ends and ends > window.starts
        if inside and not _is_cancelled(event):
            yield _Found(event, starts, ends, _which(event, starts, zone) if repeats else "")


def _span(starts: date, ends: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return start and end; one that starts in spring's skipped hour keeps its duration."""
    first, last = _moment(starts, zone), _moment(ends, zone)
    return first, last if last > first else first + max(ends - starts, timedelta(0))


def _which(event: Event, starts: datetime, zone: ZoneInfo) -> str:
    """Return an occurrence's identity in its series: its original time, even if it was moved."""
    planned: Any = event["RECURRENCE-ID"]
    if "RANGE" in planned.params:  # stands in all that follow
        return starts.isoformat()
    return _moment(planned.dt, zone).isoformat()


def _id(source: str, found: _Found) -> str:
    name = f"{found.event['UID']}\0{found.which}".encode("utf-8", "replace")
    return f"{source}-{blake2s(name, digest_size=10).hexdigest()}"


def _moment(value: date, zone: ZoneInfo) -> datetime:
    """Return a time in UTC; a day begins at the site's midnight, a floating time is the site's."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _time(event: Event, name: str) -> Any:  # noqa: ANN401 - a date, a time or a duration
    value: Any = event[name]
    return value.dt
