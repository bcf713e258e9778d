"""The setup of a simulation: a `Run` from sites, people, faults and a broker, and a roster."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time
from io import StringIO
from pathlib import Path
from typing import Literal

from msgspec import Struct

from gateway.clock import Clock
from gateway.core.model.site import Site
from gateway.files import write_whole
from gateway.wire.topics import Topics
from simulators.faults import FaultRates
from simulators.link import Broker
from simulators.outcomes import Bookkeeping
from simulators.people import MEMBERS
from simulators.roster import COLUMNS, roster
from simulators.run import LiveClock, Run, new_boot
from simulators.scenarios import SCENARIOS, Cast, ScenarioName
from simulators.truth import COLUMNS as TRUTH_COLUMNS
from simulators.truth import Tell
from simulators.world import World

FaultsName = Literal["none", "ordinary", "rough"]
FAULTS: dict[FaultsName, FaultRates] = {
    "none": FaultRates.none(),
    "ordinary": FaultRates.ordinary(),
    "rough": FaultRates.rough(),
}


class Plot(Struct, frozen=True):
    """The parameters of a simulation. The same plot gives the same people, habits and faults.

    `members` is the number of people per site; at `speed` 60 a day of habits passes in 24 minutes.
    `opens` is the local time of day at which it begins (None: the scenario's own), and the hours
    without people pass `night_haste` times faster still.
    """

    scenario: ScenarioName = "ordinary-day"
    seed: int = 1
    speed: float = 60.0
    faults: FaultsName = "ordinary"
    members: int = MEMBERS
    opens: time | None = None
    night_haste: float = 1.0


def stage(
    sites: Sequence[Site],
    plot: Plot,
    broker: Broker,
    clock: Clock,
    *,
    prefix: str = "seuil",
    tell: Tell = lambda _: None,
    readers_key: bytes | None = None,
) -> Run:
    """Return a run that is ready to start; `tell` gets every change of the true counts.

    With the `readers_key` readers use their rights lists while they are cut off.
    """
    live = LiveClock(clock)
    topics, tally, boot = Topics(prefix), Bookkeeping(), new_boot(clock)
    worlds = [
        World(
            _cast(site, plot),
            live.now(),
            boot=boot,
            faults=FAULTS[plot.faults],
            speed=plot.speed,
            topics=topics,
            tally=tally,
            tell=tell,
            readers_key=readers_key,
        )
        for site in sites
    ]
    return Run(worlds, broker, topics, live, tally)


def roster_rows(sites: Sequence[Site], plot: Plot, today: date) -> Iterator[dict[str, str]]:
    """Yield the lines of `seuil members import` for everyone of the plot who is enrolled."""
    for site in sites:
        cast = _cast(site, plot)
        yield from roster(site, cast.scenario.people(site, plot.seed, plot.members), today)


def write_roster(file: Path, sites: Sequence[Site], plot: Plot, today: date) -> int:
    """Write the roster as CSV, and return the number of lines."""
    rows = list(roster_rows(sites, plot, today))
    lines = StringIO(newline="")
    writer = csv.DictWriter(lines, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    write_whole(file, lines.getvalue().encode())
    return len(rows)


@contextmanager
def truth_file(file: Path | None) -> Iterator[Tell]:
    """Write every true count to a CSV file as it changes; without a file, do nothing."""
    if file is None:
        yield lambda _: None
        return
    with file.open("w", encoding="utf-8", newline="", buffering=1) as opened:
        writer = csv.writer(opened)
        writer.writerow(TRUTH_COLUMNS)
        yield lambda count: writer.writerow(count.row())


def _cast(site: Site, plot: Plot) -> Cast:
    return Cast(
        site, SCENARIOS[plot.scenario], plot.seed, plot.members, plot.opens, plot.night_haste
    )
