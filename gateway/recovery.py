"""A restart: each site's last snapshot, then the journal's tail through the same engine."""

from datetime import datetime

from msgspec import Struct

from gateway.adapters.journal_file import JournalFile, StoredDecision, StoredEvent
from gateway.adapters.journal_rows import from_us
from gateway.core.engine import step
from gateway.core.events import SpaceChanged
from gateway.core.names import SiteId
from gateway.core.site import Site
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
    may be; `void` ones are too old.
    """

    sites: dict[SiteId, SiteInForce]
    last_received: datetime
    fresh: list[StoredDecision]
    void: list[int]


def recover(file: JournalFile, sites: list[SiteId], now: datetime) -> Recovered:
    """The state of each site after the journal's last row."""
    fresh, void = file.pending(now)
    return Recovered(
        sites={site: _recover_site(file, site) for site in sites},
        last_received=from_us(file.last_received()),
        fresh=fresh,
        void=void,
    )


def follow(site: Site | None, state: State, stored: StoredEvent) -> tuple[Site, State]:
    """One stored event through the engine again, and the space file that is in force after it.

    Raises:
        ValueError: the journal's first row of a site does not say what the site is.
    """
    event = stored.event
    if isinstance(event, SpaceChanged):
        site = event.site
    if site is None:
        raise ValueError(f"row {stored.row.n} of {stored.row.site} comes before its space file")
    return site, step(site, state, event, stored.row.received).state


def _recover_site(file: JournalFile, site_id: SiteId) -> SiteInForce:
    restored = file.restore(site_id)
    if not restored.n and not file.is_whole(site_id):
        # It was out of the space file for so long that its last snapshot was purged.
        return SiteInForce(site=None, state=State(), replayed=0)
    site = file.space_in_force(site_id, restored.n)
    state, replayed = restored.state, 0
    for stored in file.events_after(restored.n, site_id):
        site, state = follow(site, state, stored)
        replayed += 1
    return SiteInForce(site=site, state=state, replayed=replayed)
