"""A disk that fails at the k-th operation on the journal's files, and kills there."""

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from benchmarks import synthetic_journal
from benchmarks.crash_judge import asked
from benchmarks.faults.rig import PATIENCE_S, FaultVerdict, Rig, rig, until
from benchmarks.faults.shim import HOW, How, Shim
from benchmarks.processes import BenchError
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import SystemClock
from gateway.privacy.confirmation import confirm

FAR: Final = 40
"""A fault comes within this many operations: some commits, now and then a checkpoint."""
LASTING: Final = 12
"""The most operations that fail in a row: the recovery meets some of them, too."""
FAULTS_A_LIFE: Final = 25
MIGRATION_OPS: Final = 22
"""The least operations of a start that migrates a journal."""
PURGE_OPS: Final = 20
"""Operations after which a start is over and a purge has begun."""
OLD_ROWS: Final = 2400
"""Rows that a purge deletes, in steps of 50."""
OLD: Final = timedelta(hours=26)
PASSAGE_DAYS: Final = 1
OnStep = Callable[[str], object]


class DiskFaultResult(Struct):
    """The result of a failing disk."""

    io_faults: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    judged: FaultVerdict = field(default_factory=FaultVerdict)


class Kills(Struct):
    """The result of kills at an operation."""

    kills: int = 0
    by_phase: Counter[str] = field(default_factory=Counter)
    judged: FaultVerdict = field(default_factory=FaultVerdict)
    miscounted: int = 0
    """Purged decisions that are in no count, or in two."""


async def failing(folder: Path, faults: int, seed: int, on_step: OnStep) -> DiskFaultResult:
    """Have operations fail under load; the gateway leaves the broker, recovers, and continues.

    Raises:
        BenchError: it did not come back.
    """
    draw, done = random.Random(seed), DiskFaultResult()  # noqa: S311 - repeatable, no secret
    async with rig(folder, seed) as place:
        shim = Shim(folder / "shim")
        place.use(shim.env)
        async with place.busy():
            while done.io_faults < faults:
                await place.gateway.start()
                for _ in range(min(FAULTS_A_LIFE, faults - done.io_faults)):
                    how = draw.choice(tuple(HOW))
                    await _one(place, shim, how, draw)
                    done.io_faults += 1
                    done.by_kind[how] += 1
                    on_step(f"{done.io_faults} of {faults} operations failed")
                if done.io_faults < faults:
                    await place.gateway.kill()
        done.judged = await place.judged()
        shim.close()
    return done


async def _one(place: Rig, shim: Shim, how: How, draw: random.Random) -> None:
    """Have one operation fail, or some in a row; then the gateway must continue."""
    before = shim.failed
    shim.fail(draw.randint(1, FAR), draw.choice((1, 1, 2, 4, LASTING)), how)
    await until(lambda: shim.failed > before, "an operation failed", place.gateway)
    await asyncio.sleep(draw.uniform(0, 0.2))
    shim.mend()
    await place.goes_on("it goes on after a fault of the disk")


