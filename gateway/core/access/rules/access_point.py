"""Rules about the access point: direction, mode, service, machine, anti-passback, zone capacity.

A lockdown refuses every entry, anti-passback a second one, and a zone's capacity who is too many.

The first of them are asked before any personal data is read.
"""

from datetime import timedelta

from gateway.core.access.company import is_inside
from gateway.core.access.request import AccessRequest, Verdict, denied, granted, noted, passed
from gateway.core.facts import Value
from gateway.core.model.names import ZoneId
from gateway.core.model.places import Zone
from gateway.core.state import Arrival, DoorState, MachineUse

FULL_AT = 0.5
"""The probability that a zone is full at which entry is refused: likelier full than not."""


def exit_is_free(question: AccessRequest) -> Verdict:
    """Grant every exit, for any user and whatever the clock says."""
    point = question.point
    if point is not None and point.direction == "exit":
        return granted("exit-free", direction=point.direction)
    return passed(direction=point.direction if point else None)


def muster_is_noted(question: AccessRequest) -> Verdict:
    """Grant every badge at a muster point: its holder is safe."""
    point = question.point
    if point is not None and point.direction == "muster":
        return granted("mustered", zone=point.zone)
    return passed()


def reader_enrols_no_badge(question: AccessRequest) -> Verdict:
    """Check that the reader is not waiting for a badge to enrol."""
    waiting = question.state.enrolments.get(question.device)
    if waiting is not None:
        return denied("enrolment", until=waiting.until.isoformat())
    return passed()


def reader_guards_something(question: AccessRequest) -> Verdict:
    """Check that the reader belongs to an access point of the space file."""
    if question.point is None:
        return denied("point-unknown")
    return passed(access_point=question.point.id)


def mode_allows_entry(question: AccessRequest) -> Verdict:
    """Check that no lockdown and no evacuation forbids entering or starting a machine."""
    mode = question.state.mode.mode
    if mode != "normal" and not signs_off(question):
        return denied(mode, mode=mode)
    return passed(mode=mode)


def point_is_in_service(question: AccessRequest) -> Verdict:
    """Check that the access point is in service."""
    why = question.state.out_of_service.get(question.here.id)
    if why is not None and not signs_off(question):
        return denied("out-of-service", why=why)
    return passed()


# -- machines: a user signs off with the same badge, and stands beside the machine -----------------


def machine_is_free(question: AccessRequest) -> Verdict:
    """Check that no other holder uses the machine; its own user signs off."""
    use, machine = _use(question), question.here.machine
    if use is None:
        return passed(machine=machine)
    if use.holder == question.asker.id:
        return granted("machine-off", machine=machine)
    return denied("machine-in-use", machine=machine, user=use.holder)


def user_is_here(question: AccessRequest) -> Verdict:
    """Check that the user is known to be in the machine's zone, if the machine requires it."""
    site = question.site
    machine = site.machine[question.here.machine] if question.here.machine is not None else None
    if machine is None or not machine.demands.check_in:
        return passed()
    if not is_inside(site, question.state, question.asker.id, machine.zone):
        inside = question.whereabouts.zone if question.whereabouts else None
        return denied("not-checked-in", zone=machine.zone, inside=inside)
    return passed(zone=machine.zone)


def signs_off(question: AccessRequest) -> bool:
    """Return whether this badge is the machine's user's, who may always sign off."""
    use, holder = _use(question), question.holder
    return use is not None and holder is not None and use.holder == holder.id


def _use(question: AccessRequest) -> MachineUse | None:
    machine = question.here.machine
    return question.state.machines.get(machine) if machine is not None else None


# -- presence: anti-passback, interlocks, and the capacity of zones --------------------------------


def passback_is_clear(question: AccessRequest) -> Verdict:
    """Check that the holder is not inside already, nor let in a moment ago, by this badge."""
    inside = False
    for zone in question.site.guarded[question.here.id]:
        reason = _passed_back(question, zone)
        if reason is not None:
            return denied(reason, zone=zone.id, **_since(question))
        inside = inside or zone.id in question.inside
    if inside:
        return noted("passback", **_since(question))
    return passed()


def interlock_is_clear(question: AccessRequest) -> Verdict:
    """Check that no other door of an interlock is released or open."""
    door = question.here.door
    if door is None:
        return passed()
    for other in question.site.interlocked[door]:
        status = question.state.doors.get(other, DoorState()).status
        if status != "locked":
            return denied("interlock", door=other, status=status)
    return passed()


def zone_has_room(question: AccessRequest) -> Verdict:
    """Check the capacity of each entered zone: none is full; holders already inside count once."""
    if question.here.direction != "entry":
        return passed()
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
            return denied("zone-full", **saw)
    return passed(**saw)


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
