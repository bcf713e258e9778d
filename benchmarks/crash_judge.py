"""What a journal file says of a run, beside what the devices saw of it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.load_devices import Crowd, Number
from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.replay import ReplayResult, replay
from gateway.core.model.names import DeviceId, SiteId

Ask = Callable[[str], list[Any]]
"""Rows for a statement."""


class CrashVerdict(Struct):
    """The figures of a judgement: what must be 0, must be True, and what explains the run."""

    acknowledged: int
    lost: int
    """Events that a device saw acknowledged and that are not in the journal."""
    double: int
    """Events with more than one row."""
    undecided: int
    """Credential events without exactly one decision."""
    unexplained: int
    """Answers that neither reached their reader nor are recorded as undelivered."""
    stale_unlocks: int
    """Orders to open that arrived after their time; the reader refused them."""
    replay_equal: bool
    events: int
    undelivered: int
    """Answers that expired before the reader's broker took them, and are recorded so."""
    resent_answers: int
    snapshots_compared: int
    replayed: int

    @property
    def is_clean(self) -> bool:
        """Every promise was kept."""
        wrong = self.lost + self.double + self.undecided + self.unexplained + self.stale_unlocks
        return not wrong and self.replay_equal


def judge(path: Path, site: SiteId, crowd: Crowd) -> CrashVerdict:
    """Judge a journal that was closed cleanly, once every device is silent."""
    with asked(path) as ask:
        rows, acknowledged = numbered(ask), crowd.acknowledged
        undecided, undelivered = _count(ask, _UNDECIDED), _count(ask, _UNDELIVERED)
        unexplained, last = _unexplained(ask, crowd.seen.commands), _count(ask, _LAST)
    replayed, newest = _replayed(path, site)
    return CrashVerdict(
        acknowledged=len(acknowledged),
        lost=len(acknowledged - rows.keys()),
        double=sum(count > 1 for count in rows.values()),
        undecided=undecided,
        unexplained=unexplained,
        stale_unlocks=crowd.seen.stale_unlocks,
        replay_equal=not replayed.differences and newest == last,
        events=len(rows),
        undelivered=undelivered,
        resent_answers=crowd.seen.repeated,
        snapshots_compared=replayed.snapshots,
        replayed=replayed.rows,
    )


@contextmanager
def asked(path: Path) -> Iterator[Ask]:
    """Questions to a journal file in SQL, for a look that shares nothing with the gateway's own."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield lambda sql: db.execute(sql).fetchall()
    finally:
        db.close()


def numbered(ask: Ask) -> dict[Number, int]:
    """Every numbered event of a journal, with how many rows it has."""
    return {(DeviceId(device), boot, seq): rows for device, boot, seq, rows in ask(_NUMBERED)}


def _count(ask: Ask, sql: str) -> int:
    ((found,),) = ask(sql)
    return int(found)


def _replayed(path: Path, site: SiteId) -> tuple[ReplayResult, int]:
    """The replay, and the row of the newest snapshot; 0 when there is none."""
    file = JournalFile(path)
    try:
        return replay(file, site), max(file.snapshots(site), default=0)
    finally:
        file.close()


def _unexplained(ask: Ask, arrived: set[int]) -> int:
    """Fresh decisions whose answer's fate is not recorded, or not as it was."""
    return sum(
        handover != "undelivered" and not (handover == "delivered" and n in arrived)
        for n, handover in ask(_FRESH)
    )


_NUMBERED = """
SELECT device, event ->> 'boot', event ->> 'seq', count(*) FROM journal
WHERE event ->> 'seq' IS NOT NULL GROUP BY 1, 2, 3"""
_UNDECIDED = """
SELECT count(*) FROM (
    SELECT j.n FROM journal AS j LEFT JOIN decision AS d USING (n) WHERE j.kind = 'credential'
    GROUP BY j.n HAVING count(d.n) <> 1)"""
_UNDELIVERED = "SELECT count(*) FROM decision WHERE handover = 'undelivered'"
_FRESH = "SELECT n, handover FROM decision WHERE expires IS NOT NULL"
_LAST = "SELECT coalesce(max(n), 0) FROM journal"
