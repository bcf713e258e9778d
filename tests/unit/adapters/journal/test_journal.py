"""The journal: a batch whole or not at all, whatever the disk does; and nothing secret in it."""

import asyncio
import json
import os
import sqlite3
import sys
import textwrap
import threading
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

from gateway.adapters.journal import journal as journal_module
from gateway.adapters.journal import writer
from gateway.adapters.journal.journal import IN_PLACE_EVENTS, Journal, JournalError
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import (
    PAYLOAD_KEPT,
    DeadLetter,
    DecisionRow,
    EventRow,
    MinuteRow,
    from_us,
    letter_row,
    masked,
    minute_row,
    to_us,
)
from gateway.adapters.journal.writer import SNAPSHOTS_MAX, Batch, Snapshot
from gateway.clock import ManualClock
from gateway.core.events import Reported, Tick
from gateway.core.facts import AlarmRaised, Decided, Fact, OccupancyMinute, RuleVerdict
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Directory,
    Holder,
    HolderId,
    Membership,
)
from gateway.core.model.names import DeviceId, PlanId, SiteId, ZoneId
from gateway.core.readings import CredentialPresented
from gateway.core.state import Boot, DeviceState, Gap, State, Whereabouts, ZoneState
from tests.servers import PATIENCE_S

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
SITE, OTHER = SiteId("hub"), SiteId("annex")
READER = DeviceId("front-in")
HALL = ZoneId("hall")


@asynccontextmanager
async def opened(path: Path, clock: ManualClock | None = None) -> AsyncIterator[Journal]:
    """A journal of this file; without a clock, of a system that tells nothing of its uptime."""
    journal = Journal(path, clock.uptime) if clock else Journal(path)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An empty journal."""
    async with opened(tmp_path / "journal.db") as journal:
        yield journal


def tick(n: int, *facts: Fact, site: SiteId = SITE) -> EventRow:
    """A row in which time passed."""
    now = to_us(AT + timedelta(seconds=n))
    return EventRow(n, site, None, "tick", now, now, Tick(), facts)


def badge(n: int, *, expires_s: float | None = 5.0) -> tuple[EventRow, DecisionRow]:
    """A granted badge at row `n`, and its decision."""
    at = AT + timedelta(seconds=n)
    expires = at + timedelta(seconds=expires_s) if expires_s is not None else None
    verdict = RuleVerdict("plan_opens", "grant", "plan", {"plan": "all", "people": 3, "share": 0.5})
    decided = Decided(READER, None, "granted", "plan", HolderId("h-1"), (verdict,), expires, 5.0)
    event = Reported(READER, at, CredentialPresented("hash-1"), boot=1, seq=n)
    row = EventRow(n, SITE, READER, "credential", to_us(at), to_us(at), event, (decided,))
    handover = "pending" if expires else "none"
    return row, DecisionRow(
        n, SITE, READER, None, "h-1", "granted", "plan", to_us(at),
        to_us(expires) if expires else None, handover,
    )  # fmt: skip


def letter(payload: str = "{") -> DeadLetter:
    """Something that nobody understood."""
    return DeadLetter(AT, "mqtt", "seuil/hub/x/event", "not-json", "JSON", len(payload), payload)


def full_batch(n: int) -> Batch:
    """A batch with something for each table."""
    row, decision = badge(n)
    return Batch(
        events=[row],
        decisions=[decision],
        minutes=[MinuteRow(SITE, HALL, to_us(AT), 1.5, 1, 2)],
        letters=[letter_row(letter())],
    )


async def counts(journal: Journal) -> dict[str, int]:
    """Rows by table."""
    tables = ("journal", "decision", "dead_letter", "occupancy_1m")
    return await journal.read(lambda file: {name: file.count(name) for name in tables})


def told(journal: Journal, question: str) -> list[tuple[Any, ...]]:
    """What the file says, to somebody who only knows SQL."""
    db = sqlite3.connect(journal.path)
    try:
        return db.execute(question).fetchall()
    finally:
        db.close()


# -- what is stored


async def test_a_batch_comes_back_as_it_was(journal: Journal) -> None:
    """Event, facts and times read back are equal to those stored."""
    row, decision = badge(1)
    await journal.commit(Batch(events=[row, tick(2)], decisions=[decision]))
    stored = await journal.read(lambda file: list(file.events_after(0)))
    assert [entry.event for entry in stored] == [row.event, Tick()]
    assert stored[0].row.facts == row.facts
    assert from_us(row.at) == stored[0].row.at
    assert (journal.last_n, journal.commit_ms > 0) == (2, True)
    explained = await journal.read(lambda file: file.decision(1))
    assert explained is not None
    assert (explained.decided, explained.handover) == (row.facts[0], "pending")
    assert await journal.read(lambda file: file.last_decision(READER)) == 1
    assert await journal.read(lambda file: file.decision(2)) is None


async def test_every_table_has_its_rows(journal: Journal) -> None:
    """Minutes are replaced by a later word on the same minute; all else is added."""
    await journal.commit(full_batch(1))
    await journal.commit(full_batch(2))
    assert await counts(journal) == {
        "journal": 2,
        "decision": 2,
        "dead_letter": 2,
        "occupancy_1m": 1,
    }
    assert told(journal, "SELECT site, zone, mean, min, max FROM occupancy_1m") == [
        ("hub", "hall", 1.5, 1, 2)
    ]


async def test_rows_of_one_site_in_chunks(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sites share the numbers, and a long journal is read piece by piece."""
    monkeypatch.setattr("gateway.adapters.journal.reader._CHUNK", 2)
    rows = [tick(n, site=SITE if n % 2 else OTHER) for n in range(1, 10)]
    await journal.commit(Batch(events=rows))
    odd = await journal.read(lambda file: [one.row.n for one in file.events_after(1, SITE)])
    assert odd == [3, 5, 7, 9]
    assert [row.n for row in await journal.rows_after(3, 3)] == [4, 5, 6]


