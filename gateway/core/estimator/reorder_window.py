"""A site's estimate, independent of the order in which evidence arrives.

Networks delay, repeat and reorder. Evidence therefore waits for `LATENESS_S` in a window that is
sorted by (time, device, boot, seq); what leaves the window is settled, in that order, for good. A
reading does not wait: each piece in the window carries the zones as they are after it, so the
newest of them are the current ones. Evidence in order costs one application; evidence out of order,
one for each piece behind it.

    told late, doubled, shuffled  ->  [ t-10 s ... window ... now ]  ->  settled

So any order of arrival within the window ends in the same estimate, bit by bit. Later evidence is
not lost: totals contain the missed passages, also those of badges at a counted door; other badges
and an operator's count are dated now, totals just after the last waiting piece (at the window's
edge, each would cause everything in it to be applied again); a sensor's old state is ignored.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from immutables import Map
from msgspec import structs

from gateway.core.estimator import predict
from gateway.core.estimator import zone as zones
from gateway.core.estimator.evidence import (
    BadgeTaken,
    Evidence,
    HeadsCounted,
    MotionSeen,
    PresenceSeen,
    TotalsTold,
)
from gateway.core.estimator.state import Estimate
from gateway.core.estimator.update import update
from gateway.core.estimator.zone import ZoneEstimate
from gateway.core.model.names import ZoneId

LATENESS_S = 10.0
"""The delay within which evidence takes its own place: two of a device's re-sends (5 s)."""
WINDOW_MAX = 64
"""Pieces that wait: six per second and site. Beyond it the oldest is settled before its time."""
_BEHIND = timedelta(microseconds=1)
COUNTERS_MAX = 256
"""Counters remembered per site."""


def begun(
    capacities: Mapping[ZoneId, int | None],
    at: datetime,
    rooms: Mapping[ZoneId, tuple[ZoneId, ...]] = Map(),
) -> Estimate:
    """Return an estimate of zones without evidence, each with its capacity (None: the usual one).

    `rooms`: for each zone, the rooms whose doors all lead to it.
    """
    opened = {zone: zones.opened(zone, capacity, at) for zone, capacity in capacities.items()}
    return Estimate(at, Map(opened), rooms=Map(rooms))


def told(estimate: Estimate, evidence: Evidence, now: datetime) -> Estimate:
    """Return the estimate with one more piece of evidence; a copy of a waiting one is ignored.

    `now` is our clock; evidence from the future is dated now.
    """
    if evidence.at > now:
        evidence = structs.replace(evidence, at=now)
    estimate = settled(estimate, now)
    if evidence.at < estimate.settled_at:
        if _is_old_news(estimate, evidence):
            return estimate
        evidence = structs.replace(evidence, at=_at_last(estimate, evidence, now))
    order, waiting = evidence.order, estimate.waiting
    place = len(waiting)
    while place and waiting[place - 1].evidence.order > order:
        place -= 1
    if place and waiting[place - 1].evidence.order == order:
        return estimate
    behind = [each.evidence for each in waiting[place:]]
    estimate = structs.replace(estimate, waiting=waiting[:place])
    for each in (evidence, *behind):
        piece = update(estimate, each)
        estimate = structs.replace(estimate, waiting=(*estimate.waiting, piece))
    while len(estimate.waiting) > WINDOW_MAX:
        estimate = _settle_first(estimate)
    return estimate


def settled(estimate: Estimate, now: datetime) -> Estimate:
    """Return the estimate with everything settled that has waited for `LATENESS_S`."""
    edge = now - timedelta(seconds=LATENESS_S)
    while estimate.waiting and estimate.waiting[0].evidence.at < edge:
        estimate = _settle_first(estimate)
    if edge <= estimate.settled_at:
        return estimate
    known = estimate.zones
    for zone in known.values():
        if (edge - zone.at).total_seconds() >= predict.CHUNK_S:
            known = known.set(zone.id, predict.caught_up(zone, edge))
    return structs.replace(estimate, settled_at=edge, zones=known)


def revised(
    estimate: Estimate, zone: ZoneId, change: Callable[[ZoneEstimate], ZoneEstimate]
) -> Estimate:
    """Return the estimate with a zone changed, as if before everything that waits."""
    waiting = tuple(
        structs.replace(
            piece, zones=tuple(change(each) if each.id == zone else each for each in piece.zones)
        )
        for piece in estimate.waiting
    )
    settled_zones = estimate.zones.set(zone, change(estimate.zones[zone]))
    return structs.replace(estimate, zones=settled_zones, waiting=waiting)


def _is_old_news(estimate: Estimate, evidence: Evidence) -> bool:
    """Return whether evidence that arrives too late is to be ignored."""
    if isinstance(evidence, BadgeTaken):  # a counter at that door has reported the passage since
        return any(counter.place == evidence.place for counter in estimate.counters.values())
    return isinstance(evidence, MotionSeen | PresenceSeen | HeadsCounted)


def _at_last(estimate: Estimate, evidence: Evidence, now: datetime) -> datetime:
    """Return the time at which late evidence is applied: always after everything that waits.

    Totals are about the past, so they are dated no later than necessary.
    """
    if not isinstance(evidence, TotalsTold):
        return now
    if not estimate.waiting:
        return estimate.settled_at
    return min(now, max(estimate.waiting[-1].evidence.at + _BEHIND, estimate.settled_at))


def _settle_first(estimate: Estimate) -> Estimate:
    first = estimate.waiting[0]
    known, seen = estimate.zones, estimate.counters
    for each in first.zones:
        known = known.set(each.id, each)
    if first.totals is not None and (first.evidence.device in seen or len(seen) < COUNTERS_MAX):
        seen = seen.set(first.evidence.device, first.totals)
    at = max(estimate.settled_at, first.evidence.at)
    return structs.replace(
        estimate, settled_at=at, zones=known, counters=seen, waiting=estimate.waiting[1:]
    )
