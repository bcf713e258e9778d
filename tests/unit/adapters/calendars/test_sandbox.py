"""The process apart: what it reads, what it refuses, and that it ends."""

import asyncio
import gzip
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from gateway.adapters.calendars import sandbox
from gateway.adapters.calendars.occurrences import Expanded, FeedError, TimeWindow
from gateway.adapters.calendars.sandbox import FEED_BYTES, Body, ExpandRequest, expand_apart
from tests.servers import stops, until

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = TimeWindow(MONDAY, MONDAY + timedelta(days=7))
GOOD = "UID:good\nDTSTART:20261124T100000Z\nDURATION:PT1H\nATTENDEE:mailto:a@x.fr"

ENDLESS = "UID:x\nDTSTART:01000101T100000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY"
"""Each hour since the year 100: 17 million until now, some 20 s."""


def calendar(*events: str) -> bytes:
    """A calendar of events."""
    parts = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\n{parts}END:VCALENDAR\n".encode()


def reading(content: bytes, *, gzipped: bool = False) -> Coroutine[None, None, Expanded]:
    """Read a feed of the site in Paris."""
    return expand_apart(ExpandRequest(Body(content, gzipped), "Europe/Paris", WEEK, "feed"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_it_reads(pack: Callable[[bytes], bytes]) -> None:
    """Also what is packed."""
    found = await reading(pack(calendar(GOOD)), gzipped=pack is gzip.compress)
    assert [each.starts.hour for each in found.occurrences] == [10]
    assert found.guests[0].addresses == ("a@x.fr",)


@pytest.mark.parametrize(
    ("content", "gzipped", "why"),
    [
        pytest.param(b"<html>", False, "not iCalendar", id="a page"),
        pytest.param(b"no gzip", True, "is no gzip", id="no gzip"),
        pytest.param(gzip.compress(calendar(GOOD))[:-20], True, "was cut off", id="half a gzip"),
        pytest.param(
            gzip.compress(bytes(200_000_000)), True, f"more than {FEED_BYTES:,} bytes", id="a bomb"
        ),
    ],
)
async def test_it_refuses(content: bytes, why: str, *, gzipped: bool) -> None:
    """With the reason, and no trace of the content."""
    with pytest.raises(FeedError, match=why):
        await reading(content, gzipped=gzipped)


async def test_one_endless_series_costs_only_itself() -> None:
    """It is counted, and the good one stays."""
    found = await reading(calendar(ENDLESS, GOOD))
    assert len(found.occurrences) == 1
    assert found.left_out == {"events whose recurrence takes too long to follow": 1}


async def test_a_feed_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is ended, and gone."""
    monkeypatch.setattr(sandbox, "READ_S", 1.0)
    with pytest.raises(FeedError, match="more than 1 s"):
        await reading(calendar(ENDLESS))
    assert psutil.Process().children() == []


async def test_it_ends_when_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its process would go on for ever."""
    monkeypatch.setattr(sandbox, "_CHILD", "import time; time.sleep(3600)")
    monkeypatch.setattr(sandbox, "READ_S", 3600.0)
    task = asyncio.create_task(reading(calendar(GOOD)))
    await until(lambda: psutil.Process().children(), "its process is there")
    await stops(task)
    assert task.cancelled()
    assert psutil.Process().children() == []


async def test_it_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is not ours, and it is the last in the queue for the processor."""
    monkeypatch.setenv("SEUIL_CREDENTIAL_KEY", "k" * 32)
    task = asyncio.create_task(reading(calendar(*100 * [ENDLESS])))

    def is_last() -> bool:
        return any(child.nice() > os.nice(0) for child in psutil.Process().children())

    await until(is_last, "it lets others go first")
    (child,) = psutil.Process().children()
    assert set(child.environ()) <= {"PYTHONPATH", "LC_CTYPE"}
    await stops(task)


async def test_a_process_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is one more trouble of the feed."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FeedError, match="no process can be started: No such file"):
        await reading(calendar(GOOD))


async def test_a_process_that_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same."""
    monkeypatch.setattr(sandbox, "_CHILD", "import os; os.abort()")
    with pytest.raises(FeedError, match="ended by signal 6"):
        await reading(calendar(GOOD))
