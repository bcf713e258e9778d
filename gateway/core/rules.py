"""Who may pass: an ordered list of one-rule pieces that ends in "deny all".

The order is policy. Each rule looks at one question and passes it on, grants or denies; the first
that grants or denies ends the matter. A rule keeps the values it saw, so that every decision can be
explained.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.core.company import missing_company
from gateway.core.directory import Membership
from gateway.core.facts import Value, Verdict
from gateway.core.hours import is_open
from gateway.core.question import Question
from gateway.core.site import AccessPoint, Right, Site, ZoneId

LATE = timedelta(seconds=5)
"""A credential event older than this is recorded and never opens anything."""


Rule = Callable[[Question], Verdict]


class Ruling(Struct, frozen=True):
    """How a question ended, and what each rule said that was asked.

    `duress`: granted under threat, to be alarmed about in silence. `passback`: granted although
    the holder is inside already (soft anti-passback), to be noted.
    """

    granted: bool
    reason: str
    verdicts: tuple[Verdict, ...]
    duress: bool = False
    passback: bool = False


def decide(question: Question) -> Ruling:
    """The ruling of the first rule that grants or denies; nobody granted: denied."""
    verdicts: list[Verdict] = []
    for rule in RULES:
        verdict = rule(question)
        verdicts.append(verdict)
        if verdict.outcome != "pass":
            return Ruling(
                granted=verdict.outcome == "grant",
                reason=verdict.reason or NO_ACCESS_RIGHTS,
                verdicts=tuple(verdicts),
                duress=any("duress" in verdict.saw for verdict in verdicts),
                passback=any("passback" in verdict.saw for verdict in verdicts),
            )
    return Ruling(granted=False, reason=NO_ACCESS_RIGHTS, verdicts=tuple(verdicts))


def exit_is_free(question: Question) -> Verdict:
    """Nobody is locked in, whoever they are and whatever the clock says."""
    point = question.point
    if point is not None and point.direction == "exit":
        return _grant("exit_is_free", "exit-free", direction=point.direction)
    return _pass("exit_is_free", direction=point.direction if point else None)


def muster_is_noted(question: Question) -> Verdict:
    """Whoever badges at a muster point is safe."""
    point = question.point
    if point is not None and point.direction == "muster":
        return _grant("muster_is_noted", "mustered")
    return _pass("muster_is_noted")


def event_is_fresh(question: Question) -> Verdict:
    """A read that was kept, delayed or dated by a wrong clock opens nothing."""
    age_s = round((question.now - question.at).total_seconds(), 3)
    if question.retained:
        return _deny("event_is_fresh", "retained", retained=True)
    if question.now - question.at > LATE:
        return _deny("event_is_fresh", "too-old", age_s=age_s, limit_s=LATE.total_seconds())
    if question.at - question.now > LATE:
        return _deny("event_is_fresh", "clock-ahead", age_s=age_s, limit_s=-LATE.total_seconds())
    return _pass("event_is_fresh", age_s=age_s)


def reader_guards_something(question: Question) -> Verdict:
    """The reader belongs to an access point of the space file."""
    if question.point is None:
        return _deny("reader_guards_something", "point-unknown")
    return _pass("reader_guards_something", access_point=question.point.id)


def mode_allows_entry(question: Question) -> Verdict:
    """No lockdown and no evacuation."""
    mode = question.state.mode.mode
    if mode != "normal":
        return _deny("mode_allows_entry", mode)
    return _pass("mode_allows_entry")


def point_is_in_service(question: Question) -> Verdict:
    """No operator took the access point out of service."""
    if question.point is not None and question.point.id in question.state.out_of_service:
        return _deny("point_is_in_service", "out-of-service")
    return _pass("point_is_in_service")


def credential_is_good(question: Question) -> Verdict:
    """The badge is enrolled, and neither lost nor suspended."""
    credential = question.credential
    if credential is None or question.holder is None:
        return _deny("credential_is_good", "credential-unknown")
    if credential.status != "active":
        return _deny(
            "credential_is_good", f"credential-{credential.status}", holder=credential.holder
        )
    return _pass("credential_is_good", holder=credential.holder)


def pin_is_right(question: Question) -> Verdict:
    """A PIN that was typed is the badge's own, or the one for being under threat."""
    credential, pin = question.credential, question.pin
    if credential is None or pin is None or credential.pin is None or pin == credential.pin:
        return _pass("pin_is_right")
    if pin == credential.duress_pin:
        return _pass("pin_is_right", duress=True)
    return _deny("pin_is_right", "pin-wrong")


def machine_is_free(question: Question) -> Verdict:
    """Nobody else uses the machine; who uses it signs off."""
    machine = question.point.machine if question.point else None
    use = question.state.machines.get(machine) if machine else None
    if use is None or question.holder is None:
        return _pass("machine_is_free")
    if use.holder == question.holder.id:
        return _grant("machine_is_free", "machine-off")
    return _deny("machine_is_free", "machine-in-use")


def membership_is_active(question: Question) -> Verdict:
    """One of the holder's memberships is valid at this site, now."""
    standings = [_standing(membership, question.at) for membership in _memberships(question)]
    if not standings:
        return _deny("membership_is_active", "membership-none")
    if "active" in standings:
        return _pass("membership_is_active", memberships=len(standings))
    worst_known = next(entry for entry in _BAD_STANDINGS if entry in standings)
    return _deny("membership_is_active", f"membership-{worst_known}", memberships=len(standings))


def plan_gives_right(question: Question) -> Verdict:
    """A valid plan names this zone, a zone around it, or this machine."""
    rights = _rights(question)
    saw = _where(question)
    if not rights:
        return _deny("plan_gives_right", "no-right", **saw)
    return _pass("plan_gives_right", rights=len(rights), **saw)


