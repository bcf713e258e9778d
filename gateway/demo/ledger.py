"""The journal of a demo: counted while it grows, and judged at the end.

The answers that simulated readers received prove nothing about the disk. So the end checks the
journal: it must have exactly one `decision` row for each credential event of a reader, and must
record the same decision as a reader that decided alone, marked as such.
"""

import sys
from collections import Counter
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from gateway.adapters.influx.influx_points import points
from gateway.adapters.influx.outbox import CURSOR
from gateway.adapters.journal.occupancy_history import opened
from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.replay import replay
from gateway.core.access.decision import TOLD_LATE
from gateway.core.model.names import DeviceId, SiteId
from simulators.devices import Key
from simulators.outcomes import PresentedCredential

_CHUNK: Final = 2000
"""Rows read at a time: a few megabytes."""


class _Ruling(NamedTuple):
    """A decision of the journal; all None: its event has none."""

    n: int | None
    decision: str | None
    reason: str | None

    def agrees(self, presented: PresentedCredential) -> bool:
        """Return whether the journal's decision is consistent with the reader's."""
        if presented.decided is None:
            return self.reason not in TOLD_LATE
        return self.decision == presented.decided and self.reason in TOLD_LATE


Name = tuple[SiteId, DeviceId, Key]
"""An event's identity."""


class Judgement(Struct, frozen=True):
    """The journal's own figures; `missing`, `twice` and `other` count the events presented."""

    rows: int
    decisions: int
    granted: int
    denied: dict[str, int]
    """Refusals by reason."""
    dead_letters: int
    rejected_points: int
    missing: int
    """Events without a decision."""
    twice: int
    """Events with two rows, or two decisions."""
    other: int
    """Events whose reader received or made another decision than the journal's."""
    stray: int
    """Decisions without an event that was presented."""


class Ledger:
    """Follows a journal. With InfluxDB, only points that the outbox has written count as stored."""

    def __init__(self, journal: Path, *, influx: bool) -> None:
        self.points = 0
        """Points in the store."""
        self._path = journal
        self._influx = influx
        self._n = 0
        self._last_n = sys.maxsize

    def advance(self) -> None:
        """Count the points in the store so far (blocking)."""
        if not self._path.exists():
            return
        file = JournalFile(self._path)
        try:
            stored = file.cursor(CURSOR) if self._influx else None
            while rows := file.rows_after(self._n, _CHUNK):
                for row in rows:
                    if stored is not None and row.n > stored:
                        return
                    self.points += len(points(row))
                    self._n = row.n
        finally:
            file.close()

    def stop(self) -> None:
        """Stop waiting for new rows: a gateway leaves those for its next start."""
        file = JournalFile(self._path)
        try:
            self._last_n = file.last_n()
        finally:
            file.close()

    def waiting(self) -> int:
        """Return the number of points that are on disk, but not yet in the store (blocking)."""
        self.advance()
        if not self._influx:
            return 0
        file = JournalFile(self._path)
        try:
            rows = file.rows_after(self._n, _CHUNK)
            return sum(len(points(row)) for row in rows if row.n <= self._last_n)
        finally:
            file.close()

    def replay_is_equal(self, on_row: Callable[[], None]) -> bool:
        """Return whether a replay of every event gives the same decisions (blocking)."""
        file = JournalFile(self._path)
        try:
            return not any(replay(file, site, on_row).differences for site in file.sites())
        finally:
            file.close()

    def judge(
        self, presented: Iterable[PresentedCredential], unacknowledged: Container[Name]
    ) -> Judgement:
        """Judge the rows of these events; only acknowledged ones must exist (blocking)."""
        with opened(self._path) as db:
            found: dict[tuple[object, ...], list[_Ruling]] = {}
            for site, device, boot, seq, *ruling in db.execute(_CREDENTIALS):
                found.setdefault((site, device, boot, seq), []).append(_Ruling(*ruling))
            for site, device, boot, seq, *ruling in db.execute(_MEANWHILE):
                found[site, device, boot, seq][-1:] = [_Ruling(*ruling)]
            outcomes = Counter(dict(_pairs(db.execute(_OUTCOMES).fetchall())))
            counts = [db.execute(query).fetchone()[0] for query in _COUNTS]
        rows, decisions, dead_letters, rejected_points = counts
        missing = twice = other = 0
        for one in presented:
            rulings = found.pop((one.site, one.reader, *one.key), [])
            decided = [ruling for ruling in rulings if ruling.n is not None]
            missing += not decided and (one.site, one.reader, one.key) not in unacknowledged
            twice += len(rulings) > 1
            heard = one.decision in (None, *(str(ruling.n) for ruling in decided))
            other += not (heard and all(ruling.agrees(one) for ruling in decided))
        return Judgement(
            rows=rows,
            decisions=decisions,
            granted=sum(times for (how, _), times in outcomes.items() if how == "granted"),
            denied={why: times for (how, why), times in outcomes.items() if how == "denied"},
            dead_letters=dead_letters,
            rejected_points=rejected_points,
            missing=missing,
            twice=twice,
            other=other,
            stray=len(found),
        )


def _pairs(rows: list[tuple[str, str, int]]) -> Iterable[tuple[tuple[str, str], int]]:
    return (((how, why), times) for how, why, times in rows)


_CREDENTIALS = """
SELECT j.site, j.device, json_extract(j.event, '$.boot'), json_extract(j.event, '$.seq'),
       d.n, d.decision, d.reason
FROM journal AS j LEFT JOIN decision AS d USING (n) WHERE j.kind = 'credential'"""
_MEANWHILE = """
SELECT j.site, j.device, json_extract(j.event, '$.number[0]'), json_extract(j.event, '$.number[1]'),
       d.n, d.decision, d.reason
FROM journal AS j JOIN decision AS d USING (n) WHERE j.kind = 'meanwhile'"""
_VOID = """
n NOT IN (
    SELECT j.n FROM journal AS j JOIN journal AS m ON m.kind = 'meanwhile'
    AND (m.site, m.device) = (j.site, j.device)
    AND json_extract(m.event, '$.number[0]') = json_extract(j.event, '$.boot')
    AND json_extract(m.event, '$.number[1]') = json_extract(j.event, '$.seq')
    WHERE j.kind = 'credential')"""
"""A question that its reader then decided alone is one event: our answer does not count."""
_OUTCOMES = f"""
SELECT decision, reason, count(*) FROM decision WHERE {_VOID} GROUP BY 1, 2 ORDER BY 3 DESC"""  # noqa: S608 - our own words
_COUNTS = (
    "SELECT count(*) FROM journal",
    f"SELECT count(*) FROM decision WHERE {_VOID}",  # noqa: S608 - likewise
    "SELECT count(*) FROM dead_letter",
    "SELECT count(*) FROM dead_letter WHERE source = 'influx'",
)
