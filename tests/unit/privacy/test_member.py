"""A member's data: all of it in an export, none of it after an erasure, wherever it was."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from typer.testing import CliRunner, Result

from gateway.adapters.audit import ERASED, AuditEntry, AuditLog
from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import (
    DirectoryStore,
    Member,
    credential_hash,
    holder_of,
    pin_hash,
)
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal, JournalError
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.writer import Batch
from gateway.analysis.replay import replay
from gateway.cli import app
from gateway.clock import ManualClock, SystemClock
from gateway.core.events import DirectoryChanged, Requested
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    DirectoryChange,
    Holder,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import OPERATOR, PlanId, TrainingId
from gateway.core.readings import CredentialPresented
from gateway.core.requests import Request, SetMode
from gateway.privacy import erasure
from gateway.privacy.erase_and_export import erase_member, export_member
from gateway.privacy.keeper import RetentionKeeper
from gateway.privacy.retention import Kept
from gateway.service.recovery import recover
from tests.servers import PATIENCE_S
from tests.world.engine import HALL, MONDAY, SITE, Place
from tests.world.journal import journaled

HUB = SITE.id
KEY = b"a key of at least sixteen bytes"
FULL_NAME = "Adalbertine Quelquechose"


def person(ref: str, name: str, *, trained_by: str | None = None) -> Member:
    """A member with a badge and a PIN, who may be a trainer."""
    holder = holder_of(KEY, ref)
    hash_ = credential_hash(KEY, f"04{ref}")
    badge = Credential(hash_, holder, pin=pin_hash(KEY, f"04{ref}", "1234"))
    training = Training(TrainingId("laser"), holder_of(KEY, trained_by) if trained_by else None)
    plan = Membership(PlanId("full"))
    return Member(
        ref,
        name,
        Holder(holder, memberships=(plan,), trainings=(training,)),
        f"{ref}@x.org",
        (badge,),
    )


ADA, BOB = person("m1", FULL_NAME), person("m2", "Bob", trained_by="m1")
ADAS, BOBS = ADA.holder.id, BOB.holder.id
WORDS = (ADAS, str(ADA.credentials[0].hash), str(ADA.credentials[0].pin))


class House(Place):
    """The place with real pseudonyms."""

    def __init__(self) -> None:
        super().__init__()
        boss = structs.replace(BOB.holder, roles=(StaffRole(OPERATOR),))
        both = DirectoryChange((ADA.holder, boss), (*ADA.credentials, *BOB.credentials))
        self.tell(DirectoryChanged(both))
        lost = Credential(CredentialHash("ab" * 32), ADAS, "lost")
        self.tell(DirectoryChanged(DirectoryChange(credentials=(lost,))))
        self.tell(DirectoryChanged(DirectoryChange(removed_credentials=(lost.hash,))))

    def come(self, member: Member, at: str = "front-in") -> None:
        """A badge at a door."""
        self.says(at, CredentialPresented(member.credentials[0].hash))
        self.swing("front-contact")

    def forget(self, member: Member) -> None:
        """The gateway has heard that a member is gone from the file."""
        hashes = tuple(each.hash for each in member.credentials)
        trained = tuple(
            structs.replace(
                each, trainings=tuple(structs.replace(one, given_by=None) for one in each.trainings)
            )
            for each in self.state.directory.holders.values()
            if any(one.given_by == member.holder.id for one in each.trainings)
        )
        self.tell(DirectoryChanged(DirectoryChange(trained, (), (member.holder.id,), hashes)))


@pytest.fixture
def house() -> House:
    """Ada came, looked around and is inside; Bob, too."""
    house = House()
    house.come(ADA)
    house.come(BOB)
    house.after(60)
    house.come(ADA, "front-out")
    house.come(ADA)
    return house


@pytest.fixture
def folder(tmp_path: Path, house: House) -> Iterator[Path]:
    """A data folder in which both are members."""
    with closing(DirectoryStore(tmp_path / MEMBERS_FILE)) as members:
        members.bind(KEY)
        members.apply([ADA, BOB])
        asyncio.run(journaled(tmp_path / JOURNAL_FILE, house.rows, house.snapshot()))
        with closing(AuditLog(tmp_path / AUDIT_FILE)) as log:
            log.record(AuditEntry(MONDAY, "eve", "look", "hub", ADAS, "lost badge"))
            log.record(AuditEntry(MONDAY, "eve", "look", "hub", BOBS, "other"))
        yield tmp_path


def content(folder: Path) -> bytes:
    """Every byte of every database."""
    return b"".join(each.read_bytes() for each in sorted(folder.glob("*.db*")))


async def gateway(house: House, folder: Path) -> bool:
    """What a running gateway does about who is to be erased; whether they are out of force."""
    journal = Journal(folder / JOURNAL_FILE)
    await journal.open()
    try:
        wait_s = await erasure.erase_pending(
            journal, folder / MEMBERS_FILE, lambda: {HUB: house.state}
        )
        return wait_s != erasure.IN_FORCE_S
    finally:
        await journal.close()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "PAUSE_S", 0.0)


# -- export


def test_an_export_has_everything_and_nobody_else(folder: Path) -> None:
    """Identity, plans, trainings, badges without numbers, passages and looks."""
    found = export_member(folder, "m1", MONDAY)
    assert found is not None
    assert (found.name, found.email, found.memberships[0]["plan"]) == (
        FULL_NAME,
        "m1@x.org",
        "full",
    )
    (badge,) = found.credentials
    assert badge.pop("enrolled")
    assert badge == {"number": 1, "label": "", "status": "active", "kind": "badge",
                     "starts": None, "ends": None, "duress": False}  # fmt: skip
    assert [one.kind for one in found.passages].count("credential") == 3
    assert [(one.by, one.why) for one in found.looks] == [("eve", "lost badge")]
    assert found.inside == {"hub": {"zone": HALL, "since": MONDAY_60, "came": MONDAY_60}}
    text = found.as_json().decode()
    assert json.loads(text)["ref"] == "m1"
    assert BOBS not in text
    assert not [word for word in WORDS[1:] if word in text]
    assert export_member(folder, "m9", MONDAY) is None


MONDAY_60 = "2026-11-23T10:01:00Z"


def test_an_export_of_somebody_new_is_small(tmp_path: Path) -> None:
    """There may be no journal and no log yet, and no members at all."""
    assert export_member(tmp_path, "m1", MONDAY) is None
    with closing(DirectoryStore(tmp_path / MEMBERS_FILE)) as members:
        members.apply([ADA])
    found = export_member(tmp_path, "m1", MONDAY)
    assert found is not None
    assert (found.passages, found.looks, found.inside) == ((), (), {})


# -- erasure


def test_an_erasure_leaves_nothing(folder: Path, house: House) -> None:
    """No word of theirs is in any file, and the journal still explains itself."""
    assert FULL_NAME.encode() in content(folder)
    done = erase_member(folder, "m1", SystemClock().now())
    assert done is not None
    assert (done.credentials, done.memberships, done.looks, done.inside) == (1, 1, 1, ("hub",))
    assert done.journal_rows >= 8
    assert FULL_NAME.encode() not in content(folder)
    people = house.people(HALL)
    house.forget(ADA)
    asyncio.run(journaled(folder / JOURNAL_FILE, house.rows))
    assert asyncio.run(gateway(house, folder))
    assert not [word for word in (*WORDS, "ab" * 32) if word.encode() in content(folder)]
    with closing(JournalFile(folder / JOURNAL_FILE)) as file:
        replayed = replay(file, HUB)
        assert replayed.differences == []
        found = recover(file, [HUB], house.now).sites[HUB].state
    assert (found.zones, found.presence) == (house.state.zones, house.state.presence)
    assert house.people(HALL) == people - 1
    with closing(sqlite3.connect(folder / JOURNAL_FILE)) as db:
        holders = db.execute("SELECT holder, count(*) FROM decision GROUP BY 1").fetchall()
        assert db.execute("SELECT count(*) FROM erasure").fetchone() == (0,)
    assert sorted(count for _, count in holders) == [1, 3]


def test_others_keep_what_they_have(folder: Path, house: House) -> None:
    """Whom the erased member trained keeps the training; looks say no longer at whom."""
    erase_member(folder, "m1", SystemClock().now())
    with closing(DirectoryStore(folder / MEMBERS_FILE)) as members:
        bob = members.find("m2")
        assert bob is not None
        assert bob.holder.trainings == (Training(TrainingId("laser"), None),)
        assert members.erasures() == (ADAS,)
    with closing(AuditLog(folder / AUDIT_FILE)) as log:
        assert [line.entry.subject for line in log.search().lines] == [BOBS, ERASED]
    assert erase_member(folder, "m1", SystemClock().now()) is None
    house.forget(ADA)
    asyncio.run(journaled(folder / JOURNAL_FILE, house.rows))
    assert asyncio.run(gateway(house, folder))
    found = export_member(folder, "m2", MONDAY)
    assert found is not None
    assert [one.kind for one in found.passages].count("credential") == 1


def test_who_is_in_force_is_waited_for(folder: Path, house: House) -> None:
    """Else a new state would say the pseudonym again."""
    erase_member(folder, "m1", SystemClock().now())
    assert not asyncio.run(gateway(house, folder))
    assert ADAS.encode() in content(folder)


def test_who_is_waited_for_in_an_evacuation_stays_until_its_end(folder: Path, house: House) -> None:
    """Somebody may have to look for them; then they go."""
    house.tell(Requested(Request("t1", BOBS, house.now, SetMode("evacuation", "smoke"))))
    erase_member(folder, "m1", SystemClock().now())
    house.forget(ADA)
    asyncio.run(journaled(folder / JOURNAL_FILE, house.rows, house.snapshot()))
    assert asyncio.run(gateway(house, folder))
    with closing(DirectoryStore(folder / MEMBERS_FILE)) as members:
        assert members.erasures() == (ADAS,)
    house.tell(Requested(Request("t2", BOBS, house.now, SetMode("normal", "drill is over"))))
    asyncio.run(journaled(folder / JOURNAL_FILE, house.rows, house.snapshot()))
    assert asyncio.run(gateway(house, folder))
    assert ADAS.encode() not in content(folder)


def test_a_badge_that_somebody_else_has_now_is_theirs(folder: Path, house: House) -> None:
    """Its hash stays: the door must know it after a restart."""
    house.forget(ADA)
    again = structs.replace(ADA.credentials[0], holder=BOBS)
    house.tell(DirectoryChanged(DirectoryChange(credentials=(again,))))
    asyncio.run(journaled(folder / JOURNAL_FILE, house.rows))
    erase_member(folder, "m1", SystemClock().now())
    assert asyncio.run(gateway(house, folder))
    with closing(JournalFile(folder / JOURNAL_FILE)) as file:
        found = recover(file, [HUB], house.now).sites[HUB].state
    assert found.directory.credentials[again.hash].holder == BOBS
    assert ADAS.encode() not in content(folder)


def test_a_kill_at_any_step_is_gone_on_from(
    folder: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words everywhere, whenever it was killed: a replay finds no difference."""
    erase_member(folder, "m1", SystemClock().now())
    house.forget(ADA)
    asyncio.run(journaled(folder / JOURNAL_FILE, house.rows))
    monkeypatch.setattr("gateway.adapters.journal.erasure.LOOKED_AT", 4)
    monkeypatch.setattr("gateway.adapters.journal.erasure.WRITTEN", 1)
    work, steps, left = Journal.work, 0, 0

    async def killed(self: Journal, job: Callable[[sqlite3.Connection], Any]) -> Any:  # noqa: ANN401
        nonlocal left
        left -= 1
        if left < 0:
            raise JournalError("killed")
        return await work(self, job)

    monkeypatch.setattr(Journal, "work", killed)
    while True:
        left = 1 + steps % 6
        steps += 1
        try:
            done = asyncio.run(gateway(house, folder))
        except JournalError:
            continue
        assert done
        break
    assert steps > 5
    assert not [word for word in WORDS if word.encode() in content(folder)]
    with closing(JournalFile(folder / JOURNAL_FILE)) as file:
        differences = replay(file, HUB).differences
        assert differences == []