async def test_handed_over_and_not(journal: Journal) -> None:
    """Answers are pending until they are settled; once settled they stay so."""
    rows = [badge(n) for n in (1, 2, 3)] + [badge(4, expires_s=None)]
    await journal.commit(Batch([row for row, _ in rows], [decision for _, decision in rows]))
    await journal.commit(Batch(delivered=[1], undelivered=[4]))
    assert await journal.read(lambda file: file.pending(AT)) == ([], [2, 3])
    await journal.commit(Batch(undelivered=[1, 2]))
    assert told(journal, "SELECT n, handover FROM decision ORDER BY n") == [
        (1, "delivered"),
        (2, "undelivered"),
        (3, "pending"),
        (4, "none"),
    ]


FRESH = pytest.mark.parametrize(
    ("passed_s", "clock_s", "is_fresh"),
    [
        pytest.param(1.0, 1.0, True, id="a second later"),
        pytest.param(4.9, 4.9, True, id="just in time"),
        pytest.param(5.1, 5.1, False, id="just too late"),
        pytest.param(21.0, -579.0, False, id="the clock is ten minutes behind"),
        pytest.param(21.0, -3579.0, False, id="the clock is an hour behind"),
        pytest.param(1.0, -3599.0, False, id="an hour behind, although it would be fresh"),
        pytest.param(1.0, 3601.0, False, id="the clock is an hour ahead"),
        pytest.param(21.0, 1.0, False, id="the clock stood still"),
        pytest.param(1.0, 7.0, False, id="the clock says that it is over"),
    ],
)


