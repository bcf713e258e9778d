"""Public data sets of people, converted to readings with their times.

CalIt2 (UCI 156) has no header: flow (7 out, 9 in), MM/DD/YY, HH:MM:SS, and the count in the half
hour that starts there. Its times are local times in California; they are read as UTC, since the
file has no hour twice. ROBOD (room 1) has a header, times with their offset, a true
`occupant_count` and, in most rows, `indoor_co2`.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from gateway.core.readings import Co2, Counted, Crossed, Reading

HALF_HOUR = timedelta(minutes=30)
_FLOWS = {"7": "out", "9": "in"}
_CALIT2_COLUMNS = 4
_ROBOD_NEEDS = ("timestamp", "occupant_count", "indoor_co2")
_RIGHT = (
    "right would be CalIt2 (UCI 156: 7,07/24/05,00:00:00,0 and no header) "
    "or ROBOD (a header with timestamp, occupant_count and indoor_co2)"
)


class LayoutError(Exception):
    """A file has no known layout: the place, the content found, and the correct one."""


class Timed(Struct, frozen=True):
    """One reading of the replayed device."""

    at: datetime
    reading: Reading


class Recording(Struct, frozen=True):
    """A data set as one device would have sent it, in order of time; `totals` are the file's."""

    layout: str
    timed: tuple[Timed, ...]
    totals: dict[str, int]


def read_recording(path: Path) -> Recording:
    """Return the recording in a file, or in the one file of a folder that has a known layout.

    Raises:
        LayoutError: There is none, or there are several.
    """
    if path.is_file():
        return _read(path)
    if not path.is_dir():
        raise LayoutError(f"{path}: there is no such file or folder; {_RIGHT}")
    files = [file for file in sorted(path.iterdir()) if file.suffix in {".csv", ".data"}]
    known = [file for file in files if _layout(_first_line(file)) is not None]
    if len(known) != 1:
        names = ", ".join(file.name for file in known) or "none"
        raise LayoutError(f"{path}: files of a known layout: {names}; name one; {_RIGHT}")
    return _read(known[0])


def _read(file: Path) -> Recording:
    first = _first_line(file)
    layout = _layout(first)
    if layout is None:
        raise LayoutError(f"{file}: line 1: found {first[:80]!r}; {_RIGHT}")
    with file.open(encoding="utf-8", newline="") as lines:
        return _calit2(file, csv.reader(lines)) if layout == "CalIt2" else _robod(file, lines)


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.readline().strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise LayoutError(f"{file}: cannot be read: {wrong}; {_RIGHT}") from wrong


def _layout(first: str) -> str | None:
    cells = first.split(",")
    if len(cells) == _CALIT2_COLUMNS and cells[0] in _FLOWS:
        return "CalIt2"
    return "ROBOD" if all(name in cells for name in _ROBOD_NEEDS) else None


def _calit2(file: Path, rows: Iterator[list[str]]) -> Recording:
    counts: dict[datetime, dict[str, int]] = {}
    for line, row in enumerate(rows, start=1):
        if not row:
            continue
        try:
            flow, day, clock, people = row
            begin = datetime.strptime(f"{day} {clock}", "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
            counts.setdefault(begin, {"in": 0, "out": 0})[_FLOWS[flow]] += int(people)
        except (ValueError, KeyError) as wrong:
            right = "flow (7 or 9), MM/DD/YY, HH:MM:SS, count"
            raise LayoutError(f"{file}: line {line}: found {','.join(row)!r}; {right}") from wrong
    totals = {way: sum(count[way] for count in counts.values()) for way in ("in", "out")}
    return Recording("CalIt2", tuple(_crossings(counts)), totals)


def _crossings(counts: dict[datetime, dict[str, int]]) -> Iterator[Timed]:
    """Yield totals that grow evenly within each half hour, after an initial zero."""
    entered = left = 0
    yield Timed(min(counts), Crossed(0, 0))
    for begin, count in sorted(counts.items()):
        moments: dict[datetime, tuple[int, int]] = {}
        for at in _spread(begin, count["in"]):
            moments[at] = (1, 0)
        for at in _spread(begin, count["out"]):
            moments[at] = (moments.get(at, (0, 0))[0], 1)
        for at, (comes, goes) in sorted(moments.items()):
            entered, left = entered + comes, left + goes
            yield Timed(at, Crossed(entered, left))


def _spread(begin: datetime, people: int) -> Iterator[datetime]:
    """Yield one moment per person, all inside the half hour and none on its edges."""
    for number in range(people):
        seconds = HALF_HOUR.total_seconds() * (number + 0.5) / people
        yield begin + timedelta(milliseconds=round(seconds * 1000))


def _robod(file: Path, lines: Iterator[str]) -> Recording:
    timed: list[Timed] = []
    totals = {"count": 0, "co2": 0, "people": 0}
    for line, row in enumerate(csv.DictReader(lines), start=2):
        try:
            at = datetime.strptime(row["timestamp"], "%Y-%m-%d %H:%M %z").astimezone(UTC)
            people = int(float(row["occupant_count"]))
            ppm = float(row["indoor_co2"]) if row["indoor_co2"] else None
        except (ValueError, TypeError) as wrong:
            right = "a timestamp like 2021-09-07 00:00 +08:00, and numbers"
            raise LayoutError(f"{file}: line {line}: {wrong}; {right}") from wrong
        timed.append(Timed(at, Counted(people)))
        totals["count"] += 1
        totals["people"] += people
        if ppm is not None:
            timed.append(Timed(at, Co2(ppm)))
            totals["co2"] += 1
    return Recording("ROBOD", tuple(timed), totals)
