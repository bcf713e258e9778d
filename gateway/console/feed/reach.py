"""Doors where no device takes an order: what is said of them must not sound as if one did."""

from gateway.console.feed.site_state import SitePicture
from gateway.core.model.names import DoorId
from gateway.core.model.places import Door
from gateway.core.model.site import Site

AWAY = ("device-offline", "device-silent")
"""Alarms of a device that takes no order."""


def is_reached(site: Site, now: SitePicture, door: DoorId) -> bool:
    """Return whether a device that releases this door is connected, as far as anybody knows."""
    return door in now.doors and any(
        not any(f"{kind}/{device}" in now.alarms for kind in AWAY)
        for device in site.releasers[door]
    )


def not_freed(site: Site, now: SitePicture) -> tuple[Door, ...]:
    """Return the doors that an evacuation should unlock, and that did not hear of it."""
    if now.mode != "evacuation":
        return ()
    free = (door for door in site.doors if door.fail_mode == "safe" and site.releasers[door.id])
    return tuple(door for door in free if not is_reached(site, now, door.id))
