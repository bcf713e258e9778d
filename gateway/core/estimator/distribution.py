"""A probability distribution over the number of people in one zone, and its operations.

A `Belief` is a tuple: at index n the probability that n people are there, n from 0 to one and a
half times the capacity. The operations are those of a hidden Markov model with that state: time
moves people unseen (`drifted`), a counted passage shifts by one (`entered`, `left`), and a sensor's
reading multiplies (`update_log_odds`, `update_likelihood`). None of them approximates; the only
addition is a floor under each probability (`_kept`), without which a filter that was wrong once
could never recover.

Plain tuples and comprehensions: at 90 states a pass costs some microseconds, and numpy would cost
more than it saves below 500.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from math import ceil, exp
from operator import add

Belief = tuple[float, ...]

CAPACITY = 100
"""The capacity assumed for a zone that declares none: an ordinary room, with a margin."""
CAPACITY_MAX = 2_000
"""With more people a pass would take a millisecond: count such a hall in parts."""
BEYOND = 1.5
"""The belief's range in capacities: rooms may be overfilled, and that must be visible."""
ROOM_TO_ERR = 10
"""People beyond the capacity that the belief covers at least: a room for three may hold eight."""
EMPTY_AT_FIRST = 0.9
FLOOR = 1e-6
"""The least probability of a number near the likeliest: sensors err in ways that none models."""
FLOOR_DECAY = 0.8
"""The floor's factor for each person further from the likeliest number."""
MOVED_PER_STEP = 0.25
"""The largest chance of a move in one step of `drifted`; its error is then below what is shown."""
MOVED_MAX = 0.5
"""The same for numbers of people that are not likely, where the error does not show."""
UNLIKELY = 1e-4
TOO_RARE = 1e-4
"""Numbers of people with a lower chance move no quantile of a published sum."""
TOO_WIDE = 2.0
"""An interval of whole people holds too much or too little: too little is twice as bad. Measured on
ROBOD's room with 5 % misses: 0.88 to 0.93, and 0.89 to 0.94 where it never held too little."""
HALF = 0.5
SHIFTS_MAX = 12
"""Passages applied one by one; any above, after an outage, are applied in one shift."""

Kernel = tuple[float, float, float]
"""The chances that one reported passage was nobody, one person, or two."""


def total(values: Iterable[float]) -> float:
    """Return the sum, added from left to right.

    The built-in `sum` rounds otherwise from Python 3.12 on: a replay would differ in the last bit.
    """
    return reduce(add, values, 0.0)


def prior(capacity: int | None) -> Belief:
    """Return the belief before any evidence: probably empty, as when systems are installed."""
    tail = ((1 - EMPTY_AT_FIRST) * 0.5**n for n in range(1, size(capacity)))
    return _normal([EMPTY_AT_FIRST, *tail])


def point_mass(belief: Belief, people: int) -> Belief:
    """Return the belief that `people` are there (at most its range), with the floor."""
    people = min(people, len(belief) - 1)
    return _kept([float(n == people) for n in range(len(belief))])


def drifted(belief: Belief, arrivals: float, leaving: Sequence[float], share: float) -> Belief:
    """Return the belief after a time with unseen arrivals and departures.

    `arrivals` is the mean number who came; `leaving[n] * share` is the mean number of n people who
    left, increasing with n, with one entry more than `belief`. Each step computes
    p'[n] = p[n] (1 - a - l[n]) + p[n-1] a + p[n+1] l[n+1], with a and l[n] the shares of one step;
    steps are small enough (`MOVED_PER_STEP`) for all likely numbers of people.
    """
    steps = 1
    if arrivals + leaving[-1] * share > MOVED_PER_STEP:
        likely = quantile(belief, 1.0 - UNLIKELY)
        steps = max(1, ceil((arrivals + leaving[likely] * share) / MOVED_PER_STEP))
    come, share = arrivals / steps, share / steps
    if leaving[-1] * share > MOVED_MAX:
        leaving = [min(rate, MOVED_MAX / share) for rate in leaving]
    stay = 1.0 - come
    for _ in range(steps):
        moved = [
            here * (stay - rate * share) + below * come + above * rate_above * share
            for here, below, above, rate, rate_above in zip(
                belief, (0.0, *belief), (*belief[1:], 0.0), leaving, leaving[1:], strict=False
            )
        ]
        moved[-1] += belief[-1] * come  # above the belief's range: counted in its last entry
        belief = tuple(moved)
    return belief


def entered(belief: Belief, people: int, kernel: Kernel) -> Belief:
    """Return the belief after this many reported passages inward.

    For each, with the kernel k: p'[n] = k[0] p[n] + k[1] p[n-1] + k[2] p[n-2].
    """
    bulk = max(0, people - SHIFTS_MAX)
    if bulk:
        bulk = min(bulk, len(belief) - 1)
        head = len(belief) - bulk
        belief = ((0.0,) * bulk) + (*belief[: head - 1], total(belief[head - 1 :]))
    nobody, one, two = kernel
    for _ in range(min(people, SHIFTS_MAX)):
        moved = [
            here * nobody + below * one + twice * two
            for here, below, twice in zip(belief, (0.0, *belief), (0.0, 0.0, *belief), strict=False)
        ]
        moved[-1] += belief[-1] * (one + two) + belief[-2] * two
        belief = _kept(moved)
    return belief


