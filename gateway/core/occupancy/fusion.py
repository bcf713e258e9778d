"""The link between engine and estimator: evidence goes in, estimates come out.

A zone is estimated from the first moment that a device counts or detects its people: until then its
count is that of the badges. The estimate starts with the holders who are known to be inside. After
that, every report of a device on the zone, and every passage of one of its doors by badge, is
evidence (`gateway.core.estimator`).

Known presence differs from the number of people: the rules use the former where they need names
("never alone"), the latter for capacity.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never
from zlib import crc32

from immutables import Map
from msgspec import Struct, structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import (
    door_passages,
    miss_rate,
    predict,
    reorder_window,
    state,
)
from gateway.core.estimator import (
    estimate as reading,
)
from gateway.core.estimator import zone as zones
from gateway.core.estimator.estimate import HeadCount
from gateway.core.estimator.evidence import (
    BadgeTaken,
    DeviceHealth,
    DeviceJudged,
    Evidence,
    HeadsCounted,
    MotionSeen,
    PeopleSet,
    PresenceSeen,
    TotalsTold,
    VacancyTold,
)
from gateway.core.estimator.layout import Layout
from gateway.core.estimator.state import Estimate
from gateway.core.events import Reported
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, ZoneId
from gateway.core.model.places import Door
from gateway.core.model.site import Site
from gateway.core.readings import Counted, Crossed, Motion, Presence
from gateway.core.state import ZoneState
from gateway.core.step_context import StepContext

VACANT_ODDS = 200.0
"""The odds of an operator's report that a zone is empty: it is wrong once in this many times."""
OPERATOR = DeviceId("operator")
"""The device id under which operators' reports count."""


def sensed(context: StepContext, device: Device, zone: ZoneId | None, event: Reported) -> None:
    """Pass on a sensor's reading of a zone, if it is about people. A retained one is ignored."""
    tells = isinstance(event.reading, Motion | Presence | Counted | Crossed)
    if zone is None or event.retained or not tells:
        return
    _adopt(context, zone)
    layout = layout_of(context.site, context.estimate)
    placed = device if device.zone is not None else structs.replace(device, zone=zone)
    generation = context.devices[device.id].generation
    evidence = layout.evidence(
        placed, event.reading, event.at, event.boot, event.seq, generation=generation
    )
    if evidence is not None:
        _tell(context, evidence)


def passed(
    context: StepContext, door: Door, holder: HolderId, *, inward: bool, at: datetime
) -> None:
    """Add the passage of a holder who was let in, or out, by a door."""
    if context.estimate is None:
        return
    inner, outer = layout_of(context.site, context.estimate).sides(door)
    if inner == outer:
        return
    _tell(
        context,
        BadgeTaken(
            at=at,
            device=DeviceId(door.id),
            seq=crc32(holder.encode()),  # two who pass together count as two
            inner=inner,
            outer=outer,
            inward=inward,
            contact=door.contact,
            place=door.id,
        ),
    )


def judged(context: StepContext, device: DeviceId, health: DeviceHealth) -> None:
    """Update a device's vote: it has one only while it is neither offline nor silent."""
    if context.estimate is not None:
        _tell(context, DeviceJudged(at=context.now, device=device, health=health))
        for zone in state.heard_by(context.estimate, device):
            context.touched |= dict.fromkeys(context.site.zone[zone].lineage)


def people_set(context: StepContext, zone: ZoneId, people: int) -> None:
    """Apply an operator's count of a zone."""
    _adopt(context, zone)
    _tell(
        context,
        PeopleSet(at=context.now, device=OPERATOR, zone=_area(context, zone), people=people),
    )


def vacancy_told(context: StepContext, zone: ZoneId, why: str) -> None:
    """Add a report that a zone is empty: the alarm was armed, the last holder locked up."""
    _adopt(context, zone)
    area = _area(context, zone)
    _tell(
        context, VacancyTold(at=context.now, device=OPERATOR, zone=area, odds=VACANT_ODDS, why=why)
    )


class ZoneReading(Struct, frozen=True):
    """An estimated zone: its count, and its areas as they are at that moment."""

    count: HeadCount
    parts: tuple[zones.ZoneEstimate, ...]


def read_zone(
    site: Site,
    counted: Mapping[ZoneId, ZoneState],
    estimate: Estimate | None,
    zone: ZoneId,
    at: datetime,
) -> ZoneReading | None:
    """Return a zone's estimated people; None if only badges count it.

    Holders known to be in a part of the zone that is not estimated are added to the estimate of the
    rest.
    """
    areas = parts_of(site, estimate, zone)
    if estimate is None or not areas:
        return None
    known = counted[zone].known
    beside = max(0, known - _known_in(site, counted, areas))
    capacity = site.zone[zone].capacity
    parts = tuple(state.zone_at(estimate, area, at) for area in areas)
    count = reading.read(
        parts, None if capacity is None else max(0, capacity - beside), known - beside
    )
    if beside:
        count = structs.replace(
            count,
            people=count.people + beside,
            low=count.low + beside,
            high=count.high + beside,
            p_vacant=0.0,
        )
    return ZoneReading(count, parts)