def test_who_is_imported_again_is_not_erased(folder: Path) -> None:
    """They are a member, and their passages are theirs."""
    erase_member(folder, "m1", SystemClock().now())
    with closing(DirectoryStore(folder / MEMBERS_FILE)) as members:
        members.apply([ADA])
        assert members.erasures() == ()


# -- the gateway's task


async def test_the_gateway_erases_and_purges_by_itself(tmp_path: Path, house: House) -> None:
    """Within seconds, and a night that was missed at once."""
    with closing(DirectoryStore(tmp_path / MEMBERS_FILE)) as members:
        members.bind(KEY)
        members.apply([ADA, BOB])
    with closing(AuditLog(tmp_path / AUDIT_FILE)) as log:
        log.record(AuditEntry(MONDAY, "eve", "sign-in"))
    await journaled(tmp_path / JOURNAL_FILE, house.rows, house.snapshot())
    house.after(60)
    await journaled(tmp_path / JOURNAL_FILE, house.rows, house.snapshot())
    erase_member(tmp_path, "m1", SystemClock().now())
    journal = Journal(tmp_path / JOURNAL_FILE)
    await journal.open()
    clock = ManualClock(house.now + timedelta(days=10))
    keeper = RetentionKeeper(
        journal,
        tmp_path / MEMBERS_FILE,
        Kept(9, 9),
        clock,
        lambda: ({HUB: SITE}, {HUB: house.state}),
        is_sure=lambda: True,
    )
    task = asyncio.create_task(keeper.run())
    try:
        await _until(lambda: _purged(tmp_path) > 0)
        with closing(AuditLog(tmp_path / AUDIT_FILE)) as log:
            await _until(lambda: log.search().lines == ())
        rows = len(house.rows)
        house.forget(ADA)
        new = house.rows[rows:]
        await journal.commit(Batch(new))
        await _until(lambda: _pending(tmp_path) == ())
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.close()
    assert ADAS.encode() not in content(tmp_path)