def left(belief: Belief, people: int, kernel: Kernel) -> Belief:
    """Return the belief after this many reported passages outward; none can leave an empty zone.

    For each, with the kernel k: p'[n] = k[0] p[n] + k[1] p[n+1] + k[2] p[n+2], normalised.
    """
    bulk = min(max(0, people - SHIFTS_MAX), len(belief) - 1)
    if bulk:
        belief = (*belief[bulk:], *((0.0,) * bulk))
    nobody, one, two = kernel
    for _ in range(min(people, SHIFTS_MAX)):
        belief = _kept(
            [
                here * nobody + above * one + twice * two
                for here, above, twice in zip(
                    belief, (*belief[1:], 0.0), (*belief[2:], 0.0, 0.0), strict=True
                )
            ]
        )
    return belief


def update_log_odds(belief: Belief, log_odds: float, several: float = 0.0) -> Belief:
    """Weigh the belief by evidence for "occupied" (below 0: against it), in natural logarithms.

    `several` is the log odds of three and more against one; for two, half of that. So p[0] is
    multiplied by exp(-log_odds - several), p[1] by exp(-several), p[2] by exp(-several / 2).
    """
    chances = list(belief)
    chances[0] *= exp(-log_odds - several)
    if several:
        chances[1] *= exp(-several)
        chances[2] *= exp(-several / 2)
    return _kept(chances)


def update_likelihood(belief: Belief, likelihoods: Sequence[float]) -> Belief:
    """Weigh the belief by a likelihood for each number of people: p'[n] ~ p[n] L[n]."""
    return _kept([each * by for each, by in zip(belief, likelihoods, strict=True)])


def at_least(belief: Belief, people: int) -> float:
    """Return the probability of at least this many people."""
    return max(0.0, 1.0 - total(belief[:people]))


def quantile(belief: Belief, share: float) -> int:
    """Return the smallest n with P(N <= n) >= `share`."""
    reached = 0.0
    for people, chance in enumerate(belief):
        reached += chance
        if reached >= share:
            return people
    return len(belief) - 1


def highest_density_interval(belief: Belief, share: float) -> tuple[int, int]:
    """Return the interval around the likeliest number that holds about this share.

    It grows by the likelier neighbour while it holds too little, but stops if the excess would be
    more than `TOO_WIDE` times what is missing. It contains the median.
    """
    low = high = likeliest(belief)
    inside, top = belief[low], len(belief) - 1
    while inside < share and (low > 0 or high < top):
        below = belief[low - 1] if low > 0 else -1.0
        above = belief[high + 1] if high < top else -1.0
        beyond = inside + max(below, above) - share
        if inside >= HALF and beyond > TOO_WIDE * (share - inside):
            break
        if above > below:
            high, inside = high + 1, inside + above
        else:
            low, inside = low - 1, inside + below
    return low, high


def likeliest(belief: Belief) -> int:
    """Return the most probable number of people; the smallest of several."""
    return belief.index(max(belief))


def convolve(beliefs: Sequence[Belief]) -> Belief:
    """Return the distribution of a sum of independent zones: (p * q)[n] = sum p[k] q[n-k].

    Numbers less probable than `TOO_RARE` are left out first: that leaves about a dozen per zone.
    """
    total: list[float] = [1.0]
    low = 0
    for belief in beliefs:
        first, trimmed = _trimmed(belief)
        low += first
        longer = [0.0] * (len(total) + len(trimmed) - 1)
        for n, chance in enumerate(total):
            for k, other in enumerate(trimmed, start=n):
                longer[k] += chance * other
        total = longer
    return _normal([0.0] * low + total)


def size(capacity: int | None) -> int:
    """Return the number of entries in a zone's belief, zero people included."""
    people = min(CAPACITY if capacity is None else max(capacity, 1), CAPACITY_MAX)
    return max(ceil(BEYOND * people), people + ROOM_TO_ERR) + 1


def _trimmed(belief: Belief) -> tuple[int, Sequence[float]]:
    told = [n for n, chance in enumerate(belief) if chance > TOO_RARE]
    return told[0], belief[told[0] : told[-1] + 1]


def _normal(chances: Sequence[float]) -> Belief:
    whole = 1.0 / total(chances)
    return tuple([each * whole for each in chances])


def _kept(chances: list[float]) -> Belief:
    """Normalise, over a floor that decays with the distance from the likeliest number."""
    whole = total(chances)
    if whole <= 0.0:  # impossible by the model: start again from a uniform belief
        return _normal([1.0] * len(chances))
    floors, taken = _floors(len(chances), chances.index(max(chances)))
    by = (1.0 - taken) / whole
    return tuple([chance * by + floor for chance, floor in zip(chances, floors, strict=True)])


@lru_cache(maxsize=2048)
def _floors(size: int, top: int) -> tuple[tuple[float, ...], float]:
    floors = tuple(FLOOR * FLOOR_DECAY ** abs(n - top) for n in range(size))
    return floors, total(floors)
