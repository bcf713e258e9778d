"""A restart and a replay: the journal through the same engine gives the state that was live."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway.adapters.journal.journal import Journal
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import event_row
from gateway.adapters.journal.writer import Batch, Snapshot
from gateway.analysis.replay import DIFFERENCES_MAX, ReplayResult, replay
from gateway.clock import ManualClock, Uptime
from gateway.core.access import decision
from gateway.core.events import Reported, SpaceChanged, Tick
from gateway.core.facts import DoorChanged
from gateway.core.model.directory import Directory
from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.readings import CredentialPresented
from gateway.core.state import State
from gateway.core.step_context import StepContext
from gateway.service.recovery import recover
from tests.world.engine import FRONT, HALL, MONDAY, SITE, Place
from tests.world.journal import batch_of

HUB = SITE.id
LATER = MONDAY + timedelta(minutes=5)


@asynccontextmanager
async def opened(
    path: Path, uptime: Callable[[], Uptime | None] = lambda: None
) -> AsyncIterator[Journal]:
    """A journal of this file."""
    journal = Journal(path, uptime)
    await journal.open()
    yield journal
    await journal.close()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An empty journal."""
    async with opened(tmp_path / "journal.db") as journal:
        yield journal


@pytest.fixture
def place() -> Place:
    """A house in which things happened."""
    place = Place()
    place.enter("ada", "bob")
    place.after(61)
    place.badge("front-out", "ada")
    place.contact("front-contact", "open")
    place.badge("front-in", "stranger")
    return place


async def write(journal: Journal, place: Place, *, snapshots: tuple[int, ...] = ()) -> None:
    """Journal all that was told, as the service does; snapshots after these rows."""
    known = Directory()
    for row in place.rows:
        await journal.commit(batch_of([row]))
        if row.n in snapshots:
            snapshot = place.snapshot(row.n)
            changed = None if snapshot.directory == known else snapshot.directory
            await journal.snapshot([structs.replace(snapshot, directory=changed)])
            known = snapshot.state.directory


@pytest.mark.parametrize(
    "snapshots",
    [
        pytest.param((), id="without a snapshot"),
        pytest.param((5,), id="a snapshot and the tail"),
        pytest.param((3, 6, 9), id="the newest snapshot stands on an older directory"),
        pytest.param((1,), id="a snapshot before the members came"),
    ],
)
async def test_the_state_is_the_one_that_was_live(
    journal: Journal, place: Place, snapshots: tuple[int, ...]
) -> None:
    """Whatever was in memory is in the journal."""
    await write(journal, place, snapshots=snapshots)
    recovered = await journal.read(lambda file: recover(file, [HUB], LATER))
    found = recovered.sites[HUB]
    assert (found.site, found.state) == (SITE, place.state)
    assert found.replayed == len(place.told) - max(snapshots, default=0)
    assert recovered.last_received == place.told[-1][1]


async def test_a_site_that_is_new_begins_empty(journal: Journal, place: Place) -> None:
    """Beside one that is not."""
    await write(journal, place)
    other = SiteId("other")
    recovered = await journal.read(lambda file: recover(file, [HUB, other], LATER))
    assert (recovered.sites[other].site, recovered.sites[other].state) == (None, State())
    assert recovered.sites[HUB].state == place.state


async def test_an_empty_journal_is_a_first_start(journal: Journal) -> None:
    """Nothing is known and nothing pending."""
    recovered = await journal.read(lambda file: recover(file, [HUB], LATER))
    assert (recovered.sites[HUB].site, recovered.fresh, recovered.void) == (None, [], [])


async def test_the_space_file_in_force_is_the_last_one(journal: Journal, place: Place) -> None:
    """A changed one takes force where it was journaled."""
    smaller = structs.replace(SITE, doors=SITE.doors[:1], devices=SITE.devices[:2])
    place.tell(SpaceChanged(smaller))
    place.after(5)
    await write(journal, place, snapshots=(4,))
    found = (await journal.read(lambda file: recover(file, [HUB], LATER))).sites[HUB]
    assert (found.site, found.state) == (smaller, place.state)


async def test_answers_that_were_not_handed_over(tmp_path: Path, place: Place) -> None:
    """Those of the last five seconds are fresh, with all that is needed to send them."""
    async with opened(tmp_path / "another.db", ManualClock(MONDAY).uptime) as journal:
        await write(journal, place)
        soon, uptime = place.now + timedelta(seconds=4), Uptime("manual", 4_000_000)
        recovered = await journal.read(lambda file: recover(file, [HUB], soon, uptime))
        later = await journal.read(lambda file: recover(file, [HUB], LATER, uptime))
    assert [entry.decided.reason for entry in recovered.fresh] == [
        "exit-free",
        "credential-unknown",
    ]
    assert len(recovered.void) == 2
    assert (len(later.fresh), len(later.void)) == (0, 4)