async def test_what_memory_holds_up_is_gone_on_with(folder: Path, house: House) -> None:
    """Not an hour later: a restart may find them where a door or an evacuation expects them."""
    house.tell(Requested(Request("t1", BOBS, house.now, SetMode("evacuation", "smoke"))))
    house.forget(ADA)
    await journaled(folder / JOURNAL_FILE, house.rows, house.snapshot())
    erase_member(folder, "m1", SystemClock().now())
    journal, clock = Journal(folder / JOURNAL_FILE), ManualClock(house.now)
    await journal.open()
    live = {HUB: SITE}, {HUB: house.state}
    keeper = RetentionKeeper(
        journal, folder / MEMBERS_FILE, Kept(90, 365), clock, lambda: live, is_sure=lambda: True
    )
    task = asyncio.create_task(keeper.run())
    try:
        await _until(lambda: _reached(folder) == [journal.last_n])
        rows = len(house.rows)
        house.tell(Requested(Request("t2", BOBS, house.now, SetMode("normal", "a drill"))))
        await journal.commit(Batch(house.rows[rows:]))
        live[1][HUB] = house.state
        clock.advance(erasure.HELD_S)
        await _until(lambda: not _reached(folder) and not _pending(folder))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.close()
    assert _pending(folder) == ()


def _reached(folder: Path) -> list[int]:
    """How far an erasure is, read without a touch of the members' file."""
    with closing(sqlite3.connect(folder / JOURNAL_FILE)) as db:
        return [n for (n,) in db.execute("SELECT DISTINCT reached FROM erasure")]


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.05)


