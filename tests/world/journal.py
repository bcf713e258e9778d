"""A journal of what happened at a place, written as the service writes it."""

from collections.abc import Sequence
from pathlib import Path

from gateway.adapters.journal.journal import Journal
from gateway.adapters.journal.rows import DeadLetter, EventRow, decision_row, letter_row, minute_row
from gateway.adapters.journal.writer import Batch, Snapshot
from gateway.core.facts import Decided, OccupancyMinute


def batch_of(rows: Sequence[EventRow]) -> Batch:
    """Rows, with the decisions and the minutes in them."""
    batch = Batch(events=list(rows))
    for row in rows:
        for fact in row.facts:
            if isinstance(fact, Decided):
                batch.decisions.append(decision_row(row, fact))
            if isinstance(fact, OccupancyMinute):
                batch.minutes.append(minute_row(row.site, fact))
    return batch


async def journaled(
    path: Path,
    rows: Sequence[EventRow],
    *snapshots: Snapshot,
    letters: Sequence[DeadLetter] = (),
) -> None:
    """Put the rows that a journal does not have yet into it; snapshots when their rows are there.

    So it forgets as it does in life.
    """
    journal = Journal(path)
    await journal.open()
    for snapshot in snapshots:
        known = journal.last_n
        await journal.commit(batch_of([row for row in rows if known < row.n <= snapshot.n]))
        await journal.snapshot([snapshot])
    batch = batch_of([row for row in rows if row.n > journal.last_n])
    batch.letters += map(letter_row, letters)
    await journal.commit(batch)
    await journal.close()
