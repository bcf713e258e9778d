"""`seuil devices`: the state of each reader and sensor, and the reset of a board's numbering."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway.adapters.journal import queries
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.queries import DeviceLine
from gateway.cli import errors
from gateway.cli.journal_option import open_past
from gateway.cli.request_options import (
    AsJson,
    By,
    DataDir,
    SiteOption,
    Why,
    ask_and_tell,
    site_named,
    words_of,
)
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, load_settings
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.requests import ResetDevice
from gateway.doctor.finding import spoken
from gateway.wire.alarm_texts import alarm_words
from gateway.wire.texts import clock_off

_COLUMNS: Final = (
    "device", "role", "site", "heard", "clock", "generation", "boots", "battery", "firmware",
    "alarms",
)  # fmt: skip

app = typer.Typer(
    help="How each reader and sensor is; have the numbers of a new board begin again.",
    no_args_is_help=True,
)


@app.command("list")
def list_devices(
    *,
    site: Annotated[str | None, typer.Option("--site", help="Of this site only.")] = None,
    as_json: AsJson = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
) -> None:
    """List every device: heard when, its clock, its numbering, its battery, what is wrong.

    It reads the gateway's journal, so it also works while the gateway is away.
    """
    now = SystemClock().now()
    with errors.told(as_json=as_json):
        folder = data_dir or load_settings().data_dir
        found = _devices(folder, None if site is None else site_named(site), now)
    if as_json:
        rows = [{"site": of} | msgspec.to_builtins(line) for of, line in found]
        typer.echo(json.dumps({"devices": rows}, ensure_ascii=False))
        return
    console = Console(highlight=False, markup=False)
    console.print(_table(found, now) if found else "no device is known yet")
    for kind in sorted({kind for _, line in found for kind in line.alarms}):
        said = alarm_words(kind)
        console.print(f"{kind} ({said.word}): {said.do}")


@app.command("reset")
def reset_device(
    device: Annotated[str, typer.Argument(help="The device's id.")],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Have a device's numbers begin again: its board was erased or replaced, or is shut out."""
    ask_and_tell(
        lambda _: ResetDevice(DeviceId(device), words_of(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


def _devices(
    folder: Path, wanted: SiteId | None, now: datetime
) -> tuple[tuple[SiteId, DeviceLine], ...]:
    """Return every device of the wanted site, or of all, as the space file lists them."""
    with open_past(folder / JOURNAL_FILE) as journal:
        known = queries.sites(journal)
        if wanted is not None and wanted not in known:
            right = f"it knows {', '.join(known)}" if known else "it knows none yet"
            message = f'"{wanted}" is no site of this journal; {right}'
            raise ConfigError([ConfigFault("", "--site", message)])
        states = queries.PastState()
        return tuple(
            (site, line)
            for site in known
            if wanted in (None, site)
            for found in [states.at(journal, site)]
            if found is not None
            for line in queries.devices(journal, found, now)
        )


def _table(found: Sequence[tuple[SiteId, DeviceLine]], now: datetime) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, header_style="bold", overflow="fold")
    for site, line in found:
        table.add_row(line.device, line.role or "", site, *_cells(line, now))
    return table


def _cells(line: DeviceLine, now: datetime) -> Iterator[str]:
    yield _heard(line, now)
    yield "" if line.ahead_s is None else clock_off(line.ahead_s)
    yield str(line.generation) if line.boots or line.generation else ""
    yield ", ".join(map(str, line.boots))
    yield "" if line.battery is None else f"{line.battery:.0f} %"
    yield " ".join(filter(None, (line.firmware, line.model)))
    yield ", ".join(line.alarms) if line.is_installed else "not in the space file"


def _heard(line: DeviceLine, now: datetime) -> str:
    if line.last_seen is None:
        return "never"
    ago = f"{spoken(now - line.last_seen)} ago"
    return ago if line.online is None else f"{'online' if line.online else 'offline'}, {ago}"
