"""Who is where: the zone in which each holder was last known to be, and since when.

Somebody is in one zone at a time, and with it in every zone around it. A move changes only the
zones that are really entered or left, so a walk from one room to the next never touches the
building's count.

A passage may be told late: a reader was cut off, and sends what happened when it is back. Then the
newest passage says where somebody is, in whatever order they are told; so of those who left we
remember when, for as long as a late passage is still merged. Who enters where they are already is
known to be there at that later time.
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
from gateway.core.step_builder import StepContext

MERGED_MAX = timedelta(days=7)
"""A passage told later than this moves nobody. It bounds how long those who left are remembered."""


def inside(site: Site, presence: Iterable[Whereabouts]) -> Counter[ZoneId]:
    """How many people are known to be in each zone, its inner zones included."""
    return Counter(zone for entry in presence for zone in site.zone[entry.zone].lineage)


def move(
    turn: StepContext, holder: HolderId, zone: ZoneId | None, at: datetime | None = None
) -> None:
    """`holder` is in `zone` since `at` (None: now); zone None: outside."""
    since = turn.now if at is None else at
    before = turn.presence.get(holder)
    origin = before.zone if before else None
    if before is not None:
        usage.stayed(turn, holder, before.since, since)
    _remember(turn, holder, zone, since)
    left, entered = _lineage(turn.site, origin), _lineage(turn.site, zone)
    _open(turn, entered, holder, since)
    if origin == zone:
        return
    for zone_id in left:
        if zone_id not in entered:
            occupancy.add(turn, zone_id, -1)
    for zone_id in entered:
        if zone_id not in left:
            occupancy.add(turn, zone_id, +1)
    if origin is None:
        usage.entered(turn, holder, since)
        visits.began(turn, holder, since)
    if zone is None and before is not None and before.came is not None:
        visits.ended(turn, holder, before.came, since)
    moved = HolderMoved(holder=holder, origin=origin, zone=zone, at=since)
    turn.moves.append(moved)
    turn.stirred = True
    turn.say(moved)


def merge(turn: StepContext, holder: HolderId, zone: ZoneId | None, at: datetime) -> bool:
    """A passage of `at` that is told late: True if nothing newer is known, so that it counts."""
    at = min(at, turn.now)
    before = turn.presence.get(holder)
    known = before.since if before else turn.departed.get(holder)
    if turn.now - at > MERGED_MAX or (known is not None and known > at):
        return False
    move(turn, holder, zone, at)
    return True


def undo(turn: StepContext, holder: HolderId, since: datetime, before: ZoneId | None) -> None:
    """`holder` did not move at `since`, and is in `before` still, unless they moved again."""
    where = turn.presence.get(holder)
    if (where.since if where else turn.departed.get(holder)) == since:
        move(turn, holder, before)


def erase(turn: StepContext, holder: HolderId) -> None:
    """Nothing is kept of somebody who was erased; who is inside leaves the counts."""
    if holder in turn.presence:
        move(turn, holder, None)
    if holder in turn.departed:
        turn.departed = turn.departed.delete(holder)
    if holder in turn.usage:
        turn.usage = turn.usage.delete(holder)
    visits.forget(turn, holder)


def space_changed(turn: StepContext) -> None:
    """Who was in a zone that vanished is nowhere that we know."""
    for holder, where in sorted(turn.presence.items()):
        if where.zone not in turn.site.zone:
            usage.stayed(turn, holder, where.since, turn.now)
            turn.presence = turn.presence.delete(holder)
            turn.departed = turn.departed.set(holder, turn.now)
            turn.say(HolderMoved(holder=holder, origin=where.zone, zone=None, at=turn.now))


def run_timers(turn: StepContext) -> None:
    """Forget, once an hour, who left so long ago that nothing is merged with it."""
    if turn.departed and not turn.now.minute:
        oldest = turn.now - MERGED_MAX
        turn.departed = Map({who: at for who, at in turn.departed.items() if at >= oldest})


def _remember(turn: StepContext, holder: HolderId, zone: ZoneId | None, since: datetime) -> None:
    if zone is not None:
        before = turn.presence.get(holder)
        came = before.came if before else since
        turn.presence = turn.presence.set(holder, Whereabouts(zone=zone, since=since, came=came))
        if holder in turn.departed:
            turn.departed = turn.departed.delete(holder)
        return
    if holder in turn.presence:
        turn.presence = turn.presence.delete(holder)
    turn.departed = turn.departed.set(holder, since)


def _open(turn: StepContext, zones: tuple[ZoneId, ...], holder: HolderId, at: datetime) -> None:
    """Who has a zone's role opens it for the local day."""
    for zone_id in zones:
        role = turn.site.zone[zone_id].opened_by
        if role is None:
            continue
        member = turn.directory.holders.get(holder)
        day = turn.site.day_of(at)
        newer = zone_id not in turn.opened or turn.opened[zone_id] < day
        if newer and member is not None and member.has_role(role, turn.site.id):
            turn.opened = turn.opened.set(zone_id, day)


def _lineage(site: Site, zone: ZoneId | None) -> tuple[ZoneId, ...]:
    return site.zone[zone].lineage if zone is not None else ()
