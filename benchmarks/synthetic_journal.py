"""The journal of a long life: real events through the engine, committed in large batches.

Its gateway was killed at the worst moment, one row before its next snapshot.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path

from msgspec import structs

from benchmarks.sensor import SyntheticSensor
from gateway.adapters.directory import FILE, DirectoryStore, diff
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.rows import decision_row, event_row, minute_row
from gateway.adapters.journal.writer import Batch, Snapshot
from gateway.core.engine import step
from gateway.core.events import DirectoryChanged, Event, Reported, SpaceChanged, Tick
from gateway.core.facts import Decided, OccupancyMinute
from gateway.core.model.directory import Directory, DirectoryChange
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, Reading
from gateway.core.state import State
from gateway.service.snapshots import SNAPSHOT_EVERY

BATCH_ROWS = 2000
ROWS_A_SECOND = 20
"""Of the synthetic past: a million rows are fourteen busy hours."""
MINUTE_ROWS = 60 * ROWS_A_SECOND
BOOT = 1
"""The devices' boot; later devices must have a higher one."""


async def write_past(
    data_dir: Path,
    site: Site,
    rows: int,
    now: datetime,
    on_rows: Callable[[int], None],
    *,
    sensing: bool = True,
) -> None:
    """Fill a data folder that has members but no journal; the last row is a second before `now`.

    `sensing`: every second row is a sensor's; without it all are badges.

    Raises:
        JournalError: the disk is full.
    """
    journal = Journal(data_dir / JOURNAL_FILE)
    await journal.open()
    start = now - timedelta(seconds=1 + rows / ROWS_A_SECOND)
    past = _Past(site, _members(data_dir), start, sensing=sensing)
    try:
        for batch in past.batches(rows):
            await journal.commit(batch)
            on_rows(len(batch.events))
            if (rows - past.n) % SNAPSHOT_EVERY == SNAPSHOT_EVERY - 1:
                await journal.snapshot([past.snapshot()])
    finally:
        await journal.close()


class _Past:
    """Creates rows, in order; `n` is the last one's number."""

    def __init__(self, site: Site, members: Directory, start: datetime, *, sensing: bool) -> None:
        self.n = 0
        self._site = site
        self._members = members
        self._now = start
        self._sensing = sensing
        self._state = State()
        self._kept: Directory | None = None

    def batches(self, rows: int) -> Iterator[Batch]:
        """Yield all rows. A batch ends where a snapshot is due."""
        events = islice(self._events(), rows)
        while self.n < rows:
            until_snapshot = (rows - self.n - SNAPSHOT_EVERY + 1) % SNAPSHOT_EVERY
            size = min(BATCH_ROWS, until_snapshot or BATCH_ROWS)
            yield self._batch(islice(events, size))

    def snapshot(self) -> Snapshot:
        """Return the state after the last row."""
        now = self._state.directory
        directory = None if now is self._kept else now
        self._kept = now
        return Snapshot(self.n, self._site.id, self._state, directory)

    def _batch(self, events: Iterator[Event]) -> Batch:
        batch = Batch()
        for event in events:
            self.n += 1
            after = step(self._site, self._state, event, self._now)
            self._state = after.state
            row = event_row(self.n, self._site.id, event, after.facts, self._now)
            batch.events.append(row)
            for fact in after.facts:
                if isinstance(fact, Decided):
                    done = structs.replace(decision_row(row, fact), handover="delivered")
                    batch.decisions.append(done)
                elif isinstance(fact, OccupancyMinute):
                    batch.minutes.append(minute_row(self._site.id, fact))
        return batch

    def _events(self) -> Iterator[Event]:
        """Yield the space file, the members, badges and sensors by turns, a tick per minute."""
        draw = random.Random(0)  # noqa: S311 - repeatable, no secret
        readers = [device.id for device in self._site.devices if device.role == "reader"]
        sensors = [
            SyntheticSensor(device) for device in self._site.devices if device.role == "sensor"
        ]
        badges = list(self._members.credentials)
        seq: Counter[DeviceId] = Counter()
        yield SpaceChanged(self._site)
        yield DirectoryChanged(_everybody(self._members))
        for number in count():
            self._now += timedelta(seconds=1 / ROWS_A_SECOND)
            if number % MINUTE_ROWS == 0:
                yield Tick()
                continue
            reading: Reading
            if number % 2 or not self._sensing:
                device, reading = draw.choice(readers), CredentialPresented(draw.choice(badges))
            else:
                sensor = draw.choice(sensors)
                device, reading = sensor.device.id, sensor.reading(draw)
            seq[device] += 1
            yield Reported(device, self._now, reading, BOOT, seq[device])


def _members(data_dir: Path) -> Directory:
    store = DirectoryStore(data_dir / FILE)
    try:
        return store.load()
    finally:
        store.close()


def _everybody(members: Directory) -> DirectoryChange:
    change = diff(Directory(), members)
    assert change is not None  # noqa: S101 - there are members
    return change
