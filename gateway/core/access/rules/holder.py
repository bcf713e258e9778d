"""Rules about the holder: credential, membership, and what a place demands beside a plan.

Any plan or booking that passes all rules about memberships lets the holder pass. The reason of a
refusal is that of the rule at which the best of them failed. A door has the demands of the zones
that are entered through it; a machine has its own.

PINs and numbers are keyed hashes here, and no verdict keeps one. The duress PIN lets its holder in
like the right one, and raises a silent duress alarm.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from gateway.core.access.company import Asker, member_is_inside, missing_company
from gateway.core.access.entitlements import in_force, leads_through
from gateway.core.access.request import AccessRequest, Verdict, denied, granted, noted, passed
from gateway.core.facts import Value
from gateway.core.model.bookings import Target, machine_target, zone_target
from gateway.core.model.directory import Membership, Training
from gateway.core.model.names import TrainingId
from gateway.core.model.opening_hours import opening
from gateway.core.model.places import AccessDemands, Strength
from gateway.core.state import NEVER, Attempts

ATTEMPTS_MAX = 5
"""After this many wrong PINs within `ATTEMPTS_WITHIN`, none is checked for `LOCKOUT`: trying all
PINs of four digits takes a fortnight, day and night."""
ATTEMPTS_WITHIN = timedelta(minutes=10)
LOCKOUT = timedelta(minutes=10)
"""Counted from the last wrong PIN."""

_NONE = Attempts(())
_STRENGTHS: Final[dict[Strength, int]] = {"pin": 0, "number": 1, "number-and-pin": 2}
_STANDINGS = ("unpaid", "suspended", "expired", "not-started")
"""The order in which failed memberships are reported: first what the holder can mend first."""
_SHUT = {
    "exceptional": "exceptional-day",
    "holiday": "public-holiday",
    "closed": "outside-hours",
}
"""The order in which closed rights are reported: first what holds on most other days."""


# -- the credential: known, valid, strong enough, used by its holder ------------------------------


def attempts_are_left(question: AccessRequest) -> Verdict:
    """Check that there were not too many wrong PINs for this badge, or codes at this keypad."""
    for key in _guessed_at(question):
        times = question.state.attempts.get(key, _NONE).times[-ATTEMPTS_MAX:]
        if (
            len(times) == ATTEMPTS_MAX
            and times[-1] - times[0] <= ATTEMPTS_WITHIN
            and question.at - times[-1] < LOCKOUT
        ):
            again = (times[-1] + LOCKOUT).isoformat()
            return denied("too-many-attempts", wrong=len(times), again=again)
    return passed()


def credential_is_known(question: AccessRequest) -> Verdict:
    """Check that the badge is enrolled and has a holder."""
    if question.credential is None or question.holder is None:
        return denied("credential-unknown")
    return passed(holder=question.holder.id, kind=question.credential.kind)


def credential_is_good(question: AccessRequest) -> Verdict:
    """Check that the badge is not lost, stolen or suspended, and is within its validity."""
    badge = question.badge
    if badge.status != "active":
        return denied(f"credential-{badge.status}", status=badge.status)
    if badge.starts is not None and question.at < badge.starts:
        starts = badge.starts.isoformat()
        return denied("credential-not-started", starts=starts)
    if badge.ends is not None and question.at >= badge.ends:
        return denied("credential-expired", ends=badge.ends.isoformat())
    return passed(status=badge.status)


def credential_is_strong(question: AccessRequest) -> Verdict:
    """Check that the credential is as strong as this access point requires."""
    needed, shown = question.here.min_credential, _strength(question)
    if _STRENGTHS[shown] < _STRENGTHS[needed]:
        return denied("credential-weak", shown=shown, needed=needed)
    return passed(shown=shown, needed=needed)


def pin_is_right(question: AccessRequest) -> Verdict:
    """Check that a typed PIN is the badge's own, or its duress PIN.

    At a reader that asks who is still here nothing else is asked: it opens nothing.
    """
    badge, typed = question.badge, question.pin
    if question.pin_failed:  # as its reader says, which compares PINs itself
        return denied("pin-wrong")
    if badge.duress or (typed is not None and typed == badge.duress_pin):
        return noted("duress")
    if typed is not None and badge.pin is not None and typed != badge.pin:
        return denied("pin-wrong")
    if question.here.direction == "here":
        return granted("still-here", zone=question.here.zone)
    return passed(typed=typed is not None)


def _guessed_at(question: AccessRequest) -> Iterator[str]:
    """Yield the keys that wrong PINs are counted under, if any were typed."""
    if not question.state.attempts:
        return
    device = question.site.device.get(question.device)
    if question.credential is not None:
        yield question.credential.hash
    if device is not None and device.format == "pin":
        yield device.id


def _strength(question: AccessRequest) -> Strength:
    if question.badge.kind == "pin":
        return "pin"
    if question.pin is not None and question.badge.pin is not None:
        return "number-and-pin"
    return "number"


# -- the membership: its plan's right, hours and quota; or a booking ------------------------------


def membership_is_active(question: AccessRequest) -> Verdict:
    """Check that a membership is valid at this site, or that a booking replaces it."""
    standings = [stands for _, stands in question.memberships]
    if "active" in standings:
        return passed(memberships=len(standings))
    if question.bookings:
        return passed(**_booking(question))
    if not standings:
        return denied("membership-none")
    told = next(lack for lack in _STANDINGS if lack in standings)
    return denied(f"membership-{told}", **_membership(_best(question, told)))


def plan_gives_right(question: AccessRequest) -> Verdict:
    """Check that a valid plan includes this zone, one around it or this machine; or a booking."""
    if question.rights:
        return passed(rights=len(question.rights), **_where(question))
    if question.bookings:
        return passed(**_booking(question))
    return denied("no-right", **_where(question))


def hours_are_open(question: AccessRequest) -> Verdict:
    """Check that one of these rights holds at this hour; a booking holds at any."""
    if question.open_rights:
        return passed(hours=question.open_rights[0].right.hours)
    if question.bookings:
        return passed(**_booking(question))
    all_hours = list(dict.fromkeys(each.right.hours for each in question.rights))
    found = {opening(question.site, hours, question.at) for hours in all_hours}
    reason = next(told for shut, told in _SHUT.items() if shut in found)
    timezone = question.site.timezone
    return denied(reason, hours=" || ".join(all_hours), timezone=timezone)


def quota_is_left(question: AccessRequest) -> Verdict:
    """Check that one of the plans that are open now has no quota, or some of it left."""
    if question.paid_by is not None:
        return passed(**_quota(question))
    if question.bookings:
        return passed(**_booking(question))
    return denied("quota-used-up", **_quota(question))


def plan_opens(question: AccessRequest) -> Verdict:
    """Grant by the plan, or else by the booking, as no rule has denied."""
    if question.paid_by is not None:
        return granted("plan", plan=question.paid_by.id, **_where(question))
    return granted("booking", **_booking(question), **_where(question))


def _best(question: AccessRequest, told: str) -> Membership:
    """Return the membership with this standing that ended last or starts first."""
    lacking = [entry for entry, stands in question.memberships if stands == told]
    if told == "not-started":
        return min(lacking, key=lambda entry: entry.starts or NEVER)
    return max(lacking, key=lambda entry: entry.ends or NEVER)


def _membership(membership: Membership) -> dict[str, Value]:
    starts, ends = membership.starts, membership.ends
    return {
        "plan": membership.plan,
        "starts": starts.isoformat() if starts is not None else None,
        "ends": ends.isoformat() if ends is not None else None,
    }


def _quota(question: AccessRequest) -> dict[str, Value]:
    """Return the plan that has most left, and the use of its scarcest quota."""
    assert question.cheapest is not None  # noqa: S101 - a plan is open, or a booking let them pass
    plan, tally = question.cheapest
    if tally is None:
        return {"plan": plan.id}
    quota = tally.quota
    used = round(tally.used, 3)
    return {
        "plan": plan.id,
        "quota": quota.kind,
        "per": quota.per,
        "used": used,
        "amount": quota.amount,
    }


def _booking(question: AccessRequest) -> dict[str, Value]:
    claim = question.bookings[0]
    return {"booking": claim.booking.id, "booked": claim.target}


def _where(question: AccessRequest) -> dict[str, Value]:
    point = question.here
    return {"machine": point.machine} if point.machine else {"zone": point.zone}


# -- demands beside a plan: training, booking, company ---------------------------------------------


def training_is_valid(question: AccessRequest) -> Verdict:
    """Check that the holder has all trainings required here, none of them expired."""
    needed = [training for asked in _asked(question) for training in asked.demands.trainings]
    for training in needed:
        had = [entry for entry in question.asker.trainings if entry.training == training]
        if any(_is_valid(entry, question) for entry in had):
            continue
        return _not_trained(question, training, had)
    return passed(trainings=", ".join(needed))


def booking_allows(question: AccessRequest) -> Verdict:
    """Check that no one else has booked this, and that the holder has, where it is required."""
    for asked in _asked(question):
        if asked.demands.booking == "ignored":
            continue
        target = _target(asked)
        now = list(in_force(question.state.bookings.get(target, ()), question.at))
        if now and not _may_join(question, target):
            booking = now[0]
            ends = booking.ends.isoformat()
            return denied("booked", target=target, booking=booking.id, until=ends)
        if asked.demands.booking == "required" and not question.bookings:
            return denied("booking-required", target=target)
    return passed()


def zone_is_opened(question: AccessRequest) -> Verdict:
    """Check that a zone that a role opens each day is open, or that this holder opens it."""
    site = question.site
    for zone in question.entered:
        role = site.zone[zone].opened_by
        if role is None or question.state.opened.get(zone) == question.today:
            continue
        if not question.asker.has_role(role, site.id):
            return denied("not-opened", zone=zone, role=role)
    return passed()


def escort_is_here(question: AccessRequest) -> Verdict:
    """Check that a member is inside, where visitors need an escort."""
    kind = question.asker.kind
    if kind != "visitor":
        return passed(kind=kind)
    for zone in question.entered:
        escorted = question.site.zone[zone].escort
        if escorted and not member_is_inside(question.site, question.state, zone):
            return denied("escort-missing", kind=kind, zone=zone)
    return passed(kind=kind)


def company_is_here(question: AccessRequest) -> Verdict:
    """Check that enough people are inside, and the required role; the holder counts too."""
    at_machine = question.here.machine is not None
    asker = Asker(question.asker.id, is_here=True, machine=at_machine)
    for asked in _asked(question):
        missing = missing_company(
            question.site, question.state, asked.demands, asked.zone, asker, question.now
        )
        if missing is not None:
            return denied(missing.reason, **missing.saw)
    return passed()


def _asked(question: AccessRequest) -> tuple[AccessDemands, ...]:
    return question.site.asked[question.here.id]


def _target(asked: AccessDemands) -> Target:
    return machine_target(asked.machine) if asked.machine else zone_target(asked.zone)


def _is_valid(training: Training, question: AccessRequest) -> bool:
    is_given = training.given is None or training.given <= question.at
    return is_given and (training.ends is None or question.at < training.ends)


def _not_trained(question: AccessRequest, training: TrainingId, had: list[Training]) -> Verdict:
    ended = [entry.ends for entry in had if entry.ends is not None and entry.ends <= question.at]
    if ended:
        ends = max(ended).isoformat()
        return denied("training-expired", training=training, ends=ends)
    return denied("training-missing", training=training)


def _may_join(question: AccessRequest, target: Target) -> bool:
    """Return whether the holder has a booking for this now, or one that leads through it."""
    return any(
        leads_through(question.site, claim, target)
        or (claim.target == target and claim.booking.starts <= question.at < claim.booking.ends)
        for claim in question.bookings
    )
