"""`seuil bench decisions`: the pure engine's decisions per second on one core, with every rule on.

A makerspace of 5,000 members, 300 of them inside: quotas, bookings, trainings, hours of several
plans, anti-passback, an interlock, rooms that require company, machines. Half of the badges are let
in, after all rules; the other half is refused, each for one of several reasons. Nothing is read,
written or sent: only `gateway.core.engine.step` is timed.
"""

import gc
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from statistics import median
from typing import NamedTuple

from msgspec import Struct

from benchmarks.gc_pause import frozen
from benchmarks.makerspace import (
    BOOKED,
    BOOTH,
    FRONT,
    LAB,
    LASER,
    MEMBERS,
    PRESENT,
    badge_of,
    in_the_morning,
    makerspace,
    regulars,
    rooms_of,
)
from benchmarks.processes import BenchError
from gateway.core.engine import step
from gateway.core.events import Reported
from gateway.core.facts import Decided
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from gateway.core.state import State
from gateway.service.app import GC_ALLOCATIONS

PACE = timedelta(milliseconds=200)
"""Five badges per second: a rush beyond any single place, so that timers are due now and then."""
BATCH = 100
"""Decisions timed at once: a pause of the machine spoils one batch, and not the median."""


class Decisions(Struct, frozen=True):
    """The measured figures: medians over batches, by the processor time of one core.

    `per_second_by_the_clock` is lower where other programs want the core too.
    """

    per_second: int
    per_second_by_the_clock: int
    us_each: float
    decisions: int
    granted: int
    reasons: dict[str, int]
    members: int = MEMBERS
    present: int = PRESENT


class DecisionBatch(NamedTuple):
    """Some decisions by their reasons, and the seconds that they took."""

    cpu_s: float
    clock_s: float
    reasons: Counter[str]
    granted: int


def measure(decisions: int, seed: int, reach: Callable[[int], None]) -> Decisions:
    """Time so many decisions (a multiple of `BATCH`), one after the other.

    Raises:
        BenchError: not half of them were granted, so that it is no measure of both.
    """
    site = makerspace()
    state, now = in_the_morning(site)
    asked = _asked(decisions, seed, now)
    batches = []
    with _collecting_as_the_service():
        for done in range(BATCH, decisions + 1, BATCH):
            batch, state = _timed(site, state, list(islice(asked, BATCH)))
            batches.append(batch)
            reach(done)
    reasons = sum((batch.reasons for batch in batches), Counter[str]())
    granted = sum(batch.granted for batch in batches)
    if 2 * granted != decisions or reasons.total() != decisions:
        raise BenchError(f"{granted} of {decisions} were granted, for {dict(reasons)}")
    cpu_s = median(batch.cpu_s for batch in batches) / BATCH
    clock_s = median(batch.clock_s for batch in batches) / BATCH
    return Decisions(
        per_second=round(1 / cpu_s),
        per_second_by_the_clock=round(1 / clock_s),
        us_each=round(1e6 * cpu_s, 1),
        decisions=decisions,
        granted=granted,
        reasons=dict(reasons.most_common()),
    )


@contextmanager
def _collecting_as_the_service() -> Iterator[None]:
    """Set Python's garbage collector as `gateway.service.app` does; restore it at the end."""
    with frozen():
        gc.set_threshold(GC_ALLOCATIONS, *gc.get_threshold()[1:])
        yield


def _timed(
    site: Site, state: State, asked: list[tuple[Reported, datetime]]
) -> tuple[DecisionBatch, State]:
    """Decide these events, then collect the reasons."""
    facts = []
    cpu, clock = time.process_time(), time.perf_counter()
    for event, now in asked:
        after = step(site, state, event, now)
        state = after.state
        facts.append(after.facts)
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    decided = [fact for said in facts for fact in said if isinstance(fact, Decided)]
    reasons = Counter(fact.reason for fact in decided)
    granted = sum(fact.decision == "granted" for fact in decided)
    return DecisionBatch(cpu, clock, reasons, granted), state


def _asked(decisions: int, seed: int, now: datetime) -> Iterator[tuple[Reported, datetime]]:
    """Yield in turn a badge that is let in and one that is refused."""
    draw = random.Random(seed)  # noqa: S311 - made-up walks
    free = rooms_of()[BOOKED:]
    numbers: Counter[str] = Counter({f"front-{n}": PRESENT for n in (1, 2)})
    where: dict[int, str] = {}
    inside = regulars()
    for number in range(decisions):
        now += PACE
        if number % 2 == 0:
            who = draw.choice(inside)
            at: str = draw.choice([room for room in free if room != where.get(who)])
            where[who] = at
        else:
            who, at = _refused(draw, where)
        numbers[at] += 1
        reading = CredentialPresented(badge_of(who))
        yield Reported(DeviceId(at), now, reading, 1, numbers[at]), now


def _refused(draw: random.Random, where: dict[int, str]) -> tuple[int, str]:
    """Return a person and a reader that refuses them, by nearly every chapter of the rules."""
    some = 10 * draw.randrange(PRESENT, MEMBERS // 10)
    who = draw.choice(list(where))
    return draw.choice(
        (
            (MEMBERS, FRONT),  # unknown
            (some + 9, LASER),  # the plan has no machine
            (some + 7, LAB),  # outside hours
            (some + 8, LAB),  # used up
            (some + 6, LAB),  # untrained
            (some, rooms_of()[0]),  # booked
            (some + 1, LASER),  # not in its room
            (who, where[who]),  # there already
            (some, BOOTH),  # full
        )
    )
