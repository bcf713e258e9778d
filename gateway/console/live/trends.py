"""The occupancy of each room in the last hours: a line beside the current number.

The journal's minutes, five at a time, as an SVG path; and the same in a sentence for readers who do
not see it. Read at most once per minute and site, however many pages are open.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from msgspec import Struct

from gateway.adapters.journal.rows import from_us, to_us
from gateway.clock import Clock
from gateway.console.stores import Stores
from gateway.console.web.errors import Problem
from gateway.core.model.names import SiteId, ZoneId
from gateway.core.model.site import Site
from gateway.translation import Lang, words

HOURS: Final = 6
STEP: Final = timedelta(minutes=5)
KEPT_FOR: Final = timedelta(minutes=1)
"""The journal has a new minute each minute."""
WIDTH: Final = 144
"""The drawing's width; two units per step."""
HEIGHT: Final = 24
LOW_ROOM: Final = 4
"""The smallest scale: without it, one guest would fill the line of a small room."""

_STEPS = """
    SELECT zone, time / :step * :step, avg(mean), min(min), max(max) FROM occupancy_1m
    WHERE site = :site AND time >= :since GROUP BY 1, 2 ORDER BY 1, 2
"""


class _Step(Struct, frozen=True):
    zone: ZoneId
    at: datetime
    mean: float
    low: int
    high: int


class Trend(Struct, frozen=True):
    """A zone's last hours: the line, and its text. `path` is in a box of WIDTH x HEIGHT."""

    path: str
    told: str


class Trends:
    """The last hours of every site, cached for a minute."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._clock = clock
        self._read: dict[SiteId, tuple[datetime, list[_Step]]] = {}

    async def of(self, site: Site, lang: Lang) -> dict[ZoneId, Trend]:
        """Return the zones that have one; none at all where there is no journal."""
        now = self._clock.now()
        read_at, steps = self._read.get(site.id, (None, []))
        if read_at is None or now - read_at >= KEPT_FOR:
            steps = await self._steps(site.id, now)
            self._read[site.id] = now, steps
        since = now - timedelta(hours=HOURS)
        return {
            zone: _trend(list(mine), since, site, lang)
            for zone, mine in groupby(steps, key=lambda step: step.zone)
        }

    async def _steps(self, site: SiteId, now: datetime) -> list[_Step]:
        asked = {
            "site": site,
            "since": to_us(now - timedelta(hours=HOURS)),
            "step": STEP // timedelta(microseconds=1),
        }

        def read(journal: sqlite3.Connection) -> list[_Step]:
            rows = journal.execute(_STEPS, asked)
            return [_Step(ZoneId(zone), from_us(at), *rest) for zone, at, *rest in rows]

        try:
            return await self._stores.past(read)
        except Problem:
            return []


def _trend(steps: list[_Step], since: datetime, site: Site, lang: Lang) -> Trend:
    busiest = max(steps, key=lambda step: step.high)
    say = words(lang)
    told = say(
        "Last %(hours)s hours: between %(low)s and %(high)s people, peak at %(time)s",
        hours=HOURS,
        low=min(step.low for step in steps),
        high=busiest.high,
        time=f"{busiest.at.astimezone(site.clock):%H:%M}",
    )
    return Trend(_path(steps, since, max(busiest.high, LOW_ROOM)), told)


def _path(steps: Iterable[_Step], since: datetime, most: int) -> str:
    """Return a line through the steps; it stops where the count was unknown."""
    path, before = [], None
    for step in steps:
        x = (step.at - since) / timedelta(hours=HOURS) * WIDTH
        y = HEIGHT - 1 - step.mean / most * (HEIGHT - 2)
        joined = before is not None and step.at - before <= 2 * STEP
        path.append(f"{'L' if joined else 'M'}{max(x, 0):.0f} {y:.1f}")
        before = step.at
    return "".join(path)
