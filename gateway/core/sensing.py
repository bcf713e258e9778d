"""The engine and the estimator: what is told of the rooms, and what is done with its word.

A zone is estimated from the first moment that something counts or sees its people: until then its
count is that of the badges. The estimate begins with those who are known to be inside. From then on
everything that a device says of the zone, and everybody who passes one of its doors by a badge, is
evidence (`gateway.core.estimate`).

Known presence is one thing and people are another: the rules ask for the one where they need names
("never alone"), for the other where they need room.
"""

from datetime import datetime, timedelta
from zlib import crc32

from immutables import Map
from msgspec import structs

from gateway.core.directory import HolderId
from gateway.core.estimate import belief as beliefs
from gateway.core.estimate import elapsed, misses, reading, window
from gateway.core.estimate import zone as zones
from gateway.core.estimate.evidence import (
    BadgeTaken,
    DeviceHealth,
    DeviceJudged,
    Evidence,
    PeopleSet,
    VacancyTold,
)
from gateway.core.estimate.layout import Layout
from gateway.core.estimate.reading import HeadCount
from gateway.core.estimate.window import Estimate
from gateway.core.events import Reported
from gateway.core.readings import Counted, Crossed, Motion, Presence
from gateway.core.site import Device, DeviceId, Door, Site, ZoneId
from gateway.core.turn import Turn

VACANT_ODDS = 200.0
"""An operator's word that a zone is empty is wrong once in so many times."""
OPERATOR = DeviceId("operator")
"""Who tells what operators say, among the devices."""


def sensed(turn: Turn, device: Device, event: Reported) -> None:
    """A sensor's reading, if it tells of people. What the broker kept from before is no news."""
    if event.retained or not isinstance(event.reading, Motion | Presence | Counted | Crossed):
        return
    zone = _watched(turn.site, device)
    if zone is None:
        return
    _adopt(turn, zone)
    layout = layout_of(turn.site, turn.estimate)
    placed = device if device.zone is not None else structs.replace(device, zone=zone)
    evidence = layout.evidence(placed, event.reading, event.at, event.boot, event.seq)
    if evidence is not None:
        _tell(turn, evidence)


def passed(turn: Turn, door: Door, holder: HolderId, *, inward: bool, at: datetime) -> None:
    """Somebody who was let in, or out, passed a door."""
    if turn.estimate is None:
        return
    inner, outer = layout_of(turn.site, turn.estimate).sides(door)
    if inner == outer:
        return
    _tell(
        turn,
        BadgeTaken(
            at=at,
            device=DeviceId(door.id),
            seq=crc32(holder.encode()),  # two who pass together are two
            inner=inner,
            outer=outer,
            inward=inward,
            contact=door.contact,
            place=door.id,
        ),
    )


def judged(turn: Turn, device: DeviceId, health: DeviceHealth) -> None:
    """A device went offline, fell silent, or came back: only one that is well has a vote."""
    if turn.estimate is not None:
        _tell(turn, DeviceJudged(at=turn.now, device=device, health=health))
        turn.touched |= dict.fromkeys(turn.estimate.zones)


def people_set(turn: Turn, zone: ZoneId, people: int) -> None:
    """An operator counted a zone."""
    _adopt(turn, zone)
    _tell(turn, PeopleSet(at=turn.now, device=OPERATOR, zone=_area(turn, zone), people=people))


def vacancy_told(turn: Turn, zone: ZoneId, why: str) -> None:
    """Somebody says that a zone is empty: the alarm is armed, the last one locked up."""
    _adopt(turn, zone)
    area = _area(turn, zone)
    _tell(turn, VacancyTold(at=turn.now, device=OPERATOR, zone=area, odds=VACANT_ODDS, why=why))


def head_count(
    site: Site, estimate: Estimate | None, zone: ZoneId, known: dict[ZoneId, int], at: datetime
) -> HeadCount | None:
    """A zone's estimated people; None where nothing but badges counts it.

    `known` are those who are badged in, a zone. Who is known to be in a part of the zone that is
    not estimated is added to the estimate of the rest.
    """
    parts = parts_of(site, estimate, zone)
    if estimate is None or not parts:
        return None
    inner = [part for part in parts if not set(site.zone[part].ancestors) & set(parts)]
    beside = max(0, known[zone] - sum(known[part] for part in inner))
    capacity = site.zone[zone].capacity
    told = [window.zone_at(estimate, part, at) for part in parts]
    count = reading.read(
        told, None if capacity is None else max(0, capacity - beside), known[zone] - beside
    )
    return structs.replace(
        count,
        people=count.people + beside,
        low=count.low + beside,
        high=count.high + beside,
        p_vacant=0.0 if beside else count.p_vacant,
    )


