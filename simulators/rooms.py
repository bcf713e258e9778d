"""The purpose of a site's rooms, from their ids and machines."""

from msgspec import Struct

from gateway.core.model.equipment import Machine
from gateway.core.model.names import ZoneId
from gateway.core.model.site import Site
from simulators.routes import SiteRoutes

MEETING_WORDS = ("meeting", "reunion", "salle", "conf")
MAKING_WORDS = ("fablab", "lab", "atelier", "workshop", "wood", "laser")
EATING_WORDS = ("kitchen", "cuisine", "cafe", "lounge")


class Places(Struct, frozen=True):
    """A site's zones by purpose, from their ids and machines."""

    desks: tuple[ZoneId, ...]
    meeting: tuple[ZoneId, ...]
    making: tuple[ZoneId, ...]
    eating: tuple[ZoneId, ...]
    machines: tuple[Machine, ...]


def places_of(site: Site, routes: SiteRoutes) -> Places:
    """Return the reachable zones by purpose; a zone that only contains others has none."""
    behind_doors = {door.zone for door in site.doors}
    around = {parent for zone in site.zones for parent in zone.ancestors}
    holds = around - behind_doors
    rooms = [zone for zone in routes.reachable if zone not in holds] or list(routes.reachable)
    with_machines = {machine.zone for machine in site.machines}
    making = _named(rooms, MAKING_WORDS) | (with_machines & set(rooms))
    meeting = _named(rooms, MEETING_WORDS) - making
    eating = _named(rooms, EATING_WORDS) - making - meeting
    desks = [zone for zone in rooms if zone not in making | meeting | eating]
    return Places(
        desks=tuple(desks or rooms),
        meeting=tuple(zone for zone in rooms if zone in meeting),
        making=tuple(zone for zone in rooms if zone in making),
        eating=tuple(zone for zone in rooms if zone in eating),
        machines=tuple(machine for machine in site.machines if machine.zone in routes.reachable),
    )


def _named(zones: list[ZoneId], words: tuple[str, ...]) -> set[ZoneId]:
    return {zone for zone in zones if any(word in zone for word in words)}
