"""Names of the things of a space file, and times as a form writes them."""

from datetime import UTC, datetime
from typing import Final

from gateway.console.web.errors import Problem
from gateway.core.access import wiring
from gateway.core.access.reasons import EXIT_BUTTON
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, MachineId, Named, Text
from gateway.core.model.places import AccessPoint, Door
from gateway.core.model.site import Site
from gateway.phrase import Phrase

YEARS: Final = (2000, 2100)
"""The years of a moment or a day that is requested; the last is excluded."""
DOOR: Final = "door:"
"""The prefix of a door's id where an access point's could stand, too."""
_WAYS: Final = {
    "entry": Phrase("entry"),
    "exit": Phrase("exit"),
    "machine": Phrase("machine"),
    "muster": Phrase("muster point"),
    "here": Phrase("who is here"),
}


def way_of(direction: str) -> Text | str:
    """Return an access point's direction in words."""
    return _WAYS.get(direction, direction)


def place_of(site: Site, point: AccessPoint) -> Text | str:
    """Return the door, the machine or, of a muster point, the zone."""
    if point.machine is not None and MachineId(point.machine) in site.machine:
        return site.machine[point.machine].name
    return site.name_of(point.door if point.door is not None else point.zone)


def point_name(site: Site, point: str | None) -> Text | str:
    """Return `Front door · entry`; an access point that is gone keeps its id."""
    found = site.access_point.get(AccessPointId(point)) if point is not None else None
    if found is None:
        return point or ""
    place, way = place_of(site, found), way_of(found.direction)
    return Phrase("%(place)s · %(way)s", place=place, way=way)


def button_door(site: Site, reason: str, device: str) -> Door | None:
    """Return the door of an exit button; None: it was a badge, or the device is gone."""
    found = site.device.get(DeviceId(device))
    return wiring.door_of(site, found) if reason == EXIT_BUTTON and found is not None else None


def door_at(site: Site, point: str | None, reason: str, device: str) -> DoorId | None:
    """Return the door of a decision: its access point's, or its button's."""
    found = site.access_point.get(AccessPointId(point or ""))
    door = button_door(site, reason, device) or site.door_of(found)
    return door.id if door is not None else None


def buttons_at(site: Site, where: str) -> tuple[DeviceId, ...]:
    """Return the devices with an exit button of `door:front`; none for anything else."""
    door = site.door.get(DoorId(where.removeprefix(DOOR))) if where.startswith(DOOR) else None
    if door is None:
        return ()
    return tuple(
        device.id
        for device in site.devices
        if wiring.door_of(site, device) == door and wiring.has_button(door, device)
    )


def points_at(site: Site, where: str) -> tuple[AccessPointId, ...]:
    """Return the access points of `door:front`, or the one that is named; none: every one.

    Raises:
        Problem: There is no such door or access point.
    """
    if not where:
        return ()
    if where.startswith(DOOR):
        door = where.removeprefix(DOOR)
        if DoorId(door) not in site.door:
            raise _no_such_point()
        return tuple(point.id for point in site.access_points if point.door == door)
    return (point_at(site, where),)


def point_at(site: Site, id_: str) -> AccessPointId:
    """Return an access point by its id.

    Raises:
        Problem: There is none of that name.
    """
    if AccessPointId(id_) not in site.access_point:
        raise _no_such_point()
    return AccessPointId(id_)


def _no_such_point() -> Problem:
    return Problem(
        422,
        "no-such-point",
        Phrase("Unknown access point"),
        Phrase("Choose one from the list."),
    )


def name_among(things: tuple[Named, ...], id_: str) -> Text | str:
    """Return a training's, a role's or a group's name."""
    return next((thing.name for thing in things if thing.id == id_), id_)


def typed_moment(text: str, site: Site) -> datetime | None:
    """Return a moment that was typed by the site's clock; None where nothing was typed.

    Raises:
        Problem: It is no time.
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _no_time() from None
    return on_calendar(at if at.tzinfo is not None else at.replace(tzinfo=site.clock))


def on_calendar(at: datetime) -> datetime:
    """Return a moment (aware) in UTC, of a year for which clocks and holidays are known.

    Raises:
        Problem: It is of another year.
    """
    if not YEARS[0] <= at.year < YEARS[1]:
        raise _no_time()
    return at.astimezone(UTC)


def _no_time() -> Problem:
    return Problem(
        422,
        "no-time",
        Phrase("Invalid date or time"),
        Phrase("For example 2026-11-22T08:00."),
    )


def as_typed(at: datetime | None, site: Site) -> str:
    """Return a moment as the form writes it."""
    return "" if at is None else f"{at.astimezone(site.clock):%Y-%m-%dT%H:%M}"
