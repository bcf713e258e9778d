"""iCalendar to occurrences: the traps that real calendars set, one by one."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.adapters.calendars.ical import expand
from gateway.adapters.calendars.occurrences import (
    GUESTS_MAX,
    OCCURRENCES_MAX,
    Expanded,
    FeedError,
    Guests,
    TimeWindow,
)

PARIS = "Europe/Paris"
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = TimeWindow(MONDAY, MONDAY + timedelta(days=7))


def calendar(*events: str, head: str = "") -> bytes:
    """A calendar of events, each given as its lines."""
    parts = [f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", head, *parts, "END:VCALENDAR", ""]
    return "\n".join(line for line in "\n".join(lines).split("\n") if line).encode() + b"\n"


def event(*lines: str, uid: str = "one", starts: str = ":20261123T100000Z") -> str:
    """An event's lines; without an end of its own it lasts an hour."""
    has_end = any(line.startswith(("DTEND", "DURATION")) for line in lines)
    return "\n".join(
        [f"UID:{uid}", f"DTSTART{starts}", *([] if has_end else ["DURATION:PT1H"]), *lines]
    )


def read(*events: str, window: TimeWindow = WEEK, zone: str = PARIS, head: str = "") -> Expanded:
    """What is known of a calendar of these events."""
    return expand(calendar(*events, head=head), zone, window, "feed")


def times(expanded: Expanded) -> list[tuple[str, str]]:
    """Starts and ends in UTC, by day and minute."""
    return [
        (each.starts.strftime("%d %H:%M"), each.ends.strftime("%d %H:%M"))
        for each in expanded.occurrences
    ]


def guests(*lines: str) -> Guests:
    """Who one event is for."""
    found = read(event(*lines))
    return found.guests[found.occurrences[0].guests]


# -- when


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([":20261123T100000Z"], [("23 10:00", "23 11:00")], id="utc"),
        pytest.param([":20261123T100000"], [("23 09:00", "23 10:00")], id="floating is the site's"),
        pytest.param(
            [";TZID=America/New_York:20261123T100000"], [("23 15:00", "23 16:00")], id="a zone"
        ),
        pytest.param(
            [";TZID=Romance Standard Time:20261123T100000"],
            [("23 09:00", "23 10:00")],
            id="a zone by its Windows name",
        ),
        pytest.param(
            [";VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126"],
            [("23 23:00", "25 23:00")],
            id="whole days begin at the site's midnight",
        ),
        pytest.param(
            [";VALUE=DATE:20261124", "DURATION:P1D"], [("23 23:00", "24 23:00")], id="one whole day"
        ),
        pytest.param(
            [":20261124T230000", "DTEND:20261125T010000"],
            [("24 22:00", "25 00:00")],
            id="past midnight",
        ),
    ],
)
def test_when_it_is(lines: list[str], expected: list[tuple[str, str]]) -> None:
    """Every way to write a time."""
    starts, *others = lines
    assert times(read(event(*others, starts=starts))) == expected


def test_a_whole_day_without_an_end_lasts_a_day() -> None:
    """RFC 5545, 3.6.1."""
    assert times(read("UID:x\nDTSTART;VALUE=DATE:20261124")) == [("23 23:00", "24 23:00")]


@pytest.mark.parametrize("lines", [["DTEND:20261123T100000Z"], ["DURATION:PT0S"]])
def test_a_moment_books_nothing(lines: list[str]) -> None:
    """And is no fault."""
    assert read(event(*lines)) == Expanded()
    assert read("UID:x\nDTSTART:20261123T100000Z") == Expanded()


def test_a_zone_of_the_calendars_own() -> None:
    """VTIMEZONE says what its name means, also when it comes last."""
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE"
    )
    meeting = event(starts=";TZID=Ours:20261123T100000")
    assert times(read(meeting, head=zone)) == [("23 07:00", "23 08:00")]
    last = calendar(meeting).replace(b"END:VCALENDAR", zone.encode() + b"\nEND:VCALENDAR")
    assert times(expand(last, PARIS, WEEK, "feed")) == [("23 07:00", "23 08:00")]


