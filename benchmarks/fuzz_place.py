"""The site that is fuzzed: devices of every family, and no badge that may pass.

Credentials are read at entries only, and members are barred for different reasons: a badge reaches
every rule, and any order to open is wrong. No door has an exit button: a press, which a mutation
can create, is a dead letter.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from benchmarks import synthetic_site
from gateway.adapters.directory import Member
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import DeviceId, DoorId, MachineId, Text, ZoneId
from gateway.core.model.places import AccessPoint
from gateway.core.model.site import Site

READERS = 8
OTHERS = 3
"""Devices of each other family."""
WILD = 2
"""Native readers of which even the numbers are mutated."""
MARKERS = DeviceId("marker-reader"), DeviceId("marker-sensor")
"""Devices that show the gateway's progress: one in each session. They are not fuzzed."""
STRANGER = DeviceId("marker-stranger")
"""Not declared: its dead letter shows that messages of strangers arrive."""
SENSORS = 4
"""Native sensors of each kind."""


def fuzz_place() -> Site:
    """Return the building: entry readers of each make, sensors, and a machine's plug."""
    site = synthetic_site.place(2 * (1 + READERS + WILD + 3 * OTHERS))
    entries = [point for point in site.access_points if point.direction == "entry"]
    machine = Machine(MachineId("laser"), Text("laser", "laser"), site.zones[1].id)
    devices = (*_readers(iter(entries)), *_sensors(site.zones[1].id, site.doors[0].id, machine))
    return structs.replace(site, access_points=tuple(entries), machines=(machine,), devices=devices)


_PLANS: tuple[dict[str, Any], ...] = (
    {"status": "unpaid"},
    {"status": "suspended"},
    {"ends": datetime(2020, 1, 1, tzinfo=UTC)},
    {"ends": datetime(1, 1, 1, tzinfo=UTC)},
    {"starts": datetime(9999, 12, 31, tzinfo=UTC)},
)
_BADGES: tuple[dict[str, Any], ...] = (
    {"status": "lost"},
    {"status": "suspended"},
    {"ends": datetime(2020, 1, 1, tzinfo=UTC)},
)


def barred(number: int, member: Member) -> Member:
    """Return the member as somebody who may not pass: by their plan, or by their badge."""
    which = number % (len(_PLANS) + len(_BADGES))
    if which < len(_PLANS):
        plan = structs.replace(member.holder.memberships[0], **_PLANS[which])
        return structs.replace(member, holder=structs.replace(member.holder, memberships=(plan,)))
    badge = structs.replace(member.credentials[0], **_BADGES[which - len(_PLANS)])
    return structs.replace(member, credentials=(badge,))


def is_wild(device: DeviceId) -> bool:
    """Return whether a device's numbers are mutated too."""
    return device.startswith("wild")


def _readers(points: Iterator[AccessPoint]) -> Iterator[Device]:
    def reader(
        name: str, driver: str, topic: str = "", form: str = "hex", **more: str | int
    ) -> Device:
        point = next(points).id
        return Device(DeviceId(name), "reader", driver, topic, point, format=form, options={**more})

    yield reader(MARKERS[0], "native")
    for n in range(READERS):
        yield reader(f"reader-{n}", "native")
    for n in range(WILD):
        yield reader(f"wild-{n}", "native")
    for n in range(OTHERS):
        yield reader(f"esp-{n}", "esp-rfid", f"esp{n}", ip=f"10.0.0.{n + 1}")
        yield reader(f"tasmota-{n}", "tasmota", f"board{n}", relay=1)
        yield reader(f"wiegand-{n}", "tasmota", f"gate{n}", "wiegand34", relay=2)


def _sensors(zone: ZoneId, door: DoorId, machine: Machine) -> Iterator[Device]:
    def sensor(name: str, driver: str = "native", topic: str = "", **more: str | int) -> Device:
        return Device(DeviceId(name), "sensor", driver, topic, zone=zone, options={**more})

    yield sensor(MARKERS[1])
    for n in range(SENSORS):
        yield sensor(f"sensor-{n}")
        yield structs.replace(sensor(f"contact-{n}"), door=door)
    for n in range(OTHERS):
        yield sensor(f"pir-{n}", "zigbee2mqtt", f"z2m/pir{n}")
        yield sensor(f"air-{n}", "tasmota", f"air{n}")
        yield sensor(f"switch-{n}", "tasmota", f"air{n}", switch=1, means="motion")
    yield structs.replace(sensor("plug", "zigbee2mqtt", "z2m/plug"), machine=machine.id)
