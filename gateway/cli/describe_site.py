"""The description of a site in tables, to verify that the file has the intended meaning."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

from gateway.config import CalendarFeed
from gateway.config.advice import advice
from gateway.core.model.holidays import school_holidays_known_until
from gateway.core.model.opening_hours import holidays_named
from gateway.core.model.places import Demands, Zone
from gateway.core.model.plans import Plan
from gateway.core.model.site import Site

Sources = Mapping[tuple[str, str], str]
"""The source of the capacity of each site's zones."""


def show(console: Console, site: Site, sources: Sources, calendars: Iterable[CalendarFeed]) -> None:
    """Print a site."""
    where = ", ".join(filter(None, (site.timezone, site.country)))
    console.print(f"[bold]{site.name.en}[/] ({site.id}), {where}", highlight=False)
    for table in (
        _zones(site, sources),
        _doors(site),
        _machines(site),
        _devices(site),
        _plans(site),
        _exceptional_days(site),
        _calendars(calendars),
    ):
        if table.row_count:
            console.print(table)
    for each in advice(site):
        console.print(f"[yellow]warning[/]: {each}", highlight=False)
    if _names_school_holidays(site):
        last = school_holidays_known_until()
        console.print(f"school holidays are published until {last}: after that, no day is one")


def _zones(site: Site, sources: Sources) -> Table:
    table = _table("zone", "name", "people at most", "which comes from", "asks")
    for zone in site.zones:
        name = "  " * len(zone.ancestors) + zone.id
        most = "" if zone.capacity is None else str(zone.capacity)
        table.add_row(name, zone.name.en, most, sources[site.id, zone.id], _asked_by(zone))
    return table


def _doors(site: Site) -> Table:
    table = _table("door", "from", "into", "contact", "way out", "released by", "evacuation")
    for door in site.doors:
        table.add_row(
            door.id,
            door.outside or "the street",
            door.zone,
            "yes" if door.contact else "no",
            door.exit,
            door.lock or "the reader",
            "released" if door.fail_mode == "safe" else "stays locked",
        )
    return table


def _machines(site: Site) -> Table:
    table = _table("machine", "name", "in", "asks")
    for machine in site.machines:
        asks = _joined(
            *_demanded(machine.demands), "its user checked in" if machine.demands.check_in else ""
        )
        table.add_row(machine.id, machine.name.en, machine.zone, asks)
    return table


def _devices(site: Site) -> Table:
    table = _table("device", "role", "driver", "where", "topic")
    for device in site.devices:
        where = device.access_point or device.zone or device.door or device.machine or ""
        table.add_row(device.id, device.role, device.driver, where, device.topic)
    return table


def _plans(site: Site) -> Table:
    table = _table("plan", "name", "opens", "when", "at most")
    for plan in site.plans:
        for place, right in enumerate(plan.rights):
            opens = ", ".join((*right.zones, *right.machines))
            first, most = ((plan.id, plan.name.en), _quotas(plan)) if place == 0 else (("", ""), "")
            table.add_row(*first, opens, right.hours, most)
    return table


def _exceptional_days(site: Site) -> Table:
    table = _table("exceptional day", "name", "hours")
    for each in site.exceptional_days:
        table.add_row(str(each.day), each.name.en, each.hours)
    return table


def _calendars(calendars: Iterable[CalendarFeed]) -> Table:
    table = _table("calendar of", "from", "every")
    for feed in calendars:
        missing = feed.file is not None and not feed.file.is_file()
        source = f"{feed.source} (is not there yet)" if missing else feed.source
        table.add_row(feed.target, source, f"{feed.refresh_s:g} s")
    return table


def _asked_by(zone: Zone) -> str:
    seconds = f" {zone.passback_s:g} s" if zone.passback == "timed" else ""
    return _joined(
        *_demanded(zone.demands),
        f"opened by {zone.opened_by}" if zone.opened_by else "",
        "visitors escorted" if zone.escort else "",
        f"passback {zone.passback}{seconds}" if zone.passback != "off" else "",
    )


def _demanded(demands: Demands) -> tuple[str, ...]:
    where = f" in {demands.present_in}" if demands.present_in else ""
    return (
        *(f"training {training}" for training in demands.trainings),
        f"{demands.min_present} people{where}" if demands.min_present > 1 else "",
        f"{demands.role_present}{where}" if demands.role_present else "",
        f"booking {demands.booking}" if demands.booking != "ignored" else "",
    )


def _quotas(plan: Plan) -> str:
    return _joined(*(f"{quota.amount:g} {quota.kind} a {quota.per}" for quota in plan.quotas))


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))


def _names_school_holidays(site: Site) -> bool:
    return any("SH" in holidays_named(r.hours) for plan in site.plans for r in plan.rights)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for column in columns:
        table.add_column(column, header_style="bold", overflow="fold")
    return table
