"""Bookings as their calendars have them: told when they changed, kept when nothing is known."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway.adapters.calendars.occurrences import OCCURRENCES_MAX, Expanded
from gateway.adapters.calendars.sandbox import ExpandRequest, expand_apart
from gateway.clock import ManualClock
from gateway.config.calendars import CalendarFeed
from gateway.core.events import BookingsChanged
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId, Text
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.service import bookings_sync
from gateway.service.bookings_sync import Calendars
from tests.fakes.calendar_server import FeedServer
from tests.servers import stops, until

HUB, MEETING, LAB = SiteId("hub"), Target("zone:meeting"), Target("zone:lab")
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
ADA, BOB = HolderId("h-ada"), HolderId("h-bob")
HOLDERS = {"ada@x.fr": ADA, "bob@x.fr": BOB}


def calendar(*events: str) -> bytes:
    """A calendar of events."""
    parts = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\n{parts}END:VCALENDAR\n".encode()


def event(uid: str, *guests: str, day: int = 24, more: str = "") -> str:
    """One hour of a day of November."""
    attend = "".join(f"\nATTENDEE:mailto:{guest}" for guest in guests)
    times = f"DTSTART:202611{day}T100000Z\nDTEND:202611{day}T110000Z"
    return f"UID:{uid}\nSUMMARY:5ecret\n{times}{attend}{more}"


def feed(
    file: Path | None = None,
    url: str | None = None,
    target: Target = MEETING,
    refresh_s: float = 0.05,
) -> CalendarFeed:
    """A feed of the hub, read again and again."""
    return CalendarFeed(HUB, target, file, url, refresh_s)


class Engine:
    """A service in small: what it is told is in force at once."""

    def __init__(self) -> None:
        self.sites = {HUB: Site(HUB, Text("", ""), "Europe/Paris")}
        self.states = {HUB: State()}
        self.told: list[BookingsChanged] = []

    async def tell(self, site: SiteId, event: BookingsChanged) -> None:
        """Take bookings into force."""
        await asyncio.sleep(0)
        state = self.states[site]
        bookings = state.bookings.set(event.target, event.bookings)
        self.states[site] = structs.replace(state, bookings=bookings)
        self.told.append(event)

    def booked(self, target: Target = MEETING) -> tuple[Booking, ...]:
        """The bookings in force."""
        return self.states[HUB].bookings.get(target, ())


@asynccontextmanager
async def following(
    engine: Engine,
    *feeds: CalendarFeed,
    holders: Mapping[str, HolderId] | None = HOLDERS,
    clock: ManualClock | None = None,
) -> AsyncIterator[Calendars]:
    """Follow feeds until the block ends; it stops when it is cancelled."""
    followed = Calendars(engine, clock or ManualClock(MONDAY))
    followed.use(feeds)
    if holders is not None:
        followed.know(holders)
    task = asyncio.create_task(followed.run())
    try:
        yield followed
        assert not task.done(), task.result()
    finally:
        await stops(task)


def put(file: Path, *events: str) -> None:
    """Write a calendar."""
    file.write_bytes(calendar(*events))


def holders_of(bookings: Iterable[Booking]) -> list[tuple[HolderId, ...]]:
    """Who booked."""
    return [booking.holders for booking in bookings]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A calendar of one event of Ada's."""
    made = tmp_path / "meeting.ics"
    made.write_bytes(calendar(event("one", "Ada@x.fr", "nobody@x.fr")))
    return made