def test_google_s_zone_for_floating_times() -> None:
    """X-WR-TIMEZONE goes before the site's; one that nobody knows is no zone."""
    meeting = event(starts=":20261123T100000")
    head = "X-WR-TIMEZONE:America/New_York"
    assert times(read(meeting, head=head)) == [("23 15:00", "23 16:00")]
    assert times(read(meeting, head="X-WR-TIMEZONE:Nowhere")) == [("23 09:00", "23 10:00")]


def test_the_window_s_edges() -> None:
    """What touches it from outside is outside; what reaches into it is whole."""
    before = event("DTEND:20261123T000000Z", uid="before", starts=":20261122T230000Z")
    after = event(uid="after", starts=":20261130T000000Z")
    into = event("DTEND:20261123T000001Z", uid="into", starts=":20261101T000000Z")
    out = event(uid="out", starts=":20261129T235900Z")
    assert times(read(before, after, into, out)) == [
        ("01 00:00", "23 00:00"),
        ("29 23:59", "30 00:59"),
    ]


# -- again and again


def test_a_rule_with_exceptions() -> None:
    """EXDATE takes out, as a time or as a day; RDATE adds; COUNT ends."""
    rule = event(
        "RRULE:FREQ=DAILY;COUNT=5",
        "EXDATE:20261124T100000Z",
        "EXDATE;VALUE=DATE:20261125",
        "RDATE:20261128T120000Z",
    )
    assert [starts for starts, _ in times(read(rule))] == [
        "23 10:00",
        "26 10:00",
        "27 10:00",
        "28 12:00",
    ]


def test_a_rule_that_began_long_ago() -> None:
    """Every first Monday of the month since 1990; this one is a fourth, the next week's is not."""
    rule = event("RRULE:FREQ=MONTHLY;BYDAY=4MO", starts=";TZID=Europe/Paris:19900122T180000")
    assert times(read(rule)) == [("23 17:00", "23 18:00")]


@pytest.mark.parametrize("until", ["20261124T100000Z", "20261124T110000", "20261124"])
def test_until_in_every_spelling(until: str) -> None:
    """Also those that RFC 5545 does not allow beside a zone, which calendars write all the same."""
    rule = event(f"RRULE:FREQ=DAILY;UNTIL={until}", starts=";TZID=Europe/Paris:20261123T090000")
    assert [starts for starts, _ in times(read(rule))][:1] == ["23 08:00"]
    assert len(read(rule).occurrences) == (1 if until == "20261124" else 2)


def test_one_that_was_moved_and_one_that_was_cancelled() -> None:
    """RECURRENCE-ID: the moved one keeps its id, the cancelled one is gone, the others stay."""
    rule = event("RRULE:FREQ=DAILY;COUNT=3")
    moved = event("RECURRENCE-ID:20261124T100000Z", starts=":20261124T150000Z")
    off = event("RECURRENCE-ID:20261125T100000Z", "STATUS:CANCELLED", starts=":20261125T100000Z")
    found = read(rule, moved, off)
    assert [starts for starts, _ in times(found)] == ["23 10:00", "24 15:00"]
    assert [each.id for each in found.occurrences] == [
        each.id for each in read(rule).occurrences[:2]
    ]


def test_moved_from_far_away_into_the_window() -> None:
    """Its own day is months ago."""
    rule = event("RRULE:FREQ=YEARLY", starts=":20200101T100000Z")
    moved = event("RECURRENCE-ID:20260101T100000Z", starts=":20261124T150000Z")
    assert [starts for starts, _ in times(read(rule, moved))] == ["24 15:00"]


