"""Advice on a space file: settings that are valid but better changed."""

from collections.abc import Iterator

from gateway.core.access.enrolment import can_enrol, declares_where
from gateway.core.model.site import Site


def advice(site: Site) -> tuple[str, ...]:
    """Return the advice for a site, one sentence for each point."""
    return (*_enrolling(site), *_company(site), *_public(site))


def _public(site: Site) -> Iterator[str]:
    """Warn of zones that the kiosk leaves out: beside their rooms they would tell too much."""
    shown = site.kiosk.zones if site.kiosk is not None else ()
    inner = {ancestor: zone for zone in shown for ancestor in site.zone[zone].ancestors}
    for zone in shown:
        if zone in inner:
            yield (
                f"the kiosk leaves {zone} out, as it shows {inner[zone]} inside it: the difference "
                "would tell of single persons. Name the one or the other"
            )


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


def _company(site: Site) -> Iterator[str]:
    """Warn of company that is demanded where nobody can prove it for long."""
    asked = [(f"zone {zone.id}", zone.demands, zone.id) for zone in site.zones]
    asked += [(f"machine {one.id}", one.demands, one.zone) for one in site.machines]
    for what, demands, zone in asked:
        place = demands.present_in or zone
        unwatched = [door.id for door in site.left_unseen[place] if not door.contact]
        demanded = [
            f"min_present = {demands.min_present}" if demands.min_present > 1 else "",
            f'role_present = "{demands.role_present}"' if demands.role_present else "",
        ]
        if any(demanded) and unwatched:
            yield (
                f"{what}: {' and '.join(filter(None, demanded))} in {place} cannot be proven for "
                f"longer than company_trust_s ({site.company_trust_s:g} s) after a badge: people "
                f"leave by {', '.join(unwatched)} without one. A contact at "
                f"{'each of them' if len(unwatched) > 1 else 'it'} would prove it, or a reader "
                f'with here = "{place}", or a sensor that counts people there'
            )
