"""Passages that are too old become counts: numbers stay, names go, and a restart still works."""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import structs
from typer.testing import CliRunner

from gateway.adapters.journal import queries
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.occupancy_history import AccessDay, HistoryQuery, access_1d, opened
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import from_us
from gateway.adapters.journal.writer import Batch, Snapshot
from gateway.analysis.replay import replay
from gateway.analysis.what_if import speaks_since, what_if
from gateway.cli import app
from gateway.clock import ManualClock
from gateway.core.events import DirectoryChanged
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.model.names import DoorId, SiteId
from gateway.core.requests import MarkLeft, OpenDoor
from gateway.privacy.confirmation import confirm
from gateway.privacy.keeper import RetentionKeeper
from gateway.privacy.retention import Jump, Kept, Purge, jump_of, purge
from gateway.report.month import month_of
from gateway.service.recovery import recover
from tests.servers import until
from tests.world.engine import MEMBERS, MONDAY, SITE, Place, staff
from tests.world.journal import journaled

HUB = SITE.id
DAY = timedelta(days=1)
KEPT = Kept(90, 365)
Told = tuple[list[AccessDay], list[tuple[Any, ...]]]


class Diary(Place):
    """The place, with a snapshot every so often."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        super().__init__(now=MONDAY - 100 * DAY)
        self.tell(DirectoryChanged(DirectoryChange(holders=(staff("fay"),))))

    def day(self) -> None:
        """A day of comings and goings (Eve stays the night), an alarm, a request about somebody."""
        for name in MEMBERS[:5]:
            self.enter(name)
            self.after(60)
            if name != "eve":
                self.leave(name)
        self.badge("front-in", "nobody")
        self.swing("lab-contact")
        self.ask(MarkLeft(HolderId("ada")), "fay")
        self.ask(OpenDoor(DoorId("front"), why="parcel"), "fay")
        self.after(3600)
        self.after(20 * 3600)
        self.snapshots.append(self.snapshot())
        self.after(3 * 3600 - 300)
        self.leave("eve")


@pytest.fixture(scope="module")
def diary() -> Diary:
    """A hundred days."""
    diary = Diary()
    for _ in range(100):
        diary.day()
    return diary


@pytest.fixture(scope="module")
def kept(diary: Diary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its journal, as the gateway left it."""
    path = tmp_path_factory.mktemp("kept") / JOURNAL_FILE
    asyncio.run(journaled(path, diary.rows, *diary.snapshots))
    return path


@pytest.fixture
def path(kept: Path, tmp_path: Path) -> Path:
    """The same for one test."""
    return Path(shutil.copy(kept, tmp_path))


def run(path: Path, diary: Diary, kept: Kept = KEPT, live: tuple[SiteId, ...] = (HUB,)) -> Purge:
    """One night's purge."""

    async def night() -> Purge:
        journal = Journal(path)
        await journal.open()
        try:
            return await purge(journal, live, kept, diary.now, sleep=_no_pause)
        finally:
            await journal.close()

    return asyncio.run(night())


async def _no_pause(_seconds: float) -> None:
    """A purge that nobody waits for."""


