"""A damaged journal is found, told as an alarm, and not taken up again with every batch."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.adapters.journal import integrity
from gateway.adapters.journal.integrity import look_through, look_through_now
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal, JournalError
from gateway.adapters.journal.writer import Batch
from gateway.core.facts import GATEWAY
from gateway.doctor import stores
from gateway.service import journal_check as journal_care
from gateway.service.journal_check import JournalCare
from tests.servers import until
from tests.unit.adapters.journal.test_journal import fill, opened, tick
from tests.unit.service.test_pipeline import Desk, desk
from tests.world.engine import SITE

PAGE = 4096
ALARM = ("journal-damaged", GATEWAY)


def damage(file: Path, first: int = 3) -> None:
    """Write over pages from a page on, as a worn card does."""
    content = bytearray(file.read_bytes())
    for at in range((first - 1) * PAGE, len(content), PAGE):
        content[at : at + 64] = b"\x5a" * 64
    with file.open("r+b") as opened_file:
        opened_file.write(content)


async def filled(path: Path) -> None:
    """A journal of many pages, closed."""
    async with opened(path) as journal:
        await journal.commit(Batch(events=fill(1)))


async def test_a_look_finds_damage(tmp_path: Path) -> None:
    """The same word for the command and for the gateway; a good file has none."""
    path = tmp_path / JOURNAL_FILE
    await filled(path)
    assert await look_through(path, 60) == look_through_now(path, 60) == ""
    assert not path.with_name(f"{JOURNAL_FILE}-wal").exists(), "a look leaves no trace"
    damage(path)
    found = await look_through(path, 60)
    assert found
    assert found == look_through_now(path, 60)


async def test_a_look_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """Nobody knows then, which is no damage."""
    path = tmp_path / JOURNAL_FILE
    await filled(path)
    assert await look_through(path, 0.0) is None
    assert look_through_now(path, 0.001) is None
    assert look_through_now(tmp_path / "nothing.db", 60) is None


def test_a_page_that_crashes_sqlite_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """It crashes a process that only looks."""
    crash = ("/bin/sh", "-c", "kill -SEGV $$")
    monkeypatch.setattr(integrity, "_command", lambda _journal: crash)
    assert look_through_now(Path("journal.db"), 60) == "a page of it crashes SQLite"


async def test_the_doctor_looks_through_it(tmp_path: Path) -> None:
    """A page that nobody reads today is found all the same."""
    assert list(stores.pages(tmp_path)) == []
    await filled(tmp_path / JOURNAL_FILE)
    assert [one.verdict for one in stores.pages(tmp_path)] == ["ok"]
    damage(tmp_path / JOURNAL_FILE)
    (found,) = stores.pages(tmp_path)
    assert (found.verdict, "restore the journal" in found.do) == ("fault", True)


async def test_a_damaged_file_does_not_flap(tmp_path: Path) -> None:
    """Left once, it is taken up again only when every page can be read."""
    path = tmp_path / JOURNAL_FILE
    await filled(path)
    shutil.copy(path, tmp_path / "backup")
    async with opened(path) as journal:
        damage(path)
        journal._writer._connection().execute("PRAGMA shrink_memory")
        for _ in range(2):
            with pytest.raises(JournalError, match="malformed"):
                await journal.read(lambda file: list(file.events_after(0)))
            assert "malformed" in journal.damage
        for _ in range(3):
            with pytest.raises(JournalError, match=r"damaged|malformed"):
                await journal.heal()
        # Put right in its place, byte for byte: it is the file that we know.
        with path.open("r+b") as file:
            file.write((tmp_path / "backup").read_bytes())
        await journal.heal()
        assert journal.damage == ""
        await journal.commit(Batch(events=[tick(41)]))


def is_raised(place: Desk) -> bool:
    """Whether the alarm is on."""
    return ALARM in place.service.states[SITE.id].alarms


@asynccontextmanager
async def caring(place: Desk) -> AsyncIterator[None]:
    """The gateway's task beside a service."""
    care = JournalCare(place.journal, place.service, place.clock)
    running = asyncio.create_task(care.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_alarm_comes_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each site; a night's look that finds nothing clears it."""
    monkeypatch.setattr(journal_care, "LOOK_S", 0.01)
    found = ["a page is wrong"]

    async def looked(_path: Path, _within_s: float) -> str:
        return found[0]

    monkeypatch.setattr(journal_care, "look_through", looked)
    async with desk(tmp_path) as place, caring(place):
        assert not is_raised(place)
        place.clock.advance(journal_care.FIRST_S)
        await until(lambda: is_raised(place), "the first look found it")
        found[0] = ""
        place.clock.advance(86_400)
        await until(lambda: not is_raised(place), "the next night found nothing")
        rows = await place.journal.rows_after(0, 1000)
    told = [row.kind for row in rows].count("condition")
    assert told == 2, "an alarm is told when it is news"


async def test_damage_that_somebody_meets_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only at night."""
    monkeypatch.setattr(journal_care, "LOOK_S", 0.01)
    async with desk(tmp_path) as place, caring(place):
        place.journal.damage = "database disk image is malformed"
        await until(lambda: is_raised(place), "it is told")


async def test_a_row_that_cannot_be_decoded_is_damage(tmp_path: Path) -> None:
    """SQLite sees nothing wrong with it."""
    async with opened(tmp_path / JOURNAL_FILE) as journal:
        await journal.commit(Batch(events=[tick(1)]))
        await journal.work(lambda db: db.execute("UPDATE journal SET facts = '[{'"))
        with pytest.raises(JournalError):
            await journal.rows_after(0, 10)
        assert journal.damage


def test_a_journal_knows_of_no_damage_at_first(tmp_path: Path) -> None:
    """It is not looked through at a start, which would hold up the doors."""
    assert Journal(tmp_path / JOURNAL_FILE).damage == ""
