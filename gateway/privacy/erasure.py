"""The gateway's part of an erasure: a member's pseudonym is removed from the journal.

It begins when the erased member is out of force, so that no new state contains them, and ends when
the rows, the snapshots and the state in memory contain none of their words. Words that are still in
memory (a running evacuation waits for everybody who was inside; a mode remembers who set it; a door
expects who was just let in) are checked again after some seconds, and overwritten in the journal
once they are gone.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from gateway.adapters.directory import DirectoryStore
from gateway.adapters.journal import erasure as words
from gateway.adapters.journal.erasure import Erasure
from gateway.adapters.journal.journal import Journal
from gateway.adapters.journal.occupancy_history import opened
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.state import State, encode

log = logging.getLogger(__name__)

PAUSE_S: Final = 0.05
"""The pause between two transactions, so that doors go first."""
IN_FORCE_S: Final = 0.0
"""The members are in force within a second: ask again at once."""
HELD_S: Final = 10.0
"""The time until the next check of memory: a door forgets a holder within seconds."""


async def erase_pending(
    journal: Journal, members: Path, states: Callable[[], Mapping[SiteId, State]]
) -> float | None:
    """Carry out the erasures; return the seconds until the next call, None if all are done.

    Raises:
        JournalError: the journal cannot be written.
        DirectoryError: the members cannot be read.
    """
    waits: list[float] = []
    for holder in await asyncio.to_thread(_pending, members):
        if any(holder in state.directory.holders for state in states().values()):
            waits.append(IN_FORCE_S)
        elif await _erase(journal, holder, states()):
            await journal.work(partial(words.end, holder=holder))
            await journal.tidy()
            await asyncio.to_thread(_done, members, holder)  # last: a kill before this repeats it
            log.info("somebody was erased from the journal")
        else:
            waits.append(HELD_S)
    return min(waits, default=None)


async def _erase(journal: Journal, holder: HolderId, states: Mapping[SiteId, State]) -> bool:
    """Run one pass and return whether all is done; while memory holds words, only one writes."""
    before = await asyncio.to_thread(_known, journal.path, holder)
    if before is not None and before.reached and await _is_held(states.values(), before):
        return False
    erasure = await _begun(journal, holder, states.values())
    is_last = not await _is_held(states.values(), erasure)
    last = journal.last_n
    while erasure.reached < last:
        until = min(erasure.reached + words.LOOKED_AT, last)
        rows = await asyncio.to_thread(_rows_with, journal.path, erasure, until)
        for low in range(0, len(rows), words.WRITTEN):
            some = rows[low : low + words.WRITTEN]
            await journal.work(partial(words.write_rows, erasure=erasure, rows=some))
            await asyncio.sleep(PAUSE_S)
        await journal.work(partial(words.reach, holder=holder, n=until))
        erasure = Erasure(holder, erasure.words, until)
    for table, n, site in await asyncio.to_thread(_snapshots, journal.path):
        step = partial(words.write_snapshot, erasure=erasure, table=table, n=n, site=site)
        await journal.work(step)
        await asyncio.sleep(PAUSE_S)
    return is_last


async def _begun(journal: Journal, holder: HolderId, states: Iterable[State]) -> Erasure:
    """Store the words to overwrite on disk, before the first of them is overwritten."""
    found = await asyncio.to_thread(_words, journal.path, holder)
    others = {
        word
        for state in states
        for each in state.directory.credentials.values()
        for word in (each.hash, each.pin, each.duress_pin, each.reader_hash)
    }
    await journal.work(partial(words.begin, holder=holder, words=found - others))
    erasure = await asyncio.to_thread(_known, journal.path, holder)
    assert erasure is not None  # noqa: S101 - it has just begun
    return erasure


async def _is_held(states: Iterable[State], erasure: Erasure) -> bool:
    """Return whether a state in memory has their words; in a thread, as states are large."""
    return await asyncio.to_thread(lambda: any(_says(state, erasure) for state in states))


def _says(state: State, erasure: Erasure) -> bool:
    blob = encode(state)
    return any(word.encode() in blob for word in erasure.words)


def _pending(members: Path) -> tuple[HolderId, ...]:
    with closing(DirectoryStore(members)) as store:
        return store.erasures()


def _done(members: Path, holder: HolderId) -> None:
    with closing(DirectoryStore(members)) as store:
        store.erased(holder)


def _words(journal: Path, holder: HolderId) -> set[str]:
    with opened(journal) as connection:
        return words.words_of(connection, holder)


def _known(journal: Path, holder: HolderId) -> Erasure | None:
    with opened(journal) as connection:
        return words.known(connection, holder)


def _rows_with(journal: Path, erasure: Erasure, until: int) -> list[int]:
    with opened(journal) as connection:
        return words.rows_with(connection, erasure, until)


def _snapshots(journal: Path) -> list[tuple[str, int, str]]:
    with opened(journal) as connection:
        return words.snapshots(connection)