def asked(path: Path, question: str, *values: int) -> list[tuple[object, ...]]:
    """What the file says to somebody who only knows SQL."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(question, values).fetchall()


@pytest.fixture
def told(path: Path) -> Callable[[], Told]:
    """What is told of the past in numbers: days, months, visits."""

    def tell() -> Told:
        with opened(path) as connection:
            months = [
                month_of(connection, SITE, date(2026, n, 1), hours="24/7") for n in (8, 9, 10)
            ]
            return list(access_1d(connection, HistoryQuery())), [
                (m.granted, m.refused, m.visits, m.visitors, m.stay_s) for m in months
            ]

    return tell


def test_the_numbers_stay(path: Path, diary: Diary, told: Callable[[], Told]) -> None:
    """Days' decisions, months' refusals, visitors and stays are what they were."""
    before = told()
    assert [visitors for *_, visitors, _ in before[1]] == [5, 5, 5]
    done = run(path, diary)
    assert done.rows > 200
    assert told() == before
    run(path, diary, Kept(20, 365))
    assert told() == before
    assert asked(path, "SELECT count(*) FROM access_past WHERE access_point = 'front-in'") != [(0,)]


def test_the_names_go(path: Path, diary: Diary) -> None:
    """No row up to there says a pseudonym, but that of the operator who asked for something."""
    done = run(path, diary)
    old = asked(path, "SELECT kind, event, facts FROM journal WHERE n <= ?", done.until)
    assert {kind for kind, *_ in old} == {"space", "request", "tick"}
    text = str([(event, facts) for kind, event, facts in old if kind != "space"])
    for name in MEMBERS[:5]:
        assert f'"{name}"' not in text
        assert f"hash-{name}" not in text
    assert '"fay"' in text
    assert asked(path, "SELECT count(*) FROM decision WHERE n <= ?", done.until) == [(0,)]
    assert asked(path, "SELECT count(*) FROM decision WHERE n > ?", done.until) != [(0,)]


def test_what_was_purged_is_not_in_the_file(path: Path, diary: Diary) -> None:
    """Freed pages are zeros, and the -wal file is empty."""
    marks = {row.event.at for row in diary.rows if hasattr(row.event, "at")}
    (old,) = (min(marks),)
    mark = old.isoformat().replace("+00:00", "Z").encode()
    assert mark in path.read_bytes()
    run(path, diary)
    files = [path, path.with_name(path.name + "-wal")]
    assert not any(mark in file.read_bytes() for file in files if file.exists())


def test_a_restart_finds_the_same_state(path: Path, diary: Diary) -> None:
    """The rows behind the newest snapshot are needed, and stay whatever their age."""
    for days in (90, 1):
        run(path, diary, Kept(days, 365))
        with closing(JournalFile(path)) as file:
            found = recover(file, [HUB], diary.now).sites[HUB]
            assert (found.site, found.state) == (SITE, diary.state)
            assert file.last_n() == len(diary.rows)
    with opened(path) as connection:
        now = queries.PastState().at(connection, HUB)
    assert now is not None
    assert now.state == diary.state


def test_a_replay_says_from_when_on(path: Path, diary: Diary) -> None:
    """It begins at the oldest snapshot that is left, and finds nothing wrong."""
    with closing(JournalFile(path)) as file:
        assert replay(file, HUB).after == 0
    done = run(path, diary)
    with closing(JournalFile(path)) as file:
        replayed = replay(file, HUB)
    assert (replayed.differences, replayed.state) == ([], diary.state)
    assert done.until < replayed.after <= done.until + 8 * 20
    assert replayed.since is not None
    assert diary.now - replayed.since > 80 * DAY
    assert 10 < replayed.snapshots < 20, "one a week, and the newest"


def test_why_says_that_it_was_purged(path: Path, diary: Diary) -> None:
    """And since when there is more than counts."""
    n = next(row.n for row in diary.rows if row.kind == "credential")
    said = CliRunner().invoke(app, ["why", str(n), "--data-dir", str(path.parent)])
    assert said.exit_code == 0
    run(path, diary)
    said = CliRunner().invoke(app, ["why", str(n), "--data-dir", str(path.parent)])
    assert said.exit_code == 2
    assert "only counts" in " ".join(said.output.split())


def test_what_if_says_from_when_on(path: Path, diary: Diary) -> None:
    """What is left is judged; for what is gone it says so."""
    long_ago = diary.now - 95 * DAY
    with closing(JournalFile(path)) as file:
        assert speaks_since(file, HUB, long_ago) is None
    run(path, diary)
    with closing(JournalFile(path)) as file:
        since = speaks_since(file, HUB, long_ago)
        assert since is not None
        assert diary.now - since > 80 * DAY
        judged = list(what_if(file, SITE, long_ago, diary.now))
        assert not [each for each in judged if each.differs]
        assert len(judged) > 80 * 9
        assert speaks_since(file, HUB, diary.now - 30 * DAY) is None


def test_alarms_and_acts_are_kept_longer(path: Path, diary: Diary) -> None:
    """Then they go, too; the days' visits stay."""
    run(path, diary)
    with opened(path) as connection:
        audit = queries.audit(connection, HUB, limit=1000).lines
        alarms = queries.alarms(connection, HUB, limit=1000).lines
    assert len(audit) == 200
    assert len(alarms) == 100
    assert audit[-2].order == {"holder": "nobody"} or audit[-1].order == {"holder": "nobody"}
    assert (audit[0].by, audit[0].why) == ("fay", "parcel")
    run(path, diary, Kept(90, 95))
    with opened(path) as connection:
        assert len(queries.audit(connection, HUB, limit=1000).lines) == 190
        assert len(queries.alarms(connection, HUB, limit=1000).lines) == 95
        assert len(month_of(
            connection, SITE, date(2026, 9, 1), hours="24/7"
        ).visits) == 30  # fmt: skip


