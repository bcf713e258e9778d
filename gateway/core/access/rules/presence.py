"""Rules about presence: anti-passback, interlocks, and the capacity of zones."""

from datetime import timedelta

from gateway.core.access.company import is_inside
from gateway.core.access.request import AccessRequest
from gateway.core.access.rules.verdicts import denied, passed
from gateway.core.facts import RuleVerdict, Value
from gateway.core.model.names import ZoneId
from gateway.core.model.places import Zone
from gateway.core.state import Arrival, DoorState

FULL_AT = 0.5
"""The probability that a zone is full at which entry is refused: likelier full than not."""


def passback_is_clear(question: AccessRequest) -> RuleVerdict:
    """Check that the holder is not inside already, nor let in a moment ago, by this badge."""
    inside = False
    for zone in question.site.guarded[question.here.id]:
        reason = _passed_back(question, zone)
        if reason is not None:
            return denied("passback_is_clear", reason, zone=zone.id, **_since(question))
        inside = inside or zone.id in question.inside
    if inside:
        return passed("passback_is_clear", noted="passback", **_since(question))
    return passed("passback_is_clear")


def interlock_is_clear(question: AccessRequest) -> RuleVerdict:
    """Check that no other door of an interlock is released or open."""
    door = question.here.door
    if door is None:
        return passed("interlock_is_clear")
    for other in question.site.interlocked[door]:
        status = question.state.doors.get(other, DoorState()).status
        if status != "locked":
            return denied("interlock_is_clear", "interlock", door=other, status=status)
    return passed("interlock_is_clear")


def zone_has_room(question: AccessRequest) -> RuleVerdict:
    """Check that no entered zone is at its capacity; holders already inside count once."""
    if question.here.direction != "entry":
        return passed("zone_has_room")
    saw: dict[str, Value] = {}
    inside = question.inside
    for zone_id in question.site.zone[question.here.zone].lineage:
        zone = question.site.zone[zone_id]
        if zone.capacity is None or zone_id in inside:
            continue
        found = question.state.zones[zone_id]
        since_read = max(0, found.known - found.told) if found.count is not None else 0
        people = found.people + since_read + _coming(question, zone_id)
        p_full = found.count.p_full if found.count is not None else 0.0
        saw = {"zone": zone_id, "people": people, "capacity": zone.capacity}
        if found.count is not None:
            saw["p_full"] = p_full
        if people >= zone.capacity or p_full >= FULL_AT:
            return denied("zone_has_room", "zone-full", **saw)
    return passed("zone_has_room", **saw)


def _passed_back(question: AccessRequest, zone: Zone) -> str | None:
    """Return why anti-passback of this zone refuses the holder; None: it does not."""
    if zone.passback == "soft":
        return None
    if _is_let_in(question, zone.id):
        return "already-released"
    found = question.whereabouts
    if found is None or zone.id not in question.inside:
        return None
    if zone.passback == "hard":
        return "passback"
    is_recent = question.at - found.since < timedelta(seconds=zone.passback_s)
    return "passback-timed" if is_recent else None


def _since(question: AccessRequest) -> dict[str, Value]:
    found = question.whereabouts
    return {"inside": found.zone, "since": found.since.isoformat()} if found is not None else {}


def _is_let_in(question: AccessRequest, zone: ZoneId) -> bool:
    """Return whether the holder was let into the zone, at any door, and has not passed yet."""
    return any(
        arrival.holder == question.asker.id and _leads_into(question, arrival, zone)
        for arrival in question.arrivals
    )


def _coming(question: AccessRequest, zone: ZoneId) -> int:
    """Return the number of others who were let into the zone and have not passed yet."""
    coming = {
        arrival.holder
        for arrival in question.arrivals
        if arrival.holder != question.asker.id and _leads_into(question, arrival, zone)
    }
    return sum(not is_inside(question.site, question.state, holder, zone) for holder in coming)


def _leads_into(question: AccessRequest, arrival: Arrival, zone: ZoneId) -> bool:
    return arrival.zone is not None and zone in question.site.zone[arrival.zone].lineage
