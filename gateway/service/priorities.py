"""The priority of each message under overload: the order of service, as a table of classes.

Exits come before entries, and a waiting person before a sensor. Within a class the devices take
turns (`gateway.service.inbox`), and no class is starved: each one that waits gets a share of every
batch.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from gateway.core.access import wiring
from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from sensors.driver import Subscription

ServiceClass = Literal["requests", "exits", "entries", "contacts", "sensors", "strangers"]

ORDER: Final[tuple[ServiceClass, ...]] = (
    "requests",  # an operator opens a door, ends a mode
    "exits",  # readers and buttons at exits, and muster points: no person is locked in
    "entries",  # readers at entries and machines, and those that guard nothing
    "contacts",  # doors, locks and machines: who passed, what was forced
    "sensors",  # what rooms say, and whether devices are there
    "strangers",  # undeclared devices
)
"""The classes in their order of service."""


def class_of(site: Site, device: Device) -> ServiceClass:
    """Return the class of a declared device's reports."""
    door = wiring.door_of(site, device)
    if door is not None and wiring.has_button(door, device):
        return "exits"
    if device.role == "reader":
        point = site.point_of(device)
        return "exits" if point is not None and point.direction in ("exit", "muster") else "entries"
    if door is not None:
        return "contacts"
    if device.machine is not None or device.role == "lock":
        return "contacts"
    return "sensors"


def class_of_topic(subscription: Subscription, sites: Mapping[SiteId, Site]) -> ServiceClass:
    """Return the class of a topic: the most urgent one of the devices that publish on it."""
    match subscription.kind:
        case "request":
            return "requests"
        case "stranger":
            return "strangers"
        case "status":
            return "sensors"
        case "device":
            return first(
                class_of(sites[site], sites[site].device[device])
                for site, device in subscription.devices
            )


def first(classes: Iterable[ServiceClass]) -> ServiceClass:
    """Return the most urgent of these."""
    return min(classes, key=ORDER.index)
