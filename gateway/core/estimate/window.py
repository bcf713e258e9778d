"""A site's estimate, whatever the order in which evidence arrives.

Networks delay, repeat and reorder. Evidence therefore waits for `LATENESS_S` in a window that is
sorted by (time, device, boot, seq); what leaves the window is settled, in that order, for good. A
reading does not wait: each piece in the window carries the zones as they are after it, so the
newest of them are what is known now. Evidence in order costs one application; evidence out of
order, one for each piece behind it.

    told late, doubled, shuffled  ->  [ t-10 s ... window ... now ]  ->  settled

So any order of arrival within the window ends in the same estimate, bit by bit. What comes later
than that is not lost: totals contain it anyway, also what a badge at a counted door tells; other
badges and an operator's word are taken as of the window's edge; a sensor's old state is no news.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from immutables import Map
from msgspec import Struct, structs

from gateway.core.estimate import elapsed, passages, returns, sensors
from gateway.core.estimate import totals as counters
from gateway.core.estimate import zone as zones
from gateway.core.estimate.evidence import (
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
from gateway.core.estimate.passages import Gate, Sides
from gateway.core.estimate.totals import Totals
from gateway.core.estimate.zone import ZoneEstimate
from gateway.core.names import DeviceId, ZoneId

LATENESS_S = 10.0
"""How late evidence may be and still take its own place: two of a device's re-sends (5 s)."""
WINDOW_MAX = 64
"""Pieces that wait: six a second of one site. Beyond it the oldest is settled before its time."""
COUNTERS_MAX = 256
"""Counters remembered a site."""


OfZone = MotionSeen | PresenceSeen | HeadsCounted | VacancyTold | PeopleSet
"""Evidence of one zone, by whoever looks at it."""


class Waiting(Struct, frozen=True):
    """A piece of evidence in the window, and what it touched, as it is after it."""

    evidence: Evidence
    zones: tuple[ZoneEstimate, ...]
    totals: Totals | None = None


class Estimate(Struct, frozen=True):
    """A site's zones: settled up to `settled_at`, and the evidence since."""

    settled_at: datetime
    zones: Map[ZoneId, ZoneEstimate]
    counters: Map[DeviceId, Totals] = Map()
    waiting: tuple[Waiting, ...] = ()
    rooms: Map[ZoneId, tuple[ZoneId, ...]] = Map()
    """Of a zone: the rooms all of whose doors lead to it (`Layout.rooms`)."""


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
        evidence = structs.replace(evidence, at=estimate.settled_at)
    order, waiting = evidence.order, estimate.waiting
    place = len(waiting)
    while place and waiting[place - 1].evidence.order > order:
        place -= 1
    if place and waiting[place - 1].evidence.order == order:
        return estimate
    behind = [each.evidence for each in waiting[place:]]
    estimate = structs.replace(estimate, waiting=waiting[:place])
    for each in (evidence, *behind):
        applied = _applied(estimate, each)
        estimate = structs.replace(estimate, waiting=(*estimate.waiting, applied))
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
        if (edge - zone.at).total_seconds() >= elapsed.CHUNK_S:
            known = known.set(zone.id, elapsed.caught_up(zone, edge))
    return structs.replace(estimate, settled_at=edge, zones=known)


def zone_at(estimate: Estimate, zone: ZoneId, at: datetime) -> ZoneEstimate:
    """A zone as it is known now, with what still waits; nothing of it is kept.

    Raises:
        KeyError: the zone has no estimate of its own.
    """
    if zone in estimate.rooms:
        return _known(estimate, (zone,), at)[zone]
    return elapsed.advanced(_newest(estimate, zone), at)


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


def heard_by(estimate: Estimate, device: DeviceId) -> tuple[ZoneId, ...]:
    """The zones of which a device has told."""
    found = (_newest(estimate, zone) for zone in sorted(estimate.zones))
    return tuple(zone.id for zone in found if device in zone.sensors or device in zone.doors)


def _is_old_news(estimate: Estimate, evidence: Evidence) -> bool:
    """Whether evidence that comes too late tells nothing any more."""
    if isinstance(evidence, BadgeTaken):  # a counter at that door has told of the passage since
        return any(counter.place == evidence.place for counter in estimate.counters.values())
    return isinstance(evidence, MotionSeen | PresenceSeen | HeadsCounted)


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


def _newest(estimate: Estimate, zone: ZoneId) -> ZoneEstimate:
    for waiting in reversed(estimate.waiting):
        for each in waiting.zones:
            if each.id == zone:
                return each
    return estimate.zones[zone]


def _newest_totals(estimate: Estimate, device: DeviceId) -> Totals | None:
    for waiting in reversed(estimate.waiting):
        if waiting.totals is not None and waiting.evidence.device == device:
            return waiting.totals
    return estimate.counters.get(device)


def _applied(estimate: Estimate, evidence: Evidence) -> Waiting:
    """The evidence with the zones that it touches, as they are after it."""
    if isinstance(evidence, TotalsTold):
        return _totals_told(estimate, evidence)
    if isinstance(evidence, BadgeTaken):
        return Waiting(evidence, _badge_taken(estimate, evidence))
    if isinstance(evidence, DeviceJudged):
        return Waiting(evidence, _device_judged(estimate, evidence))
    return Waiting(evidence, _looked_at(estimate, evidence))