def parts_of(site: Site, estimate: Estimate | None, zone: ZoneId) -> tuple[ZoneId, ...]:
    """Return the estimated areas that make up a zone."""
    return layout_of(site, estimate).parts[zone] if estimate is not None else ()


def layout_of(site: Site, estimate: Estimate | None) -> Layout:
    """Return the site as the estimator sees it, with the areas that are estimated."""
    areas = frozenset(estimate.zones) if estimate is not None else frozenset()
    if areas not in site.layouts:
        site.layouts[areas] = Layout(site, areas)
    found = site.layouts[areas]
    assert isinstance(found, Layout)  # noqa: S101 - the site does not know the type of its cache
    return found


def run_timers(context: StepContext) -> None:
    """Let time pass in every estimate."""
    if context.estimate is not None:
        context.estimate = _aged(reorder_window.settled(context.estimate, context.now))


def space_changed(context: StepContext) -> None:
    """Drop the estimates of zones that were removed or resized; the next evidence restarts them."""
    if context.estimate is None:
        return
    kept = {
        zone: entry
        for zone, entry in context.estimate.zones.items()
        if zone in context.site.zone
        and len(entry.belief) == beliefs.size(context.site.zone[zone].capacity)
    }
    past_all = context.now + timedelta(seconds=2 * reorder_window.LATENESS_S)
    settled = reorder_window.settled(context.estimate, past_all)
    now = {zone: settled.zones[zone] for zone in kept}
    kept_on = Estimate(context.now, Map(now), settled.counters)
    context.estimate = _laid_out(context.site, kept_on) if now else None


def _known_in(site: Site, counted: Mapping[ZoneId, ZoneState], areas: Collection[ZoneId]) -> int:
    """Return the number of holders known in these areas; nested areas count once."""
    outermost = (area for area in areas if set(site.zone[area].ancestors).isdisjoint(areas))
    return sum(counted[area].known for area in outermost)


def _laid_out(site: Site, estimate: Estimate) -> Estimate:
    """Return the estimate with the rooms of each zone set."""
    return structs.replace(estimate, rooms=Map(layout_of(site, estimate).rooms))


def _adopt(context: StepContext, zone: ZoneId) -> None:
    """Start to estimate this zone, beginning with the holders who are known to be there.

    If they were counted in the zone around it until now, they are taken out of that one.
    """
    began = context.now - timedelta(seconds=reorder_window.LATENESS_S)
    estimate = context.estimate or Estimate(began, Map())
    context.estimate = estimate
    if zone in estimate.zones:
        return
    inner = parts_of(context.site, estimate, zone)
    known = context.zones[zone].known - _known_in(context.site, context.zones, inner)
    outer = _area(context, zone)
    if known > 0 and outer in estimate.zones:
        estimate = reorder_window.revised(
            estimate, outer, partial(door_passages.split_off, people=known)
        )
    opened = zones.opened(zone, context.site.zone[zone].capacity, estimate.settled_at)
    if known > 0:
        opened = structs.replace(
            opened,
            belief=beliefs.point_mass(opened.belief, known),
            tally=miss_rate.known(opened.tally, known, opened.at),
        )
    estimate = structs.replace(estimate, zones=estimate.zones.set(zone, opened))
    context.estimate = _laid_out(context.site, estimate)


def _tell(context: StepContext, evidence: Evidence) -> None:
    assert context.estimate is not None  # noqa: S101 - the callers see to it
    context.estimate = reorder_window.told(context.estimate, evidence, context.now)
    for zone in _about(evidence):
        if zone is not None:
            context.touched |= dict.fromkeys(context.site.zone[zone].lineage)


def _about(evidence: Evidence) -> tuple[ZoneId | None, ...]:
    match evidence:
        case TotalsTold() | BadgeTaken():
            return (evidence.inner, evidence.outer)
        case DeviceJudged():
            return ()
        case MotionSeen() | PresenceSeen() | HeadsCounted() | VacancyTold() | PeopleSet():
            return (evidence.zone,)
    assert_never(evidence)


def _area(context: StepContext, zone: ZoneId) -> ZoneId:
    return layout_of(context.site, context.estimate).area(zone) or zone


def _aged(estimate: Estimate) -> Estimate:
    """Return the estimate with its quiet zones advanced, so that a night costs only its minutes.

    It advances by whole chunks, whose ends do not depend on when this is called.
    """
    waiting = {each.id for piece in estimate.waiting for each in piece.zones}
    aged = estimate.zones
    for id_, zone in estimate.zones.items():
        chunks = int((estimate.settled_at - zone.at).total_seconds() // predict.CHUNK_S)
        if chunks > 0 and id_ not in waiting:
            until = zone.at + timedelta(seconds=chunks * predict.CHUNK_S)
            aged = aged.set(id_, predict.predict(zone, until))
    return structs.replace(estimate, zones=aged)