async def test_rows_before_the_space_file_are_left_out(journal: Journal) -> None:
    """Said with the row's number; a start that ended here would end here each time."""
    row = event_row(1, HUB, Tick(), (), MONDAY)
    await journal.commit(Batch(events=[row]))
    recovered = await journal.read(lambda file: recover(file, [HUB], LATER))
    ((site, bug),) = recovered.bugs
    assert (site, bug.where) == (HUB, "restart")
    assert "row 1 of hub comes before its space file" in str(bug.error)


async def test_a_row_that_raises_is_left_out(
    journal: Journal, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an engine of before it was taken: the rows after it are taken as before."""
    await write(journal, place)
    decide = decision.decide

    def broken(turn: StepContext, device: Device, event: Reported) -> None:
        if event.reading == CredentialPresented("hash-bob"):
            raise ZeroDivisionError
        decide(turn, device, event)

    monkeypatch.setattr(decision, "decide", broken)
    recovered = await journal.read(lambda file: recover(file, [HUB], LATER))
    assert [bug.where for _, bug in recovered.bugs] == ["restart"]
    state = recovered.sites[HUB].state
    assert set(state.presence) == set(place.state.presence) - {"bob"}
    assert state.devices == place.state.devices  # its number was taken in
    first, *_ = replayed_of(journal).differences
    assert first.what == "it raises ZeroDivisionError"


@pytest.mark.parametrize("column", ["event", "facts"])
async def test_a_damaged_row_is_left_out(journal: Journal, place: Place, column: str) -> None:
    """The start goes on, and a replay tells where."""
    await write(journal, place)
    last = len(place.told)
    sql = f"UPDATE journal SET {column} = '[]{{' WHERE n = ?"  # noqa: S608 - a column of ours
    journal._writer._connection().execute(sql, (last,))
    recovered = await journal.read(lambda file: recover(file, [HUB], LATER))
    assert len(recovered.bugs) == 1
    assert recovered.sites[HUB].state.presence == place.state.presence
    (difference,) = replayed_of(journal).differences
    assert difference.n == last
    assert difference.what.startswith("it cannot be read: ")


async def test_a_damaged_snapshot_costs_rows_alone(journal: Journal, place: Place) -> None:
    """An older one is taken, or none."""
    await write(journal, place, snapshots=(3, 6))
    db = journal._writer._connection()
    for n, replayed in ((6, len(place.told) - 3), (3, len(place.told))):
        db.execute("UPDATE snapshot SET state = x'c1c1' WHERE n = ?", (n,))
        recovered = await journal.read(lambda file: recover(file, [HUB], LATER))
        assert recovered.sites[HUB].state == place.state
        assert recovered.sites[HUB].replayed == replayed
        assert len(recovered.bugs) == (2 if n == 3 else 1)


# -- replay


def replayed_of(journal: Journal, on_row: Callable[[], None] = lambda: None) -> ReplayResult:
    """The hub's replay."""
    with closing(JournalFile(journal.path)) as file:
        return replay(file, HUB, on_row)


async def test_a_replay_finds_nothing(journal: Journal, place: Place) -> None:
    """Facts and snapshots are what the engine says again."""
    await write(journal, place, snapshots=(4, 8, len(place.told)))
    rows: list[int] = []
    replayed = replayed_of(journal, lambda: rows.append(1))
    assert (replayed.differences, replayed.state) == ([], place.state)
    assert (replayed.rows, replayed.snapshots, len(rows)) == (len(place.told), 3, len(place.told))


async def test_a_replay_finds_facts_that_are_not_the_engines(
    journal: Journal, place: Place
) -> None:
    """Somebody changed a row, or the engine changed its mind."""
    await write(journal, place)
    changed = '[{"fact":"DoorChanged","door":"front","state":"held","at":"2026-11-23T10:00:00Z"}]'
    journal._writer._connection().execute("UPDATE journal SET facts = ? WHERE n = 4", (changed,))
    (difference,) = replayed_of(journal).differences
    assert (difference.n, difference.site) == (4, HUB)
    assert repr(DoorChanged(FRONT, "held", MONDAY)) in difference.what


async def test_a_replay_finds_a_snapshot_that_is_not_the_engines(
    journal: Journal, place: Place
) -> None:
    """And says which part."""
    await write(journal, place)
    wrong = structs.replace(place.state, zones=place.state.zones.delete(HALL))
    await journal.snapshot([Snapshot(len(place.told), HUB, wrong, wrong.directory)])
    (difference,) = replayed_of(journal).differences
    assert difference.what == "the snapshot's zones is not the replay's"


async def test_a_replay_ends_after_enough_differences(journal: Journal, place: Place) -> None:
    """The first says it all."""
    for _ in range(3 * DIFFERENCES_MAX):
        place.after(60)
    await write(journal, place)
    journal._writer._connection().execute("UPDATE journal SET facts = '[]'")
    differences = replayed_of(journal).differences
    assert DIFFERENCES_MAX <= len(differences) < 2 * DIFFERENCES_MAX


async def test_a_replay_without_a_space_file(journal: Journal) -> None:
    """Says so and ends."""
    await journal.commit(Batch(events=[event_row(1, HUB, Tick(), (), MONDAY)]))
    (difference,) = replayed_of(journal).differences
    assert difference.what == "no space file before this row"
