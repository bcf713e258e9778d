"""A site's current state for other processes: the last snapshot and the rows since then.

`PastState` keeps the last state and processes only the rows since the last call, so that a page
costs only the new rows and not the tail of the journal.
"""

import sqlite3
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from msgspec import Struct

from gateway.adapters.journal.queries.pagination import row_at
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.reduce import follow
from gateway.core.facts import AlarmKind, DeviceMinute
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.state import DeviceState, State

_AHEAD: Final = 2000
"""Rows by which a snapshot must be newer than the kept state to be used instead of it."""
_COUNTED: Final = timedelta(hours=1)
"""The span over which a device's duplicates are counted."""


class SiteNow(Struct, frozen=True):
    """A site after the journal's row `n`: the space file in force, and the state."""

    n: int
    site: Site
    state: State


class PresenceLine(Struct, frozen=True):
    """A person known to be inside: in `zone` since `since`, on the premises since `came`."""

    holder: str
    zone: str
    since: datetime
    came: datetime | None


class DeviceLine(Struct, frozen=True):
    """A device of the space file; `last_seen` None: it has never sent a message.

    `gaps` are events lost since the device is known; `open_gaps` may still arrive; `duplicates` are
    those of the last hour, `ghosts` the ghost reads of the site's day, `ghosts_before` those of the
    day before (`gateway.service.double_reads`). `ahead_s` is the number of seconds by which its
    clock is ahead of ours (below 0: behind). `boots` are those on record of this `generation`,
    which is 0 until its numbers restarted. `firmware` and `model` are reported by the device.
    `alarms` are active now. `is_installed` False: it sent messages, but was removed from the space
    file.
    """

    device: str
    role: str | None
    driver: str | None
    last_seen: datetime | None
    online: bool | None
    battery: float | None
    generation: int
    boots: tuple[int, ...]
    gaps: int
    open_gaps: int
    duplicates: int
    ghosts: int
    ghosts_before: int
    ahead_s: float | None
    firmware: str | None
    model: str | None
    alarms: tuple[AlarmKind, ...]
    is_installed: bool


class BookingLine(Struct, frozen=True):
    """A booking of a zone or a machine (`zone:lab`, `machine:laser`)."""

    target: str
    id: str
    starts: datetime
    ends: datetime
    holders: tuple[str, ...]
    groups: tuple[str, ...]
    public: bool


class PastState:
    """Each site's state as of the journal's last row, kept between two calls. Any thread."""

    def __init__(self) -> None:
        self._kept: dict[SiteId, SiteNow] = {}
        self._lock = Lock()

    def at(self, connection: sqlite3.Connection, site: str) -> SiteNow | None:
        """Return the site's current state; None: the journal has no rows of it.

        The first call costs as much as a gateway's start, later ones only the new rows.
        """
        id_, file = SiteId(site), JournalFile(connection)
        with self._lock:
            begun = self._begin(file, id_)
            if begun is None and not file.is_whole(id_):
                return None  # it left the space file so long ago that it was purged
            now = _caught_up(file, id_, begun)
            if now is not None:
                self._kept[id_] = now
            return now

    def forget(self) -> None:
        """Drop all states: the journal was replaced, or a holder was erased from it."""
        with self._lock:
            self._kept.clear()

    def _begin(self, file: JournalFile, site: SiteId) -> SiteNow | None:
        kept, newest = self._kept.get(site), max(file.snapshots(site), default=0)
        is_of_this = kept is not None and file.purged().n <= kept.n <= file.last_n()
        if kept is not None and is_of_this and newest <= kept.n + _AHEAD:
            return kept
        restored = file.restore(site)
        described = file.space_in_force(site, restored.n)
        return SiteNow(restored.n, described, restored.state) if described is not None else None


def _caught_up(file: JournalFile, site: SiteId, begun: SiteNow | None) -> SiteNow | None:
    described = begun.site if begun is not None else None
    n, state = (begun.n, begun.state) if begun is not None else (0, State())
    for stored in file.events_after(n, site):
        described, state = follow(described, state, stored)
        n = stored.row.n
    return SiteNow(n, described, state) if described is not None else None