def test_a_second_night_finds_nothing(path: Path, diary: Diary) -> None:
    """And says when it was."""
    run(path, diary)
    assert run(path, diary).rows == 0
    with closing(JournalFile(path)) as file:
        assert file.purged().ran == diary.now


def test_a_young_journal_keeps_all(path: Path, diary: Diary) -> None:
    """Nothing is old enough."""
    before = asked(path, "SELECT * FROM journal")
    assert run(path, diary, Kept(3650, 3650)).rows == 0
    assert asked(path, "SELECT * FROM journal") == before


def test_a_site_without_a_snapshot_is_waited_for(path: Path, diary: Diary) -> None:
    """Its rows are all that a restart has."""
    assert run(path, diary, live=(HUB, SiteId("new"))).rows == 0


def test_a_site_that_left_long_ago_begins_anew(path: Path, diary: Diary) -> None:
    """It is out of the space file for longer than anything is kept."""
    other = [structs.replace(diary.rows[-1], n=len(diary.rows) + 1, site=SiteId("b"))]

    async def go_on() -> None:
        journal = Journal(path)
        await journal.open()
        now = diary.now + 200 * DAY
        await journal.commit(Batch(other))
        await purge(journal, (), KEPT, now, sleep=_no_pause)
        await journal.close()

    asyncio.run(go_on())
    with closing(JournalFile(path)) as file:
        found = recover(file, [HUB], diary.now).sites[HUB]
        assert (found.site, file.snapshots(HUB)) == (None, [])
        assert replay(file, HUB).rows == 0
        assert list(what_if(file, SITE, MONDAY - 90 * DAY, MONDAY)) == []
    with opened(path) as connection:
        assert queries.PastState().at(connection, HUB) is None


def test_a_site_that_is_new_is_whole(path: Path, diary: Diary) -> None:
    """It came after the purge, and the gateway was killed before its first snapshot."""
    run(path, diary)
    annex = SiteId("annex")
    place = Place(structs.replace(SITE, id=annex))
    begun = len(diary.rows)
    rows = [structs.replace(row, n=begun + row.n) for row in place.rows]
    asyncio.run(journaled(path, rows))
    with closing(JournalFile(path)) as file:
        found = recover(file, [annex], diary.now).sites[annex]
        assert (found.site, found.state, found.replayed) == (place.site, place.state, len(rows))
        assert (replay(file, annex).rows, replay(file, annex).since) == (len(rows), None)
        assert replay(file, HUB).after > 0
    with opened(path) as connection:
        now_there = queries.PastState().at(connection, annex)
    assert now_there is not None
    assert now_there.state == place.state


_CHILD = textwrap.dedent("""
    import asyncio, sys
    from datetime import datetime
    from pathlib import Path
    from gateway.adapters.journal import purge as journal_purge
    from gateway.adapters.journal.journal import Journal
    from gateway.privacy.retention import Kept, purge

    journal_purge.ROWS = 20

    async def main():
        journal = Journal(Path(sys.argv[1]))
        await journal.open()
        print("begun", flush=True)
        await purge(journal, ("hub",), Kept(60, 80), datetime.fromisoformat(sys.argv[2]),
                    sleep=lambda _s: asyncio.sleep(0.002))
        print("done", flush=True)
        await journal.close()

    asyncio.run(main())
""")


