"""Recordings: rooms with a true count (ROBOD, UCI 864), and a door with counters (CalIt2).

A file is recognised by its first line, whatever its name:

    ROBOD    a header with `timestamp` and `occupant_count`
    UCI 864  a header with `Date`, `Time`, `Room_Occupancy_Count` and columns that end in `_PIR`
    CalIt2   no header: 7 or 9, MM/DD/YY, HH:MM:SS, people (read by `simulators.layouts`)

Rows without a count are left out: nothing can be judged there.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

from msgspec import Struct

from benchmarks.processes import BenchError
from gateway.core.readings import Crossed
from simulators.layouts import LayoutError, read_recording

Layout = Literal["ROBOD", "UCI 864", "CalIt2"]
SUFFIXES = frozenset({".csv", ".data"})
_ROBOD = {"timestamp", "occupant_count"}
_UCI864 = {"Date", "Time", "Room_Occupancy_Count"}
_RIGHT = (
    "right would be ROBOD (a header with timestamp and occupant_count), UCI 864 (a header with"
    " Date, Time, Room_Occupancy_Count and *_PIR) or CalIt2 (7,07/24/05,00:00:00,0 and no header)"
)


class Sample(Struct, frozen=True):
    """The true count at a moment, and the room's PIR events since the last one (None: no data)."""

    at: datetime
    people: int
    motion: bool | None = None


class RoomRecording(Struct, frozen=True):
    """A recording. CalIt2 has `crossings` and no samples, the others samples alone."""

    file: str
    layout: Layout
    every: timedelta
    """The usual time between two samples."""
    local: timedelta
    """Local time less UTC."""
    samples: tuple[Sample, ...] = ()
    crossings: tuple[tuple[datetime, Crossed], ...] = ()


def read_rooms(paths: Iterable[Path]) -> list[RoomRecording]:
    """Return every recording in these files, and in the files of these folders at any depth.

    Raises:
        BenchError: a file has no known layout, or cannot be read, or a folder holds none.
    """
    return [room for path in paths for room in _read_path(path)]


def _read_path(path: Path) -> Iterator[RoomRecording]:
    if path.is_file():
        layout = _layout(path)
        if layout is None:
            raise BenchError(f"{path}: line 1: no known layout; {_RIGHT}")
        yield _read(path, layout)
        return
    if not path.is_dir():
        raise BenchError(f"{path}: there is no such file or folder; {_RIGHT}")
    files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES]
    known = [(file, layout) for file in files if (layout := _layout(file)) is not None]
    if not known:
        raise BenchError(f"{path}: no file of a known layout; {_RIGHT}")
    for file, layout in known:
        yield _read(file, layout)


def _layout(file: Path) -> Layout | None:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            cells = {cell.strip() for cell in lines.readline().split(",")}
    except (OSError, UnicodeDecodeError) as wrong:
        raise BenchError(f"{file}: cannot be read: {wrong}") from wrong
    if cells >= _ROBOD:
        return "ROBOD"
    if cells >= _UCI864:
        return "UCI 864"
    return "CalIt2" if {"7", "9"} & cells else None


def _read(file: Path, layout: Layout) -> RoomRecording:
    if layout == "CalIt2":
        return _calit2(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = enumerate(csv.DictReader(lines, skipinitialspace=True), start=2)
        read = _robod_row if layout == "ROBOD" else _uci864_row
        samples: list[Sample] = []
        local = timedelta(0)
        for line, row in rows:
            try:
                sample = read(row)
            except (KeyError, TypeError, ValueError) as wrong:
                raise BenchError(f"{file}: line {line}: {wrong}; {_RIGHT}") from wrong
            if sample is not None:
                samples.append(sample)
                local = sample.at.utcoffset() or timedelta(0)
    if len(samples) < 2:  # noqa: PLR2004 - one has no time between
        raise BenchError(f"{file}: fewer than two rows with a count; {_RIGHT}")
    samples.sort(key=lambda sample: sample.at)
    pairs = pairwise(samples)
    between = sorted(later.at - sooner.at for sooner, later in pairs)
    return RoomRecording(file.name, layout, between[len(between) // 2], local, tuple(samples))


def _robod_row(row: dict[str, str]) -> Sample | None:
    count = row["occupant_count"].strip()
    if not count:
        return None
    return Sample(_moment(row["timestamp"]), max(0, round(float(count))))


def _uci864_row(row: dict[str, str]) -> Sample | None:
    count = row["Room_Occupancy_Count"].strip()
    if not count:
        return None
    at = _moment(f"{row['Date'].replace('/', '-')} {row['Time']}")
    bits = [float(row[name] or 0) > 0 for name in row if name and name.endswith("_PIR")]
    return Sample(at, max(0, round(float(count))), motion=any(bits) if bits else None)


def _moment(text: str) -> datetime:
    """Parse 2021-09-07 00:00 +08:00, with seconds or without; no offset: UTC."""
    day, clock, *offset = text.replace("T", " ").split()
    seconds = "%H:%M:%S" if clock.count(":") > 1 else "%H:%M"
    if not offset:
        return datetime.strptime(f"{day} {clock}", f"%Y-%m-%d {seconds}").replace(tzinfo=UTC)
    return datetime.strptime(f"{day} {clock} {offset[0]}", f"%Y-%m-%d {seconds} %z")


def _calit2(file: Path) -> RoomRecording:
    try:
        recording = read_recording(file)
    except LayoutError as wrong:
        raise BenchError(str(wrong)) from wrong
    crossings = tuple(
        (timed.at, timed.reading) for timed in recording.timed if isinstance(timed.reading, Crossed)
    )
    return RoomRecording(
        file.name, "CalIt2", timedelta(minutes=30), timedelta(0), crossings=crossings
    )
