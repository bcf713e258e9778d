"""Rules about memberships: the membership, its plan's right, hours and quota; or a booking.

Any plan or booking that passes all of them lets the holder pass. The reason of a refusal is that of
the rule at which the best of them failed.
"""

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules.verdicts import denied, granted, passed
from gateway.core.facts import RuleVerdict, Value
from gateway.core.model.directory import Membership
from gateway.core.model.opening_hours import opening
from gateway.core.state import NEVER

_STANDINGS = ("unpaid", "suspended", "expired", "not-started")
"""The order in which failed memberships are reported: first what the holder can mend first."""
_SHUT = {
    "exceptional": "exceptional-day",
    "holiday": "public-holiday",
    "closed": "outside-hours",
}
"""The order in which closed rights are reported: first what holds on most other days."""


def membership_is_active(question: AccessRequest) -> RuleVerdict:
    """Check that a membership is valid at this site, or that a booking replaces it."""
    standings = [stands for _, stands in question.memberships]
    if "active" in standings:
        return passed("membership_is_active", memberships=len(standings))
    if question.bookings:
        return passed("membership_is_active", **_booking(question))
    if not standings:
        return denied("membership_is_active", "membership-none")
    told = next(lack for lack in _STANDINGS if lack in standings)
    return denied(
        "membership_is_active", f"membership-{told}", **_membership(_best(question, told))
    )


def plan_gives_right(question: AccessRequest) -> RuleVerdict:
    """Check that a valid plan includes this zone, one around it or this machine; or a booking."""
    if question.rights:
        return passed("plan_gives_right", rights=len(question.rights), **_where(question))
    if question.bookings:
        return passed("plan_gives_right", **_booking(question))
    return denied("plan_gives_right", "no-right", **_where(question))


def hours_are_open(question: AccessRequest) -> RuleVerdict:
    """Check that one of these rights holds at this hour; a booking holds at any."""
    if question.open_rights:
        return passed("hours_are_open", hours=question.open_rights[0].right.hours)
    if question.bookings:
        return passed("hours_are_open", **_booking(question))
    all_hours = list(dict.fromkeys(each.right.hours for each in question.rights))
    found = {opening(question.site, hours, question.at) for hours in all_hours}
    reason = next(told for shut, told in _SHUT.items() if shut in found)
    timezone = question.site.timezone
    return denied("hours_are_open", reason, hours=" || ".join(all_hours), timezone=timezone)


def quota_is_left(question: AccessRequest) -> RuleVerdict:
    """Check that one of the plans that are open now has no quota, or some of it left."""
    if question.paid_by is not None:
        return passed("quota_is_left", **_quota(question))
    if question.bookings:
        return passed("quota_is_left", **_booking(question))
    return denied("quota_is_left", "quota-used-up", **_quota(question))


def plan_opens(question: AccessRequest) -> RuleVerdict:
    """Grant by the plan, or else by the booking, as no rule has denied."""
    if question.paid_by is not None:
        return granted("plan_opens", "plan", plan=question.paid_by.id, **_where(question))
    return granted("plan_opens", "booking", **_booking(question), **_where(question))


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
