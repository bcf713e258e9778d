"""Presence: the zone in which each holder was last known to be, and since when.

A holder is in one zone at a time, and with it in every zone around it. A move changes only the
zones that are really entered or left, so a walk from one room to the next never affects the
building's count.

A passage may be reported late: a reader that was cut off sends its events when it is back. The
newest passage then decides where a holder is, whatever the order of the reports; so we remember
when holders left, for as long as late passages are still merged. A holder who enters where they are
already is known to be there at that later time.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from immutables import Map

from gateway.core.facts import HolderMoved
from gateway.core.model.directory import HolderId
from gateway.core.model.names import ZoneId
from gateway.core.model.site import Site
from gateway.core.occupancy import occupancy, usage, visits
from gateway.core.state import Whereabouts
from gateway.core.step_context import StepContext

MERGED_MAX = timedelta(days=7)
"""A later report of a passage moves no holder. It bounds how long departures are remembered."""


def inside(site: Site, presence: Iterable[Whereabouts]) -> Counter[ZoneId]:
    """Return the number of holders known in each zone, its inner zones included."""
    return Counter(zone for entry in presence for zone in site.zone[entry.zone].lineage)


def move(
    context: StepContext, holder: HolderId, zone: ZoneId | None, at: datetime | None = None
) -> None:
    """Move `holder` to `zone` since `at` (None: now); zone None: outside."""
    since = context.now if at is None else at
    before = context.presence.get(holder)
    origin = before.zone if before else None
    if before is not None:
        usage.stayed(context, holder, before.since, since)
    _remember(context, holder, zone, since)
    left, entered = _lineage(context.site, origin), _lineage(context.site, zone)
    _open(context, entered, holder, since)
    if origin == zone:
        return
    for zone_id in left:
        if zone_id not in entered:
            occupancy.add(context, zone_id, -1)
    for zone_id in entered:
        if zone_id not in left:
            occupancy.add(context, zone_id, +1)
    if origin is None:
        usage.entered(context, holder, since)
        visits.began(context, holder, since)
    if zone is None and before is not None and before.came is not None:
        visits.ended(context, holder, before.came, since)
    moved = HolderMoved(holder=holder, origin=origin, zone=zone, at=since)
    context.moves.append(moved)
    context.stirred = True
    context.emit(moved)


def merge(context: StepContext, holder: HolderId, zone: ZoneId | None, at: datetime) -> bool:
    """Merge a late passage of `at`; return True if nothing newer is known, so that it counts."""
    at = min(at, context.now)
    before = context.presence.get(holder)
    known = before.since if before else context.departed.get(holder)
    if context.now - at > MERGED_MAX or (known is not None and known > at):
        return False
    move(context, holder, zone, at)
    return True


def undo(context: StepContext, holder: HolderId, since: datetime, before: ZoneId | None) -> None:
    """Undo a move at `since`: the holder is in `before` still, unless they moved again."""
    where = context.presence.get(holder)
    if (where.since if where else context.departed.get(holder)) == since:
        move(context, holder, before)


def erase(context: StepContext, holder: HolderId) -> None:
    """Forget an erased holder, and remove them from the counts."""
    if holder in context.presence:
        move(context, holder, None)
    if holder in context.departed:
        context.departed = context.departed.delete(holder)
    if holder in context.usage:
        context.usage = context.usage.delete(holder)
    visits.forget(context, holder)


def space_changed(context: StepContext) -> None:
    """Forget the presence of holders in zones that were removed."""
    for holder, where in sorted(context.presence.items()):
        if where.zone not in context.site.zone:
            usage.stayed(context, holder, where.since, context.now)
            context.presence = context.presence.delete(holder)
            if holder in context.proofs:
                context.proofs = context.proofs.delete(holder)
            context.departed = context.departed.set(holder, context.now)
            context.emit(HolderMoved(holder=holder, origin=where.zone, zone=None, at=context.now))


def run_timers(context: StepContext) -> None:
    """Forget, once an hour, departures that are too old to be merged with."""
    if context.departed and not context.now.minute:
        oldest = context.now - MERGED_MAX
        context.departed = Map({who: at for who, at in context.departed.items() if at >= oldest})


def _remember(context: StepContext, holder: HolderId, zone: ZoneId | None, since: datetime) -> None:
    if zone is not None:
        before = context.presence.get(holder)
        came = before.came if before else since
        context.presence = context.presence.set(
            holder, Whereabouts(zone=zone, since=since, came=came)
        )
        if holder in context.departed:
            context.departed = context.departed.delete(holder)
        return
    if holder in context.presence:
        context.presence = context.presence.delete(holder)
    if holder in context.proofs:
        context.proofs = context.proofs.delete(holder)
    context.departed = context.departed.set(holder, since)


def _open(context: StepContext, zones: tuple[ZoneId, ...], holder: HolderId, at: datetime) -> None:
    """Open, for the local day, the zones whose role this holder has."""
    for zone_id in zones:
        role = context.site.zone[zone_id].opened_by
        if role is None:
            continue
        member = context.directory.holders.get(holder)
        day = context.site.day_of(at)
        newer = zone_id not in context.opened or context.opened[zone_id] < day
        if newer and member is not None and member.has_role(role, context.site.id):
            context.opened = context.opened.set(zone_id, day)


def _lineage(site: Site, zone: ZoneId | None) -> tuple[ZoneId, ...]:
    return site.zone[zone].lineage if zone is not None else ()
