"""The doors with all that an operator needs: state, last passage, access points.

States come from the broker; the last passage and what is out of service from the journal. A journal
that cannot be read leaves those blank, and the doors stay usable.
"""

import sqlite3
from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.adapters.journal import queries
from gateway.adapters.journal.queries import DecisionLine, DecisionQuery
from gateway.console.context import AppContext
from gateway.console.feed.reach import is_reached
from gateway.console.muster.presence_list import names_or_none
from gateway.console.web.errors import Problem
from gateway.console.web.labels import DOOR, buttons_at
from gateway.core.access.reasons import EXIT_BUTTON, REASONS
from gateway.core.facts import DoorStatus
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, Text
from gateway.core.model.places import AccessPoint, Door
from gateway.core.model.site import Site

Status = DoorStatus | Literal["unknown"]


class LastPassage(Struct, frozen=True):
    """The last decision at a door; `who` None: unknown, or hidden from this reader."""

    at: datetime
    decision: str
    direction: str
    reason: str
    who: str | None


class AccessPointSummary(Struct, frozen=True):
    """An access point: one direction through the door. `off` is why it is out of service."""

    id: AccessPointId
    direction: str
    readers: tuple[DeviceId, ...]
    in_service: bool
    off: str = ""


class Doorway(Struct, frozen=True):
    """A door. `opens`: something can release it from here. `free`: an evacuation would.

    `reached`: a device that releases it is connected.
    """

    id: DoorId
    name: Text
    state: Status
    since: datetime | None
    opens: bool
    free: bool
    reached: bool
    last: LastPassage | None
    points: tuple[AccessPointSummary, ...]


class _Known(Struct, frozen=True):
    """The journal's part of the summary."""

    last: dict[DoorId, DecisionLine] = {}
    off: dict[AccessPointId, str] = {}


async def doorways(console: AppContext, site: Site, *, names: bool) -> tuple[Doorway, ...]:
    """Return every door of a site; names of people only with `names`."""
    try:
        known = await _known(console, site)
    except Problem:
        known = _Known()
    people = (await names_or_none(console))[0] if names else {}
    return tuple(_doorway(console, site, door, known, people) for door in site.doors)


async def _known(console: AppContext, site: Site) -> _Known:
    now = await console.stores.now(site.id)
    last = await console.stores.past(lambda journal: _last(journal, site))
    return _Known(last, dict(now.state.out_of_service) if now is not None else {})


def _last(journal: sqlite3.Connection, site: Site) -> dict[DoorId, DecisionLine]:
    found = {}
    for door in site.doors:
        points = tuple(point.id for point in points_of(site, door.id))
        buttons = buttons_at(site, f"{DOOR}{door.id}")
        if not points and not buttons:
            continue
        query = DecisionQuery(site.id, access_points=points, buttons=buttons, limit=1)
        page = queries.decisions(journal, query)
        if page.lines:
            found[door.id] = page.lines[0]
    return found


def points_of(site: Site, door: DoorId) -> tuple[AccessPoint, ...]:
    """Return a door's access points."""
    return tuple(point for point in site.access_points if point.door == door)


def _doorway(
    console: AppContext, site: Site, door: Door, known: _Known, people: dict[HolderId, str]
) -> Doorway:
    heard = console.picture.sites[site.id].doors.get(door.id)
    last = known.last.get(door.id)
    return Doorway(
        id=door.id,
        name=door.name,
        state=heard.state if heard else "unknown",
        since=heard.at if heard else None,
        opens=bool(site.releasers[door.id]),
        free=door.fail_mode == "safe",
        reached=is_reached(site, console.picture.sites[site.id], door.id),
        last=_passage(site, last, people) if last else None,
        points=tuple(
            AccessPointSummary(
                id=point.id,
                direction=point.direction,
                readers=site.readers[point.id],
                in_service=point.id not in known.off,
                off=known.off.get(point.id, ""),
            )
            for point in points_of(site, door.id)
        ),
    )


def _passage(site: Site, line: DecisionLine, people: dict[HolderId, str]) -> LastPassage:
    point = site.access_point.get(AccessPointId(line.access_point or ""))
    reason = REASONS.get(line.reason)  # None: a newer gateway's
    return LastPassage(
        at=line.at,
        decision=line.decision,
        direction=point.direction if point else "exit" if line.reason == EXIT_BUTTON else "",
        reason=reason.sentence if reason else line.reason,
        who=people.get(HolderId(line.holder)) if line.holder else None,
    )