def _purged(folder: Path) -> int:
    with closing(JournalFile(folder / JOURNAL_FILE)) as file:
        return file.purged().n


def _pending(folder: Path) -> tuple[str, ...]:
    with closing(DirectoryStore(folder / MEMBERS_FILE)) as members:
        return members.erasures()


# -- the commands


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`seuil privacy ...` in this folder."""
    monkeypatch.setenv("SEUIL_DATA_DIR", str(folder))
    monkeypatch.setenv("SEUIL_CREDENTIAL_KEY", KEY.decode())

    def run(*words: str, said: str | None = None) -> Result:
        return CliRunner().invoke(app, ["privacy", *words], input=said)

    return run


def test_the_command_exports_a_text_and_json(run: Callable[..., Result], folder: Path) -> None:
    """And is a look itself: the next export shows it."""
    text = run("export", "m1", "--why", "asked on Monday")
    assert text.exit_code == 0
    assert f"Nom: {FULL_NAME}" in text.stdout
    assert "front-in accordé" in text.stdout
    found = json.loads(run("export", "m1", "--json").stdout)
    assert [(one["action"], one["why"]) for one in found["looks"]][:2] == [
        ("export", ""),
        ("export", "asked on Monday"),
    ]
    wrote = run("export", "m1", "--out", str(folder / "out"), "--language", "en")
    assert "Data kept about you" in (folder / "out" / "m1.txt").read_text()
    assert (folder / "out" / "m1.json").stat().st_mode & 0o777 == 0o600
    assert "m1.json" in wrote.stdout
    assert run("export", "nobody").exit_code == 2


def test_the_command_asks_before_it_erases(run: Callable[..., Result], folder: Path) -> None:
    """Once erased, again is no error."""
    refused = run("erase", "m1", said="n\n")
    assert refused.exit_code == 1
    assert FULL_NAME.encode() in content(folder)
    done = run("erase", "m1", said="y\n")
    assert done.exit_code == 0
    assert "1 badges" in done.stdout
    assert "inside at hub" in done.stdout
    assert FULL_NAME.encode() not in content(folder)
    again = run("erase", "m1", "--yes", "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (0, {"erased": False})
    assert "nothing to erase" in run("erase", "m1").stdout
    with closing(AuditLog(folder / AUDIT_FILE)) as log:
        assert [line.entry.action for line in log.search(limit=1).lines] == ["erase"]
