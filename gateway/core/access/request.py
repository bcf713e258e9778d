"""The access request, with the values that the rules derive from it, and a rule's verdict.

Values that several rules need are computed at the first access, and kept.
"""

from collections.abc import Callable
from datetime import date, datetime
from math import inf
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from gateway.core.access import quotas
from gateway.core.access.entitlements import BookingClaim, Standing, booking_claims, standing
from gateway.core.access.quotas import QuotaUsage
from gateway.core.events import Reported
from gateway.core.facts import RuleVerdict, Value
from gateway.core.model.directory import Credential, CredentialHash, Holder, Membership
from gateway.core.model.names import DeviceId, ZoneId
from gateway.core.model.opening_hours import opening
from gateway.core.model.places import AccessPoint
from gateway.core.model.plans import Plan, PlanRight
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from gateway.core.state import Arrival, State, Whereabouts

T = TypeVar("T")
Effect = Literal["duress", "passback"]
"""What a rule lets pass, and what is noted all the same: a silent alarm, a soft anti-passback."""


class Verdict(Struct, frozen=True, gc=False):
    """A rule's verdict. `saw` are the values that it used, for the explanation of the decision."""

    outcome: Literal["pass", "grant", "deny"]
    reason: str | None
    saw: dict[str, Value]
    effect: Effect | None = None

    def told(self, rule: str) -> RuleVerdict:
        """Return the fact to be journaled."""
        saw = self.saw if self.effect is None else {"noted": self.effect, **self.saw}
        return RuleVerdict(rule, self.outcome, self.reason, saw)


_PASSED = Verdict("pass", None, {})


def passed(**saw: Value) -> Verdict:
    """Return a verdict that passes the request on to the next rule."""
    return Verdict("pass", None, saw) if saw else _PASSED


def noted(effect: Effect, /, **saw: Value) -> Verdict:
    """Return a verdict that passes the request on, with an effect if it is granted in the end."""
    return Verdict("pass", None, saw, effect)


def granted(reason: str, /, **saw: Value) -> Verdict:
    """Return a verdict that grants the request; no further rule is asked."""
    return Verdict("grant", reason, saw)


def denied(reason: str, /, **saw: Value) -> Verdict:
    """Return a verdict that denies the request; no further rule is asked."""
    return Verdict("deny", reason, saw)


class _kept(Generic[T]):  # noqa: N801 - used as a decorator
    """`functools.cached_property` without its lock (Python 3.11 has one): 4 % of a decision."""

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out = work_out
        self._name = work_out.__name__
        self.__doc__ = work_out.__doc__

    def __get__(self, question: "AccessRequest", _owner: type) -> T:
        """Compute and store the value; later accesses find it in the instance's dictionary."""
        value = question.__dict__[self._name] = self._work_out(question)
        return value


