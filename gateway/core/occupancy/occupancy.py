"""How many people are in each zone: the count, its read-out, and the minute's figures.

Known are those who badged in and did not leave. Where sensors watch a zone, its people are the
estimator's median, with an interval (`gateway.core.occupancy.fusion`); elsewhere they are the known
ones, taken as certain.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import structs

from gateway.core.estimator.estimate import HeadCount, contributors, in_words
from gateway.core.estimator.state import Estimate
from gateway.core.facts import Noticed, OccupancyChanged, OccupancyMinute
from gateway.core.model.names import Text, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.occupancy import daily_statistics, fusion
from gateway.core.occupancy.fusion import ZoneReading
from gateway.core.state import NEVER, ZoneState
from gateway.core.step_context import StepContext

MINUTE = timedelta(minutes=1)
READ_EVERY = timedelta(seconds=1)
"""How often an estimate is read at most: sensors speak in bursts. A room is read at once when
somebody badged; a building is the sum of its rooms, and may wait."""
CHANCE_MOVED = 0.05
"""A chance that moved by less is no news, where the numbers of people stayed."""
HINT_AGAIN = timedelta(minutes=10)
"""A disagreement at the edge of being one comes and goes with each passage: that is one hint. Who
was told of it and went to look needs no second word sooner."""


def read_out(
    site: Site,
    zones: Mapping[ZoneId, ZoneState],
    estimate: Estimate | None,
    zone: Zone,
    at: datetime,
) -> OccupancyChanged:
    """A zone's head count with its interval, and what moved it."""
    known = zones[zone.id].known
    sight = fusion.read_zone(site, zones, estimate, zone.id, at)
    if sight is None:
        return _told(zone, known, certain(zone, known), at)
    return _told(zone, known, sight.count, at, _because(site, sight, at))


def certain(zone: Zone, known: int) -> HeadCount:
    """The known count, taken for the people."""
    return HeadCount(
        people=known,
        low=known,
        high=known,
        p_vacant=float(known == 0),
        p_full=float(zone.capacity is not None and known >= zone.capacity),
        stale=False,
    )


def opened(known: int, now: datetime, count: HeadCount | None = None) -> ZoneState:
    """A zone that starts to be counted at `now`; `count` is its estimate, where it has one."""
    minute = now.replace(second=0, microsecond=0)
    people = known if count is None else count.people
    return ZoneState(
        known=known,
        minute=minute,
        counted_from=now,
        counted_to=now,
        low=people,
        high=people,
        count=count,
    )


def add(context: StepContext, zone_id: ZoneId, people: int) -> None:
    """`people` more (or fewer) known in one zone; its parents are the caller's."""
    state = context.zones.get(zone_id) or opened(0, context.now)
    known = max(0, state.known + people)
    context.zones = context.zones.set(zone_id, _changed(state, context.now, known, state.count))
    context.touched[zone_id] = None


def announce(context: StepContext) -> None:
    """Say each changed zone's count once, and whether it is over its capacity."""
    for zone_id in context.touched:
        zone, before = context.site.zone[zone_id], context.zones[zone_id]
        if _can_wait(context, zone_id, before):
            _put_off(context, zone_id, before)
            continue
        sight = fusion.read_zone(
            context.site, context.zones, context.estimate, zone_id, context.now
        )
        count = None if sight is None else sight.count
        people = before.known if count is None else count.people
        if count is None and before.count is None:
            context.emit(_told(zone, people, certain(zone, people), context.now))
        elif count is not None and not _is_news(before, count):
            read = structs.replace(before, read_at=context.now, due=NEVER)
            context.zones = context.zones.set(zone_id, read)
            continue
        else:
            _follow(context, zone, before, sight)
        if zone.capacity is not None and people > zone.capacity:
            context.raise_alarm("over-capacity", zone_id)
        else:
            context.clear_alarm("over-capacity", zone_id)


def minute_is_over(context: StepContext) -> bool:
    """Whether another minute has begun since the zones' figures were closed."""
    current = context.now.replace(second=0, microsecond=0)
    return any(state.minute != current for state in context.zones.values())


def close_minutes(context: StepContext) -> None:
    """Say the figures of each zone whose minute is over, and start the next one.

    The mean is weighted by time over the part of the minute that was watched. Minutes in which the
    gateway was down are absent. Estimated zones are read again: silence is evidence, too.
    """
    current = context.now.replace(second=0, microsecond=0)
    zones = context.zones
    for zone_id, state in sorted(context.zones.items()):
        if state.minute == current:
            continue
        if fusion.parts_of(context.site, context.estimate, zone_id):
            context.touched[zone_id] = None
        if state.minute < current:  # else the clock was put back: that minute was none
            figures = _figures(zone_id, state)
            context.emit(figures)
            daily_statistics.minute_closed(context, figures)
        begun = opened(state.known, current, state.count)
        zones = zones.set(
            zone_id,
            structs.replace(
                begun,
                told=state.told,
                read_at=state.read_at,
                due=state.due,
                hinted=state.hinted,
                hinted_at=state.hinted_at,
            ),
        )
    context.zones = zones
    daily_statistics.tell_days(context)
    context.wake(current + MINUTE)


