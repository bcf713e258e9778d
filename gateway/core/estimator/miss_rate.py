"""The share of people that a zone's counters miss, learned from the zone itself.

Between two moments at which a zone was surely empty, as many people left it as entered. The reports
of that time should therefore sum to zero: net = in - out = 0. A counter that misses a share m of
all people, in both directions and independently, has E[net²] = m * passages, so m is estimated as
sum(net²) / sum(passages), with weights 1 / (1 + passages / `ONE_LOOK`) and `USUAL` as the prior.

Only a zone that a sensor looks into is known to be empty; elsewhere the usual share applies.
"""

from datetime import datetime
from functools import lru_cache

from msgspec import Struct, structs

from gateway.core.estimator.distribution import Kernel

USUAL = 0.05
"""A counter's misses until more is known: one in twenty."""
USUAL_WEIGHT = 40.0
"""The weight of that share: six times that a room emptied after many passages."""
ONE_LOOK = 7.0
"""A room that empties is one observation of its counters, however many passed: the square of one
number says little of its mean. This many passages weigh half of the maximum (1 / 2m)."""
MOST = 0.15
"""A larger share is not a counter's: people use a door without one."""
ONE_SAYS = 2.0
"""The most squares per passage from one observation: more is a side door, not a counter's miss."""
REMEMBERED = 400.0
"""The weight at which half is forgotten: a counter may be cleaned, or bent."""
GHOSTS = 0.015
"""The share of counted passages that no person made."""
WIDENS = 0.015
"""The chance of two people beside the missed ones: side by side they are one to a beam."""


class Over(Struct, frozen=True, gc=False):
    """A time between two moments at which a zone was surely empty: its `net`, and its start."""

    net: int
    since: datetime


class PassageTally(Struct, frozen=True, gc=False):
    """The passages since the zone was surely empty, and what was learned before."""

    net: int = 0
    """People in less out, as reported."""
    passed: int = 0
    """People either way, as reported."""
    squares: float = 0.0
    """The weighted sum of the squares of `net`, over earlier times."""
    passages: float = 0.0
    """The weighted sum of `passed`, over earlier times."""
    since: datetime | None = None
    """The time of the first of them."""
    over: Over | None = None
    """The net error of times that are over, not corrected yet."""


def told(tally: PassageTally, people: int, at: datetime) -> PassageTally:
    """Add passages inward (below 0: outward)."""
    return structs.replace(
        tally,
        net=tally.net + people,
        passed=tally.passed + abs(people),
        since=tally.since or at,
    )


def known(tally: PassageTally, people: int, at: datetime) -> PassageTally:
    """Start a new time with this many people surely inside; it ends when they have left."""
    return structs.replace(tally, net=people, passed=0, since=at)


def emptied(tally: PassageTally) -> PassageTally:
    """Learn from the time that is over, as the zone is surely empty."""
    if not tally.passed:
        return structs.replace(tally, net=0)
    weight = 1.0 / (1.0 + tally.passed / ONE_LOOK)
    squares = tally.squares + min(tally.net**2, ONE_SAYS * tally.passed) * weight
    passages = tally.passages + tally.passed * weight
    if passages > REMEMBERED:
        squares, passages = squares / 2, passages / 2
    rested = PassageTally(squares=squares, passages=passages, over=tally.over)
    return rested if tally.since is None else owing(rested, tally.net, tally.since)


def owing(tally: PassageTally, net: int, since: datetime) -> PassageTally:
    """Add a net error of a time that is over."""
    before = tally.over
    if before is not None:
        net, since = before.net + net, min(before.since, since)
    return structs.replace(tally, over=Over(net, since) if net else None)


def missed(tally: PassageTally) -> float:
    """Return the share of people that the counters miss."""
    return _missed(tally.squares, tally.passages)


def kernel(tally: PassageTally) -> Kernel:
    """Return the chances that a counted passage was nobody, one or two: a miss is the second."""
    return _kernel(tally.squares, tally.passages)


@lru_cache(maxsize=1024)
def _missed(squares: float, passages: float) -> float:
    learned = squares + USUAL * USUAL_WEIGHT
    return min(MOST, learned / (passages + USUAL_WEIGHT))


@lru_cache(maxsize=1024)
def _kernel(squares: float, passages: float) -> Kernel:
    two = WIDENS + _missed(squares, passages)
    return (GHOSTS, 1.0 - GHOSTS - two, two)