def test_this_and_all_that_follow() -> None:
    """RANGE=THISANDFUTURE moves the rest, and each has an id of its own."""
    rule = event("RRULE:FREQ=DAILY;COUNT=4")
    later = event("RECURRENCE-ID;RANGE=THISANDFUTURE:20261124T100000Z", starts=":20261124T120000Z")
    found = read(rule, later)
    assert [starts for starts, _ in times(found)] == [
        "23 10:00",
        "24 12:00",
        "25 12:00",
        "26 12:00",
    ]
    assert len({each.id for each in found.occurrences}) == 4


def test_a_series_that_is_called_off() -> None:
    """With everything of it; an older word about it does not count."""
    rule = event("RRULE:FREQ=DAILY;COUNT=3", "SEQUENCE:1")
    moved = event("RECURRENCE-ID:20261124T100000Z", starts=":20261124T150000Z")
    off = event("RRULE:FREQ=DAILY;COUNT=3", "SEQUENCE:2", "STATUS:CANCELLED")
    assert read(rule, moved, off) == Expanded()
    assert len(read(off.replace("SEQUENCE:2", "SEQUENCE:0"), rule).occurrences) == 3


def test_what_is_free_or_tentative_is_booked_all_the_same() -> None:
    """TRANSP speaks of somebody's calendar, not of the room."""
    assert len(read(event("TRANSP:TRANSPARENT", "STATUS:TENTATIVE")).occurrences) == 1


def test_the_night_of_the_summer_time() -> None:
    """22:00 to 06:00 on the clock: seven hours on the night of 2026-03-29, eight on the next."""
    rule = event(
        "RRULE:FREQ=DAILY",
        "DTEND;TZID=Europe/Paris:20260321T060000",
        starts=";TZID=Europe/Paris:20260320T220000",
    )
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert times(read(rule, window=TimeWindow(start, start + timedelta(days=2)))) == [
        ("28 21:00", "29 04:00"),
        ("29 20:00", "30 04:00"),
    ]


def test_the_night_of_the_winter_time() -> None:
    """22:00 to 06:00 on the clock: nine hours on the night of 2026-10-25, floating or not."""
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    night = TimeWindow(start, start + timedelta(days=1))
    for zone in (";TZID=Europe/Paris:", ":"):
        rule = event(
            "RRULE:FREQ=DAILY", f"DTEND{zone}20261021T060000", starts=f"{zone}20261020T220000"
        )
        assert times(read(rule, window=night)) == [("24 20:00", "25 05:00")]


