"""The simulated devices of a site: the reader of each door, the sensors of each room."""

from datetime import timedelta
from typing import Literal

from msgspec import Struct

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, DoorId, MachineId, ZoneId
from gateway.core.model.places import Door
from gateway.core.model.site import Site
from gateway.core.readings import Reading
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from simulators.devices import NativeDevice, SimulatedReader
from simulators.faults import FaultRates, clock_skew
from simulators.routes import RouteStep
from simulators.seeds import branch
from simulators.sensing import (
    HAVE_BATTERY,
    BatteryGauge,
    CaseSwitch,
    Counter,
    Kind,
    SimulatedSensor,
    first_words,
    kind_of,
    room_sensor,
)
from simulators.spellings import ForeignDevice, foreign_device

Direction = Literal["entry", "exit"]
Hearing = Literal["ack", "command", "rights", "gateway", "order"]
"""The content of a topic: an ack, a native command, a rights list, a gateway's state, or another
maker's order.
"""


def heard_as(topic: str) -> str:
    """Return the subscription for a topic: one for all pages of a list or all gateways."""
    levels = topic.split("/")
    if levels[-1].isdigit() and levels[-2:-1] == ["rights"]:
        levels[-1] = "+"
    elif levels[-1] == "state" and levels[-3:-2] == ["gateway"]:
        levels[-2] = "+"
    return "/".join(levels)


class InRoom(Struct, frozen=True):
    """A sensor, and the zone that it observes."""

    device: DeviceId
    sensor: SimulatedSensor
    zone: ZoneId | None


class AtLine(Struct, frozen=True):
    """A counter, the zone that one enters past it, and its door (if any)."""

    device: DeviceId
    counter: Counter
    zone: ZoneId
    door: DoorId | None

    def sees(
        self, passage: RouteStep, around: frozenset[ZoneId], before: frozenset[ZoneId]
    ) -> bool:
        """Return whether a passage crosses its line; zones are given with those around them."""
        return passage.door == self.door and (self.zone in around) != (self.zone in before)


