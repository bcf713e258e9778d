"""How many people are in each zone: the known count, its read-out, and the minute's figures.

Known are those who badged in and did not leave. The sensed count (an estimate from counters, PIR
and doors together) will replace `read_out`; everything else takes its numbers from there.
"""

from datetime import datetime, timedelta

from msgspec import structs

from gateway.core.facts import OccupancyChanged, OccupancyMinute
from gateway.core.site import Zone, ZoneId
from gateway.core.state import ZoneState
from gateway.core.turn import Turn

MINUTE = timedelta(minutes=1)


def read_out(zone: Zone, state: ZoneState, at: datetime) -> OccupancyChanged:
    """A zone's head count with its interval: here the known count, taken as certain."""
    people = state.known
    return OccupancyChanged(
        zone=zone.id,
        at=at,
        people=people,
        low=people,
        high=people,
        known=state.known,
        capacity=zone.capacity,
        p_vacant=float(people == 0),
        p_full=float(zone.capacity is not None and people >= zone.capacity),
        stale=False,
    )


def opened(known: int, now: datetime) -> ZoneState:
    """A zone that starts to be counted at `now`."""
    minute = now.replace(second=0, microsecond=0)
    return ZoneState(
        known=known, minute=minute, counted_from=now, counted_to=now, low=known, high=known
    )


def add(turn: Turn, zone_id: ZoneId, people: int) -> None:
    """`people` more (or fewer) in one zone; its parents are the caller's."""
    state = turn.zones.get(zone_id) or opened(0, turn.now)
    known = max(0, state.known + people)
    turn.zones = turn.zones.set(
        zone_id,
        structs.replace(
            _counted(state, turn.now),
            known=known,
            low=min(state.low, known),
            high=max(state.high, known),
        ),
    )
    turn.touched[zone_id] = None


def announce(turn: Turn) -> None:
    """Say each changed zone's count once, and whether it is over its capacity."""
    for zone_id in turn.touched:
        zone = turn.site.zone[zone_id]
        reading = read_out(zone, turn.zones[zone_id], turn.now)
        turn.say(reading)
        if zone.capacity is not None and reading.people > zone.capacity:
            turn.raise_alarm("over-capacity", zone_id)
        else:
            turn.clear_alarm("over-capacity", zone_id)


def close_minutes(turn: Turn) -> None:
    """Say the figures of each zone whose minute is over, and start the next one.

    The mean is weighted by time over the part of the minute that was watched. Minutes in which the
    gateway was down are absent.
    """
    current = turn.now.replace(second=0, microsecond=0)
    zones = turn.zones
    for zone_id, state in sorted(turn.zones.items()):
        if state.minute == current:
            continue
        if state.minute < current:  # else the clock was put back: that minute was none
            turn.say(_figures(zone_id, state))
        zones = zones.set(zone_id, opened(state.known, current))
    turn.zones = zones
    turn.wake(current + MINUTE)


def _figures(zone_id: ZoneId, state: ZoneState) -> OccupancyMinute:
    end = state.minute + MINUTE
    person_s = _counted(state, end).person_s
    watched_s = (end - state.counted_from).total_seconds()
    return OccupancyMinute(
        zone=zone_id,
        minute=state.minute,
        mean=round(person_s / watched_s, 4) if watched_s else float(state.known),
        min=state.low,
        max=state.high,
    )


def _counted(state: ZoneState, until: datetime) -> ZoneState:
    """The state with the people's time added up to `until`, but not past its minute."""
    end = min(max(until, state.counted_to), state.minute + MINUTE)
    seconds = (end - state.counted_to).total_seconds()
    return structs.replace(state, counted_to=end, person_s=state.person_s + state.known * seconds)
