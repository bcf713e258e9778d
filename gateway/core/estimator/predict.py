"""The passing of time in a zone: people come and leave unseen, sensors are quiet or stay on.

Counters miss people, so some come and leave unseen at any time, at a low rate. With that alone, a
counter that misses more exits than entries would fill the room forever. But no one stays forever:
the zone remembers how many came in each of the last eight hours, reduced by those who left, and any
excess over them has most likely gone. By day, in a room with traffic, there is no excess; at night
it is the counter's error.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import miss_rate, sensor_models
from gateway.core.estimator.distribution import total
from gateway.core.estimator.zone import HOUR_S, STAY_H, ZoneEstimate, hour_of

ARRIVALS_PER_H = 0.02
"""People per hour who come in past every counter and reader of a zone that has some."""
DEPARTURES_PER_H = 0.02
"""The chance per hour that one person leaves unseen, where a sensor looks into the zone."""
UNSEEN_AMONG = 5
"""More people than this lose no more of them so: in a full room others pass all the time, and a
miss beside them is in the passage's own chances. Counted twice, it cost a library two people."""
BLIND_DEPARTURES_PER_H = 0.04
"""The same where only doors are counted: nothing else corrects a counter that drifts there."""
OPEN_ARRIVALS_PER_H, OPEN_DEPARTURES_PER_H = 0.5, 1.0
"""The same where no passages are counted: then everyone comes and leaves unseen."""
OVERSTAYS_PER_H = 0.5
"""The chance per hour of having left unseen, for people beyond those counted in. It applies where
few are inside; among many, the excess may as well have been missed on the way in."""
CAUTION = 2
"""A counter may miss twice as many on this day as it does in the mean."""
SURELY = 0.99
"""The probability of an empty zone from which a zone that a sensor looks into is empty."""
CHUNK_S = 60.0
"""Time passes in pieces of at most this: people come within one, and the silence that follows them
is weighed within the same one."""


def predict(zone: ZoneEstimate, at: datetime) -> ZoneEstimate:
    """Return the zone at a later time; at an earlier one it is unchanged."""
    while zone.at < at:
        until = min(at, _next_mark(zone.at))
        zone = _aged(sensor_models.without_stuck(zone), until)
    return zone


def caught_up(zone: ZoneEstimate, at: datetime) -> ZoneEstimate:
    """Return the zone at the last full minute (`CHUNK_S`) before `at`, so nights are computed once.

    Pieces of time end at marks of the clock, so the result equals that of a single later advance.
    """
    return predict(zone, _next_mark(at) - timedelta(seconds=CHUNK_S))


def _aged(zone: ZoneEstimate, at: datetime) -> ZoneEstimate:
    """Return the zone at a time that is at most one piece later."""
    seconds = (at - zone.at).total_seconds()
    stays, hour = _hours_on(zone, at)
    size, share = len(zone.belief), seconds / HOUR_S
    seen = sensor_models.looked_into(zone)
    if zone.counted:
        usual = DEPARTURES_PER_H if seen else BLIND_DEPARTURES_PER_H
        sure = round((1.0 - miss_rate.missed(zone.tally)) ** CAUTION, 2) if seen else 1.0
        leaving = _leaving(size, round(total(stays)), usual, sure)
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
    """Return the first later whole multiple of `CHUNK_S` since 1970."""
    return datetime.fromtimestamp((at.timestamp() // CHUNK_S + 1) * CHUNK_S, UTC)


def _hours_on(zone: ZoneEstimate, at: datetime) -> tuple[tuple[float, ...], int]:
    hour = hour_of(at)
    passed = min(hour - zone.hour, STAY_H)
    if passed <= 0:
        return zone.stays, zone.hour
    return (*zone.stays[passed:], *((0.0,) * passed)), hour


@lru_cache(maxsize=1024)
def _leaving(size: int, recent: int, usual: float, sure: float) -> tuple[float, ...]:
    """Return unseen departures per hour of 0, 1, 2 … people; `recent` of them came within `STAY_H`.

    `sure` is the chance that one person was counted, and sure^recent that all of them were:
    usual * min(n, recent, most) + OVERSTAYS_PER_H * sure^recent * max(0, n - recent).
    """
    overstays = OVERSTAYS_PER_H * sure**recent
    most = UNSEEN_AMONG if sure < 1.0 else size
    return tuple(
        usual * min(n, recent, most) + overstays * max(0, n - recent) for n in range(size + 1)
    )


@lru_cache(maxsize=64)
def _leaving_open(size: int) -> tuple[float, ...]:
    return tuple(OPEN_DEPARTURES_PER_H * n for n in range(size + 1))
