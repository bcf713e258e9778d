"""A site's estimate, whatever the order in which evidence arrives.

Networks delay, repeat and reorder. Evidence therefore waits for `LATENESS_S` in a window that is
sorted by (time, device, boot, seq); what leaves the window is settled, in that order, for good. A
reading does not wait: each piece in the window carries the zones as they are after it, so the
newest of them are what is known now. Evidence in order costs one application; evidence out of
order, one for each piece behind it.

    told late, doubled, shuffled  ->  [ t-10 s ... window ... now ]  ->  settled

So any order of arrival within the window ends in the same estimate, bit by bit. What comes later
than that is not lost: totals contain it anyway, also what a badge at a counted door tells; other
badges and an operator's word are taken as of now, totals as of what waits last (at the window's
edge, each would have all that waits applied anew); a sensor's old state is no news.
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
"""How late evidence may be and still take its own place: two of a device's re-sends (5 s)."""
WINDOW_MAX = 64
"""Pieces that wait: six a second of one site. Beyond it the oldest is settled before its time."""
_BEHIND = timedelta(microseconds=1)
COUNTERS_MAX = 256
"""Counters remembered a site."""


def begun(
    capacities: Mapping[ZoneId, int | None],
    at: datetime,
    rooms: Mapping[ZoneId, tuple[ZoneId, ...]] = Map(),
) -> Estimate:
    """Zones of which nothing is known yet, each with its capacity (None: a room's usual one).

    `rooms` are those whose doors all lead to one zone, by that zone.
    """
    opened = {zone: zones.opened(zone, capacity, at) for zone, capacity in capacities.items()}
    return Estimate(at, Map(opened), rooms=Map(rooms))


def told(estimate: Estimate, evidence: Evidence, now: datetime) -> Estimate:
    """The estimate with one more piece of evidence; a copy of what waits changes nothing.

    `now` is our clock; what claims to come from the future is of now.
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
    """The estimate with everything settled that has waited for `LATENESS_S`."""
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
    """The estimate with a zone changed as if it had been so before all that waits."""
    waiting = tuple(
        structs.replace(
            piece, zones=tuple(change(each) if each.id == zone else each for each in piece.zones)
        )
        for piece in estimate.waiting
    )
    settled_zones = estimate.zones.set(zone, change(estimate.zones[zone]))
    return structs.replace(estimate, zones=settled_zones, waiting=waiting)


def _is_old_news(estimate: Estimate, evidence: Evidence) -> bool:
    """Whether evidence that comes too late tells nothing any more."""
    if isinstance(evidence, BadgeTaken):  # a counter at that door has told of the passage since
        return any(counter.place == evidence.place for counter in estimate.counters.values())
    return isinstance(evidence, MotionSeen | PresenceSeen | HeadsCounted)


def _at_last(estimate: Estimate, evidence: Evidence, now: datetime) -> datetime:
    """As of when evidence that comes too late is taken: always behind all that waits.

    Totals tell of what was long ago: they are taken for no newer than they must be.
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