@FRESH
async def test_fresh_is_what_is_known_to_be(
    tmp_path: Path, passed_s: float, clock_s: float, *, is_fresh: bool
) -> None:
    """After a kill an order is sent again only if neither the clock nor the uptime forbids it."""
    clock = ManualClock(AT)
    row, decision = badge(0)
    async with opened(tmp_path / "journal.db", clock) as journal:
        await journal.commit(Batch([row], [decision]))
    clock.advance(passed_s)
    clock.set_to(AT + timedelta(seconds=clock_s))
    async with opened(tmp_path / "journal.db", clock) as journal:
        now, uptime = clock.now(), clock.uptime()
        fresh, void = await journal.read(lambda file: file.pending(now, uptime))
    assert ([entry.row.n for entry in fresh], void) == (([0], []) if is_fresh else ([], [0]))
    assert [entry.left_s for entry in fresh] == pytest.approx([5 - passed_s] if is_fresh else [])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("manual", "another", id="the system was restarted"),
        pytest.param("manual", None, id="it does not tell any more"),
        pytest.param(None, "manual", id="it did not tell"),
        pytest.param(None, None, id="it never tells"),
    ],
)
async def test_after_a_restart_of_the_system_nothing_is_fresh(
    tmp_path: Path, before: str | None, after: str | None
) -> None:
    """Nobody knows how long it was off, whatever the clock says."""
    clock = ManualClock(AT)
    clock.boot = before
    row, decision = badge(0)
    async with opened(tmp_path / "journal.db", clock) as journal:
        await journal.commit(Batch([row], [decision]))
    clock.boot = after
    async with opened(tmp_path / "journal.db", clock) as journal:
        now, uptime = clock.now(), clock.uptime()
        assert await journal.read(lambda file: file.pending(now, uptime)) == ([], [0])


async def test_a_journal_of_an_older_release_is_opened_and_its_orders_are_void(
    tmp_path: Path,
) -> None:
    """Its decisions have no uptime: they are kept, and none is sent again."""
    path, clock = tmp_path / "journal.db", ManualClock(AT)
    row, decision = badge(0)
    async with opened(path, clock) as journal:
        await journal.commit(Batch([row], [decision]))
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE decision DROP COLUMN run")
        db.execute("ALTER TABLE decision DROP COLUMN uptime")
        db.execute("DROP TABLE run")
    async with opened(path, clock) as journal:
        now, uptime = clock.now(), clock.uptime()
        assert await journal.read(lambda file: file.pending(now, uptime)) == ([], [0])
        await journal.commit(Batch(undelivered=[0]))
        row, decision = badge(1)
        await journal.commit(Batch([row], [decision]))
        (fresh,), void = await journal.read(lambda file: file.pending(from_us(row.at), uptime))
        assert (fresh.row.n, void) == (1, [])


async def test_starts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever restarts a gateway each second for a year fills no disk with that."""
    monkeypatch.setattr(writer, "RUNS_MAX", 3)
    for _ in range(5):
        async with opened(tmp_path / "journal.db", ManualClock(AT)):
            pass
    async with opened(tmp_path / "journal.db", ManualClock(AT)) as journal:
        assert told(journal, "SELECT id FROM run") == [(4,), (5,), (6,)]


async def test_cursors_are_kept(journal: Journal) -> None:
    """Each reader has its own, 0 at first."""
    await journal.move_cursor("influx", 7)
    await journal.move_cursor("influx", 9)
    assert (await journal.cursor("influx"), await journal.cursor("other")) == (9, 0)


async def test_letters_are_bounded(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first."""
    monkeypatch.setattr(writer, "LETTERS_MAX", 3)
    for number in range(5):
        await journal.dead_letter(letter(f"#{number}"))
    await journal.commit(Batch(letters=[letter_row(letter("#5")), letter_row(letter("#6"))]))
    assert told(journal, "SELECT payload FROM dead_letter") == [("#4",), ("#5",), ("#6",)]


async def test_news_wakes_the_reader_once(journal: Journal) -> None:
    """`committed` returns for rows, not for letters or cursors."""
    await journal.dead_letter(letter())
    assert not journal._news.is_set()
    await journal.commit(Batch(events=[tick(1)]))
    await journal.committed()
    assert not journal._news.is_set()


async def test_a_second_start_goes_on(tmp_path: Path) -> None:
    """Numbers and rows are those of before."""
    async with opened(tmp_path / "journal.db") as first:
        await first.commit(Batch(events=[tick(1), tick(2)]))
    async with opened(tmp_path / "journal.db") as second:
        assert second.last_n == 2
        await second.commit(Batch(events=[tick(3)]))
        assert await second.read(lambda file: file.last_received()) == tick(3).received


# -- snapshots


