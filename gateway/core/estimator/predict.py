"""Time passes in a zone: people come and leave unseen, sensors are quiet or stay on.

Counters miss people, so some come and leave unseen at any time, at a low rate. That alone would
let a counter that misses more exits than entries fill the room for ever. But nobody stays for ever:
the zone remembers how many came in each of the last eight hours, thinned by those who left, and
whoever is in excess of them has most likely gone. By day, in a room that people come and go in,
that is nobody; at night it is what the counter made up.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import miss_rate, sensor_models
from gateway.core.estimator.zone import HOUR_S, STAY_H, ZoneEstimate, hour_of

ARRIVALS_PER_H = 0.02
"""People who come in past every counter and reader of a zone that has some."""
DEPARTURES_PER_H = 0.02
"""The chance that one person leaves so, where a sensor looks into the zone and sees it empty."""
UNSEEN_AMONG = 5
"""More people than that lose no more of them so: in a full room others pass all the time, and who
is missed beside them is in the passage's own chances. Counted twice a library lost two people."""
BLIND_DEPARTURES_PER_H = 0.04
"""The same where doors alone are counted: there, nothing else corrects a counter that drifts."""
OPEN_ARRIVALS_PER_H, OPEN_DEPARTURES_PER_H = 0.5, 1.0
"""The same where nothing counts who passes: then everybody comes and leaves unseen."""
OVERSTAYS_PER_H = 0.5
"""The chance to have left unseen, of those who would be staying longer than that: where nobody else
is there. Who is more than were counted in among many may as well have been missed on the way in."""
CAUTION = 2
"""A counter may miss twice as many on this day as it was seen to in the mean."""
SURELY = 0.99
"""From this chance on that nobody is there a zone that a sensor looks into is empty."""
CHUNK_S = 60.0
"""Time passes in pieces of at most this: people come within one, and the silence that follows them
is weighed within the same one."""


def predict(zone: ZoneEstimate, at: datetime) -> ZoneEstimate:
    """The zone at a later time; at an earlier one it is as it was."""
    while zone.at < at:
        until = min(at, _next_mark(zone.at))
        zone = _aged(sensor_models.without_stuck(zone), until)
    return zone


def caught_up(zone: ZoneEstimate, at: datetime) -> ZoneEstimate:
    """The zone at the last full minute (`CHUNK_S`) before `at`, so that nights are gone over once.

    Pieces of time end at marks of the clock, so this comes to the same as going all the way later.
    """
    return predict(zone, _next_mark(at) - timedelta(seconds=CHUNK_S))


def _aged(zone: ZoneEstimate, at: datetime) -> ZoneEstimate:
    """The zone at a time that is at most one piece later."""
    seconds = (at - zone.at).total_seconds()
    stays, hour = _hours_on(zone, at)
    size, share = len(zone.belief), seconds / HOUR_S
    seen = sensor_models.looked_into(zone)
    if zone.counted:
        usual = DEPARTURES_PER_H if seen else BLIND_DEPARTURES_PER_H
        sure = round((1.0 - miss_rate.missed(zone.tally)) ** CAUTION, 2) if seen else 1.0
        leaving = _leaving(size, round(sum(stays)), usual, sure)
        arrivals = ARRIVALS_PER_H * share
    else:
        arrivals, leaving = OPEN_ARRIVALS_PER_H * share, _leaving_open(size)
    drifted = beliefs.drifted(zone.belief, arrivals, leaving, share)
    voted = sensor_models.votes(structs.replace(zone, belief=drifted), seconds)
    tally = zone.tally
    if seen and tally.passed and voted.belief[0] >= SURELY:
        tally = miss_rate.emptied(tally)
    return structs.replace(voted, at=at, stays=stays, hour=hour, tally=tally)


def _next_mark(at: datetime) -> datetime:
    """The first whole multiple of `CHUNK_S` since 1970 that is later."""
    return datetime.fromtimestamp((at.timestamp() // CHUNK_S + 1) * CHUNK_S, UTC)


def _hours_on(zone: ZoneEstimate, at: datetime) -> tuple[tuple[float, ...], int]:
    hour = hour_of(at)
    passed = min(hour - zone.hour, STAY_H)
    if passed <= 0:
        return zone.stays, zone.hour
    return (*zone.stays[passed:], *((0.0,) * passed)), hour


@lru_cache(maxsize=1024)
def _leaving(size: int, recent: int, usual: float, sure: float) -> tuple[float, ...]:
    """Unseen departures an hour of 0, 1, 2 … people, of whom `recent` came within `STAY_H`.

    `sure` is the chance that one person was counted: to its power of `recent`, that all of them
    were.
    """
    overstays = OVERSTAYS_PER_H * sure**recent
    most = UNSEEN_AMONG if sure < 1.0 else size
    return tuple(
        usual * min(n, recent, most) + overstays * max(0, n - recent) for n in range(size + 1)
    )


@lru_cache(maxsize=64)
def _leaving_open(size: int) -> tuple[float, ...]:
    return tuple(OPEN_DEPARTURES_PER_H * n for n in range(size + 1))
