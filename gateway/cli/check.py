"""`seuil check`: is the space file right, and what does it say?"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli import errors
from gateway.config import ConfigError, load_space, read_space, space_schema
from gateway.core.site import Site


def check(
    space: Annotated[
        Path, typer.Argument(help="A space file, or a folder of them.", metavar="FILE_OR_FOLDER")
    ] = Path("space.toml"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema for editors, and end.")
    ] = False,
) -> None:
    """Report every fault of a space file at once, or what it describes."""
    if schema:
        typer.echo(json.dumps(space_schema(), indent=2, ensure_ascii=False))
        return
    if not space.exists():
        with errors.told(as_json=as_json):
            load_space(space)
    try:
        sites = load_space(space)
    except ConfigError as wrong:
        errors.tell(wrong.faults, as_json=as_json)
        if not as_json:
            count = len(wrong.faults)
            typer.echo(f"{count} fault{'s' if count > 1 else ''}", err=True)
        raise typer.Exit(errors.FOUND) from None
    if as_json:
        typer.echo(json.dumps({"ok": True, "sites": [_counts(site) for site in sites]}))
        return
    console = Console()
    sources = _capacity_sources(space)
    for site in sites:
        _show(console, site, sources)


def _counts(site: Site) -> dict[str, str | int]:
    return {
        "id": site.id,
        "zones": len(site.zones),
        "doors": len(site.doors),
        "access_points": len(site.access_points),
        "machines": len(site.machines),
        "readers": sum(device.role == "reader" for device in site.devices),
        "sensors": sum(device.role == "sensor" for device in site.devices),
        "locks": sum(device.role == "lock" for device in site.devices),
        "plans": len(site.plans),
    }


def _capacity_sources(space: Path) -> dict[tuple[str, str], str]:
    """Where each capacity comes from: the file says it, the engine has no use for it."""
    return {
        (draft.site.id, zone.id): zone.capacity_source or ""
        for draft in read_space(space)
        if draft.site is not None
        for zone in draft.zones.values()
    }


def _show(console: Console, site: Site, sources: dict[tuple[str, str], str]) -> None:
    console.print(f"[bold]{site.name.en}[/] ({site.id}), {site.timezone}", highlight=False)
    for table in (_zones(site, sources), _doors(site), _devices(site), _plans(site)):
        if table.row_count:
            console.print(table)


def _zones(site: Site, sources: dict[tuple[str, str], str]) -> Table:
    table = _table("zone", "name", "people at most", "which comes from")
    for zone in site.zones:
        name = "  " * len(zone.ancestors) + zone.id
        most = "" if zone.capacity is None else str(zone.capacity)
        table.add_row(name, zone.name.en, most, sources[site.id, zone.id])
    return table


def _doors(site: Site) -> Table:
    table = _table("door", "from", "into", "contact", "way out", "released by")
    for door in site.doors:
        table.add_row(
            door.id,
            door.outside or "the street",
            door.zone,
            "yes" if door.contact else "no",
            door.exit,
            door.lock or "the reader",
        )
    return table


def _devices(site: Site) -> Table:
    table = _table("device", "role", "driver", "where", "topic")
    for device in site.devices:
        where = device.access_point or device.zone or device.door or device.machine or ""
        table.add_row(device.id, device.role, device.driver, where, device.topic)
    return table


def _plans(site: Site) -> Table:
    table = _table("plan", "name", "opens", "when")
    for plan in site.plans:
        for place, right in enumerate(plan.rights):
            opens = ", ".join((*right.zones, *right.machines))
            first = (plan.id, plan.name.en) if place == 0 else ("", "")
            table.add_row(*first, opens, right.hours)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for column in columns:
        table.add_column(column, header_style="bold", overflow="fold")
    return table
