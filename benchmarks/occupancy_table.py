"""The benchmark's rows as a table: one line per file, fault and method, over all seeds."""

from collections.abc import Iterable, Sequence
from statistics import mean

from rich.table import Table

from benchmarks.occupancy import Occupancy
from benchmarks.occupancy_score import ScoreRow

_COLUMNS = (
    "file",
    "fault",
    "method",
    "MAE",
    "worst",
    "exact",
    "vacancy",
    "worst",
    "80 % holds",
    "below 0",
    "04:00 max",
    "us/event",
)
_TEXTS = 3


def table(measured: Occupancy) -> Table:
    """Return one line per file, fault and method."""
    shown = Table(box=None, pad_edge=False, caption=_speed(measured), caption_justify="left")
    for number, name in enumerate(_COLUMNS):
        shown.add_column(name, justify="left" if number < _TEXTS else "right")
    groups: dict[tuple[str, str, str], list[ScoreRow]] = {}
    for row in measured.rows:
        groups.setdefault((row.file, row.fault, row.method), []).append(row)
    for group, rows in groups.items():
        shown.add_row(*group, *_figures(rows))
    return shown


def _figures(rows: Sequence[ScoreRow]) -> Iterable[str]:
    maes, vacancies = [row.mae for row in rows], [row.vacancy for row in rows]
    yield _mean(maes)
    yield _told(max((mae for mae in maes if mae is not None), default=None))
    yield _mean([row.exact for row in rows])
    yield _mean(vacancies)
    yield _told(min((each for each in vacancies if each is not None), default=None))
    yield _mean([row.coverage for row in rows])
    yield str(sum(row.negative for row in rows))
    yield str(max(row.night_max for row in rows)) if any(row.nights for row in rows) else ""
    yield f"{mean(row.us_per_event for row in rows):.0f}"


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return _told(mean(known) if known else None)


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _speed(measured: Occupancy) -> str:
    speed = measured.speed
    return f"CPU per event: {speed.us_at_60} us at 60 people, {speed.us_at_200} us at 200"