def reasons(
    site: Site, estimate: Estimate | None, zone: ZoneId, at: datetime
) -> tuple[zones.Reason, ...]:
    """What moved a zone's estimate most, the strongest first; none where nothing estimates it."""
    parts = parts_of(site, estimate, zone)
    if estimate is None or not parts:
        return ()
    return reading.contributors([window.zone_at(estimate, part, at) for part in parts], at)


def parts_of(site: Site, estimate: Estimate | None, zone: ZoneId) -> tuple[ZoneId, ...]:
    """The estimated areas whose people are a zone's."""
    return layout_of(site, estimate).parts[zone] if estimate is not None else ()


def layout_of(site: Site, estimate: Estimate | None) -> Layout:
    """The site as the estimator sees it, with the areas that are estimated."""
    areas = frozenset(estimate.zones) if estimate is not None else frozenset()
    if areas not in site.layouts:
        site.layouts[areas] = Layout(site, areas)
    found = site.layouts[areas]
    assert isinstance(found, Layout)  # noqa: S101 - the site does not know what it keeps
    return found


def run_timers(turn: Turn) -> None:
    """Let time pass in every estimate."""
    if turn.estimate is not None:
        turn.estimate = _aged(window.settled(turn.estimate, turn.now))


def space_changed(turn: Turn) -> None:
    """Zones that vanished, or hold another number of people, begin anew when next heard of."""
    if turn.estimate is None:
        return
    kept = {
        zone: entry
        for zone, entry in turn.estimate.zones.items()
        if zone in turn.site.zone
        and len(entry.belief) == len(beliefs.begun(turn.site.zone[zone].capacity))
    }
    past_all = turn.now + timedelta(seconds=2 * window.LATENESS_S)
    settled = window.settled(turn.estimate, past_all)
    now = {zone: settled.zones[zone] for zone in kept}
    turn.estimate = Estimate(turn.now, Map(now), settled.counters) if now else None


def _watched(site: Site, device: Device) -> ZoneId | None:
    """The zone whose people a device sees: its own, or that of its door."""
    if device.zone is not None:
        return device.zone
    return site.door[device.door].zone if device.door is not None else None


def _adopt(turn: Turn, zone: ZoneId) -> None:
    """From now on this zone is estimated, beginning with who is known to be there."""
    began = turn.now - timedelta(seconds=window.LATENESS_S)
    estimate = turn.estimate or Estimate(began, Map())
    turn.estimate = estimate
    if zone in estimate.zones:
        return
    inner = parts_of(turn.site, estimate, zone)
    known = turn.zones[zone].known - sum(turn.zones[part].known for part in inner)
    opened = zones.opened(zone, turn.site.zone[zone].capacity, estimate.settled_at)
    if known > 0:
        opened = structs.replace(
            opened,
            belief=beliefs.certain(opened.belief, known),
            tally=misses.known(opened.tally, known),
        )
    turn.estimate = structs.replace(estimate, zones=estimate.zones.set(zone, opened))


def _tell(turn: Turn, evidence: Evidence) -> None:
    assert turn.estimate is not None  # noqa: S101 - the callers see to it
    turn.estimate = window.told(turn.estimate, evidence, turn.now)
    for zone in _about(evidence):
        if zone is not None:
            turn.touched |= dict.fromkeys(turn.site.zone[zone].lineage)


def _about(evidence: Evidence) -> tuple[ZoneId | None, ...]:
    if isinstance(evidence, DeviceJudged):
        return ()
    inner = getattr(evidence, "inner", None)
    return (getattr(evidence, "zone", inner), inner, getattr(evidence, "outer", None))


def _area(turn: Turn, zone: ZoneId) -> ZoneId:
    return layout_of(turn.site, turn.estimate).area(zone) or zone


def _aged(estimate: Estimate) -> Estimate:
    """The estimate with its quiet zones advanced, so that a night costs no more than its minutes.

    By whole chunks: where a chunk ends does not depend on when this is called.
    """
    waiting = {each.id for piece in estimate.waiting for each in piece.zones}
    aged = estimate.zones
    for id_, zone in estimate.zones.items():
        chunks = int((estimate.settled_at - zone.at).total_seconds() // elapsed.CHUNK_S)
        if chunks > 0 and id_ not in waiting:
            until = zone.at + timedelta(seconds=chunks * elapsed.CHUNK_S)
            aged = aged.set(id_, elapsed.advanced(zone, until))
    return structs.replace(estimate, zones=aged)
