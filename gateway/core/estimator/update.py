"""The effect of one piece of evidence on the zones that it is about."""

from typing import assert_never

from gateway.core.estimator import counters, door_passages, sensor_models, state
from gateway.core.estimator.counters import Totals
from gateway.core.estimator.door_passages import Gate, Sides
from gateway.core.estimator.evidence import (
    BadgeTaken,
    DeviceJudged,
    Evidence,
    HeadsCounted,
    MotionSeen,
    PeopleSet,
    PresenceSeen,
    TotalsTold,
    VacancyTold,
)
from gateway.core.estimator.state import Estimate, PendingEvidence
from gateway.core.estimator.zone import ZoneEstimate
from gateway.core.model.names import ZoneId

OfZone = MotionSeen | PresenceSeen | HeadsCounted | VacancyTold | PeopleSet
"""Evidence about one zone."""


def update(estimate: Estimate, evidence: Evidence) -> PendingEvidence:
    """Return the evidence with the zones that it affects, as they are after it."""
    if isinstance(evidence, TotalsTold):
        return _totals_told(estimate, evidence)
    if isinstance(evidence, BadgeTaken):
        return PendingEvidence(evidence, _badge_taken(estimate, evidence))
    if isinstance(evidence, DeviceJudged):
        return PendingEvidence(evidence, _device_judged(estimate, evidence))
    return PendingEvidence(evidence, _looked_at(estimate, evidence))


def _looked_at(estimate: Estimate, evidence: OfZone) -> tuple[ZoneEstimate, ...]:
    zone = evidence.zone
    if zone not in estimate.rooms:
        return (_seen(state.zone_at(estimate, zone, evidence.at), evidence),)
    known = state.zones_at(estimate, (zone,), evidence.at)
    known[zone] = _seen(known[zone], evidence)
    return tuple(known.values())


def _seen(here: ZoneEstimate, evidence: OfZone) -> ZoneEstimate:
    device = evidence.device
    match evidence:
        case MotionSeen(active=active):
            return sensor_models.sensed(here, "motion", device, active=active)
        case PresenceSeen(active=active):
            return sensor_models.sensed(here, "presence", device, active=active)
        case HeadsCounted(people=people):
            return sensor_models.heads(here, device, people)
        case VacancyTold(odds=odds, why=why):
            return sensor_models.vacancy(here, device, odds, why)
        case PeopleSet(people=people):
            return sensor_models.people_set(here, device, people)
    assert_never(evidence)


def _totals_told(estimate: Estimate, evidence: TotalsTold) -> PendingEvidence:
    device = evidence.device
    now = Totals(
        evidence.at,
        evidence.boot,
        evidence.seq,
        evidence.in_total,
        evidence.out_total,
        evidence.place,
        evidence.generation,
    )
    before = state.newest_totals(estimate, device)
    people = counters.passed(before, now)
    if people is None:
        return PendingEvidence(evidence, (), before)
    known = _touched(estimate, evidence)
    inner, outer = _sides(known, evidence)
    sides: Sides = (
        None if inner is None else door_passages.watched(inner, device),
        None if outer is None else door_passages.watched(outer, device),
    )
    gate = Gate(device, evidence.place, "counter")
    for way in (people.inward, -people.outward):  # in first: no one leaves before having entered
        if way:
            sides = _moved(sides, way, gate)
    return PendingEvidence(evidence, _with(known, sides), now)


def _badge_taken(estimate: Estimate, evidence: BadgeTaken) -> tuple[ZoneEstimate, ...]:
    kernel = door_passages.BADGE if evidence.contact else door_passages.GRANT
    gate = Gate(evidence.device, evidence.place, "badge", kernel)
    known = _touched(estimate, evidence)
    return _with(known, _moved(_sides(known, evidence), 1 if evidence.inward else -1, gate))


def _device_judged(estimate: Estimate, evidence: DeviceJudged) -> tuple[ZoneEstimate, ...]:
    about = state.heard_by(estimate, evidence.device)
    known = state.zones_at(estimate, about, evidence.at)
    for zone in about:
        known[zone] = sensor_models.judged(known[zone], evidence.device, evidence.health)
    return tuple(known.values())


def _moved(sides: Sides, people: int, gate: Gate) -> Sides:
    """Return both sides after passages, except those whose other half (badge, counter) came first.

    The marks of a door are kept on its inner side, or on the outer if the inner is not counted.
    """
    inner, outer = sides
    keeper = inner or outer
    if keeper is None:
        return sides
    doubt = door_passages.unconfirmed_share(keeper, gate.place, people)
    keeper, news = door_passages.match_passage(
        keeper, gate.place, people, badge=gate.kind == "badge"
    )
    sides = (keeper, outer) if inner is not None else (None, keeper)
    return door_passages.moved(sides, news, gate, doubt)


def _touched(estimate: Estimate, evidence: TotalsTold | BadgeTaken) -> dict[ZoneId, ZoneEstimate]:
    about = (zone for zone in (evidence.inner, evidence.outer) if zone is not None)
    return state.zones_at(estimate, tuple(about), evidence.at)


def _sides(known: dict[ZoneId, ZoneEstimate], evidence: TotalsTold | BadgeTaken) -> Sides:
    inner = None if evidence.inner is None else known[evidence.inner]
    outer = None if evidence.outer is None else known[evidence.outer]
    return inner, outer


def _with(known: dict[ZoneId, ZoneEstimate], sides: Sides) -> tuple[ZoneEstimate, ...]:
    known |= {each.id: each for each in sides if each is not None}
    return tuple(known.values())