def state_of(people: int, *holders: str) -> State:
    """A state with something in most of its parts."""
    members = [Holder(HolderId(name), memberships=(Membership(PlanId("all")),)) for name in holders]
    badges = [Credential(CredentialHash(f"c-{one.id}"), one.id) for one in members]
    return State(
        directory=Directory(
            holders=Map({one.id: one for one in members}),
            credentials=Map({badge.hash: badge for badge in badges}),
        ),
        presence=Map({HolderId("ada"): Whereabouts(HALL, AT)}),
        zones=Map({HALL: ZoneState(people, AT, AT, AT, 1.25, 0, people)}),
        devices=Map(
            {
                READER: DeviceState(
                    AT,
                    (Boot(1, 9, (Gap(3, 4, AT),)),),
                    missing=2,
                    battery=88.5,
                    fingerprints=(7,),
                )
            }
        ),
        alarms=Map({("held", "front"): AT}),
    )


async def test_a_snapshot_comes_back_as_it_was(journal: Journal) -> None:
    """State and directory; a directory that did not change is that of an older snapshot."""
    before, after = state_of(1, "ada"), state_of(2, "ada")
    await journal.snapshot([Snapshot(5, SITE, before, before.directory)])
    await journal.snapshot([Snapshot(9, SITE, after, None), Snapshot(9, OTHER, State(), None)])
    restored = await journal.read(lambda file: file.restore(SITE))
    assert (restored.n, restored.state) == (9, after)
    assert (await journal.read(lambda file: file.restore(SITE, 5))).state == before
    assert (await journal.read(lambda file: file.restore(SiteId("nowhere")))).n == 0


async def test_old_snapshots_go_with_their_directories(journal: Journal) -> None:
    """The newest few stay, and the oldest of them still has the directory that it stands on."""
    directories = {1: "ada", 2: "bob", 6: "eve"}
    members = ""
    for n in range(1, 8):
        members = directories.get(n, members)
        state = state_of(n, members)
        known = state.directory if n in directories else None
        await journal.snapshot([Snapshot(n, SITE, state, known)])
    kept = await journal.read(lambda file: file.snapshots(SITE))
    assert kept == [5, 6, 7]
    assert len(kept) == SNAPSHOTS_MAX
    assert told(journal, "SELECT n FROM directory_snapshot ORDER BY n") == [(2,), (6,)]
    for n, name in ((5, "bob"), (6, "eve"), (7, "eve")):
        restored = await journal.read(lambda file, n=n: file.restore(SITE, n))  # type: ignore[misc]
        assert restored.state == state_of(n, name)


async def test_a_site_forgets_only_its_own_snapshots(journal: Journal) -> None:
    """Another site's stay."""
    await journal.snapshot([Snapshot(1, OTHER, state_of(1), Directory())])
    for n in range(2, 8):
        await journal.snapshot([Snapshot(n, SITE, state_of(n), Directory())])
    assert await journal.read(lambda file: file.snapshots(OTHER)) == [1]


# -- when the disk fails


class Trouble:
    """A disk in trouble: a pragma makes SQLite itself refuse, on every connection, until over."""

    def __init__(self, journal: Journal, pragma: str) -> None:
        self._journal = journal
        self._pragma: str | None = pragma
        self._connect = sqlite3.connect
        self._apply(journal._writer._connection())

    def over(self) -> None:
        """The cause is gone; the journal does not know yet."""
        self._pragma = None

    def connect(self, *arguments: Any, **named: Any) -> sqlite3.Connection:  # noqa: ANN401 - as sqlite3's
        """In sqlite3.connect's place."""
        db: sqlite3.Connection = self._connect(*arguments, **named)
        self._apply(db)
        return db

    def _apply(self, db: sqlite3.Connection) -> None:
        if self._pragma is not None:
            db.execute(self._pragma)


def fill(n: int) -> list[EventRow]:
    """Rows that need new pages of the file."""
    return [tick(n + k, AlarmRaised("held", "front" * 100, AT)) for k in range(40)]


