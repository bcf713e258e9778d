"""Does the journal explain itself? Every event again through the engine, from the first row.

A replay must give the facts that were stored and, at each snapshot, the state that was stored.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from gateway.adapters.journal_file import JournalFile, StoredEvent
from gateway.core.engine import step
from gateway.core.events import SpaceChanged
from gateway.core.site import Site, SiteId
from gateway.core.state import State


class Difference(Struct, frozen=True):
    """Where a replay and the journal part: row `n`, and what differs there."""

    n: int
    site: SiteId
    what: str


class Replayed(Struct, frozen=True):
    """How a site's replay went."""

    site: SiteId
    rows: int
    snapshots: int
    state: State
    differences: list[Difference]


DIFFERENCES_MAX = 20
"""Differences kept a site: the first says it all, a few more help to see the pattern."""


def replay(
    file: JournalFile, site_id: SiteId, on_row: Callable[[], None] = lambda: None
) -> Replayed:
    """One site's whole journal through the engine."""
    snapshots = set(file.snapshots(site_id))
    site: Site | None = None
    state, rows, compared = State(), 0, 0
    differences: list[Difference] = []
    for stored in file.events_after(0, site_id):
        if isinstance(stored.event, SpaceChanged):
            site = stored.event.site
        for n in sorted(passed for passed in snapshots if passed < stored.row.n):
            snapshots.discard(n)
            compared += 1
            differences += _state_differences(file, site_id, n, state)
        if site is None:
            differences.append(Difference(stored.row.n, site_id, "no space file before this row"))
            break
        after = step(site, state, stored.event, stored.row.received)
        differences += _fact_differences(stored, after.facts)
        state = after.state
        rows += 1
        on_row()
        if len(differences) >= DIFFERENCES_MAX:
            break
    else:
        for n in sorted(snapshots):
            compared += 1
            differences += _state_differences(file, site_id, n, state)
    return Replayed(site_id, rows, compared, state, differences)


def _fact_differences(stored: StoredEvent, facts: tuple[object, ...]) -> Iterator[Difference]:
    if facts != stored.row.facts:
        row = stored.row
        yield Difference(row.n, row.site, f"stored {row.facts!r}, replayed {facts!r}")


def _state_differences(
    file: JournalFile, site: SiteId, n: int, state: State
) -> Iterator[Difference]:
    stored = file.restore(site, n).state
    for part in State.__struct_fields__:
        if getattr(stored, part) != getattr(state, part):
            yield Difference(n, site, f"the snapshot's {part} is not the replay's")