def _looked_at(estimate: Estimate, evidence: OfZone) -> tuple[ZoneEstimate, ...]:
    zone = evidence.zone
    if zone not in estimate.rooms:
        return (_seen(elapsed.advanced(_newest(estimate, zone), evidence.at), evidence),)
    known = _known(estimate, (zone,), evidence.at)
    known[zone] = _seen(known[zone], evidence)
    return tuple(known.values())


def _seen(here: ZoneEstimate, evidence: OfZone) -> ZoneEstimate:
    device = evidence.device
    match evidence:
        case MotionSeen(active=active):
            return sensors.sensed(here, "motion", device, active=active)
        case PresenceSeen(active=active):
            return sensors.sensed(here, "presence", device, active=active)
        case HeadsCounted(people=people):
            return sensors.heads(here, device, people)
        case VacancyTold(odds=odds, why=why):
            return sensors.vacancy(here, device, odds, why)
        case PeopleSet(people=people):
            return sensors.people_set(here, device, people)
    assert_never(evidence)


def _totals_told(estimate: Estimate, evidence: TotalsTold) -> Waiting:
    device = evidence.device
    now = Totals(
        evidence.at,
        evidence.boot,
        evidence.seq,
        evidence.in_total,
        evidence.out_total,
        evidence.place,
    )
    before = _newest_totals(estimate, device)
    people = counters.passed(before, now)
    if people is None:
        return Waiting(evidence, (), before)
    known = _touched(estimate, evidence)
    inner, outer = _sides(known, evidence)
    sides: Sides = (
        None if inner is None else passages.watched(inner, device),
        None if outer is None else passages.watched(outer, device),
    )
    gate = Gate(device, evidence.place, "counter")
    for way in (people.inward, -people.outward):  # in first: nobody leaves who is not there yet
        if way:
            sides = _moved(sides, way, gate)
    return Waiting(evidence, _with(known, sides), now)


def _badge_taken(estimate: Estimate, evidence: BadgeTaken) -> tuple[ZoneEstimate, ...]:
    kernel = passages.BADGE if evidence.contact else passages.GRANT
    gate = Gate(evidence.device, evidence.place, "badge", kernel)
    known = _touched(estimate, evidence)
    return _with(known, _moved(_sides(known, evidence), 1 if evidence.inward else -1, gate))


def _device_judged(estimate: Estimate, evidence: DeviceJudged) -> tuple[ZoneEstimate, ...]:
    about = heard_by(estimate, evidence.device)
    known = _known(estimate, about, evidence.at)
    for zone in about:
        known[zone] = sensors.judged(known[zone], evidence.device, evidence.health)
    return tuple(known.values())


def _moved(sides: Sides, people: int, gate: Gate) -> Sides:
    """Both sides after passages, but for those whose other half (badge or counter) came before.

    The marks of a door are kept on its inner side, or the outer where nobody counts inside.
    """
    inner, outer = sides
    keeper = inner or outer
    if keeper is None:
        return sides
    doubt = passages.doubt(keeper, gate.place, people)
    keeper, news = passages.met(keeper, gate.place, people, badge=gate.kind == "badge")
    sides = (keeper, outer) if inner is not None else (None, keeper)
    return passages.moved(sides, news, gate, doubt)


def _touched(estimate: Estimate, evidence: TotalsTold | BadgeTaken) -> dict[ZoneId, ZoneEstimate]:
    about = (zone for zone in (evidence.inner, evidence.outer) if zone is not None)
    return _known(estimate, tuple(about), evidence.at)


def _sides(known: dict[ZoneId, ZoneEstimate], evidence: TotalsTold | BadgeTaken) -> Sides:
    inner = None if evidence.inner is None else known[evidence.inner]
    outer = None if evidence.outer is None else known[evidence.outer]
    return inner, outer


def _with(known: dict[ZoneId, ZoneEstimate], sides: Sides) -> tuple[ZoneEstimate, ...]:
    known |= {each.id: each for each in sides if each is not None}
    return tuple(known.values())


def _known(
    estimate: Estimate, about: tuple[ZoneId, ...], at: datetime
) -> dict[ZoneId, ZoneEstimate]:
    """These zones at this time, and their rooms that owed them something or were behind the clock.

    Raises:
        KeyError: a zone has no estimate of its own.
    """
    known: dict[ZoneId, ZoneEstimate] = {}
    for zone in about:
        _gather(estimate, zone, at, known)
    for zone in about:
        known[zone] = elapsed.advanced(known[zone], at)
    return known


def _gather(
    estimate: Estimate, zone: ZoneId, at: datetime, known: dict[ZoneId, ZoneEstimate]
) -> None:
    """A zone with what its rooms owe it, up to the last minute."""
    here = known.get(zone) or _newest(estimate, zone)
    for id_ in estimate.rooms.get(zone, ()):
        _gather(estimate, id_, at, known)
        room = known[id_] = elapsed.caught_up(known[id_], at)
        if room.tally.over is not None:
            known[id_], here = returns.made_good(room, elapsed.advanced(here, at))
    known[zone] = here
