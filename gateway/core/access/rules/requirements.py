"""Rules about the demands of a zone or a machine beside a plan: training, booking, company.

A door has the demands of the zones that are entered through it; a machine has its own.
"""

from gateway.core.access.company import member_is_inside, missing_company
from gateway.core.access.entitlements import in_force, leads_through
from gateway.core.access.request import AccessRequest
from gateway.core.access.rules.verdicts import denied, passed
from gateway.core.facts import RuleVerdict
from gateway.core.model.bookings import Target, machine_target, zone_target
from gateway.core.model.directory import Training
from gateway.core.model.names import TrainingId
from gateway.core.model.places import AccessDemands


def training_is_valid(question: AccessRequest) -> RuleVerdict:
    """Check that the holder has all trainings required here, none of them expired."""
    needed = [training for asked in _asked(question) for training in asked.demands.trainings]
    for training in needed:
        had = [entry for entry in question.asker.trainings if entry.training == training]
        if any(_is_valid(entry, question) for entry in had):
            continue
        return _not_trained(question, training, had)
    return passed("training_is_valid", trainings=", ".join(needed))


def booking_allows(question: AccessRequest) -> RuleVerdict:
    """Check that no one else has booked this, and that the holder has, where it is required."""
    for asked in _asked(question):
        if asked.demands.booking == "ignored":
            continue
        target = _target(asked)
        now = list(in_force(question.state.bookings.get(target, ()), question.at))
        if now and not _may_join(question, target):
            booking = now[0]
            ends = booking.ends.isoformat()
            return denied("booking_allows", "booked", target=target, booking=booking.id, until=ends)
        if asked.demands.booking == "required" and not question.bookings:
            return denied("booking_allows", "booking-required", target=target)
    return passed("booking_allows")


def zone_is_opened(question: AccessRequest) -> RuleVerdict:
    """Check that a zone that a role opens each day is open, or that this holder opens it."""
    site = question.site
    for zone in question.entered:
        role = site.zone[zone].opened_by
        if role is None or question.state.opened.get(zone) == question.today:
            continue
        if not question.asker.has_role(role, site.id):
            return denied("zone_is_opened", "not-opened", zone=zone, role=role)
    return passed("zone_is_opened")


def escort_is_here(question: AccessRequest) -> RuleVerdict:
    """Check that a member is inside, where visitors need an escort."""
    kind = question.asker.kind
    if kind != "visitor":
        return passed("escort_is_here", kind=kind)
    for zone in question.entered:
        escorted = question.site.zone[zone].escort
        if escorted and not member_is_inside(question.site, question.state, zone):
            return denied("escort_is_here", "escort-missing", kind=kind, zone=zone)
    return passed("escort_is_here", kind=kind)


def company_is_here(question: AccessRequest) -> RuleVerdict:
    """Check that enough people are inside, and the required role; the holder counts too."""
    arriving = question.here.direction == "entry"
    for asked in _asked(question):
        missing = missing_company(
            question.site,
            question.state,
            asked.demands,
            asked.zone,
            question.asker.id,
            arriving=arriving,
        )
        if missing is not None:
            return denied("company_is_here", missing.reason, **missing.saw)
    return passed("company_is_here")


def _asked(question: AccessRequest) -> tuple[AccessDemands, ...]:
    return question.site.asked[question.here.id]


def _target(asked: AccessDemands) -> Target:
    return machine_target(asked.machine) if asked.machine else zone_target(asked.zone)


def _is_valid(training: Training, question: AccessRequest) -> bool:
    is_given = training.given is None or training.given <= question.at
    return is_given and (training.ends is None or question.at < training.ends)


def _not_trained(question: AccessRequest, training: TrainingId, had: list[Training]) -> RuleVerdict:
    ended = [entry.ends for entry in had if entry.ends is not None and entry.ends <= question.at]
    if ended:
        ends = max(ended).isoformat()
        return denied("training_is_valid", "training-expired", training=training, ends=ends)
    return denied("training_is_valid", "training-missing", training=training)


def _may_join(question: AccessRequest, target: Target) -> bool:
    """Return whether the holder has a booking for this now, or one that leads through it."""
    return any(
        leads_through(question.site, claim, target)
        or (claim.target == target and claim.booking.starts <= question.at < claim.booking.ends)
        for claim in question.bookings
    )
