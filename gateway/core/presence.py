"""Who is where: the zone in which each holder was last known to be.

Somebody is in one zone at a time, and with it in every zone around it. A move changes only the
zones that are really entered or left, so a walk from one room to the next never touches the
building's count.
"""

from gateway.core import occupancy
from gateway.core.directory import HolderId
from gateway.core.facts import HolderMoved
from gateway.core.site import ZoneId
from gateway.core.state import Whereabouts
from gateway.core.turn import Turn


def move(turn: Turn, holder: HolderId, zone: ZoneId | None) -> None:
    """`holder` is in `zone` now; None: outside. Being there already changes nothing."""
    before = turn.presence.get(holder)
    origin = before.zone if before else None
    if origin == zone:
        return
    left, entered = _lineage(turn, origin), _lineage(turn, zone)
    for zone_id in left:
        if zone_id not in entered:
            occupancy.add(turn, zone_id, -1)
    for zone_id in entered:
        if zone_id not in left:
            occupancy.add(turn, zone_id, +1)
    if zone is None:
        turn.presence = turn.presence.delete(holder)
    else:
        turn.presence = turn.presence.set(holder, Whereabouts(zone=zone, since=turn.now))
    turn.say(HolderMoved(holder=holder, origin=origin, zone=zone, at=turn.now))


def _lineage(turn: Turn, zone: ZoneId | None) -> tuple[ZoneId, ...]:
    return turn.site.zone[zone].lineage if zone is not None else ()