async def test_what_a_calendar_says_is_in_force(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With pseudonyms, in UTC; told once, though it is read often; no word of it leaks."""
    caplog.set_level(logging.DEBUG)
    engine = Engine()
    async with following(engine, feed(file)):
        await until(engine.booked, "it is in force")
        put(file, event("one", "Ada@x.fr"))
        await asyncio.sleep(0.3)
    (booking,) = engine.booked()
    assert (booking.starts, booking.ends) == (
        MONDAY + timedelta(days=1),
        MONDAY.replace(day=24, hour=11),
    )
    assert (booking.holders, booking.groups, booking.public) == ((ADA,), (), False)
    assert len(engine.told) == 1
    leaks = (repr(engine.told) + caplog.text).lower()
    assert not [word for word in ("5ecret", "ada@", "nobody@") if word in leaks]


async def test_a_change_is_in_force(file: Path) -> None:
    """Added, moved and taken away."""
    engine = Engine()
    async with following(engine, feed(file)):
        await until(engine.booked, "it is in force")
        put(file, event("one", "bob@x.fr", day=25), event("two"))
        await until(lambda: len(engine.booked()) == 2, "the change is in force")
        assert holders_of(engine.booked()) == [(), (BOB,)]
        put(file)
        await until(lambda: not engine.booked(), "all is taken away")


async def test_several_calendars_of_one_target(file: Path, tmp_path: Path) -> None:
    """Are one; by start."""
    other = tmp_path / "other.ics"
    other.write_bytes(calendar(event("one", "bob@x.fr", day=23), event("late", day=30)))
    engine = Engine()
    async with following(engine, feed(file), feed(other)):
        await until(lambda: len(engine.booked()) == 3, "both are in force")
    assert holders_of(engine.booked()) == [(BOB,), (ADA,), ()]


async def test_members_who_come_and_go(file: Path) -> None:
    """An address is looked up again when the members change, without reading the calendar again."""
    engine = Engine()
    async with following(engine, feed(file, refresh_s=100), holders={}) as followed:
        await until(engine.booked, "it is in force")
        assert holders_of(engine.booked()) == [()]
        followed.know(HOLDERS)
        await until(lambda: holders_of(engine.booked()) == [(ADA,)], "Ada is known")
        followed.know({"nobody@x.fr": BOB})
        await until(lambda: holders_of(engine.booked()) == [(BOB,)], "Ada is not")


async def test_nothing_is_told_before_the_members_are_known(file: Path) -> None:
    """Or the bookings would lose their holders at each start."""
    engine = Engine()
    async with following(engine, feed(file), holders=None) as followed:
        assert followed.wants_holders
        await asyncio.sleep(0.5)
        assert engine.told == []
        followed.know(HOLDERS)
        await until(lambda: holders_of(engine.booked()) == [(ADA,)], "then it is")
        assert not followed.wants_holders


@pytest.mark.parametrize("trouble", ["error", "hang", "not-a-calendar", "cut"])
async def test_trouble_keeps_what_is_known(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """It is told once, and once more when it is over, with a count; the address is not."""
    caplog.set_level(logging.INFO)
    if trouble == "hang":
        monkeypatch.setattr("gateway.adapters.calendars.feed.HTTP_S", 0.5)
    engine = Engine()
    good = calendar(event("one", "ada@x.fr"))
    with FeedServer(good) as server:
        async with following(engine, feed(url=server.url)):
            await until(engine.booked, "it is in force")
            before = len(server.asked)
            if trouble == "not-a-calendar":
                server.content = b"<html>sign in</html>"
            else:
                server.mode = trouble
            await until(lambda: len(server.asked) >= before + 4, "it was asked again and again")
            server.mode, server.content = "feed", good + b"\n"
            await until(lambda: "is read again after" in caplog.text, "it is well again")
    assert len(engine.told) == 1
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 1, warnings
    assert "calendar of zone:meeting (hub, http://127.0.0.1)" in warnings[0]
    assert "5ecret" not in caplog.text


async def test_a_restart_keeps_what_is_not_read_yet(file: Path, tmp_path: Path) -> None:
    """One feed's silence does not hold back another's, nor lose its own bookings."""
    other, engine = tmp_path / "other.ics", Engine()
    other.write_bytes(calendar(event("two", "bob@x.fr", day=25)))
    async with following(engine, feed(file), feed(other)):
        await until(lambda: len(engine.booked()) == 2, "both are in force")
    other.unlink()
    put(file, event("three", "ada@x.fr", day=26))
    async with following(engine, feed(file), feed(other)):
        await until(lambda: engine.booked()[-1].starts.day == 26, "the one that can be read is new")
    assert holders_of(engine.booked()) == [(BOB,), (ADA,)]


async def test_feeds_that_come_and_go(file: Path, tmp_path: Path) -> None:
    """A target whose last feed went is free."""
    other, engine = tmp_path / "other.ics", Engine()
    other.write_bytes(calendar(event("two")))
    async with following(engine, feed(file, refresh_s=100)) as followed:
        await until(engine.booked, "it is in force")
        followed.use([feed(other, target=LAB)])
        await until(lambda: not engine.booked() and engine.booked(LAB), "the other one is")
        followed.use([])
        await until(lambda: not engine.booked(LAB), "and none is left")
    assert len(engine.told) == 4


async def test_a_feed_that_goes_and_comes_again_at_once(file: Path) -> None:
    """Is read anew, with the members that are told after it came."""
    engine = Engine()
    async with following(engine, feed(file, refresh_s=100)) as followed:
        await until(engine.booked, "it is in force")
        followed.use([])
        followed.use([feed(file, refresh_s=100)])
        assert followed.wants_holders
        put(file, event("one", "bob@x.fr"))
        followed.know(HOLDERS)
        await until(lambda: holders_of(engine.booked()) == [(BOB,)], "it is read")


async def test_bookings_of_a_feed_that_went_while_we_were_away(file: Path) -> None:
    """Are taken out at the next start, members known or not."""
    engine = Engine()
    async with following(engine, feed(file)):
        await until(engine.booked, "it is in force")
    async with following(engine, holders=None):
        await until(lambda: not engine.booked(), "it is out")


async def test_days_go_by(file: Path) -> None:
    """The calendar is unchanged, and what it says of the days to come is not."""
    weekly = event("one", "ada@x.fr", more="\nRRULE:FREQ=WEEKLY")
    put(file, weekly)
    engine, clock = Engine(), ManualClock(MONDAY)
    async with following(engine, feed(file), clock=clock):
        await until(engine.booked, "it is in force")
        assert [booking.starts.day for booking in engine.booked()] == [24, 1, 8]
        clock.advance(13 * 3600)
        await asyncio.sleep(0.3)
        assert len(engine.told) == 1
        clock.advance(7 * 86_400)
        await until(lambda: len(engine.told) == 2, "the days to come are in force")
    assert [booking.starts.day for booking in engine.booked()] == [1, 8, 15]


async def test_targets_are_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two calendars that are full: the soonest of both, and a word in the log."""
    for name in ("a", "b"):
        rules = (event(f"{n}", day=10, more="\nRRULE:FREQ=HOURLY") for n in range(3))
        (tmp_path / f"{name}.ics").write_bytes(calendar(*rules))
    engine = Engine()
    async with following(
        engine, *(feed(tmp_path / f"{name}.ics", refresh_s=100) for name in ("a", "b"))
    ):
        await until(lambda: "the latest" in caplog.text, "it is told")
    assert len(engine.booked()) == OCCURRENCES_MAX
    assert "left out: 224 occurrences beyond 1000" in caplog.text
    assert "the latest 1000 are left out" in caplog.text


async def test_one_calendar_is_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred calendars that come at once leave the machine to the doors."""
    running, most = 0, 0

    async def counted(order: ExpandRequest) -> Expanded:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await expand_apart(order)
        finally:
            running -= 1

    monkeypatch.setattr(bookings_sync, "expand_apart", counted)
    feeds = []
    for n in range(4):
        (tmp_path / f"{n}.ics").write_bytes(calendar(event(str(n))))
        feeds.append(feed(tmp_path / f"{n}.ics", refresh_s=100))
    engine = Engine()
    async with following(engine, *feeds):
        await until(lambda: len(engine.booked()) == 4, "all are in force")
    assert most == 1
