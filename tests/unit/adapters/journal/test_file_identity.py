"""The journal's file is deleted, replaced or written to under a running gateway; nothing is lost.

Nothing that others stored is undone, and nothing is stored where it would be gone.
"""

import asyncio
import shutil
import sqlite3
import sys
import textwrap
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.journal.file_identity import ForeignJournalError
from gateway.adapters.journal.journal import Journal, JournalError
from gateway.adapters.journal.rows import letter_row
from gateway.adapters.journal.writer import Batch, JournalWriter
from tests.unit.adapters.journal.test_journal import full_batch, opened, tick
from tests.unit.adapters.journal.test_journal import journal as journal  # noqa: PLC0414 - a fixture
from tests.unit.adapters.journal.test_journal import letter as made_letter


def numbers(path: Path) -> list[int]:
    """The rows that another program finds in a file."""
    with closing(sqlite3.connect(path)) as db:
        return [n for (n,) in db.execute("SELECT n FROM journal ORDER BY n")]


def attempts(journal: Journal, batch: Batch) -> list[Callable[[], Any]]:
    """All that the gateway does with a file that it writes."""
    return [lambda: journal.commit(batch), journal.check, journal.heal]


def moved(folder: Path, name: str = "away") -> Path:
    """The journal's files, in another folder."""
    away = folder / name
    away.mkdir()
    for file in list(folder.glob("journal.db*")):
        file.rename(away / file.name)
    return away


async def test_a_file_that_was_moved_away_is_waited_for(journal: Journal) -> None:
    """Nothing counts as stored meanwhile; back in its place it goes on as if nothing had been."""
    await journal.commit(full_batch(1))
    away = moved(journal.path.parent)
    for attempt in attempts(journal, full_batch(2)):
        with pytest.raises(JournalError, match="removed; put it back"):
            await attempt()
    assert journal.last_n == 1
    for file in list(away.iterdir()):
        file.rename(journal.path.parent / file.name)
    await journal.heal()
    assert numbers(journal.path) == [1]
    await journal.commit(full_batch(2))
    assert numbers(journal.path) == [1, 2]


async def test_a_folder_that_was_deleted_is_waited_for(tmp_path: Path) -> None:
    """What was acknowledged is in this process alone: it is kept open, and no new file is made."""
    async with opened(tmp_path / "data" / "journal.db") as journal:
        await journal.commit(full_batch(1))
        shutil.rmtree(tmp_path / "data")
        for attempt in 2 * attempts(journal, full_batch(2)):
            with pytest.raises(JournalError, match="removed"):
                await attempt()
        assert not (tmp_path / "data").exists()
        kept = journal._writer._connection().execute("SELECT n FROM journal").fetchall()
        assert (1,) in kept


async def test_a_file_that_was_replaced_is_not_ours(tmp_path: Path) -> None:
    """A backup was put in our place: not a byte of it is changed, its own log neither."""
    other = tmp_path / "other"
    async with opened(other / "journal.db") as backup:
        await backup.commit(full_batch(1))
        await backup.commit(full_batch(2))
        shutil.copytree(other, tmp_path / "backup")  # with a log that is not in the file yet
    async with opened(tmp_path / "data" / "journal.db") as journal:
        await journal.commit(Batch(events=[tick(1)]))
        (tmp_path / "data").rename(tmp_path / "old")
        (tmp_path / "backup").rename(tmp_path / "data")
        before = {file.name: file.read_bytes() for file in (tmp_path / "data").iterdir()}
        for attempt in attempts(journal, Batch(events=[tick(2)])):
            with pytest.raises(ForeignJournalError, match="was replaced"):
                await attempt()
    assert {file.name: file.read_bytes() for file in (tmp_path / "data").iterdir()} == before
    assert numbers(tmp_path / "data" / "journal.db") == [1, 2]


