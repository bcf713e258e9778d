"""The replay of a journal: every event again through the engine, from the first row.

A replay must give the facts that were stored and, at each snapshot, the state that was stored.
Where passages were purged it begins with the oldest snapshot.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec import Struct, structs

from gateway.adapters.journal.reader import JournalFile, StoredEvent
from gateway.core.engine import step
from gateway.core.events import SpaceChanged
from gateway.core.facts import OccupancyChanged
from gateway.core.model.names import SiteId
from gateway.core.state import State


class Difference(Struct, frozen=True):
    """A difference between a replay and the journal: row `n`, and the values that differ."""

    n: int
    site: SiteId
    what: str


class ReplayResult(Struct, frozen=True):
    """The result of a site's replay."""

    site: SiteId
    rows: int
    snapshots: int
    state: State
    differences: list[Difference]
    after: int = 0
    """The row after which it began; 0: the whole journal."""
    since: datetime | None = None
    """The time of that row; None: from the beginning."""


DIFFERENCES_MAX = 20
"""Differences kept per site: the first matters most, a few more help to see the pattern."""


def replay(
    file: JournalFile, site_id: SiteId, on_row: Callable[[], None] = lambda: None
) -> ReplayResult:
    """Replay one site's journal, from its beginning or the end of the purged part."""
    begins = file.begins(site_id)
    if begins is None:
        return ReplayResult(site_id, 0, 0, State(), [], file.last_n(), file.purged().received)
    snapshots = {n for n in file.snapshots(site_id) if n > begins}
    site = file.space_in_force(site_id, begins) if begins else None
    state, rows, compared = file.restore(site_id, begins).state if begins else State(), 0, 0
    differences: list[Difference] = []

    def damaged(n: int, error: Exception) -> None:
        differences.append(Difference(n, site_id, f"it cannot be read: {type(error).__name__}"))

    for stored in file.events_after(begins, site_id, damaged):
        if isinstance(stored.event, SpaceChanged):
            site = stored.event.site
        for n in sorted(passed for passed in snapshots if passed < stored.row.n):
            snapshots.discard(n)
            compared += 1
            differences += _state_differences(file, site_id, n, state)
        if site is None:
            differences.append(Difference(stored.row.n, site_id, "no space file before this row"))
            break
        try:
            after = step(site, state, stored.event, stored.row.received)
        except Exception as error:  # noqa: BLE001 - a bug of this release: it explains nothing
            differences.append(
                Difference(stored.row.n, site_id, f"it raises {type(error).__name__}")
            )
            continue
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
    since = file.received_at(begins) if begins else None
    return ReplayResult(site_id, rows, compared, state, differences, begins, since)


def _fact_differences(stored: StoredEvent, facts: tuple[object, ...]) -> Iterator[Difference]:
    row = stored.row
    if _as_stored(facts, row.facts) != row.facts:
        yield Difference(row.n, row.site, f"stored {row.facts!r}, replayed {facts!r}")


def _as_stored(facts: tuple[object, ...], stored: tuple[object, ...]) -> tuple[object, ...]:
    """Return replayed facts without the reasons of counts that were stored without (before 0.3)."""
    if len(facts) != len(stored):
        return facts
    return tuple(
        structs.replace(fact, reasons=())
        if isinstance(fact, OccupancyChanged)
        and isinstance(was, OccupancyChanged)
        and not was.reasons
        else fact
        for fact, was in zip(facts, stored, strict=True)
    )


def _state_differences(
    file: JournalFile, site: SiteId, n: int, state: State
) -> Iterator[Difference]:
    stored = file.restore(site, n).state
    for part in State.__struct_fields__:
        if getattr(stored, part) != getattr(state, part):
            yield Difference(n, site, f"the snapshot's {part} is not the replay's")
