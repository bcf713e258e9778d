"""The number of people in each zone: the count, its published value, and the minute's figures.

Holders who badged in and did not leave are *known*. Where sensors watch a zone, its head count is
the estimator's median, with an interval (`gateway.core.occupancy.fusion`); elsewhere it is the
known count, taken as certain.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import structs

from gateway.core.estimator.estimate import HeadCount, contributors
from gateway.core.estimator.state import Estimate
from gateway.core.facts import CountReason, Noticed, OccupancyChanged, OccupancyMinute
from gateway.core.model.names import ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.occupancy import daily_statistics, fusion
from gateway.core.occupancy.fusion import ZoneReading
from gateway.core.state import NEVER, ZoneState
from gateway.core.step_context import StepContext

MINUTE = timedelta(minutes=1)
READ_EVERY = timedelta(seconds=1)
"""The shortest interval between two readings of an estimate: sensors report in bursts. A room is
read at once when a holder badged; a building is the sum of its rooms, and may wait."""
CHANCE_MOVED = 0.05
"""A smaller change of a probability is not published, if the numbers of people are unchanged."""
HINT_AGAIN = timedelta(minutes=10)
"""A disagreement near its threshold comes and goes with each passage: this counts as one hint. An
operator who was notified and went to check needs no second hint sooner."""


def read_out(
    site: Site,
    zones: Mapping[ZoneId, ZoneState],
    estimate: Estimate | None,
    zone: Zone,
    at: datetime,
) -> OccupancyChanged:
    """Return a zone's head count with its interval, and its reasons."""
    known = zones[zone.id].known
    sight = fusion.read_zone(site, zones, estimate, zone.id, at)
    if sight is None:
        return _told(zone, known, certain(zone, known), at)
    return _told(zone, known, sight.count, at, _reasons(sight, at))


def certain(zone: Zone, known: int) -> HeadCount:
    """Return the known count as a certain head count."""
    return HeadCount(
        people=known,
        low=known,
        high=known,
        p_vacant=float(known == 0),
        p_full=float(zone.capacity is not None and known >= zone.capacity),
        stale=False,
    )


def opened(known: int, now: datetime, count: HeadCount | None = None) -> ZoneState:
    """Return a zone that is counted from `now` on; `count` is its estimate, if it has one."""
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
    """Add `people` (or remove, below 0) to the known count of one zone, but not of its parents."""
    state = context.zones.get(zone_id) or opened(0, context.now)
    known = max(0, state.known + people)
    context.zones = context.zones.set(zone_id, _changed(state, context.now, known, state.count))
    context.touched[zone_id] = None


def announce(context: StepContext) -> None:
    """Emit each changed zone's count once, and its alarm if it is over its capacity."""
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
    """Return whether another minute has begun since the zones' figures were closed."""
    current = context.now.replace(second=0, microsecond=0)
    return any(state.minute != current for state in context.zones.values())


def close_minutes(context: StepContext) -> None:
    """Emit the figures of each zone whose minute is over, and start the next one.

    The mean is weighted by time over the part of the minute that was watched. Minutes in which the
    gateway was down are missing. Estimated zones are read again, since silence is evidence, too.
    """
    current = context.now.replace(second=0, microsecond=0)
    zones = context.zones
    for zone_id, state in sorted(context.zones.items()):
        if state.minute == current:
            continue
        if fusion.parts_of(context.site, context.estimate, zone_id):
            context.touched[zone_id] = None
        if state.minute < current:  # else the clock was put back, and that minute is invalid
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
    """Return when the next estimate is to be read."""
    return min((state.due for state in context.zones.values()), default=NEVER)


def _can_wait(context: StepContext, zone_id: ZoneId, zone: ZoneState) -> bool:
    """Return whether the zone was just read, and is a sum or has no new badge."""
    if zone.count is None or not timedelta() <= context.now - zone.read_at < READ_EVERY:
        return False
    is_sum = len(fusion.parts_of(context.site, context.estimate, zone_id)) > 1
    return is_sum or zone.known == zone.told


def _put_off(context: StepContext, zone_id: ZoneId, zone: ZoneState) -> None:
    due = zone.read_at + READ_EVERY
    context.zones = context.zones.set(zone_id, structs.replace(zone, due=due))
    context.wake(due)


def _follow(context: StepContext, zone: Zone, before: ZoneState, sight: ZoneReading | None) -> None:
    """Take in an estimate, or its end, and emit it."""
    count = None if sight is None else sight.count
    if count is not None:
        before = _hint(context, zone, before, count)
    after = _changed(before, context.now, before.known, count)
    after = structs.replace(after, told=before.known, read_at=context.now, due=NEVER)
    context.zones = context.zones.set(zone.id, after)
    why = () if sight is None else _reasons(sight, context.now)
    context.emit(_told(zone, before.known, count or certain(zone, before.known), context.now, why))


def _reasons(sight: ZoneReading, at: datetime) -> tuple[CountReason, ...]:
    """Return the reasons of an estimate."""
    return tuple(
        CountReason(each.at, each.kind, each.place, each.amount, each.why)
        for each in contributors(sight.parts, at)
    )


def _told(
    zone: Zone, known: int, count: HeadCount, at: datetime, reasons: tuple[CountReason, ...] = ()
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
        reasons=reasons,
    )


def _changed(state: ZoneState, now: datetime, known: int, count: HeadCount | None) -> ZoneState:
    counted = _counted(state, now)
    after = structs.replace(counted, known=known, count=count)
    return structs.replace(
        after, low=min(state.low, after.people), high=max(state.high, after.people)
    )


def _is_news(before: ZoneState, now: HeadCount) -> bool:
    """Return whether an estimate is to be published: a number moved, or a probability enough."""
    then = before.count
    if then is None or before.told != before.known:
        return True
    numbers = (then.people, then.low, then.high, then.stale, then.hint)
    if numbers != (now.people, now.low, now.high, now.stale, now.hint):
        return True
    moved = max(abs(then.p_vacant - now.p_vacant), abs(then.p_full - now.p_full))
    return moved >= CHANCE_MOVED


def _hint(context: StepContext, zone: Zone, before: ZoneState, now: HeadCount) -> ZoneState:
    """Note that known and estimated people differ: somebody tailgated, or forgot to badge out."""
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
    """Return the state with the people's time added up to `until`, but not past its minute."""
    end = min(max(until, state.counted_to), state.minute + MINUTE)
    seconds = (end - state.counted_to).total_seconds()
    return structs.replace(state, counted_to=end, person_s=state.person_s + state.people * seconds)
