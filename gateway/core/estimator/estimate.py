"""The published estimate: a number, its interval, and the reasons for it.

The number is the median: of all numbers it has the smallest expected error in people. The interval
is the shortest that holds 80 %, as nearly as whole people allow: an interval between two quantiles
holds more than that wherever few numbers are likely. A zone around others is their sum; its
distribution is the convolution of theirs. This takes their errors as independent. They are not
quite: a person missed between two rooms is one too many in one and one too few in the other, so the
sum is in fact slightly more certain than published. An interval that is too wide is honest; a
normal approximation would be equally wrong, and worse for small numbers, where the sum is one
person or none.
"""

from collections.abc import Sequence
from datetime import datetime
from math import exp
from typing import Literal

from msgspec import Struct

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator.distribution import Belief, total
from gateway.core.estimator.sensor_models import TELLINGS
from gateway.core.estimator.zone import EstimateReason, ZoneEstimate, stale

MIDDLE, HELD = 0.5, 0.8
TOP = 3
"""Published reasons: as many as one line of a page holds."""
REASON_FADES_S = 3600.0
"""A reason of this age has a third of its weight."""
SILENCE_TOLD_S = 300.0
"""Silence is a reason after this time."""
SURELY = 0.99
"""The probability of an empty zone from which known presence fades."""
HINT_BELOW = 0.05
"""A known count with a lower probability by the estimate is a disagreement."""

Hint = Literal["tailgating", "forgotten-exit"]


class HeadCount(Struct, frozen=True):
    """A zone's head count: median, 80 % interval, and the probabilities that rules use."""

    people: int
    low: int
    high: int
    p_vacant: float
    p_full: float
    stale: bool
    hint: Hint | None = None
    """`tailgating`: more people are there than badged in; `forgotten-exit`: fewer."""
    fades: bool = False
    """Known presence in this zone may be ended: it is surely empty, and its estimate not stale."""


def read(parts: Sequence[ZoneEstimate], capacity: int | None, known: int) -> HeadCount:
    """Return the head count of a zone from its areas, all advanced to the same moment.

    `known` is the number of holders who are badged in. A zone without areas is empty, and stale.
    """
    whole = [part.belief for part in parts]
    belief = whole[0] if len(whole) == 1 else beliefs.convolve(whole)
    is_stale = all(stale(part) for part in parts)
    low, high = beliefs.highest_density_interval(belief, HELD)
    return HeadCount(
        people=beliefs.quantile(belief, MIDDLE),
        low=low,
        high=high,
        p_vacant=round(belief[0], 4),
        p_full=0.0 if capacity is None else round(beliefs.at_least(belief, capacity), 4),
        stale=is_stale,
        hint=None if is_stale else _hint(belief, known),
        fades=known > 0 and not is_stale and belief[0] >= SURELY,
    )


def contributors(parts: Sequence[ZoneEstimate], at: datetime) -> tuple[EstimateReason, ...]:
    """Return the strongest recent reasons of a zone's head count, the strongest first."""
    found = [reason for part in parts for reason in part.reasons]
    found += [quiet for part in parts if (quiet := _silence(part, at)) is not None]

    def strength(reason: EstimateReason) -> float:
        return reason.weight * exp(-(at - reason.at).total_seconds() / REASON_FADES_S)

    return tuple(sorted(found, key=lambda each: (-strength(each), each.place))[:TOP])


def _hint(belief: Belief, known: int) -> Hint | None:
    """Return a hint of tailgating (more people than badges) or of a forgotten exit (fewer)."""
    if beliefs.at_least(belief, known + 1) > 1 - HINT_BELOW:
        return "tailgating"
    if beliefs.at_least(belief, known) < HINT_BELOW:
        return "forgotten-exit"
    return None


def _silence(zone: ZoneEstimate, at: datetime) -> EstimateReason | None:
    """Return the reason that all of a zone's sensors are quiet, if that has begun to count."""
    voting = [
        (device, sensor)
        for device, sensor in zone.sensors.items()
        if sensor.kind != "count" and sensor.voting and sensor.health == "well"
    ]
    if not voting or any(sensor.active for _, sensor in voting):
        return None
    device, last = max(voting, key=lambda each: (each[1].since, each[0]))
    quiet_s = (at - last.since).total_seconds()
    if quiet_s < SILENCE_TOLD_S:
        return None
    # Dated now, with its weight so far; the time that is shown is when the silence began.
    kinds = sorted({one.kind for _, one in voting})
    weight = -total(TELLINGS[kind].silence for kind in kinds)
    fading = exp((at - last.since).total_seconds() / REASON_FADES_S)
    return EstimateReason(
        last.since, "silence", device, zone.id, 0, min(quiet_s * weight, 8.0) * fading
    )
