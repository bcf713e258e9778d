"""Synthetic rooms in the layout of ROBOD: kinds of rooms without a recording.

python -m benchmarks.occupancy_made FOLDER seuil bench occupancy --data FOLDER/held-out

Two sets of rooms, each drawn from a fixed seed: on `tried` methods were compared and parameters
chosen; `held-out` is evaluated before and after a change, and not used for choices. People live in
one of three ways: they visit (come at any time, stay a while), they have a session (come and go
together), or they work there (come in the morning, have lunch and breaks, go home).
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from msgspec import Struct

FIRST = datetime(2026, 3, 2)  # noqa: DTZ001 - local time; a Monday
DAYS = 10
"""A week and the first days of the next: no one comes on the two days between."""
EVERY = timedelta(minutes=5)
SATURDAY = 5
CLOSES_WITHIN_H = 0.25
"""The time in which visitors leave when a place closes."""

Stay = tuple[float, float]
"""A person's arrival and departure, in hours of the day."""


class Visited(Struct, frozen=True):
    """People come at any time between `opens` and `closes`; more of them around the peaks."""

    opens: float
    closes: float
    per_h: float
    stays_h: float
    peaks: tuple[float, ...] = ()

    def day(self, draw: Random) -> Iterator[Stay]:
        """Yield Poisson arrivals (thinned away from the peaks) with exponential stays."""
        at = self.opens + draw.expovariate(self.per_h)
        while at < self.closes - 0.25:
            if not self.peaks or draw.random() < self._busy(at):
                left = at + 0.05 + draw.expovariate(1 / self.stays_h)
                yield at, min(left, self.closes - draw.uniform(0, CLOSES_WITHIN_H))
            at += draw.expovariate(self.per_h)

    def _busy(self, at: float) -> float:
        nearest = min(abs(at - peak) for peak in self.peaks)
        return max(0.15, 1.0 - nearest / 1.5)


class Booked(Struct, frozen=True):
    """Sessions at these hours, each held on a share of the days."""

    begins: tuple[float, ...]
    lasts_h: float
    fewest: int
    most: int
    held: float = 0.9
    break_after_h: float = 0.0
    """In longer ones half of the people go out for ten minutes then (0: no break)."""

    def day(self, draw: Random) -> Iterator[Stay]:
        """Yield people who come around the begin and leave around the end."""
        for begin in self.begins:
            if draw.random() >= self.held:
                continue
            for _ in range(draw.randint(self.fewest, self.most)):
                came = begin + draw.gauss(-0.03, 0.08)
                left = max(came + 0.1, begin + self.lasts_h + draw.gauss(0.03, 0.06))
                if self.break_after_h and draw.random() < 0.5:  # noqa: PLR2004 - half
                    out = begin + self.break_after_h + draw.uniform(0, 0.05)
                    yield came, out
                    came = out + draw.uniform(0.1, 0.25)
                yield came, left


class Worked(Struct, frozen=True):
    """A room of some people: they come at nine, have lunch and breaks, and go in the evening."""

    people: int
    breaks_per_h: float
    break_h: float = 0.15
    there: float = 0.8
    """The share of days on which a person comes."""

    def day(self, draw: Random) -> Iterator[Stay]:
        """Yield everyone's day, with lunch and breaks cut out."""
        for _ in range(self.people):
            if draw.random() < self.there:
                yield from self._one(draw)

    def _one(self, draw: Random) -> Iterator[Stay]:
        at, home = draw.gauss(9.0, 0.6), draw.gauss(17.5, 0.7)
        lunch = draw.gauss(12.4, 0.3)
        while at < home:
            out = min(at + 0.05 + draw.expovariate(self.breaks_per_h), home)
            if at < lunch <= out and lunch < home:
                yield at, lunch
                at = lunch + draw.uniform(0.4, 1.0)
                continue
            yield at, out
            at = out + draw.uniform(0.5, 1.5) * self.break_h if out < home else home


Way = Visited | Booked | Worked
SETS: dict[str, dict[str, Way]] = {
    "tried": {
        "library": Visited(9, 19, per_h=12, stays_h=1.5),
        "office": Worked(8, breaks_per_h=0.4),
        "lectures": Booked((8, 10, 13.5, 15.5), lasts_h=1.6, fewest=18, most=35),
        "meetings": Booked((9.5, 11, 14, 15, 16.5), lasts_h=0.75, fewest=2, most=8, held=0.6),
        "open-space": Worked(45, breaks_per_h=0.5),
    },
    "held-out": {
        "reading-room": Visited(8, 22, per_h=6, stays_h=3.0),
        "cafe": Visited(7.5, 18, per_h=36, stays_h=0.6),
        "gym": Visited(6.5, 22, per_h=24, stays_h=1.1, peaks=(7.5, 12.5, 18.5)),
        "seminar": Booked((9, 13.5), lasts_h=3.0, fewest=8, most=18, break_after_h=1.5),
        "small-office": Worked(3, breaks_per_h=0.6),
        "call-centre": Worked(30, breaks_per_h=1.0, break_h=0.2, there=0.9),
    },
}
SEEDS = {"tried": 11, "held-out": 23}


def counts(way: Way, draw: Random) -> list[int]:
    """Return the number of people at each `EVERY`, from midnight on, for `DAYS` days."""
    steps = timedelta(days=1) // EVERY
    people = [0] * (DAYS * steps + 1)
    for day in range(DAYS):
        if (FIRST + timedelta(days=day)).weekday() >= SATURDAY:
            continue
        for came, left in way.day(draw):
            for step in range(_step(came), min(_step(left), steps)):
                people[day * steps + step] += 1
    return people


def write(folder: Path) -> None:
    """Write both sets, one file per room."""
    for name, rooms in SETS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for room, way in rooms.items():
            draw = Random(f"{SEEDS[name]}/{room}")  # noqa: S311 - the same rooms everywhere
            _save(folder / name / f"{room}.csv", counts(way, draw))


def _step(hour: float) -> int:
    return max(0, int(timedelta(hours=hour) / EVERY))


def _save(file: Path, people: Sequence[int]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(("timestamp", "occupant_count"))
        for number, count in enumerate(people):
            rows.writerow((f"{FIRST + number * EVERY:%Y-%m-%d %H:%M} +00:00", count))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