class AccessRequest(Struct, frozen=True, dict=True):
    """A credential at a reader, and everything that a rule may read.

    `at` is the event's time and `now` ours. `credential` and `holder` are None when the credential
    is unknown; `point` is None for a reader that guards nothing. `pin` is the keyed hash of the
    typed PIN. `state` is the site as it was before this event.
    """

    site: Site
    state: State
    device: DeviceId
    point: AccessPoint | None
    credential: Credential | None
    holder: Holder | None
    at: datetime
    now: datetime
    pin: CredentialHash | None = None
    retained: bool = False
    pin_failed: bool = False

    @property
    def here(self) -> AccessPoint:
        """Return the access point; only for rules behind the one that checks that there is one."""
        assert self.point is not None  # noqa: S101 - so does the order of the rules
        return self.point

    @property
    def badge(self) -> Credential:
        """Return the credential; only for rules behind the one that checks that it is known."""
        assert self.credential is not None  # noqa: S101 - likewise
        return self.credential

    @property
    def asker(self) -> Holder:
        """Return the holder; only for rules behind the check that the credential is known."""
        assert self.holder is not None  # noqa: S101 - likewise
        return self.holder

    @_kept
    def today(self) -> date:
        """Return the day on the site's clock."""
        return self.site.day_of(self.at)

    @property
    def whereabouts(self) -> Whereabouts | None:
        """Return the holder's last known place; None: outside."""
        return self.state.presence.get(self.asker.id)

    @_kept
    def inside(self) -> tuple[ZoneId, ...]:
        """Return the zones in which the holder is known to be, innermost first."""
        found = self.whereabouts
        return self.site.zone[found.zone].lineage if found is not None else ()

    @property
    def entered(self) -> tuple[ZoneId, ...]:
        """Return the zones that are entered here, innermost first; none at a machine."""
        return self.site.entered.get(self.here.id, ())

    @_kept
    def memberships(self) -> list[tuple[Membership, Standing]]:
        """Return the holder's memberships that apply to this site, each with its standing."""
        return _memberships(self)

    @_kept
    def rights(self) -> list[PlanRight]:
        """Return the rights of the holder's valid plans to this access point, at any hour."""
        return _rights(self)

    @_kept
    def open_rights(self) -> list[PlanRight]:
        """Return those of the rights that hold at this hour."""
        site, at = self.site, self.at
        return [each for each in self.rights if opening(site, each.right.hours, at) == "open"]

    @_kept
    def cheapest(self) -> tuple[Plan, QuotaUsage | None] | None:
        """Return the plan with most left among those open now, and its scarcest quota.

        A plan without quotas has the most left; its tally is None.
        """
        return _cheapest(self)

    @property
    def paid_by(self) -> Plan | None:
        """Return a plan that is open now and has something left."""
        return _paid_by(self)

    @_kept
    def bookings(self) -> tuple[BookingClaim, ...]:
        """Return the holder's bookings that lead here now."""
        return booking_claims(self.site, self.state.bookings, self.here, self.asker, self.at)

    @_kept
    def arrivals(self) -> list[Arrival]:
        """Return all holders who were let through a door and have not passed yet."""
        return [arrival for door in self.state.doors.values() for arrival in door.pending]


def _memberships(question: AccessRequest) -> list[tuple[Membership, Standing]]:
    return [
        (entry, standing(entry, question.at))
        for entry in question.asker.memberships
        if not entry.sites or question.site.id in entry.sites
    ]


def _rights(question: AccessRequest) -> list[PlanRight]:
    by_plan = question.site.rights[question.here.id]  # without plans that the space file dropped
    valid = [entry.plan for entry, stands in question.memberships if stands == "active"]
    return [right for plan in valid for right in by_plan.get(plan, ())]


def _cheapest(question: AccessRequest) -> tuple[Plan, QuotaUsage | None] | None:
    cheapest: tuple[Plan, QuotaUsage | None] | None = None
    for each in question.open_rights:
        if not each.plan.quotas:
            return each.plan, None
        tally = _scarcest(question, each.plan)
        if cheapest is None or _left(tally) > _left(cheapest[1]):
            cheapest = each.plan, tally
    return cheapest


def _paid_by(question: AccessRequest) -> Plan | None:
    if question.cheapest is None or _left(question.cheapest[1]) <= 0:
        return None
    return question.cheapest[0]


def _scarcest(question: AccessRequest, plan: Plan) -> QuotaUsage | None:
    """Return the plan's scarcest quota. Only entering the site from outside uses an entry."""
    site, found = question.site, question.whereabouts
    enters = found is None and question.here.direction == "entry"
    days = question.state.usage.get(question.asker.id, ())
    if found is not None:
        days = quotas.with_stay(days, quotas.stay(found.since, question.at, site.clock))
    scarcest: QuotaUsage | None = None
    for quota in plan.quotas:
        if quota.kind == "entries" and not enters:
            continue
        tally = quotas.tally(quota, days, question.today, site.accounting)
        if tally.left < _left(scarcest):
            scarcest = tally
    return scarcest


def asked(site: Site, state: State, event: Reported, now: datetime) -> AccessRequest:
    """Return the access request that a credential event makes at a site in this state."""
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - nothing else asks
    credential = state.directory.credentials.get(CredentialHash(reading.credential))
    device = site.device.get(event.device)
    point = device.access_point if device else None
    return AccessRequest(
        site=site,
        state=state,
        device=event.device,
        point=site.access_point.get(point) if point else None,
        credential=credential,
        holder=state.directory.holders.get(credential.holder) if credential else None,
        at=event.at,
        now=now,
        pin=CredentialHash(reading.pin) if reading.pin is not None else None,
        retained=event.retained,
        pin_failed=reading.pin_failed,
    )


def _left(tally: QuotaUsage | None) -> float:
    return tally.left if tally is not None else inf
