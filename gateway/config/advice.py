"""Advice on a space file: settings that are valid but better changed."""

from collections.abc import Iterator

from gateway.core.access.enrolment import can_enrol, declares_where
from gateway.core.model.site import Site


def advice(site: Site) -> tuple[str, ...]:
    """Return the advice for a site, one sentence for each point."""
    return tuple(_enrolling(site))


def _enrolling(site: Site) -> Iterator[str]:
    """Warn of enrolling readers: their password lets its holder assign a card to any member."""
    able = [device.id for device in site.devices if can_enrol(site, device)]
    if able and not declares_where(site):
        yield (
            f"badges are enrolled at any of these readers: {', '.join(able)}. Whoever takes one "
            "off the wall can have their own card enrolled: write enrols = true at one that stands "
            "in a staffed room, and only there it can be done"
        )
    for device in site.devices:
        door = site.door_of(site.point_of(device))
        if device.enrols and door is not None and door.outside is None:
            yield (
                f"{device.id} enrols badges and stands in the street, where nobody watches it: "
                "let a reader enrol that stands in a staffed room, such as one at an inner door"
            )