def run_timers(context: StepContext) -> None:
    """Read the estimates that were put off."""
    for zone_id, state in sorted(context.zones.items()):
        if state.due <= context.now:
            context.touched[zone_id] = None


def next_timer(context: StepContext) -> datetime:
    """When the next estimate is to be read."""
    return min((state.due for state in context.zones.values()), default=NEVER)


def _can_wait(context: StepContext, zone_id: ZoneId, zone: ZoneState) -> bool:
    """Whether the zone was read a moment ago, and is a sum or nobody was seen to come or go."""
    if zone.count is None or not timedelta() <= context.now - zone.read_at < READ_EVERY:
        return False
    is_sum = len(fusion.parts_of(context.site, context.estimate, zone_id)) > 1
    return is_sum or zone.known == zone.told


def _put_off(context: StepContext, zone_id: ZoneId, zone: ZoneState) -> None:
    due = zone.read_at + READ_EVERY
    context.zones = context.zones.set(zone_id, structs.replace(zone, due=due))
    context.wake(due)


def _follow(context: StepContext, zone: Zone, before: ZoneState, sight: ZoneReading | None) -> None:
    """Take an estimate in, or its end, and say it."""
    count = None if sight is None else sight.count
    if count is not None:
        before = _hint(context, zone, before, count)
    after = _changed(before, context.now, before.known, count)
    after = structs.replace(after, told=before.known, read_at=context.now, due=NEVER)
    context.zones = context.zones.set(zone.id, after)
    why = () if sight is None else _because(context.site, sight, context.now)
    context.emit(_told(zone, before.known, count or certain(zone, before.known), context.now, why))


def _because(site: Site, sight: ZoneReading, at: datetime) -> tuple[Text, ...]:
    """What moved an estimate, in words."""
    why = contributors(sight.parts, at)
    return tuple(in_words(reason, site.name_of, site.clock) for reason in why)


def _told(
    zone: Zone, known: int, count: HeadCount, at: datetime, because: tuple[Text, ...] = ()
) -> OccupancyChanged:
    return OccupancyChanged(
        zone=zone.id,
        at=at,
        people=count.people,
        low=count.low,
        high=count.high,
        known=known,
        capacity=zone.capacity,
        p_vacant=count.p_vacant,
        p_full=count.p_full,
        stale=count.stale,
        because=because,
    )


def _changed(state: ZoneState, now: datetime, known: int, count: HeadCount | None) -> ZoneState:
    counted = _counted(state, now)
    after = structs.replace(counted, known=known, count=count)
    return structs.replace(
        after, low=min(state.low, after.people), high=max(state.high, after.people)
    )


def _is_news(before: ZoneState, now: HeadCount) -> bool:
    """Whether an estimate is to be told: any number moved, or a chance did by enough."""
    then = before.count
    if then is None or before.told != before.known:
        return True
    numbers = (then.people, then.low, then.high, then.stale, then.hint)
    if numbers != (now.people, now.low, now.high, now.stale, now.hint):
        return True
    moved = max(abs(then.p_vacant - now.p_vacant), abs(then.p_full - now.p_full))
    return moved >= CHANCE_MOVED


def _hint(context: StepContext, zone: Zone, before: ZoneState, now: HeadCount) -> ZoneState:
    """What is known and what is seen begin to disagree: somebody slipped in, or forgot to badge."""
    if now.hint is None or (before.count is not None and before.count.hint == now.hint):
        return before
    if before.hinted == now.hint and context.now - before.hinted_at < HINT_AGAIN:
        return before
    context.emit(Noticed(kind=now.hint, object=zone.id, holder=None, at=context.now))
    return structs.replace(before, hinted=now.hint, hinted_at=context.now)


def _figures(zone_id: ZoneId, state: ZoneState) -> OccupancyMinute:
    end = state.minute + MINUTE
    person_s = _counted(state, end).person_s
    watched_s = (end - state.counted_from).total_seconds()
    return OccupancyMinute(
        zone=zone_id,
        minute=state.minute,
        mean=round(person_s / watched_s, 4) if watched_s else float(state.people),
        min=state.low,
        max=state.high,
    )


def _counted(state: ZoneState, until: datetime) -> ZoneState:
    """The state with the people's time added up to `until`, but not past its minute."""
    end = min(max(until, state.counted_to), state.minute + MINUTE)
    seconds = (end - state.counted_to).total_seconds()
    return structs.replace(state, counted_to=end, person_s=state.person_s + state.people * seconds)
