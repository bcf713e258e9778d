"""The times at which a credential may enter: by hours, membership, training and validity."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from gateway.core.model.directory import Credential, Holder, Training
from gateway.core.model.names import PlanId, RoleId, SiteId, TrainingId
from gateway.core.model.open_intervals import Spans, Window, joined
from gateway.core.model.places import AccessPoint, Zone
from gateway.core.model.site import Site


class Eligibility(Struct, frozen=True):
    """Everything that an access point asks of a credential, computed once.

    `plans` are those that lead here without a quota, `rationed` those with one. `escort`: visitors
    may not enter alone. `openers`: roles that open a zone on the way in.
    """

    site: SiteId
    frame: Window
    plans: dict[PlanId, Spans]
    rationed: frozenset[PlanId]
    trainings: tuple[TrainingId, ...]
    openers: tuple[RoleId, ...]
    escort: bool


def post_at(
    site: Site, point: AccessPoint, frame: Window, spans: Mapping[str, Spans]
) -> Eligibility:
    """Return what this access point asks in a frame."""
    zones = entered_zones(site, point)
    leads = {plan.id: plan_hours(site, point, plan.id) for plan in site.plans}
    return Eligibility(
        site.id,
        frame,
        plans={
            plan.id: joined(span for hours in leads[plan.id] for span in spans[hours])
            for plan in site.plans
            if leads[plan.id] and not plan.quotas
        },
        rationed=frozenset(plan.id for plan in site.plans if leads[plan.id] and plan.quotas),
        trainings=tuple(each for zone in zones for each in zone.demands.trainings),
        openers=tuple(zone.opened_by for zone in zones if zone.opened_by is not None),
        escort=any(zone.escort for zone in zones),
    )


def allowed(post: Eligibility, credential: Credential, holder: Holder | None) -> Spans | str:
    """Return when a credential may enter; a text is the reason why it may not."""
    if credential.status != "active":
        return f"credential-{credential.status}"
    if credential.kind == "pin":
        return "credential-weak"
    if holder is None:
        return "credential-unknown"
    bought = _bought(post, holder)
    if isinstance(bought, str):
        return bought
    trained = _trained(post, holder, bought)
    if not trained:
        return "training-missing"
    return _unaccompanied(post, holder) or (
        _cut(post, trained, credential.starts, credential.ends) or "credential-expired"
    )


def _unaccompanied(post: Eligibility, holder: Holder) -> str | None:
    """Return why a holder may not enter first, or not alone; None: they may."""
    if not all(holder.has_role(role, post.site) for role in post.openers):
        return "not-opened"
    return "escort-missing" if post.escort and holder.kind == "visitor" else None


def _bought(post: Eligibility, holder: Holder) -> Spans | str:
    """Return the spans in which a holder's memberships allow entry, or the reason for none."""
    found: list[Spans] = []
    why = "membership-none"
    for membership in holder.memberships:
        if membership.sites and post.site not in membership.sites:
            continue
        spans = post.plans.get(membership.plan)
        if membership.status != "active":
            why = f"membership-{membership.status}"
        elif spans is None:
            why = "quota-used-up" if membership.plan in post.rationed else "no-right"
        elif cut := _cut(post, spans, membership.starts, membership.ends):
            found.append(cut)
        else:
            why = "outside-hours" if not spans else "membership-expired"
    if not found:
        return why
    return found[0] if len(found) == 1 else joined(span for each in found for span in each)


def _trained(post: Eligibility, holder: Holder, spans: Spans) -> Spans:
    """Return the part of the spans in which all trainings that the zones ask for are valid."""
    for training in post.trainings:
        given = [one for one in holder.trainings if one.training == training]
        spans = joined(span for one in given for span in _while_trained(post, spans, one))
    return spans


def _while_trained(post: Eligibility, spans: Spans, training: Training) -> Spans:
    return _cut(post, spans, training.given, training.ends)


def _cut(post: Eligibility, spans: Spans, starts: datetime | None, ends: datetime | None) -> Spans:
    """Return spans cut to a validity; mostly nothing is cut, and the same object is returned."""
    begins, expires = post.frame.begins, post.frame.expires
    if (starts is None or starts <= begins) and (ends is None or ends >= expires):
        return spans
    first, last = max(starts or begins, begins), min(ends or expires, expires)
    cut = ((max(since, first), min(until, last)) for since, until in spans)
    return tuple(span for span in cut if span[0] < span[1])


def plan_hours(site: Site, point: AccessPoint, plan: PlanId) -> tuple[str, ...]:
    """Return the hours of a plan's rights that lead through an access point."""
    lineage = site.zone[point.zone].lineage
    rights = site.plan[plan].rights
    return tuple(right.hours for right in rights if any(zone in right.zones for zone in lineage))


def entered_zones(site: Site, point: AccessPoint) -> tuple[Zone, ...]:
    """Return the zones entered at an access point; from inside a parent it may be fewer."""
    return tuple(site.zone[zone] for zone in site.zone[point.zone].lineage)