@pytest.mark.parametrize(
    ("pragma", "words"),
    [
        pytest.param("PRAGMA max_page_count = 1", "database or disk is full", id="disk full"),
        pytest.param("PRAGMA query_only = 1", "readonly", id="read-only file"),
    ],
)
async def test_a_disk_that_refuses(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, pragma: str, words: str
) -> None:
    """JournalError with SQLite's words, nothing stored, and `heal` knows when it is over."""
    await journal.commit(full_batch(1))
    before = await counts(journal)
    trouble = Trouble(journal, pragma)
    monkeypatch.setattr(sqlite3, "connect", trouble.connect)
    batch = full_batch(2)
    batch.events += fill(3)
    with pytest.raises(JournalError, match=words):
        await journal.commit(batch)
    state = state_of(1, *map(str, range(500)))
    with pytest.raises(JournalError, match=words):
        await journal.snapshot([Snapshot(1, SITE, state, state.directory)])
    assert (journal.last_n, await counts(journal)) == (1, before)
    assert await journal.read(lambda file: file.snapshots(SITE)) == []
    if "query_only" in pragma:  # a full disk still has room for a word in the file
        with pytest.raises(JournalError, match=words):
            await journal.heal()
    trouble.over()
    await journal.heal()
    await journal.commit(batch)
    assert (journal.last_n, (await counts(journal))["journal"]) == (42, 42)


async def test_an_input_output_error(tmp_path: Path) -> None:
    """A real one, in a process whose files may not grow: nothing stored, and it heals."""
    child = await create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(_IO_ERROR), str(tmp_path / "journal.db"), stdout=PIPE
    )
    said, _ = await child.communicate()
    assert said.decode().split() == ["disk", "I/O", "error", "1", "still", "healed", "41"]


_IO_ERROR = """
    import asyncio, resource, sys
    from pathlib import Path
    from gateway.adapters.journal.journal import Batch, Journal, JournalError
    from tests.unit.adapters.journal.test_journal import fill, tick

    async def main():
        journal = Journal(Path(sys.argv[1]))
        await journal.open()
        await journal.commit(Batch(events=[tick(1)]))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            await journal.commit(Batch(events=fill(2)))
        except JournalError as error:
            print(str(error).rpartition(": ")[2])
        print(await journal.read(lambda file: file.count("journal")))
        try:
            await journal.heal()
        except JournalError:
            print("still")
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await journal.heal()
        print("healed")
        await journal.commit(Batch(events=fill(2)))
        print(await journal.read(lambda file: file.count("journal")))
        await journal.close()

    asyncio.run(main())
"""