@pytest.mark.parametrize("left", [None, b""], ids=["removed", "replaced by an empty one"])
async def test_a_log_that_was_removed_loses_nothing(journal: Journal, left: bytes | None) -> None:
    """Its content goes into the file before our connection, which still has it, is closed."""
    await journal.commit(full_batch(1))
    log = journal.path.with_name("journal.db-wal")
    log.unlink()
    if left is not None:
        log.write_bytes(left)
    with pytest.raises(JournalError, match="write-ahead log"):
        await journal.commit(full_batch(2))
    await journal.heal()
    assert numbers(journal.path) == [1]
    await journal.commit(full_batch(2))
    assert numbers(journal.path) == [1, 2]


async def test_a_log_that_was_removed_while_others_read_loses_nothing(journal: Journal) -> None:
    """Then closing our connection alone would not take the log into the file."""
    await journal.commit(full_batch(1))
    with closing(sqlite3.connect(journal.path)) as other:
        assert other.execute("SELECT count(*) FROM journal").fetchone() == (1,)
        journal.path.with_name("journal.db-wal").unlink()
        with pytest.raises(JournalError):
            await journal.check()
        await journal.heal()
        assert numbers(journal.path) == [1]


async def test_what_another_program_wrote_is_never_undone(journal: Journal) -> None:
    """Its rows may be acknowledged: `heal` deletes only what our own failed commit left."""
    await journal.commit(full_batch(1))
    theirs = JournalWriter(journal.path)
    theirs.open()
    theirs.commit(full_batch(2))
    theirs.close()
    for attempt in attempts(journal, full_batch(2)):
        if attempt == journal.check:
            continue  # it is our own file
        with pytest.raises(ForeignJournalError, match="wrote rows 2 to 2"):
            await attempt()
    assert numbers(journal.path) == [1, 2]


async def test_theirs_are_told_from_ours_by_all_that_they_say(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our commit failed late, and another program's row has a number that ours had, too."""
    await journal.commit(full_batch(1))
    fail_before(journal, monkeypatch)
    with pytest.raises(JournalError):
        await journal.commit(Batch(events=[tick(2), tick(3)]))
    monkeypatch.undo()
    theirs = JournalWriter(journal.path)
    theirs.open()
    theirs.commit(Batch(events=[tick(2), full_batch(3).events[0]]))
    theirs.close()
    with pytest.raises(ForeignJournalError, match="wrote rows 3 to 3"):
        await journal.heal()
    assert numbers(journal.path) == [1, 2, 3]


async def test_a_late_failure_leaves_no_letter_twice(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages come again, and are buried again."""
    await journal.commit(Batch(letters=[letter_row(made_letter("first"))]))
    transaction = journal._writer._transaction

    def fails_late(work: Any) -> None:  # noqa: ANN401 - as the journal's
        transaction(work)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(journal._writer, "_transaction", fails_late)
    again = Batch(letters=[letter_row(made_letter("second"))])
    with pytest.raises(JournalError):
        await journal.commit(again)
    monkeypatch.undo()
    await journal.heal()
    await journal.commit(again)
    with closing(sqlite3.connect(journal.path)) as db:
        assert db.execute("SELECT payload FROM dead_letter").fetchall() == [("first",), ("second",)]


async def test_a_lock_of_some_seconds_costs_time_and_no_more(journal: Journal) -> None:
    """A tool looks into the file: a commit waits for it, and is no failure."""
    holder = await create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(_HOLD), str(journal.path), stdin=PIPE, stdout=PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert await holder.stdout.readline() == b"held\n"
    commit = asyncio.create_task(journal.commit(full_batch(1)))
    done, _ = await asyncio.wait([commit], timeout=1.5)
    assert not done
    holder.stdin.close()
    await commit
    await holder.wait()
    assert numbers(journal.path) == [1]


_HOLD = """
    import sqlite3, sys
    db = sqlite3.connect(sys.argv[1], isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.read()
"""


def fail_before(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next transaction fail before anything of it is stored."""

    def fails(_work: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(journal._writer, "_transaction", fails)
