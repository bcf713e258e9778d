"""A recorded room as seen by simulated sensors with faults: the evidence for the methods.

A file's truth gives the number of people, not the sensors' messages. So a door counter sees each
change of the count except its misses; it also sees ghosts. PIRs are the file's own, or else drawn
half a minute at a time with the rates measured in UCI 864. All is drawn from the seed, the file and
the fault.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from msgspec import Struct

from benchmarks.occupancy_rooms import RoomRecording, Sample
from benchmarks.occupancy_story import ReceivedEvidence, Story, ZoneTruth
from gateway.core.estimator.evidence import (
    DeviceJudged,
    Evidence,
    MotionSeen,
    PresenceSeen,
    TotalsTold,
)
from gateway.core.model.names import DeviceId, ZoneId

ROOM = ZoneId("room")
COUNTER, PIR, RADAR = DeviceId("counter"), DeviceId("pir"), DeviceId("radar")
GHOSTS = 0.002
"""The chance of a ghost in five minutes."""
GHOSTS_PER = timedelta(minutes=5)
TRIGGERS = (0.003, 0.35, 0.64, 0.77)
"""P(a trigger in half a minute) with 0, 1, 2, and more people: measured in UCI 864."""
HALF_MINUTE = timedelta(seconds=30)
RADAR_FALSE = 30 / 3600
"""P(a false trigger of a radar in half a minute)."""
GAP = 3
"""A recording that pauses for more than this many of its steps was switched off."""
BREAKS_AT = 0.25
"""The share of the recording after which a sensor breaks."""
FOUND_DEAD = timedelta(hours=2)
"""A completely silent sensor is found offline after this (`silent_after_s`)."""


class SensingFault(Struct, frozen=True):
    """The installed sensors, and their fault."""

    name: str
    misses: float = 0.0
    ghosts: float = 0.0
    door: bool = True
    pir: bool = True
    pir_dies: bool = False
    radar: bool = False
    radar_sticks: bool = False
    draws: bool = True
    """Another seed gives another story."""


FAULTS = (
    SensingFault("none"),
    SensingFault("misses-5", misses=0.05, ghosts=GHOSTS),
    SensingFault("misses-10", misses=0.10, ghosts=GHOSTS),
    SensingFault("mmwave", misses=0.05, ghosts=GHOSTS, radar=True),
    SensingFault("mmwave-stuck", misses=0.05, ghosts=GHOSTS, radar=True, radar_sticks=True),
    SensingFault("pir-dies", misses=0.05, ghosts=GHOSTS, pir_dies=True),
    SensingFault("door-alone", misses=0.05, ghosts=GHOSTS, pir=False),
    SensingFault("pir-alone", door=False),
)
AS_RECORDED = SensingFault("as-recorded", draws=False)
"""A file that contains the records of a real door."""


def faults_of(room: RoomRecording) -> tuple[SensingFault, ...]:
    """Return the faults that a recording can be tried with."""
    return (AS_RECORDED,) if room.layout == "CalIt2" else FAULTS


def sensed(room: RoomRecording, fault: SensingFault, seed: int) -> Story:
    """Return the story as the sensors report it."""
    if room.layout == "CalIt2":
        return _as_recorded(room)
    draw = Random(f"{seed}/{room.file}/{fault.name}")  # noqa: S311 - a benchmark is repeatable
    arrived = list(_evidence(room, fault, draw))
    arrived.sort(key=lambda each: (each.at, each.device, each.seq or 0))
    return Story(
        name=room.file,
        layout=room.layout,
        capacities={ROOM: None},
        parts={ROOM: (ROOM,)},
        arrived=[ReceivedEvidence(each.at, each) for each in arrived],
        looks=[ZoneTruth(sample.at, ROOM, sample.people) for sample in room.samples],
        local=room.local,
    )


def _as_recorded(room: RoomRecording) -> Story:
    arrived = [
        ReceivedEvidence(at, _totals(at, number, crossed.in_total, crossed.out_total))
        for number, (at, crossed) in enumerate(room.crossings)
    ]
    first, last = room.crossings[0][0], room.crossings[-1][0]
    begin = first.replace(minute=0, second=0, microsecond=0)
    looks = [
        ZoneTruth(begin + room.every * number, ROOM, None)
        for number in range(1, (last - begin) // room.every + 2)
    ]
    return Story(room.file, room.layout, {ROOM: None}, {ROOM: (ROOM,)}, arrived, looks, room.local)


def _evidence(room: RoomRecording, fault: SensingFault, draw: Random) -> Iterator[Evidence]:
    if fault.door:
        yield from _door(room, fault, draw)
    if fault.pir:
        yield from _pir(room, fault, draw)
    if fault.radar:
        yield from _radar(room, fault, draw)
    yield from _pauses(room, fault)


def _steps(room: RoomRecording) -> Iterator[tuple[datetime, Sample, int]]:
    """Yield each sample with the start of its step (after a pause), and its change."""
    before = Sample(room.samples[0].at - room.every, 0)
    for sample in room.samples:
        begin = max(before.at, sample.at - GAP * room.every)
        if begin != before.at:
            begin = sample.at - room.every
        yield begin, sample, sample.people - before.people
        before = sample


def _door(room: RoomRecording, fault: SensingFault, draw: Random) -> Iterator[Evidence]:
    first = room.samples[0].at - room.every
    entered = left = number = 0
    yield _totals(first, number, 0, 0)
    for begin, sample, change in _steps(room):
        moments = [
            (_within(begin, sample.at, draw), 1 if change > 0 else -1)
            for _ in range(abs(change))
            if draw.random() >= fault.misses
        ]
        ghosts = fault.ghosts * ((sample.at - begin) / GHOSTS_PER)
        if draw.random() < ghosts:
            moments.append((_within(begin, sample.at, draw), draw.choice((1, -1))))
        for at, way in sorted(moments):
            entered, left, number = entered + (way > 0), left + (way < 0), number + 1
            yield _totals(at, number, entered, left)


def _pir(room: RoomRecording, fault: SensingFault, draw: Random) -> Iterator[Evidence]:
    active, number = False, 0
    dies = _breaks_at(room) if fault.pir_dies else None
    for begin, sample, _ in _steps(room):
        for at, moved in _half_minutes(begin, sample, draw):
            if dies is not None and at >= dies:
                break
            # An event on each trigger, and one when it is over: as cheap PIRs do it.
            if moved or active:
                number += 1
                yield MotionSeen(at=at, device=PIR, seq=number, zone=ROOM, active=moved)
            active = moved
    if dies is not None:
        yield DeviceJudged(at=dies + FOUND_DEAD, device=PIR, health="offline")


def _half_minutes(begin: datetime, sample: Sample, draw: Random) -> Iterator[tuple[datetime, bool]]:
    if sample.motion is not None:
        yield sample.at, sample.motion
        return
    rate = TRIGGERS[min(sample.people, len(TRIGGERS) - 1)]
    for step in range(1, max(1, round((sample.at - begin) / HALF_MINUTE)) + 1):
        at = min(sample.at, begin + step * HALF_MINUTE)
        yield at, draw.random() < rate


def _radar(room: RoomRecording, fault: SensingFault, draw: Random) -> Iterator[Evidence]:
    """Yield presence while somebody is there, and false ones now and then; it may stick forever."""
    active, number = False, 0
    sticks = _breaks_at(room) if fault.radar_sticks else None
    for _, sample, _ in _steps(room):
        seen = sample.people > 0 or draw.random() < RADAR_FALSE
        if seen != active:
            number += 1
            yield PresenceSeen(at=sample.at, device=RADAR, seq=number, zone=ROOM, active=seen)
            active = seen
        if active and sticks is not None and sample.at >= sticks:
            return


def _pauses(room: RoomRecording, fault: SensingFault) -> Iterator[Evidence]:
    """Yield the pauses of the sensors while the recording pauses, as the gateway notices them."""
    here = [(COUNTER, fault.door), (PIR, fault.pir), (RADAR, fault.radar)]
    devices = [device for device, there in here if there]
    dies = _breaks_at(room) if fault.pir_dies else None
    for before, after in pairwise(room.samples):
        if after.at - before.at <= GAP * room.every:
            continue
        back = after.at - room.every
        for device in devices:
            yield DeviceJudged(at=before.at, device=device, health="offline")
            if device != PIR or dies is None or back < dies:
                yield DeviceJudged(at=back, device=device, health="well")


def _breaks_at(room: RoomRecording) -> datetime:
    return room.samples[round(len(room.samples) * BREAKS_AT)].at


def _totals(at: datetime, number: int, entered: int, left: int) -> TotalsTold:
    return TotalsTold(
        at=at,
        device=COUNTER,
        boot=1,
        seq=number,
        inner=ROOM,
        outer=None,
        in_total=entered,
        out_total=left,
        place="door",
    )


def _within(begin: datetime, end: datetime, draw: Random) -> datetime:
    return begin + (end - begin) * draw.random()