def test_times_that_are_not_there_or_are_twice() -> None:
    """02:30 in spring is read with the offset before (RFC 5545, 3.3.5), in autumn the first one."""
    spring = event(starts=";TZID=Europe/Paris:20260329T023000")
    autumn = event(starts=";TZID=Europe/Paris:20261025T023000")
    year = TimeWindow(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    for night, begins in (
        (spring, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (autumn, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ):
        (only,) = read(night, window=year).occurrences
        assert only.starts == begins
        assert only.ends > begins


def test_whole_days_on_the_nights_of_the_change() -> None:
    """A day of 23 hours, and one of 25."""
    year = TimeWindow(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    for day, hours in (("20260329", 23), ("20261025", 25), ("20261124", 24)):
        found = read(event("DURATION:P1D", starts=f";VALUE=DATE:{day}"), window=year)
        (only,) = found.occurrences
        assert only.ends - only.starts == timedelta(hours=hours)


def test_leap_day() -> None:
    """Yearly on 29 February: not on 1 March of other years."""
    rule = event("RRULE:FREQ=YEARLY", starts=":20240229T100000Z")
    for year, found in ((2027, 0), (2028, 1)):
        start = datetime(year, 2, 25, tzinfo=UTC)
        assert (
            len(read(rule, window=TimeWindow(start, start + timedelta(days=7))).occurrences)
            == found
        )


# -- who


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["ORGANIZER:mailto:Ada@X.fr"], ("ada@x.fr",), id="the organiser"),
        pytest.param(["ATTENDEE;CN=Ada L:MAILTO:ada@x.fr"], ("ada@x.fr",), id="an attendee"),
        pytest.param(
            ["ORGANIZER:mailto:a@x.fr", "ATTENDEE:mailto:A@x.fr", "ATTENDEE:mailto:b@x.fr"],
            ("a@x.fr", "b@x.fr"),
            id="each once",
        ),
        pytest.param(
            [
                "ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.fr",
                "ATTENDEE;PARTSTAT=TENTATIVE:mailto:b@x.fr",
            ],
            ("b@x.fr",),
            id="who declined is out",
        ),
        pytest.param(
            ["ORGANIZER:mailto:a@x.fr", "ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.fr"],
            (),
            id="an organiser who declined, too",
        ),
        pytest.param(
            ['ATTENDEE;EMAIL="a@x.fr":urn:uuid:1', "ATTENDEE:invalid:nomail"],
            ("a@x.fr",),
            id="an address beside another name",
        ),
        pytest.param(["ATTENDEE:mailto:a%2Bb@x.fr?subject=hi"], ("a+b@x.fr",), id="as a URL"),
    ],
)
def test_whom_it_is_for(lines: list[str], expected: tuple[str, ...]) -> None:
    """Addresses in lowercase."""
    assert guests(*lines).addresses == expected


def test_groups() -> None:
    """CUTYPE=GROUP by the address's first part, and the category `group:<id>`."""
    assert guests(
        "ATTENDEE;CUTYPE=GROUP:mailto:Board@x.fr",
        "ATTENDEE;CUTYPE=GROUP;PARTSTAT=DECLINED:mailto:others@x.fr",
        "ATTENDEE;CUTYPE=ROOM:mailto:room@x.fr",
        "CATEGORIES:work,GROUP:sewing,group:no id",
        "CATEGORIES:group:board",
    ) == Guests(addresses=("room@x.fr",), groups=("board", "sewing"))  # type: ignore[arg-type] # ids


@pytest.mark.parametrize(
    ("lines", "public"),
    [
        (["CLASS:PUBLIC", "CATEGORIES:Open"], True),
        (["CLASS:PUBLIC", "CATEGORIES:music,open"], True),
        (["CATEGORIES:open"], False),
        (["CLASS:PUBLIC"], False),
        (["CLASS:PRIVATE", "CATEGORIES:open"], False),
        (["CLASS:PUBLIC", "CATEGORIES:open-air"], False),
    ],
)
def test_who_may_come_to_a_public_event(lines: list[str], *, public: bool) -> None:
    """Both words must be written: no default opens a door."""
    assert guests(*lines).public is public


def test_one_of_a_series_has_its_own_guests() -> None:
    """The exception's, not the rule's; equal companies are kept once."""
    rule = event("RRULE:FREQ=DAILY;COUNT=3", "ATTENDEE:mailto:a@x.fr")
    other = event(
        "RECURRENCE-ID:20261124T100000Z", "ATTENDEE:mailto:b@x.fr", starts=":20261124T100000Z"
    )
    found = read(rule, other)
    assert [found.guests[each.guests].addresses for each in found.occurrences] == [
        ("a@x.fr",),
        ("b@x.fr",),
        ("a@x.fr",),
    ]
    assert len(found.guests) == 2


# -- what is left out, and why


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("UID:x\nDTEND:20261123T100000Z", "events without a readable time"),
        (event(starts=":yesterday"), "events without a readable time"),
        (event(starts=":20261123T250000Z"), "events without a readable time"),
        (event("DTSTART:20261123T110000Z"), "events without a readable time"),
        (event("DTEND;VALUE=DATE:20261124"), "events without a readable time"),
        (event("DTEND:20261123T110000"), "events without a readable time"),
        (event("RRULE:FREQ=NEVER"), "events without a readable time"),
        (event("EXDATE:soon"), "events without a readable time"),
        (event(starts=";TZID=Nowhere/Land:20261123T100000"), "events in an unknown time zone"),
        (event("DTEND:20261123T090000Z"), "events that end before they start"),
        (event("DURATION:-PT1H"), "events that end before they start"),
        (event("RRULE:FREQ=SECONDLY"), "events that repeat too often"),
        (event("RRULE:FREQ=MINUTELY;COUNT=2"), "events that repeat too often"),
        (event("RRULE:FREQ=DAILY;INTERVAL=0"), "events that repeat too often"),
        (event("RRULE:FREQ=DAILY;BYHOUR=25"), "events whose recurrence cannot be followed"),
        (event("SEQUENCE:x") + "\n", None),
    ],
)
def test_a_slip_costs_only_its_event(bad: str, reason: str | None) -> None:
    """It is counted with its reason, and the good ones stay."""
    found = read(bad, event(uid="good", starts=":20261125T100000Z"))
    assert ("25 10:00", "25 11:00") in times(found)
    assert found.left_out == ({reason: 1} if reason else {})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no whole VCALENDAR"),
        (b"\xff\xfe\x00", "not iCalendar"),
        (b"<!DOCTYPE html><html>Sign in</html>", "not iCalendar"),
        (calendar(event())[:-20], "no whole VCALENDAR"),
        (b"/etc/passwd", "not iCalendar"),
        (b"BEGIN:VEVENT\nUID:x\nDTSTART:20261123T100000Z\nEND:VEVENT\n", "no whole VCALENDAR"),
    ],
)
def test_what_is_no_calendar_is_an_error(body: bytes, why: str) -> None:
    """Never a calendar without events: that would take all bookings away."""
    with pytest.raises(FeedError, match=why):
        expand(body, PARIS, WEEK, "feed")


