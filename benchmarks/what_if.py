"""`seuil bench what-if`: the time to try new rules on a year of decisions.

The engine itself creates the journal: members at every reader, around the clock. The new rules shut
the place at night, so that a part of the decisions changes.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct, structs

from benchmarks import synthetic_site
from benchmarks.synthetic_journal import write_past
from gateway.adapters.directory import credential_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.what_if import what_if
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.core.model.plans import Plan, Right
from gateway.core.model.site import Site

MEMBERS = 5000
READERS = 50
SECONDS_MAX = 60.0
"""The limit of the issue, for a million decisions."""
HOURS = "Mo-Fr 08:00-20:00"


class WhatIfResult(Struct):
    """The result that `--json` prints."""

    decisions: int
    changed: int
    seconds: float
    per_second: float

    @property
    def is_good(self) -> bool:
        """True if a million take at most a minute, and some decisions change."""
        return self.changed > 0 and self.per_second >= 1_000_000 / SECONDS_MAX


async def measure(
    decisions: int, on_rows: Callable[[int], None] = lambda _rows: None
) -> WhatIfResult:
    """Write a past of so many rows, nearly all of them decisions, and judge it again.

    Raises:
        JournalError: the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        data, site, now = Path(folder), synthetic_site.place(READERS), SystemClock().now()
        badges = synthetic_site.badges(MEMBERS)
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
        await write_past(data, site, decisions, now, on_rows, sensing=False)
        return _judged(data / JOURNAL_FILE, _shut_at_night(site), now)


def _judged(journal: Path, new: Site, now: datetime) -> WhatIfResult:
    file, started, decisions, changed = JournalFile(journal), time.monotonic(), 0, 0
    try:
        for each in what_if(file, new, now - timedelta(days=365), now):
            decisions += 1
            changed += each.differs
    finally:
        file.close()
    seconds = time.monotonic() - started
    return WhatIfResult(decisions, changed, round(seconds, 2), round(decisions / seconds))


def _shut_at_night(site: Site) -> Site:
    plans = tuple(
        Plan(plan.id, plan.name, tuple(Right(each.zones, hours=HOURS) for each in plan.rights))
        for plan in site.plans
    )
    return structs.replace(site, plans=plans)