async def test_a_kill_at_any_moment_leaves_it_whole(
    path: Path, diary: Diary, told: Callable[[], Told]
) -> None:
    """Numbers, replay and restart are right after each of many kills, and the purge gets there."""
    before, draw, killed = told(), random.Random(5), 0
    while True:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, str(path), diary.now.isoformat(),
            stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."},
        )  # fmt: skip
        assert child.stdout is not None
        assert await child.stdout.readline() == b"begun\n"
        if killed < 4:
            await asyncio.sleep(draw.uniform(0.0, 0.1))
            if child.returncode is None:
                child.send_signal(signal.SIGKILL)
        said = await child.stdout.readline()
        await child.wait()
        assert told() == before
        with closing(JournalFile(path)) as file:
            assert replay(file, HUB).differences == []
            assert recover(file, [HUB], diary.now).sites[HUB].state == diary.state
        if said == b"done\n":
            break
        killed += 1
    assert killed > 1
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_journal_of_an_older_release_learns_to_count(tmp_path: Path) -> None:
    """Its view of the days knew nothing of a purge."""
    path = tmp_path / JOURNAL_FILE
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE decision (site, access_point, decision, reason, at)")
        db.execute("CREATE VIEW access_1d AS SELECT 1 AS old FROM decision")
        db.execute("DROP TABLE decision")

    async def open_it() -> None:
        journal = Journal(path)
        await journal.open()
        await journal.close()

    asyncio.run(open_it())
    with opened(path) as connection:
        assert list(access_1d(connection, HistoryQuery())) == []


# -- a clock that is wrong


def first_day(path: Path) -> datetime:
    """When the journal begins."""
    ((received,),) = asked(path, "SELECT min(received) FROM journal")
    return from_us(cast("int", received))


def jump(path: Path, kept: Kept, now: datetime) -> Jump | None:
    """What a purge would delete at once."""
    with opened(path) as connection:
        return jump_of(connection, (HUB,), kept, now)


def test_a_night_like_others_is_no_jump(path: Path) -> None:
    """Some days' passages; a machine may be off over the weekend."""
    now = first_day(path) + timedelta(days=KEPT.passage_days + 6)
    assert jump(path, KEPT, now) is None


def test_a_clock_that_jumps_is_told_by_what_would_go(path: Path, diary: Diary) -> None:
    """A hundred days ahead: nothing of it is deleted unless somebody is sure."""
    found = jump(path, KEPT, diary.now + timedelta(days=100))
    assert found is not None
    assert found.days > 7
    assert found.begins == first_day(path)


def test_what_is_gone_does_not_jump_again(path: Path, diary: Diary) -> None:
    """Once it was deleted, the next night is like others."""
    assert jump(path, KEPT, diary.now) is not None
    run(path, diary)
    assert jump(path, KEPT, diary.now + timedelta(days=1)) is None


@pytest.mark.parametrize("how", ["never", "synchronised", "confirmed"])
async def test_the_keeper_waits_until_somebody_is_sure(
    path: Path, diary: Diary, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """The clock is synchronised, or a person says that it is right."""
    sure = [False]
    clock = ManualClock(diary.now)
    journal = Journal(path)
    await journal.open()
    rows = asked(path, "SELECT count(*) FROM journal")
    state = {HUB: diary.state}
    keeper = RetentionKeeper(
        journal,
        path.with_name("members.db"),
        KEPT,
        clock,
        lambda: ({HUB: SITE}, state),
        is_sure=lambda: sure[0],
    )
    task = asyncio.create_task(keeper.run())
    try:
        await until(lambda: "the purge waits" in caplog.text, "it says so")
        assert "seuil privacy confirm-clock" in caplog.text
        assert asked(path, "SELECT count(*) FROM journal") == rows
        if how == "synchronised":
            sure[0] = True
        elif how == "confirmed":
            confirm(path.parent, clock.now())
        clock.advance(3601)
        if how == "never":
            waits = caplog.text.count("the purge waits")
            await until(lambda: caplog.text.count("the purge waits") > waits, "an hour later, too")
            assert asked(path, "SELECT count(*) FROM journal") == rows
        else:
            await until(lambda: asked(path, "SELECT count(*) FROM journal") < rows, "it purges")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.close()
