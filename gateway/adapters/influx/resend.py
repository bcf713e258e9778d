"""Writes points again: from a journal row on, or those that became dead letters.

It only reads the journal, so it may run beside the gateway. The same row gives the same points, so
existing points do not change.
"""

import sqlite3
import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from gateway.adapters.influx.delivery import Delivery, Rejected
from gateway.adapters.influx.influx_points import points
from gateway.adapters.influx.outbox import PAYLOAD_LIMIT, READ_ROWS, WRITE_POINTS
from gateway.adapters.influx.settings import InfluxSettings
from gateway.adapters.journal.reader import JournalFile

LETTERS: Final = "SELECT payload, size FROM dead_letter WHERE source = 'influx' ORDER BY id"


class Resent(Struct):
    """The result of a resend."""

    points: int = 0
    """Points that the server has accepted."""
    rejected: list[Rejected] = field(default_factory=list)
    cut: int = 0
    """Dead letters of which only the beginning was kept."""


async def resend(
    settings: InfluxSettings,
    lines: Iterable[str],
    on_batch: Callable[[int], object] = lambda _points: None,
) -> Resent:
    """Write lines in batches as large as the outbox's.

    Raises:
        OutageError: The server accepts nothing.
    """
    from gateway.adapters.influx.http import HttpStore  # noqa: PLC0415 - a quarter of a second

    done, batch = Resent(), list[str]()
    async with HttpStore(settings, ssl.create_default_context()) as store:
        delivery = Delivery(store)

        async def write() -> None:
            rejected = await delivery.write(batch)
            done.rejected += rejected
            done.points += len(batch) - len(rejected)
            on_batch(len(batch))
            batch.clear()

        for line in lines:
            batch.append(line)
            if len(batch) == WRITE_POINTS:
                await write()
        if batch:
            await write()
    return done


def of_rows(file: JournalFile, after: int) -> Iterator[str]:
    """Yield the points of all rows after `after`."""
    while rows := file.rows_after(after, READ_ROWS):
        for row in rows:
            yield from points(row)
        after = rows[-1].n


def of_letters(connection: sqlite3.Connection) -> tuple[list[str], int]:
    """Return the points that became dead letters, each once, and how many were truncated."""
    found = connection.execute(LETTERS).fetchall()
    kept = {payload: None for payload, size in found if size <= PAYLOAD_LIMIT}
    return list(kept), len(found) - sum(size <= PAYLOAD_LIMIT for _, size in found)
