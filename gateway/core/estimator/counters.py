"""The number of people who passed between two reports of a cumulative counter.

Totals only grow, until one of four things happens: they wrap (16 or 32 bits), the device restarts
from zero, an operator resets them, or a report is garbage. All four look like a lower (or absurdly
higher) number, so they are distinguished by plausibility: a wrap is accepted if few people passed
over it, a restart if `boot` shows it or the totals are near zero.
"""

from datetime import datetime

from msgspec import Struct

WRAPS = (1 << 16, 1 << 32)
PER_S_MAX = 3.0
"""People per second who can pass one counter: a wide door in an evacuation."""
SLACK = 100
"""People accepted beyond that: a report may have waited, and clocks are wrong by seconds."""


class Totals(Struct, frozen=True, gc=False):
    """A counter's last report."""

    at: datetime
    boot: int | None
    seq: int | None
    in_total: int
    out_total: int
    place: str = ""
    """The door that the counter hangs over."""
    generation: int = 0
    """How often its numbering began again."""


class CounterDelta(Struct, frozen=True, gc=False):
    """The people between two reports, each way. `restarted`: the totals restarted from zero."""

    inward: int = 0
    outward: int = 0
    restarted: bool = False
    believed: bool = True
    """False: no number of people explains the report; the next one is compared with it."""


NOBODY = CounterDelta()


def passed(before: Totals | None, now: Totals) -> CounterDelta | None:
    """Return the people since the last report; None: `now` is older, and contained in it."""
    if before is None:
        return NOBODY
    if _number(now) < _number(before):
        return None
    most = SLACK + PER_S_MAX * max(0.0, (now.at - before.at).total_seconds())
    inward = _grown(before.in_total, now.in_total, most)
    outward = _grown(before.out_total, now.out_total, most)
    lower = now.in_total < before.in_total or now.out_total < before.out_total
    if inward is not None and outward is not None and not (lower and now.boot != before.boot):
        return CounterDelta(inward, outward)
    if lower and now.in_total <= most and now.out_total <= most:
        return CounterDelta(now.in_total, now.out_total, restarted=True)
    return CounterDelta(believed=False)


def _grown(before: int, now: int, most: float) -> int | None:
    """Return the growth of a total, over a wrap if necessary; None: more than people can make."""
    ways = (now - before, *(now - before + wrap for wrap in WRAPS if before < wrap))
    return next((way for way in ways if 0 <= way <= most), None)


def _number(totals: Totals) -> tuple[int, int, int]:
    if totals.boot is None:
        return (totals.generation, 0, 0)
    return (totals.generation, totals.boot, totals.seq or 0)
