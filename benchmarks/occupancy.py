"""`seuil bench occupancy`: the estimator beside three usual methods of counting people.

Every method gets the same evidence, from recordings and simulated days, drawn from the same seed,
in the same run. Only the times depend on this machine; the other figures are the same everywhere.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from time import process_time

from msgspec import Struct

from benchmarks import occupancy_days
from benchmarks.gc_pause import frozen
from benchmarks.occupancy_methods import METHODS
from benchmarks.occupancy_rooms import RoomRecording, read_rooms
from benchmarks.occupancy_score import ScoreRow, scored
from benchmarks.occupancy_sensing import faults_of, sensed
from benchmarks.occupancy_story import Story
from gateway.core.estimator import estimate as reading
from gateway.core.estimator import reorder_window, state
from gateway.core.estimator.evidence import Evidence, MotionSeen, TotalsTold
from gateway.core.model.names import DeviceId, ZoneId

DATASETS = Path("../shared/datasets")
"""Read when no data is named, if it exists."""
DAYS_MIN = 20
"""The least number of simulated days: a single one has few people, and luck."""
SPEED_EVENTS = 2_000
_BEGIN = datetime(2026, 11, 23, 8, tzinfo=UTC)
_ROOM = ZoneId("room")


class Speed(Struct, frozen=True):
    """CPU microseconds to process one event and read the zone, by the zone's capacity."""

    us_at_60: float
    us_at_200: float


class Occupancy(Struct, frozen=True):
    """The result of the benchmark."""

    rows: tuple[ScoreRow, ...]
    speed: Speed


class OccupancyTrial(Struct, frozen=True):
    """One story for every method."""

    fault: str
    seed: int
    story: Callable[[], Story]


def trials(data: Sequence[Path], seeds: int) -> list[OccupancyTrial]:
    """Return each recording with each fault and seed, and the simulated days.

    Raises:
        BenchError: data that cannot be read.
    """
    if not data and DATASETS.is_dir():
        data = [DATASETS]
    return [*_recorded(read_rooms(data), seeds), *_simulated(max(seeds, DAYS_MIN))]


async def measure(todo: Sequence[OccupancyTrial], on_row: Callable[[int], None]) -> Occupancy:
    """Run every method on every trial; `on_row` gets the number of finished ones."""
    rows: list[ScoreRow] = []
    for number, trial in enumerate(todo, start=1):
        story = trial.story()
        for method in METHODS:
            rows.append(scored(story, method, trial.fault, trial.seed))
            await asyncio.sleep(0)  # so that Ctrl-C is handled
        on_row(number)
    return Occupancy(tuple(rows), Speed(us_per_event(60), us_per_event(200)))


def us_per_event(capacity: int) -> float:
    """Return the mean CPU time of one event in a busy room of this capacity, in microseconds."""
    estimate = reorder_window.begun({_ROOM: capacity}, _BEGIN)
    events = list(_busy(capacity))
    with frozen():  # as the service's: the recordings in memory do not belong to it
        begin = process_time()
        for event in events:
            estimate = reorder_window.told(estimate, event, event.at)
            reading.read([state.zone_at(estimate, _ROOM, event.at)], capacity, 0)
        spent = process_time() - begin
    return round(1e6 * spent / len(events), 1)


def _recorded(rooms: Sequence[RoomRecording], seeds: int) -> Iterator[OccupancyTrial]:
    for room in rooms:
        for fault in faults_of(room):
            for seed in range(seeds if fault.draws else 1):
                yield OccupancyTrial(fault.name, seed, partial(sensed, room, fault, seed))


def _simulated(seeds: int) -> Iterator[OccupancyTrial]:
    for seed in range(seeds):
        yield OccupancyTrial(occupancy_days.FAULT, seed, lambda s=seed: occupancy_days.lived(s))  # type: ignore[misc]


def _busy(capacity: int) -> Iterator[Evidence]:
    """Yield passages each 20 s in the mean, and as many PIR events; the room is about half full."""
    draw = Random(capacity)  # noqa: S311 - a benchmark is repeatable
    at, entered, left = _BEGIN, 0, 0
    for number in range(SPEED_EVENTS):
        at += timedelta(seconds=draw.expovariate(1 / 10))
        if draw.random() < 0.5:  # noqa: PLR2004 - half and half
            active = number % 4 < 2  # noqa: PLR2004 - likewise
            yield MotionSeen(at=at, device=DeviceId("pir"), seq=number, zone=_ROOM, active=active)
            continue
        inward = entered - left < capacity / 2 or draw.random() < 0.5  # noqa: PLR2004 - likewise
        entered, left = entered + inward, left + (not inward)
        yield TotalsTold(
            at=at,
            device=DeviceId("counter"),
            boot=1,
            seq=number,
            inner=_ROOM,
            outer=None,
            in_total=entered,
            out_total=left,
        )
