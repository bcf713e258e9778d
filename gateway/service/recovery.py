"""Crash recovery, and every other start: each site's last snapshot, then a replay of later rows."""

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
    """A site as last journaled, with its state; `site` None: the site is new."""

    site: Site | None
    state: State
    replayed: int
    """Rows that were replayed."""


class Recovered(Struct, frozen=True):
    """The recovered data from which a gateway starts.

    Our clock never goes back before `last_received`. `fresh` answers were not delivered and still
    can be; `void` ones have expired, or cannot be shown to be fresh.
    """

    sites: dict[SiteId, SiteInForce]
    last_received: datetime
    fresh: list[StoredDecision]
    void: list[int]
    bugs: tuple[tuple[SiteId, Bug], ...] = ()
    """Bugs with rows and snapshots, which were skipped."""


def recover(
    file: JournalFile, sites: list[SiteId], now: datetime, uptime: Uptime | None = None
) -> Recovered:
    """Return the state of each site after the journal's last row.

    Without the operating system's `uptime` every undelivered answer is void.
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
        # It was removed from the space file long ago, and its last snapshot was purged.
        return SiteInForce(site=None, state=State(), replayed=0)
    site = file.space_in_force(site_id, restored.n)
    state, replayed = restored.state, 0
    for stored in file.events_after(restored.n, site_id, lambda _n, error: met(error)):
        site, state = _followed(site, state, stored, met)
        replayed += 1
    return SiteInForce(site=site, state=state, replayed=replayed)


def _restored(file: JournalFile, site: SiteId, met: Callable[[Exception], None]) -> Restored:
    """Return the newest readable snapshot; an older one only costs more rows to replay."""
    for n in reversed(file.snapshots(site)):
        try:
            return file.restore(site, n)
        except (msgspec.MsgspecError, ValueError) as error:
            met(error)
    return Restored(n=0, state=State())


def _followed(
    site: Site | None, state: State, stored: StoredEvent, met: Callable[[Exception], None]
) -> tuple[Site | None, State]:
    """Replay one stored event; if it raises now, apply its safe part (`quarantine`) or nothing.

    An engine without this bug accepted it. A start that failed here would fail here every time.
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
