"""The benchmarks' building with sensors: contacts, counters and PIRs."""

from msgspec import structs

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, DoorId, ZoneId
from gateway.core.model.site import Site

LOCKS = 2
"""Doors with their own lock device; at the others the reader releases."""


def with_sensors(site: Site) -> Site:
    """Return the site with a contact at each door, and a counter and a PIR in each zone."""
    locks = [
        Device(DeviceId(f"lock-{door.id}"), "lock", "native", "", door=door.id)
        for door in site.doors[:LOCKS]
    ]
    locked = [
        structs.replace(door, lock=lock.id) for door, lock in zip(site.doors, locks, strict=False)
    ]
    return structs.replace(
        site,
        doors=(*locked, *site.doors[len(locked) :]),
        devices=(
            *site.devices,
            *locks,
            *(_sensor(f"contact-{door.id}", door=door.id) for door in site.doors),
            *(_sensor(f"counter-{zone.id}", zone=zone.id) for zone in site.zones),
            *(_sensor(f"pir-{zone.id}", zone=zone.id) for zone in site.zones),
        ),
    )


def _sensor(name: str, *, zone: ZoneId | None = None, door: DoorId | None = None) -> Device:
    return Device(DeviceId(name), "sensor", "native", "", zone=zone, door=door)
