"""`seuil check`: the faults of a space file, or its contents."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli import describe_site, errors
from gateway.config import (
    CalendarFeed,
    ConfigError,
    load_calendars,
    load_settings,
    load_space,
    read_space,
    space_schema,
)
from gateway.config.advice import advice
from gateway.core.model.site import Site


def check(
    space: Annotated[
        Path | None,
        typer.Argument(
            help="A space file, or a folder of them; default: SEUIL_SPACE, or space.toml.",
            metavar="FILE_OR_FOLDER",
        ),
    ] = None,
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
    with errors.told(as_json=as_json):
        space = space or load_settings().space or Path("space.toml")
        if not space.exists():
            load_space(space)
    try:
        sites, calendars = load_space(space), load_calendars(space)
    except ConfigError as wrong:
        errors.tell(wrong.faults, as_json=as_json)
        if not as_json:
            count = len(wrong.faults)
            typer.echo(f"{count} fault{'s' if count > 1 else ''}", err=True)
        raise typer.Exit(errors.FOUND) from None
    if as_json:
        typer.echo(json.dumps({"ok": True, "sites": [_counts(site, calendars) for site in sites]}))
        return
    console = Console()
    sources = _capacity_sources(space)
    for site in sites:
        describe_site.show(
            console, site, sources, [each for each in calendars if each.site == site.id]
        )


def _counts(site: Site, calendars: Iterable[CalendarFeed]) -> dict[str, object]:
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
        "trainings": len(site.trainings),
        "roles": len(site.roles),
        "groups": len(site.groups),
        "interlocks": len(site.interlocks),
        "exceptional_days": len(site.exceptional_days),
        "calendars": sum(calendar.site == site.id for calendar in calendars),
        "warnings": list(advice(site)),
    }


def _capacity_sources(space: Path) -> dict[tuple[str, str], str]:
    """Return the source of each capacity, which the file states and the engine does not use."""
    return {
        (draft.site.id, zone.id): zone.capacity_source or ""
        for draft in read_space(space)
        if draft.site is not None
        for zone in draft.zones.values()
    }