def sites(connection: sqlite3.Connection) -> tuple[SiteId, ...]:
    """Return every site that the journal contains."""
    return tuple(JournalFile(connection).sites())


def presence(now: SiteNow) -> tuple[PresenceLine, ...]:
    """Return the persons inside, by zone in the space file's order, longest stay first."""
    order = {zone.id: place for place, zone in enumerate(now.site.zones)}
    lines = (
        PresenceLine(holder, where.zone, where.since, where.came)
        for holder, where in now.state.presence.items()
    )
    return tuple(
        sorted(lines, key=lambda line: (order[line.zone], line.since, line.holder))  # type: ignore[index]
    )


def bookings(now: SiteNow, since: datetime, limit: int = 500) -> tuple[BookingLine, ...]:
    """Return the bookings that end after `since`, soonest first."""
    lines = (
        BookingLine(target, one.id, one.starts, one.ends, one.holders, one.groups, one.public)
        for target, booked in now.state.bookings.items()
        for one in booked
        if one.ends > since
    )
    return tuple(sorted(lines, key=lambda line: (line.starts, line.target, line.id))[:limit])


def devices(connection: sqlite3.Connection, now: SiteNow, at: datetime) -> tuple[DeviceLine, ...]:
    """Return every device in the space file's order, then those removed from the file."""
    site, state = now.site, now.state
    counted = duplicates(connection, site.id, at - _COUNTED)
    gone = sorted(state.devices.keys() - site.device.keys())
    return tuple(
        _device_line(now, device, state.devices.get(device), at, counted.get(device, 0))
        for device in (*site.device, *gone)
    )


def duplicates(connection: sqlite3.Connection, site: str, since: datetime) -> dict[str, int]:
    """Return the number of duplicate events since `since`, by device."""
    found: dict[str, int] = {}
    first, last = row_at(connection, since), JournalFile(connection).last_n()
    for low in range(first, last, _TICKS_OF):
        rows = connection.execute(_TICKS, (low, min(low + _TICKS_OF, last), site)).fetchall()
        for device, count in rows:
            found[device] = found.get(device, 0) + count
    return found


_TICKS_OF: Final = 20_000
"""Rows read at once: some 10 ms."""
_TICKS: Final = f"""
SELECT fact.value ->> 'device', sum(fact.value ->> 'duplicates')
FROM journal AS j, json_each(j.facts) AS fact
WHERE j.n > ? AND j.n <= ? AND j.site = ? AND j.kind = 'tick'
AND instr(j.facts, '"fact":"{DeviceMinute.__name__}"')
AND fact.value ->> 'fact' = '{DeviceMinute.__name__}' AND fact.value ->> 'duplicates' > 0
GROUP BY 1"""  # noqa: S608 - our own word


def _device_line(
    now: SiteNow, device: str, state: DeviceState | None, at: datetime, repeated: int
) -> DeviceLine:
    described = now.site.device.get(device)  # type: ignore[call-overload]
    boots = state.boots if state is not None else ()
    ghosts = state.ghosts.on(now.site.day_of(at)) if state and state.ghosts else (0, 0)
    firmware = state.firmware if state else None
    return DeviceLine(
        device=device,
        role=described.role if described else None,
        driver=described.driver if described else None,
        last_seen=state.last_seen if state else None,
        online=state.online if state else None,
        battery=state.battery if state else None,
        generation=state.generation if state else 0,
        boots=tuple(boot.boot for boot in boots),
        gaps=state.missing if state else 0,
        open_gaps=sum(gap.last - gap.first + 1 for boot in boots for gap in boot.gaps),
        duplicates=repeated,
        ghosts=ghosts[0],
        ghosts_before=ghosts[1],
        ahead_s=state.ahead_s if state else None,
        firmware=firmware.version if firmware else None,
        model=firmware.model if firmware else None,
        alarms=tuple(sorted(kind for kind, about in now.state.alarms if about == device)),
        is_installed=described is not None,
    )
