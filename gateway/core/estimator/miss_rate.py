"""How many people a zone's counters miss, learned from the zone itself.

Between two moments at which a zone was surely empty as many left it as came. So what counters and
readers say of that time should come to zero. Of a counter that misses a share m of all people, in
and out alike and each by itself, in less out is then off by the square root of m times the
passages, in the mean: the squares of what it was off by, over the passages, are m.

Only a zone that a sensor looks into is known to be empty; elsewhere the usual share stands.
"""

from datetime import datetime
from functools import lru_cache

from msgspec import Struct, structs

from gateway.core.estimator.distribution import Kernel

USUAL = 0.05
"""What a counter misses until more is known: one in twenty."""
USUAL_WEIGHT = 40.0
"""The weight of that: of six times that a room emptied after many had passed."""
ONE_LOOK = 7.0
"""A room that empties is one look at its counters, however many passed: the square of one number
says little of its mean. So many passages weigh half as much as any number of them can (1 / 2m)."""
MOST = 0.15
"""More is no counter: a door that some pass without one."""
ONE_SAYS = 2.0
"""The most squares a passage that one look tells: more was no counter's miss, but a side door."""
REMEMBERED = 400.0
"""The weight after which the half is forgotten: a counter may be cleaned, or bent."""
GHOSTS = 0.015
"""The share of counted passages that nobody made."""
WIDENS = 0.015
"""The chance of two people beside what was missed: side by side they are one to a beam."""


class Over(Struct, frozen=True, gc=False):
    """A time between two moments at which a zone was surely empty: its `net`, and its beginning."""

    net: int
    since: datetime


class PassageTally(Struct, frozen=True, gc=False):
    """What passed since the zone was surely empty, and what was learned before."""

    net: int = 0
    """People in less out, as they were told."""
    passed: int = 0
    """People either way, as they were told."""
    squares: float = 0.0
    """The weighted sum of the squares of `net`, of the times before."""
    passages: float = 0.0
    """The weighted sum of `passed`, of the times before."""
    since: datetime | None = None
    """When the first of them passed."""
    over: Over | None = None
    """What was told too many or too few, of times that are over and not yet made good."""


def told(tally: PassageTally, people: int, at: datetime) -> PassageTally:
    """So many more passed inward (below 0: outward)."""
    return structs.replace(
        tally,
        net=tally.net + people,
        passed=tally.passed + abs(people),
        since=tally.since or at,
    )


def known(tally: PassageTally, people: int, at: datetime) -> PassageTally:
    """So many are inside for certain: the time that begins now ends when they have left."""
    return structs.replace(tally, net=people, passed=0, since=at)


def emptied(tally: PassageTally) -> PassageTally:
    """The zone is surely empty: learn from the time that is over."""
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
    """So many more were told too many, of a time that is over."""
    before = tally.over
    if before is not None:
        net, since = before.net + net, min(before.since, since)
    return structs.replace(tally, over=Over(net, since) if net else None)


def missed(tally: PassageTally) -> float:
    """The share of people that the counters miss."""
    return _missed(tally.squares, tally.passages)


def kernel(tally: PassageTally) -> Kernel:
    """A counted passage was nobody, one person, or two: who was missed is taken for the second."""
    return _kernel(tally.squares, tally.passages)


@lru_cache(maxsize=1024)
def _missed(squares: float, passages: float) -> float:
    learned = squares + USUAL * USUAL_WEIGHT
    return min(MOST, learned / (passages + USUAL_WEIGHT))


@lru_cache(maxsize=1024)
def _kernel(squares: float, passages: float) -> Kernel:
    two = WIDENS + _missed(squares, passages)
    return (GHOSTS, 1.0 - GHOSTS - two, two)
