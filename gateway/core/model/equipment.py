"""The equipment of a place: machines, and devices that communicate on the wire."""

from typing import Literal

from msgspec import Struct

from gateway.core.model.names import AccessPointId, DeviceId, DoorId, MachineId, Text, ZoneId
from gateway.core.model.places import Demands

Role = Literal["reader", "sensor", "lock"]


class Machine(Struct, frozen=True):
    """A machine that is switched on by a credential.

    Its demands are checked again while it runs: leaving a laser's user alone starts a warning, then
    `demands.grace_s`, then a request for a safe stop.
    """

    id: MachineId
    name: Text
    zone: ZoneId
    demands: Demands = Demands()
    relay: DeviceId | None = None
    """The device that switches its power; None: it has its own, or its reader sees to it."""
    is_followed: bool = False
    """Its power and work are; not so in a journal of release 0.2.0, which replays as it was."""


class Device(Struct, frozen=True):
    """A reader, a sensor or a lock: anything that communicates under one identity.

    `options` are the driver's own settings (a hostname, a relay number), already checked by the
    driver.
    """

    id: DeviceId
    role: Role
    driver: str
    topic: str
    access_point: AccessPointId | None = None
    zone: ZoneId | None = None
    door: DoorId | None = None
    machine: MachineId | None = None
    format: str = "hex"
    """The format in which this reader sends badge numbers: a name of `sensors.badges.FORMATS`."""
    enrols: bool = False
    """For a reader: badges are enrolled here."""
    switches: bool = False
    """It is the relay of its machine."""
    silent_after_s: float | None = None
    """The silence after which it counts as broken; None: this device may stay silent."""
    options: dict[str, str | int | float | bool] = {}
