"""Whatever a feed holds, reading it ends in occurrences or in `FeedError`."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.adapters.calendars.ical import expand
from gateway.adapters.calendars.occurrences import OCCURRENCES_MAX, Expanded, FeedError, TimeWindow
from gateway.adapters.calendars.sandbox import Body, unpacked

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = TimeWindow(MONDAY, MONDAY + timedelta(days=7))
GOOD = "BEGIN:VEVENT\nUID:good\nDTSTART:20261124T100000Z\nDURATION:PT1H\nEND:VEVENT"


def words(text: str) -> st.SearchStrategy[str]:
    """One of these words; "_" is none."""
    return st.sampled_from(text.replace("_", "\0").split()).map(lambda word: word.strip("\0"))


NAMES = words(
    "UID DTSTART DTEND DURATION RRULE RDATE EXDATE RECURRENCE-ID SEQUENCE STATUS CLASS "
    "CATEGORIES ATTENDEE ORGANIZER SUMMARY BEGIN END TZID X-WR-TIMEZONE"
)
PARAMETERS = words(
    "_ ;TZID=Europe/Paris ;TZID=Nowhere ;VALUE=DATE ;RANGE=THISANDFUTURE ;VALUE=PERIOD "
    ';PARTSTAT=DECLINED ;CUTYPE=GROUP ;EMAIL="a@x.fr" ; ;X ;X=;Y=,'
)
RULES = st.builds(
    "RRULE:FREQ={};{}".format,
    words("YEARLY MONTHLY WEEKLY DAILY SECONDLY NO"),
    words(
        "_ COUNT=3 UNTIL=20261201 BYDAY=MO,-1SU BYMONTHDAY=31 COUNT=-1 INTERVAL=x INTERVAL=0 "
        "BYDAY=9XX UNTIL=20261201T000000Z;COUNT=2 BYSETPOS=-1;BYDAY=FR BYHOUR=25"
    ),
)
VALUES = st.one_of(
    words(
        "20261124T100000Z 20261124T100000 20261124 99991231T235959Z 19700101 "
        "PT1H -P1D P99999D VEVENT VALARM VTIMEZONE VCALENDAR mailto:a@x.fr CANCELLED PUBLIC "
        "open,group:x 20261124T100000Z/PT1H 20261124T100000Z,20261125 x 1 -1"
    ),
    st.text(max_size=20),
)
LINES = st.one_of(st.builds("{}{}:{}".format, NAMES, PARAMETERS, VALUES), RULES)
STARTS = st.sampled_from(
    [[], ["UID:x", "DTSTART:20261124T100000Z"], ["DTSTART;VALUE=DATE:20260101"]]
)
EVENTS = st.builds(
    lambda start, lines: "\n".join(["BEGIN:VEVENT", *start, *lines, "END:VEVENT"]),
    STARTS,
    st.lists(LINES, max_size=6),
)


def read(body: bytes) -> Expanded | None:
    """What is known of a feed; None: it is refused."""
    try:
        return expand(body, "Europe/Paris", WEEK, "feed")
    except FeedError:
        return None


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_garbage(body: bytes) -> None:
    """Bytes of any kind."""
    read(body)
    read(b"BEGIN:VCALENDAR\n" + body + b"\nEND:VCALENDAR\n")


# Rules that take for ever are in test_calendars_apart.py: only a process apart can end them.
@pytest.mark.filterwarnings("ignore:Using both:DeprecationWarning")  # dateutil, of COUNT and UNTIL
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(EVENTS, max_size=4))
def test_broken_events_beside_a_good_one(events: list[str]) -> None:
    """Occurrences are in the window, in order, few, and of positive length."""
    body = "\n".join(["BEGIN:VCALENDAR", *events, GOOD, "END:VCALENDAR", ""]).encode()
    found = read(body)
    if found is None:
        return
    assert len(found.occurrences) <= OCCURRENCES_MAX
    assert list(found.occurrences) == sorted(found.occurrences)
    for each in found.occurrences:
        assert each.starts < each.ends
        assert each.starts < WEEK.ends
        assert each.ends > WEEK.starts
        assert each.guests < len(found.guests)


@given(st.binary(max_size=300))
def test_what_is_no_gzip(content: bytes) -> None:
    """Is refused, and never another error."""
    try:
        unpacked(Body(content, gzipped=True))
    except FeedError:
        return
    assert content.startswith(b"\x1f\x8b")