async def test_a_file_that_another_process_locks(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked: nothing stored; free again: it goes on."""
    monkeypatch.setattr(writer, "BUSY_MS", 50)
    journal._writer._connection().execute("PRAGMA busy_timeout = 50")
    locker = await create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(_LOCK), str(journal.path), stdin=PIPE, stdout=PIPE
    )
    assert locker.stdout is not None
    assert locker.stdin is not None
    assert await locker.stdout.readline() == b"locked\n"
    for attempt in (journal.commit(full_batch(1)), journal.move_cursor("x", 1), journal.heal()):
        with pytest.raises(JournalError, match="database is locked"):
            await attempt
    locker.stdin.close()
    await locker.wait()
    await journal.heal()
    await journal.commit(full_batch(1))
    assert (await counts(journal))["journal"] == 1


_LOCK = """
    import sqlite3, sys
    db = sqlite3.connect(sys.argv[1], isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    print("locked", flush=True)
    sys.stdin.read()
    db.close()
"""


async def test_a_commit_that_failed_late_is_undone(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the last flush leaves rows that may be found again: they are not there.

    Else their numbers would be taken, and the gateway could never store anything again.
    """
    await journal.commit(full_batch(1))
    transaction = journal._writer._transaction

    def fails_late(work: Any) -> None:  # noqa: ANN401 - as the journal's
        transaction(work)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(journal._writer, "_transaction", fails_late)
    with pytest.raises(JournalError):
        await journal.commit(full_batch(2))
    assert [row.n for row in await journal.rows_after(0, 10)] == [1]
    monkeypatch.undo()
    await journal.heal()
    assert (await counts(journal))["journal"] == 1
    await journal.commit(full_batch(2))
    assert (await counts(journal))["decision"] == 2


async def test_a_bug_is_no_disk_error(journal: Journal) -> None:
    """A number that is taken is our fault: waiting would never heal it."""
    await journal.commit(Batch(events=[tick(1)]))
    with pytest.raises(sqlite3.IntegrityError):
        await journal.commit(Batch(events=[tick(1), tick(2)]))
    assert (await counts(journal))["journal"] == 1


async def test_no_journal_no_start(tmp_path: Path) -> None:
    """A place where no file can be says so."""
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file" / "journal.db")
    with pytest.raises(JournalError, match=r"journal\.db"):
        await journal.open()
    await journal.close()


def test_reading_a_journal_that_is_not_there(tmp_path: Path) -> None:
    """No file is made by a question."""
    with pytest.raises(sqlite3.OperationalError):
        JournalFile(tmp_path / "journal.db").count("journal")
    assert not os.listdir(tmp_path)  # noqa: PTH208 - an emptiness


# -- nothing secret in a dead letter

_SECRETS = st.text(st.sampled_from("0123456789abcdefABCDEFgxyz\"\\ '"), min_size=1, max_size=20)
_KEYS = st.sampled_from(["credential", "pin", "PIN", "uid", "pin_code", "data", "action_code"])
_NOISE = st.text(st.characters(exclude_categories=["Cs", "Ll"]), max_size=30)


def _as_json(key: str, secret: str) -> str:
    return json.dumps({key: secret})


_SPELLINGS: dict[str, Callable[[str, str], str]] = {
    "JSON": _as_json,
    "without spaces": lambda key, secret: _as_json(key, secret).replace(": ", ":"),
    "a list": lambda key, secret: f'{{"{key}":["{secret[:2]}","{secret[2:]}"]}}'.replace("\\", ""),
    "single quotes": lambda key, secret: f"{{'{key}': '{secret}'}}".replace("\\", ""),
    "a form": lambda key, secret: f"x=1&{key}={secret.replace(' ', '')}",
}


@given(_KEYS, st.text(st.sampled_from("ghjkqvwxyz"), min_size=6, max_size=20), _NOISE)
@pytest.mark.parametrize("spelling", _SPELLINGS)
def test_no_secret_value_survives(spelling: str, key: str, secret: str, noise: str) -> None:
    """However its key is spelled, quoted or nested."""
    kept = masked((_SPELLINGS[spelling](key, secret) + noise).encode("utf-8", "replace"))
    assert secret not in kept
    assert secret[2:] not in kept
    assert key.lower() in kept.lower()


@given(_KEYS, _SECRETS, st.integers(0, 240))
def test_no_json_secret_survives_in_parts(key: str, secret: str, before: int) -> None:
    """Also with quotes and backslashes in it, and where the kept beginning ends within it."""
    alphabet = set("gxyz")
    text = " " * before + _as_json(key, secret)
    kept = masked(text.encode()).lower().replace(f'"{key.lower()}"', "")
    assert not alphabet & set(kept.replace("***", ""))


_DIGITS = st.text(st.sampled_from("0123456789abcdefABCDEF"), min_size=4, max_size=24)
_SEPARATORS = st.sampled_from(["", ":", "-", " ", ".", "_", ", ", ","])


@given(_NOISE, _DIGITS, _SEPARATORS, _NOISE)
def test_no_number_survives(before: str, number: str, separator: str, after: str) -> None:
    """No run of four digits or more, hex or decimal, with or without separators."""
    spelled = separator.join(number[k : k + 2] for k in range(0, len(number), 2))
    kept = masked(f"{before} {spelled} {after}".encode("utf-8", "replace"))
    run = 0
    for sign in kept:
        run = run + 1 if sign in "0123456789abcdefABCDEF" else 0
        assert run < 4
    assert spelled not in kept


@given(st.binary(max_size=400))
def test_masking_takes_anything(payload: bytes) -> None:
    """Any bytes: no crash, no NUL (SQLite would cut there), never much longer than what is kept."""
    kept = masked(payload)
    assert "\x00" not in kept
    assert len(kept) <= 2 * PAYLOAD_KEPT


def test_a_minute_of_facts_is_a_row() -> None:
    """The same figures as in InfluxDB."""
    figures = OccupancyMinute(HALL, AT, 1.5, 1, 2)
    assert minute_row(SITE, figures) == MinuteRow(SITE, HALL, to_us(AT), 1.5, 1, 2)


# -- where a commit runs


@pytest.fixture
def threads(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The thread of each commit that stored something; none is slow, and none is too quick."""
    found: list[str] = []
    transaction = journal._writer._transaction

    def seen(work: Any) -> None:  # noqa: ANN401 - as the journal's
        transaction(work)
        found.append(threading.current_thread().name.partition("_")[0])

    monkeypatch.setattr(journal._writer, "_transaction", seen)
    monkeypatch.setattr(journal_module, "IN_PLACE_MS", 60_000.0)
    return found


async def test_a_lone_badge_is_committed_in_the_loop(journal: Journal, threads: list[str]) -> None:
    """The first is not, as nobody knows yet how quick the disk is; a larger batch never is."""
    await journal.commit(full_batch(1))
    await journal.commit(full_batch(2))
    await journal.commit(Batch(events=[tick(n) for n in range(3, 4 + IN_PLACE_EVENTS)]))
    assert threads == ["journal", "MainThread", "journal"]
    assert (await counts(journal))["journal"] == journal.last_n == 3 + IN_PLACE_EVENTS


async def test_a_slow_disk_is_waited_for_in_the_thread(
    journal: Journal, threads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory card takes tens of milliseconds, and the loop has other things to do."""
    await journal.commit(full_batch(1))
    monkeypatch.setattr(journal_module, "IN_PLACE_MS", 0.0)
    await journal.commit(full_batch(2))
    assert threads == ["journal", "journal"]


async def test_a_commit_waits_in_the_thread_for_what_runs_there(
    journal: Journal, threads: list[str]
) -> None:
    """Of two threads in one connection, the one would end the other's transaction."""
    await journal.commit(full_batch(1))
    may_go_on = threading.Event()
    purge = asyncio.create_task(journal.work(lambda _db: may_go_on.wait(PATIENCE_S)))
    await asyncio.sleep(0)
    commit = asyncio.create_task(journal.commit(full_batch(2)))
    await asyncio.sleep(0)
    purge.cancel()  # what it began goes on in the thread
    await asyncio.sleep(0)
    other = asyncio.create_task(journal.commit(full_batch(3)))
    await asyncio.sleep(0)
    may_go_on.set()
    await asyncio.gather(commit, other)
    assert threads == ["journal"] * 3
    assert (await counts(journal))["journal"] == 3


async def test_a_lock_of_another_process_is_waited_for_in_the_thread(
    journal: Journal, threads: list[str]
) -> None:
    """The broker would not hear from a loop that waits for ten seconds."""
    await journal.commit(full_batch(1))
    await journal.commit(full_batch(2))
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        commit = asyncio.create_task(journal.commit(full_batch(3)))
        await asyncio.sleep(0)
        assert not commit.done()
        other.execute("ROLLBACK")
        await commit
    await journal.commit(full_batch(4))
    assert threads == ["journal", "MainThread", "journal", "MainThread"]
    assert (await counts(journal))["journal"] == 4


async def test_a_recovery_by_another_process_is_waited_for_in_the_thread(
    journal: Journal, threads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a kind of lock: no reason to leave the broker."""
    await journal.commit(full_batch(1))
    transaction = journal._writer._transaction

    def busy(work: Any) -> None:  # noqa: ANN401 - as the journal's
        if threading.current_thread() is threading.main_thread():
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error
        transaction(work)

    monkeypatch.setattr(journal._writer, "_transaction", busy)
    await journal.commit(full_batch(2))
    assert threads == ["journal", "journal"]
    assert (await counts(journal))["journal"] == 2


async def test_an_error_in_the_loop_is_the_journals(
    journal: Journal, threads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the thread; and it is healed there."""
    await journal.commit(full_batch(1))

    def fails(_work: Any) -> None:  # noqa: ANN401 - as the journal's
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(journal._writer, "_transaction", fails)
        with pytest.raises(JournalError, match="disk I/O error"):
            await journal.commit(full_batch(2))
    await journal.heal()
    await journal.commit(full_batch(2))
    assert threads == ["journal", "journal", "MainThread"]