class Equipment:
    """A site's devices. Each has its own stream of the seed and its own clock.

    `readers_key` is the key that readers get at installation, so that they can decide alone.
    """

    def __init__(
        self,
        site: Site,
        seed: int,
        faults: FaultRates,
        boot: int,
        topics: Topics,
        *,
        readers_key: bytes | None = None,
    ) -> None:
        self.site = site
        self._seed = seed
        self._faults = faults
        self._readers_key = readers_key
        self.native: dict[DeviceId, NativeDevice] = {}
        self.foreign: dict[DeviceId, ForeignDevice] = {}
        self.rooms: list[InRoom] = []
        self.lines: list[AtLine] = []
        self.openers: list[tuple[DeviceId, Reading]] = []
        """The readings that sensors send when they start."""
        self.listens: dict[str, list[tuple[Hearing, DeviceId]]] = {}
        skews = self._skews()
        for device in site.devices:
            self._connect(device, skews[device.id], boot, topics)
            if device.role == "sensor":
                self._install(device)
            elif device.silent_after_s is not None:
                self.rooms.append(InRoom(device.id, CaseSwitch(device.silent_after_s / 3), None))

    def reader(self, door: DoorId, direction: Direction) -> DeviceId | None:
        """Return the reader at this side of a door."""
        return next(
            (
                device.id
                for device in self.site.devices
                if device.role == "reader"
                and device.access_point is not None
                and self.site.access_point[device.access_point].door == door
                and self.site.access_point[device.access_point].direction == direction
            ),
            None,
        )

    def machine_reader(self, machine: MachineId) -> DeviceId | None:
        """Return the reader that switches a machine on."""
        here = (
            device
            for device in self.site.devices
            if device.role == "reader" and device.machine == machine
        )
        return next((device.id for device in here), None)

    def meters(self, machine: MachineId) -> list[DeviceId]:
        """Return the sensors that measure a machine."""
        return [
            device.id
            for device in self.site.devices
            if device.machine == machine and _is(device, "machine")
        ]

    def contacts(self, door: Door) -> list[DeviceId]:
        """Return the contact of a door: as it is wired, else its sensors, its lock or a reader."""
        if door.contacts is not None:
            return list(door.contacts[:1])
        sensors = [
            device.id
            for device in self.site.devices
            if device.door == door.id and _is(device, "contact")
        ]
        if sensors or not door.contact:
            return sensors
        return self._own(door)

    def exit_buttons(self, door: Door) -> list[DeviceId]:
        """Return the exit button's device: as it is wired, else a sensor, the lock or a reader."""
        if door.buttons:
            return list(door.buttons[:1])
        buttons = [
            device.id
            for device in self.site.devices
            if device.door == door.id and _is(device, "exit-button")
        ]
        return buttons or self._own(door)

    def _own(self, door: Door) -> list[DeviceId]:
        """Return the lock of a door, or else a reader of it."""
        able = [door.lock, self.reader(door.id, "entry"), self.reader(door.id, "exit")]
        return [device for device in able if device is not None][:1]

    def releaser(self, reader: DeviceId) -> DeviceId:
        """Return the device that releases the door of this reader: a lock, or the reader itself."""
        door = self.site.device[reader].door
        lock = self.site.door[door].lock if door is not None else None
        return lock or reader

    def births(self) -> list[Outgoing]:
        """Return the messages that devices of other makers send when they come online."""
        return [message for device in self.foreign.values() for message in device.birth()]

    def _connect(self, device: Device, skew: timedelta, boot: int, topics: Topics) -> None:
        foreign = foreign_device(device, skew)
        if foreign is not None:
            self.foreign[device.id] = foreign
            if foreign.hears is not None:
                self._listen(foreign.hears, "order", device.id)
            return
        kind = NativeDevice if device.role == "sensor" else SimulatedReader
        native = kind(self.site.id, device.id, boot=boot, topics=topics, skew=skew)
        self.native[device.id] = native
        self._listen(topics.ack(self.site.id, device.id), "ack", device.id)
        if device.role != "sensor":
            self._listen(topics.command(self.site.id, device.id), "command", device.id)
        if device.role == "reader" and isinstance(native, SimulatedReader) and self._readers_key:
            native.trust(self._readers_key)
            self._listen(topics.rights(self.site.id, device.id), "rights", device.id)
            self._listen(topics.rights_page(self.site.id, device.id, "+"), "rights", device.id)
            self._listen(topics.gateway_state("+"), "gateway", device.id)

    def _listen(self, topic: str, hearing: Hearing, device: DeviceId) -> None:
        """Add a device to a topic, which devices of other makers may share."""
        self.listens.setdefault(topic, []).append((hearing, device))

    def _install(self, device: Device) -> None:
        kind = self._kind_of(device)
        draw = branch(self._seed, self.site.id, "sensor", device.id)
        said = first_words(kind)
        if said is not None:
            self.openers.append((device.id, said))
        sensor = room_sensor(kind, self._faults, draw)
        if sensor is not None:
            self.rooms.append(InRoom(device.id, sensor, device.zone))
        if kind in HAVE_BATTERY:
            gauge = BatteryGauge(self._faults, draw)
            self.rooms.append(InRoom(device.id, gauge, None))
        if kind == "crossing" and device.zone is not None:
            counter = Counter(self._faults, draw)
            door = self._door_under(device, device.zone, kind)
            self.lines.append(AtLine(device.id, counter, device.zone, door))

    def _kind_of(self, device: Device) -> Kind:
        door = self.site.door[device.door] if device.door is not None else None
        is_button = door is not None and device.id in (door.buttons or ())
        return "exit-button" if is_button else kind_of(device)

    def _door_under(self, counter: Device, zone: ZoneId, kind: Kind) -> DoorId | None:
        """Return a counter's door, which no space file gives: doors are assigned in order."""
        around = [
            device.id for device in self.site.devices if device.zone == zone and _is(device, kind)
        ]
        doors = [door.id for door in self.site.doors if zone in self.site.zone[door.zone].lineage]
        place = around.index(counter.id)
        return doors[place] if place < len(doors) else None

    def _skews(self) -> dict[DeviceId, timedelta]:
        """Return the clock errors: a little for every device, minutes for one sensor."""
        draw = branch(self._seed, self.site.id, "clocks")
        skews = {device.id: clock_skew(self._faults, draw) for device in self.site.devices}
        sensors = [
            device.id
            for device in self.site.devices
            if device.role == "sensor" and device.driver == "native"
        ]
        if sensors and self._faults.badly_wrong_s:
            skews[draw.choice(sensors)] = timedelta(seconds=self._faults.badly_wrong_s)
        return skews


def _is(device: Device, kind: Kind) -> bool:
    return device.role == "sensor" and kind_of(device) == kind
