"""The console's log: who did what and looked at whom, in one list with the gateway's requests."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway.adapters.audit import (
    FILE,
    LOOK,
    AuditEntry,
    AuditError,
    AuditLog,
    Merged,
    MergedCursor,
    merged,
)
from gateway.adapters.audit.log import DETAIL_MAX
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.occupancy_history import opened
from gateway.adapters.journal.rows import event_row
from gateway.adapters.journal.writer import Batch
from gateway.core.events import Requested
from gateway.core.facts import RequestAnswered
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DoorId
from gateway.core.requests import MarkLeft, OpenDoor, Order, Request
from tests.world.engine import MONDAY, SITE

HUB = SITE.id
MINUTE = timedelta(minutes=1)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    """An empty log."""
    with closing(AuditLog(tmp_path / FILE)) as log:
        yield log


def entry(minute: int, **values: str | None) -> AuditEntry:
    """Somebody looked at somebody."""
    look = AuditEntry(MONDAY + minute * MINUTE, "eve", LOOK, "hub", "h-1", "lost badge")
    return structs.replace(look, **values)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Six requests, a minute apart; one was refused."""
    rows = []
    orders: list[Order] = [OpenDoor(DoorId("front"), why=f"parcel {n}") for n in range(5)]
    for n, order in enumerate([*orders, MarkLeft(HolderId("h-1"))], start=1):
        now = MONDAY + n * MINUTE + timedelta(seconds=30)
        event = Requested(Request(f"t{n}", HolderId("h-9"), now, order))
        answer = RequestAnswered(f"t{n}", "open", HolderId("h-9"), "too-old" if n == 2 else None)
        rows.append(event_row(n, HUB, event, (answer,), now))

    async def keep() -> None:
        journal = Journal(tmp_path / JOURNAL_FILE)
        await journal.open()
        await journal.commit(Batch(rows))
        await journal.close()

    asyncio.run(keep())
    return tmp_path / JOURNAL_FILE


def test_an_entry_comes_back_as_it_was(log: AuditLog, tmp_path: Path) -> None:
    """Also after a restart; it is on disk at once, and for nobody else's eyes."""
    whole = AuditEntry(MONDAY, "eve", "export", "hub", "h-1", "asked for it", "not-allowed")
    n = log.record(whole)
    log.record(AuditEntry(MONDAY, "eve", "sign-in"))
    with closing(AuditLog(tmp_path / FILE)) as again:
        lines = again.search().lines
    assert [(line.n, line.entry) for line in lines][1] == (n, whole)
    assert (lines[0].entry.site, lines[0].entry.outcome) == (None, "done")
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("asked", "minutes"),
    [
        ({}, [4, 3, 2, 1]),
        ({"by": "ada"}, [2]),
        ({"action": "export"}, [3]),
        ({"subject": "h-2"}, [4]),
        ({"site": "annex"}, [1]),
        ({"since": MONDAY + 2 * MINUTE, "until": MONDAY + 4 * MINUTE}, [3, 2]),
        ({"limit": 1, "before": 3}, [2]),
    ],
    ids=str,
)
def test_it_is_searched(log: AuditLog, asked: dict[str, object], minutes: list[int]) -> None:
    """By each of its columns, newest first."""
    log.record(entry(1, site="annex"))
    log.record(entry(2, by="ada"))
    log.record(entry(3, action="export"))
    log.record(entry(4, subject="h-2"))
    found = log.search(**asked)  # type: ignore[arg-type]
    assert [(line.entry.at - MONDAY) // MINUTE for line in found.lines] == minutes


def test_a_long_detail_is_cut(log: AuditLog) -> None:
    """Nobody fills a disk with a reason."""
    log.record(entry(1, detail="x" * 100_000))
    assert len(log.search().lines[0].entry.detail) == DETAIL_MAX


def test_what_is_old_is_forgotten(log: AuditLog) -> None:
    """And its number is not given again."""
    log.record(entry(1))
    last = log.record(entry(2))
    assert log.purge(MONDAY + 2 * MINUTE) == 1
    assert log.purge(MONDAY + 3 * MINUTE) == 1
    assert log.search().lines == ()
    assert log.record(entry(3)) == last + 1


def test_both_are_one_list(log: AuditLog, journal: Path) -> None:
    """Newest first, refusals included, whatever the page's length."""
    for minute in range(5):
        log.record(entry(minute))
    log.record(AuditEntry(MONDAY + 9 * MINUTE, "eve", "sign-in"))
    log.record(entry(10, site="annex"))
    with opened(journal) as connection:
        whole, more = merged(log, connection, "hub", limit=100)
        assert more is None
        for limit in (1, 2, 3, 5, 12):
            lines: tuple[Merged, ...] = ()
            place: MergedCursor | None = None
            while True:
                part, place = merged(log, connection, "hub", place=place, limit=limit)
                lines += part
                if place is None:
                    break
            assert lines == whole
        late, _ = merged(log, connection, "hub", since=MONDAY + 6 * MINUTE)
    assert [line.at for line in whole] == sorted((line.at for line in whole), reverse=True)
    assert [line.source for line in whole].count("gateway") == 6
    assert (len(whole), whole[0].action, len(late)) == (12, "sign-in", 2)
    assert (whole[1].subject, whole[1].action) == ("h-1", "left")
    assert [line.outcome for line in whole if line.outcome != "done"] == ["too-old"]


def test_a_log_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """Who may not be logged may not look: the caller hears of it."""
    (tmp_path / "none.db").write_text("this is no database, and never was one" * 40)
    with pytest.raises(AuditError, match="not a database"):
        AuditLog(tmp_path / "none.db")
    with closing(AuditLog(tmp_path / FILE)):
        pass
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("UPDATE alembic_version SET version_num = 'z9'")
        db.commit()
    with pytest.raises(AuditError, match="update seuil"):
        AuditLog(tmp_path / FILE)
