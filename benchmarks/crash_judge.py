"""The verdict on a run: its journal file compared with the devices' records."""

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
"""Returns the rows of a statement."""


class CrashVerdict(Struct):
    """The figures of a verdict: those that must be 0 or True, and those that explain the run."""

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
        """True if every promise was kept."""
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
    """Open a journal file for SQL, independent of the gateway's own code."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield lambda sql: db.execute(sql).fetchall()
    finally:
        db.close()


def numbered(ask: Ask) -> dict[Number, int]:
    """Return every numbered event of a journal, with its number of rows."""
    return {(DeviceId(device), boot, seq): rows for device, boot, seq, rows in ask(_NUMBERED)}


def _count(ask: Ask, sql: str) -> int:
    ((found,),) = ask(sql)
    return int(found)


def _replayed(path: Path, site: SiteId) -> tuple[ReplayResult, int]:
    """Return the replay, and the row of the newest snapshot; 0 if there is none."""
    file = JournalFile(path)
    try:
        return replay(file, site), max(file.snapshots(site), default=0)
    finally:
        file.close()


def _unexplained(ask: Ask, arrived: set[int]) -> int:
    """Return the number of fresh decisions whose answer has no recorded fate, or a wrong one."""
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
