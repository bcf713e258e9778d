"""Calendars beside a running gateway: bookings in force, and no decision delayed by any of them."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import SystemClock
from gateway.core.events import BookingsChanged
from gateway.core.model.bookings import Booking
from gateway.core.model.names import SiteId
from gateway.service.recovery import recover
from tests.fakes.calendar_server import FeedServer
from tests.servers import until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA
from tests.world.wire import Wire, online

PROGRAM = """
import json, os
from gateway.service import space_watcher
from gateway.config.calendars import CalendarFeed
feeds = tuple(CalendarFeed("hub", t, None, u, s) for t, u, s in json.loads({feeds!r}))
space_watcher.load_calendars = lambda path: feeds
from gateway.cli import main
main()
"""
"""`seuil run` with feeds that are read more often than a space file may say."""


def calendar(events: int, more: str = "") -> bytes:
    """So many meetings of an hour, tomorrow."""
    day = SystemClock().now() + timedelta(days=1)
    times = f"DTSTART:{day:%Y%m%d}T100000Z\nDTEND:{day:%Y%m%d}T110000Z"
    rest = f"SUMMARY:5ecret\nORGANIZER:mailto:5ecret@x.fr\n{times}{more}"
    parts = "".join(f"BEGIN:VEVENT\nUID:{n}\n{rest}\nEND:VEVENT\n" for n in range(events))
    return f"BEGIN:VCALENDAR\n{parts}END:VCALENDAR\n".encode()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    """A server of one meeting."""
    with FeedServer(calendar(1)) as started:
        yield started


def follows(gateway: GatewayProcess, *feeds: tuple[str, str, float]) -> None:
    """Have it follow feeds: target, address, interval in s."""
    gateway.program = PROGRAM.format(feeds=json.dumps(feeds))


def booked(gateway: GatewayProcess, target: str = "zone:hall") -> tuple[Booking, ...]:
    """The bookings that were journaled last."""
    events = gateway.ask(lambda file: [stored.event for stored in file.events_after(0)])
    changes = [e for e in events if isinstance(e, BookingsChanged) and e.target == target]
    return changes[-1].bookings if changes else ()


async def test_bookings_are_in_force_and_survive(
    stopped_gateway: GatewayProcess, wire: Wire, server: FeedServer
) -> None:
    """Over a restart without their server, too; nothing of the event is written anywhere."""
    gateway = stopped_gateway
    follows(gateway, ("zone:hall", server.url, 0.2))
    async with gateway:
        await online(gateway, wire)
        await until(lambda: booked(gateway), "they are in force")
        (first,) = booked(gateway)
        server.content = calendar(3)
        await until(lambda: len(booked(gateway)) == 3, "the change is in force")
        await gateway.kill()
        server.mode = "error"
        await gateway.start()
        await until(lambda: "HTTP 500" in gateway.log, "it was asked for")
        await gateway.stop()
    hub, now = SiteId("hub"), SystemClock().now()
    state = gateway.ask(lambda file: recover(file, [hub], now)).sites[hub].state
    assert len(state.bookings) == 1
    (bookings,) = state.bookings.values()
    assert len(bookings) == 3
    assert first in bookings
    stored = (gateway.data / JOURNAL_FILE).read_bytes()
    assert b"5ecret" not in stored
    assert "5ecret" not in gateway.log


async def test_no_calendar_delays_a_decision(
    stopped_gateway: GatewayProcess, wire: Wire, server: FeedServer
) -> None:
    """A thousand series, a server that hangs, one that never ends, one that leads in circles."""
    gateway = stopped_gateway
    with FeedServer() as hangs, FeedServer() as endless, FeedServer() as circles:
        hangs.mode, endless.mode, circles.mode = "hang", "endless", "redirect"
        circles.location = "/here"
        servers = (server, hangs, endless, circles)
        follows(gateway, *((f"zone:{n}", one.url, 0.2) for n, one in enumerate(servers)))
        async with gateway:
            await online(gateway, wire)
            await until(lambda: booked(gateway, "zone:0"), "the first is in force")
            server.content = calendar(1000, "\nRRULE:FREQ=WEEKLY")
            await until(lambda: _reading(gateway), "a process apart reads the calendar")
            (reading,) = _reading(gateway)
            reading.suspend()
            before = [len(one.asked) for one in (endless, circles)]
            answers = [await wire.answer(await wire.badge(ADA)) for _ in range(50)]
            await until(
                lambda: all(
                    len(one.asked) > asked
                    for one, asked in zip((endless, circles), before, strict=True)
                ),
                "the others were asked meanwhile",
            )
            answers += [await wire.answer(await wire.badge(ADA)) for _ in range(50)]
            assert {answer["decision"] for answer in answers} == {"granted"}
            assert len(booked(gateway, "zone:0")) == 1
            reading.resume()
            await until(lambda: len(booked(gateway, "zone:0")) == 1000, "all is read")


def _reading(gateway: GatewayProcess) -> list[psutil.Process]:
    """Its processes that read a calendar: they let others go first."""
    children = psutil.Process(gateway.pid).children()
    return [child for child in children if child.nice() > os.nice(0)]