def test_an_empty_calendar_is_one() -> None:
    """Nothing is booked."""
    assert read() == Expanded()


def test_several_calendars_in_one_feed() -> None:
    """All count, each with its own zone."""
    first, second = calendar(event()), calendar(event(uid="two"))
    assert len(expand(first + second, PARIS, WEEK, "feed").occurrences) == 2


def test_events_without_a_uid_are_each_their_own() -> None:
    """Though RFC 5545 wants one."""
    found = read(
        "DTSTART:20261123T100000Z\nDURATION:PT1H", "DTSTART:20261124T100000Z\nDURATION:PT1H"
    )
    assert len({each.id for each in found.occurrences}) == 2


def test_the_soonest_are_kept() -> None:
    """What goes beyond the bound is counted."""
    rules = [event("RRULE:FREQ=HOURLY", uid=str(n), starts=":20261101T000000Z") for n in range(7)]
    found = read(*rules)
    assert len(found.occurrences) == OCCURRENCES_MAX
    assert found.left_out == {f"occurrences beyond {OCCURRENCES_MAX}": 7 * 168 - OCCURRENCES_MAX}
    assert found.occurrences[-1].starts < MONDAY + timedelta(days=6)


def test_guests_are_bounded() -> None:
    """More people than that are a group."""
    many = [f"ATTENDEE:mailto:a{n}@x.fr" for n in range(GUESTS_MAX + 1)]
    found = read(event("RRULE:FREQ=DAILY", *many))
    assert len(found.guests[0].addresses) == GUESTS_MAX
    assert list(found.left_out) == [f"events' guests beyond {GUESTS_MAX}"]


def test_ids_say_nothing_and_stay() -> None:
    """The same at each reading, another for another feed, and no word of the event."""
    body = calendar(event("SUMMARY:Secret", "RRULE:FREQ=DAILY;COUNT=2", uid="ada@x.fr"))
    here, again = (expand(body, PARIS, WEEK, "here") for _ in range(2))
    there = expand(body, PARIS, WEEK, "there")
    assert here == again
    assert not {each.id for each in here.occurrences} & {each.id for each in there.occurrences}
    assert all("ada" not in each.id for each in here.occurrences)
    assert "Secret" not in repr(here)