async def kills(folder: Path, count: int, seed: int, on_step: OnStep) -> Kills:
    """Kill a gateway at operations of its start, under load, in a migration and in a purge."""
    done, share = Kills(), max(1, count // 3)
    phases = {_kill_starts: share, _kill_migrations: share, _kill_purges: count - 2 * share}
    async with asyncio.TaskGroup() as tasks:  # each has its own rig, and mostly waits
        for number, (phase, kills) in enumerate(phases.items()):
            draw = random.Random(seed + number)  # noqa: S311 - repeatable, no secret
            tasks.create_task(phase(folder / phase.__name__, max(1, kills), draw, done, on_step))
    return done


async def _kill_starts(
    folder: Path, count: int, draw: random.Random, done: Kills, on_step: OnStep
) -> None:
    """Kill at operations of the very first start, then of later ones and under load."""
    first = (count + 1) // 2
    async with rig(folder, draw.getrandbits(16)) as place:
        shim = Shim(folder / "shim")
        place.use(shim.env)
        await place.gateway.start()
        ops = shim.ops
        for number in range(first):
            if place.gateway.running:
                await place.gateway.kill()
            forget(place.data / JOURNAL_FILE)  # each is the very first; there are no badges yet
            shim.kill(1 + number * ops // first)
            await _killed(place, shim)
            _count(done, "start", on_step)
        await place.gateway.start()
        async with place.busy():
            for _ in range(count - first):
                await place.gateway.kill()
                shim.kill(draw.randint(1, 200))
                await _killed(place, shim)
                _count(done, "load", on_step)
                await place.gateway.start()
                await place.goes_on("it goes on after kills")
        done.judged += await place.judged()
        shim.close()


async def _kill_migrations(
    folder: Path, count: int, draw: random.Random, done: Kills, on_step: OnStep
) -> None:
    """Kill while a journal of an older release is opened, each time from the same state."""
    async with rig(folder, draw.getrandbits(16)) as place:
        shim = Shim(folder / "shim")
        place.use(shim.env)
        await place.gateway.start()
        async with place.busy():
            await place.goes_on("it runs")
        await place.people.settled(PATIENCE_S)
        ops = MIGRATION_OPS
        for number in range(count):
            if not await place.gateway.stop():
                raise BenchError(f"no clean stop: {place.gateway.last_words()}")
            await asyncio.to_thread(make_old, place.data / JOURNAL_FILE)
            shim.kill(1 + number * ops // count)
            await _killed(place, shim)
            _count(done, "migration", on_step)
            await place.gateway.start()
        async with place.busy():
            await place.goes_on("it goes on after a migration")
        done.judged += await place.judged()
        shim.close()


async def _kill_purges(
    folder: Path, count: int, draw: random.Random, done: Kills, on_step: OnStep
) -> None:
    """Kill while old passages are turned into counts."""
    async with rig(folder, draw.getrandbits(16), sensors=False) as place:
        now = SystemClock().now()
        await synthetic_journal.write_past(
            place.data, place.site, OLD_ROWS, now - OLD, lambda _rows: None, sensing=False
        )
        decisions = _decisions(place.data)
        place.people.begin_at(synthetic_journal.BOOT + 1)
        shim = Shim(folder / "shim")
        place.use(shim.env, passage_days=PASSAGE_DAYS)
        async with place.busy():
            for number in range(count):
                confirm(place.data, now)
                shim.kill(PURGE_OPS + number * draw.randint(3, 30))
                await _killed(place, shim)
                _count(done, "purge", on_step)
            confirm(place.data, now)
            await place.gateway.start()
            await until(lambda: _is_purged(place.data), "the purge ends", place.gateway)
            await place.goes_on("it goes on after a purge")
        done.judged += await place.judged()
        shim.close()
        mine = sum(number[0] in place.people.readers for number in place.people.acknowledged)
        done.miscounted += abs(_decisions(place.data) - decisions - mine)


async def _killed(place: Rig, shim: Shim) -> None:
    """Start a gateway, and wait until the shim has killed it."""
    await place.gateway.spawn()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await place.gateway.wait()
    except TimeoutError:
        raise BenchError(f"it reached no such operation: {place.gateway.last_words()}") from None
    finally:
        shim.spare()


def _count(done: Kills, phase: str, on_step: OnStep) -> None:
    done.kills += 1
    done.by_phase[phase] += 1
    on_step(f"{done.kills} kills at an operation")


def forget(journal: Path) -> None:
    """Remove a journal and the files beside it."""
    for file in journal.parent.glob(f"{journal.name}*"):
        file.unlink()


def make_old(journal: Path) -> None:
    """Convert a journal to the previous release: remove the later additions."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as db:
        for column in ("run", "uptime"):
            db.execute(f"ALTER TABLE decision DROP COLUMN {column}")
        db.execute("DROP TABLE run")


def _decisions(data: Path) -> int:
    """Return the number of decisions that are rows or counts."""
    with asked(data / JOURNAL_FILE) as ask:
        ((total,),) = ask("SELECT coalesce(sum(count), 0) FROM access_1d")
    return int(total)


def _is_purged(data: Path) -> bool:
    with asked(data / JOURNAL_FILE) as ask:
        return bool(ask("SELECT 1 FROM purged WHERE ran > 0"))
