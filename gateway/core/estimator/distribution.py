"""A distribution over the number of people in one zone, and what may happen to it.

A `Belief` is a tuple: at index n the probability that n people are there, n from 0 to one and a
half times the capacity. The operations are those of a hidden Markov model with that state: time
moves people unseen (`drifted`), a counted passage shifts by one (`shifted`), and what a sensor says
multiplies (`update_log_odds`, `update_likelihood`). None of them approximates; the only thing added
is a floor under each probability (`_kept`), without which a filter that was wrong once could never
come back.

Plain tuples and comprehensions: at 90 states a pass costs some microseconds, and numpy would cost
more than it saves below 500.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, exp

Belief = tuple[float, ...]

CAPACITY = 100
"""People that a zone without a declared capacity may hold: an ordinary room, with a margin."""
CAPACITY_MAX = 2_000
"""Beyond this many people a pass would take a millisecond: count such a hall in parts."""
BEYOND = 1.5
"""Times the capacity: rooms are overfilled, and that must be seen."""
ROOM_TO_ERR = 10
"""People beyond the capacity that the belief can say at least: a room for three may hold eight."""
EMPTY_AT_FIRST = 0.9
FLOOR = 1e-6
"""No number of people near the likeliest is less probable: sensors lie in ways that none models."""
FLOOR_DECAY = 0.8
"""The floor's factor for each person further from the likeliest number."""
MOVED_PER_STEP = 0.25
"""The largest chance of a move in one step of `drifted`; the error is then below what is shown."""
MOVED_MAX = 0.5
"""The same for numbers of people that are not likely, where the error does not show."""
UNLIKELY = 1e-4
TOO_RARE = 1e-4
"""Numbers of people below this chance move no quantile of a sum that is told."""
TOO_WIDE = 2.0
"""An interval of whole people holds too much or too little: too little is twice as bad. Measured on
ROBOD's room with 5 % misses: 0.88 to 0.93, and 0.89 to 0.94 where it never held too little."""
HALF = 0.5
SHIFTS_MAX = 12
"""Passages told one by one; what is above, after an outage, is shifted at once."""

Kernel = tuple[float, float, float]
"""Chances that one reported passage was nobody, one person, or two."""


def prior(capacity: int | None) -> Belief:
    """Before anything is known: probably empty, as at the hour when systems are installed."""
    tail = ((1 - EMPTY_AT_FIRST) * 0.5**n for n in range(1, size(capacity)))
    return _normal([EMPTY_AT_FIRST, *tail])


def point_mass(belief: Belief, people: int) -> Belief:
    """`people` are there (at most as many as the belief can say), the floor aside."""
    people = min(people, len(belief) - 1)
    return _kept([float(n == people) for n in range(len(belief))])


def drifted(belief: Belief, arrivals: float, leaving: Sequence[float], share: float) -> Belief:
    """After a while in which `arrivals` came unseen, in the mean, and people left.

    `leaving[n] * share` is how many of n people left, in the mean: more of more, and one entry more
    than in `belief`. Steps are as small as the numbers of people need that are at all likely.
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
        moved[-1] += belief[-1] * come  # more than the belief can say: as many as it can
        belief = tuple(moved)
    return belief


def entered(belief: Belief, people: int, kernel: Kernel) -> Belief:
    """So many passages inward were reported."""
    bulk = max(0, people - SHIFTS_MAX)
    if bulk:
        bulk = min(bulk, len(belief) - 1)
        head = len(belief) - bulk
        belief = ((0.0,) * bulk) + (*belief[: head - 1], sum(belief[head - 1 :]))
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
    """So many passages outward were reported; where nobody is, nobody can have left."""
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
    """Evidence for "somebody is there" (or, below 0, against it), in natural logarithms.

    `several` is how much more it speaks for three and more than for one; for two, half of that.
    """
    chances = list(belief)
    chances[0] *= exp(-log_odds - several)
    if several:
        chances[1] *= exp(-several)
        chances[2] *= exp(-several / 2)
    return _kept(chances)


def update_likelihood(belief: Belief, likelihoods: Sequence[float]) -> Belief:
    """Evidence that has a likelihood for each number of people."""
    return _kept([each * by for each, by in zip(belief, likelihoods, strict=True)])


def at_least(belief: Belief, people: int) -> float:
    """The probability of so many or more."""
    return max(0.0, 1.0 - sum(belief[:people]))


def quantile(belief: Belief, share: float) -> int:
    """The smallest number of people with at least this share of the probability up to it."""
    reached = 0.0
    for people, chance in enumerate(belief):
        reached += chance
        if reached >= share:
            return people
    return len(belief) - 1


def highest_density_interval(belief: Belief, share: float) -> tuple[int, int]:
    """The numbers of people around the likeliest that hold this share, as nearly as numbers can.

    It grows by the likelier neighbour while it holds too little, and not by one that would hold
    more than `TOO_WIDE` times as much too much. The median is among them.
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
    """The most probable number of people; the smallest of several."""
    return belief.index(max(belief))


def convolve(beliefs: Sequence[Belief]) -> Belief:
    """The distribution of the sum of zones taken as independent (a convolution).

    What is less probable than `TOO_RARE` is left out first: that leaves a dozen numbers a zone.
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
    """How many numbers of people a zone's belief has, nobody among them."""
    people = min(CAPACITY if capacity is None else max(capacity, 1), CAPACITY_MAX)
    return max(ceil(BEYOND * people), people + ROOM_TO_ERR) + 1


def _trimmed(belief: Belief) -> tuple[int, Sequence[float]]:
    told = [n for n, chance in enumerate(belief) if chance > TOO_RARE]
    return told[0], belief[told[0] : told[-1] + 1]


def _normal(chances: Sequence[float]) -> Belief:
    whole = 1.0 / sum(chances)
    return tuple([each * whole for each in chances])


def _kept(chances: list[float]) -> Belief:
    """Normalised, over a floor that decays with the distance from the likeliest number."""
    whole = sum(chances)
    if whole <= 0.0:  # impossible, says the model: then anything is possible again
        return _normal([1.0] * len(chances))
    floors, taken = _floors(len(chances), chances.index(max(chances)))
    by = (1.0 - taken) / whole
    return tuple([chance * by + floor for chance, floor in zip(chances, floors, strict=True)])


@lru_cache(maxsize=2048)
def _floors(size: int, top: int) -> tuple[tuple[float, ...], float]:
    floors = tuple(FLOOR * FLOOR_DECAY ** abs(n - top) for n in range(size))
    return floors, sum(floors)