def hours_are_open(question: Question) -> Verdict:
    """One of those rights holds at this hour."""
    rights = _rights(question)
    timezone = question.site.timezone
    hours = " || ".join(dict.fromkeys(right.hours for right in rights))
    if not any(is_open(right.hours, timezone, question.at) for right in rights):
        return _deny("hours_are_open", "outside-hours", hours=hours, timezone=timezone)
    return _pass("hours_are_open", hours=hours)


def passback_is_clear(question: Question) -> Verdict:
    """Nobody enters where they are already, or were let in a moment ago."""
    point, inside, site = question.point, _inside(question), question.site
    if point is None or point.direction != "entry" or question.holder is None:
        return _pass("passback_is_clear")
    passback = site.zone[point.zone].passback
    arrivals = (one for door in question.state.doors.values() for one in door.pending)
    if passback == "hard" and any(
        one.holder == question.holder.id and one.zone == point.zone for one in arrivals
    ):
        return _deny("passback_is_clear", "already-released")
    if passback == "hard" and point.zone in inside:
        return _deny("passback_is_clear", "passback")
    if passback == "soft" and point.zone in inside:
        return _pass("passback_is_clear", passback=True)
    return _pass("passback_is_clear")


def company_is_here(question: Question) -> Verdict:
    """Nobody works alone where that is a danger."""
    point = question.point
    machine = question.site.machine.get(point.machine) if point and point.machine else None
    if point is None or question.holder is None:
        return _pass("company_is_here")
    demands = machine.demands if machine else question.site.zone[point.zone].demands
    missing = missing_company(
        question.site,
        question.state,
        demands,
        point.zone,
        question.holder.id,
        arriving=machine is None,
    )
    return _deny("company_is_here", missing.reason) if missing else _pass("company_is_here")


def zone_has_room(question: Question) -> Verdict:
    """No zone that would be entered is at its capacity; who is inside already counts once."""
    point = question.point
    if point is None or point.direction != "entry":
        return _pass("zone_has_room")
    inside = _inside(question)
    saw: dict[str, Value] = {}
    for zone_id in question.site.zone[point.zone].lineage:
        zone = question.site.zone[zone_id]
        if zone.capacity is None or zone_id in inside:
            continue
        people = question.state.zones[zone_id].known
        if people >= zone.capacity:
            return _deny(
                "zone_has_room", "zone-full", zone=zone_id, people=people, capacity=zone.capacity
            )
        saw |= {"zone": zone_id, "people": people, "capacity": zone.capacity}
    return _pass("zone_has_room", **saw)


def plan_opens(question: Question) -> Verdict:
    """Nothing speaks against it: the plan's right opens the access point."""
    return _grant("plan_opens", "plan", **_where(question))


RULES: tuple[Rule, ...] = (
    exit_is_free,  # life safety first: nobody is locked in
    muster_is_noted,
    event_is_fresh,  # before anything personal is looked at
    reader_guards_something,
    mode_allows_entry,
    point_is_in_service,
    credential_is_good,
    pin_is_right,
    machine_is_free,
    membership_is_active,
    plan_gives_right,
    hours_are_open,
    passback_is_clear,
    company_is_here,
    zone_has_room,
    plan_opens,
)
NO_ACCESS_RIGHTS = "no-access-rights"
"""Nobody granted (ONVIF PACS, BACnet DENIED_NO_ACCESS_RIGHTS)."""

_BAD_STANDINGS = ("suspended", "expired", "not-started")
"""Which reason is told when several memberships fail: the one that the holder can mend first."""


def _pass(rule: str, **saw: Value) -> Verdict:
    return Verdict(rule=rule, outcome="pass", saw=saw)


def _grant(rule: str, reason: str, **saw: Value) -> Verdict:
    return Verdict(rule=rule, outcome="grant", reason=reason, saw=saw)


def _deny(rule: str, reason: str, **saw: Value) -> Verdict:
    return Verdict(rule=rule, outcome="deny", reason=reason, saw=saw)


def _memberships(question: Question) -> list[Membership]:
    """The holder's memberships that speak of this site."""
    holder, site = question.holder, question.site.id
    held = holder.memberships if holder is not None else ()
    return [entry for entry in held if not entry.sites or site in entry.sites]


def _standing(membership: Membership, at: datetime) -> str:
    if membership.status != "active":
        return membership.status
    if membership.starts is not None and at < membership.starts:
        return "not-started"
    if membership.ends is not None and at >= membership.ends:
        return "expired"
    return "active"


def _rights(question: Question) -> list[Right]:
    """What the valid plans say of this access point."""
    point = question.point
    if point is None:
        return []
    plans = (
        question.site.plan.get(entry.plan)
        for entry in _memberships(question)
        if _standing(entry, question.at) == "active"
    )
    rights = (right for plan in plans if plan is not None for right in plan.rights)
    return [right for right in rights if _covers(right, point, question.site)]


def _covers(right: Right, point: AccessPoint, site: Site) -> bool:
    if point.machine is not None:
        return point.machine in right.machines
    return any(zone in right.zones for zone in site.zone[point.zone].lineage)


def _inside(question: Question) -> tuple[ZoneId, ...]:
    """The zones in which the holder is known to be."""
    if question.holder is None:
        return ()
    whereabouts = question.state.presence.get(question.holder.id)
    return question.site.zone[whereabouts.zone].lineage if whereabouts else ()


def _where(question: Question) -> dict[str, Value]:
    point = question.point
    if point is None:
        return {}
    return {"machine": point.machine} if point.machine else {"zone": point.zone}
