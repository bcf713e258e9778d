"""A restart: each site's last snapshot, then the journal's tail through the same engine."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from gateway.adapters.journal.reader import JournalFile, Restored, StoredDecision, StoredEvent
from gateway.adapters.journal.reduce import follow
from gateway.adapters.journal.rows import from_us
from gateway.clock import Uptime
from gateway.core.engine import Bug
from gateway.core.events import Misunderstood, Reported
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.state import State


class SiteInForce(Struct, frozen=True):
    """A site as it was last journaled, and its state; both are new when `site` is None."""

    site: Site | None
    state: State
    replayed: int
    """Rows that went through the engine."""


class Recovered(Struct, frozen=True):
    """What a gateway starts from.

    Our clock never goes back behind `last_received`. `fresh` answers were not handed over and still
    may be; `void` ones are too old, or nothing shows that they are not.
    """

    sites: dict[SiteId, SiteInForce]
    last_received: datetime
    fresh: list[StoredDecision]
    void: list[int]
    bugs: tuple[tuple[SiteId, Bug], ...] = ()
    """Rows and snapshots that could not be taken: they were left out."""


def recover(
    file: JournalFile, sites: list[SiteId], now: datetime, uptime: Uptime | None = None
) -> Recovered:
    """The state of each site after the journal's last row.

    Without the operating system's `uptime` every answer that was not handed over is void.
    """
    fresh, void = file.pending(now, uptime)
    bugs: list[tuple[SiteId, Bug]] = []
    return Recovered(
        sites={site: _recover_site(file, site, bugs) for site in sites},
        last_received=from_us(file.last_received()),
        fresh=fresh,
        void=void,
        bugs=tuple(bugs),
    )


def _recover_site(
    file: JournalFile, site_id: SiteId, bugs: list[tuple[SiteId, Bug]]
) -> SiteInForce:
    def met(error: Exception) -> None:
        bugs.append((site_id, Bug("restart", error)))

    restored = _restored(file, site_id, met)
    if not restored.n and not file.is_whole(site_id):
        # It was out of the space file for so long that its last snapshot was purged.
        return SiteInForce(site=None, state=State(), replayed=0)
    site = file.space_in_force(site_id, restored.n)
    state, replayed = restored.state, 0
    for stored in file.events_after(restored.n, site_id, lambda _n, error: met(error)):
        site, state = _followed(site, state, stored, met)
        replayed += 1
    return SiteInForce(site=site, state=state, replayed=replayed)


def _restored(file: JournalFile, site: SiteId, met: Callable[[Exception], None]) -> Restored:
    """The newest snapshot that can be read; an older one only costs more rows."""
    for n in reversed(file.snapshots(site)):
        try:
            return file.restore(site, n)
        except (msgspec.MsgspecError, ValueError) as error:
            met(error)
    return Restored(n=0, state=State())


def _followed(
    site: Site | None, state: State, stored: StoredEvent, met: Callable[[Exception], None]
) -> tuple[Site | None, State]:
    """One stored event; of one that raises today what is safe (`quarantine`), or nothing.

    It was taken by an engine without this bug. A start that ended here would end here each time.
    """
    try:
        return follow(site, state, stored)
    except Exception as error:  # noqa: BLE001 - the start goes on
        met(error)
    if not isinstance(stored.event, Reported | Misunderstood):
        return site, state
    event = structs.replace(stored.event, quarantined=True)
    try:
        return follow(site, state, structs.replace(stored, event=event))
    except Exception as error:  # noqa: BLE001 - as above
        met(error)
    return site, state
