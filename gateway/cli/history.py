"""`seuil history`: occupancy and decisions of the past, from the journal alone."""

import csv
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import (
    AccessDay,
    HistoryQuery,
    OccupancyMinutes,
    ZoneDay,
    access_1d,
    occupancy_1d,
    occupancy_1m,
)
from gateway.cli import errors
from gateway.cli.journal_option import open_past
from gateway.cli.time_options import moment
from gateway.clock import SystemClock
from gateway.config import load_settings

Line = OccupancyMinutes | ZoneDay | AccessDay
Ask = Callable[[sqlite3.Connection, HistoryQuery], Iterator[Line]]


class Measurement(StrEnum):
    """The measurements that can be requested, by InfluxDB's names."""

    OCCUPANCY_1M = "occupancy_1m"
    OCCUPANCY_1D = "occupancy_1d"
    ACCESS_1D = "access_1d"


_TABLES: dict[Measurement, tuple[type[Line], Ask]] = {
    Measurement.OCCUPANCY_1M: (OccupancyMinutes, occupancy_1m),
    Measurement.OCCUPANCY_1D: (ZoneDay, occupancy_1d),
    Measurement.ACCESS_1D: (AccessDay, access_1d),
}


_FIGURES = frozenset({"mean", "min", "max", "in_use", "minutes", "count"})


def _moment(text: str) -> datetime:
    return moment(text, SystemClock().now())


def history(
    place: Annotated[
        Path, typer.Argument(help="The data folder, its journal, or the space file.", exists=True)
    ],
    *,
    measurement: Annotated[
        Measurement, typer.Option("--measurement", "-m", help="What to show, by InfluxDB's names.")
    ] = Measurement.OCCUPANCY_1D,
    site: Annotated[str | None, typer.Option(help="Of this site only.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of this zone only.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=_moment, help="From then on: a time (UTC unless it says) or how long ago (30d)."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            parser=_moment, help="Before then: a time (UTC unless it says) or how long ago (12h)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a heading.")] = False,
) -> None:
    """Show how full each zone was, and what the doors decided: without InfluxDB, same numbers."""
    if as_json and as_csv:
        raise typer.BadParameter("either --json or --csv")
    if zone is not None and measurement is Measurement.ACCESS_1D:
        raise typer.BadParameter("access_1d is counted per access point, not per zone: no --zone")
    kind, ask = _TABLES[measurement]
    show = _show_json if as_json else _show_csv if as_csv else _show_table
    query = HistoryQuery(site, zone, since, until)
    with errors.told(as_json=as_json), open_past(_journal_of(place)) as journal:
        show(kind, ask(journal, query))


def _journal_of(place: Path) -> Path:
    """Return a journal: the file itself, in its folder, or the one of a space's settings."""
    is_space = place.suffix == ".toml" or any(place.glob("*.toml"))
    folder = load_settings().data_dir if is_space else place
    return folder if folder.is_file() else folder / JOURNAL_FILE


def _show_json(_: type[Line], lines: Iterator[Line]) -> None:
    encode = msgspec.json.Encoder().encode
    for line in lines:
        sys.stdout.write(encode(line).decode() + "\n")


def _show_csv(kind: type[Line], lines: Iterator[Line]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(kind.__struct_fields__)
    writer.writerows(map(msgspec.to_builtins, map(msgspec.structs.astuple, lines)))


def _show_table(kind: type[Line], lines: Iterator[Line]) -> None:
    table = Table(*kind.__struct_fields__)
    for line in lines:
        table.add_row(*map(_cell, msgspec.structs.astuple(line)))
    for column in table.columns:
        column.justify = "right" if column.header in _FIGURES else "left"
    console = Console()
    console.print(table if table.row_count else "nothing is known of that time")


def _cell(value: object) -> str:
    match value:
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case float():
            return f"{value:.2f}"
        case None:
            return ""
        case _:
            return str(value)
