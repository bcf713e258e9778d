"""A crowd of simulated devices on one connection, which badge, report, and re-send their events.

Each device follows the protocol of `simulators.devices`: an event is kept until the gateway's own
ack. The acks and commands of each are recorded, for the verdict afterwards.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from benchmarks.processes import READY_S, BenchError
from benchmarks.sensor import SyntheticSensor
from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.session import MqttSession
from gateway.clock import SystemClock
from gateway.core.access.late_events import LATE
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.wire.commands import AccessCommand
from gateway.wire.topics import Topics
from sensors.driver import Subscription
from simulators.devices import (
    RESEND_AFTER_S,
    Event,
    NativeDevice,
    SimulatedReader,
    read_ack,
    read_command,
)

RESEND_LOOK_S = 0.1
"""Seconds between two checks for events that wait too long for their ack."""
RESENT_AT_ONCE = 50
"""Events sent again at one check: as many per second as are new. More repetitions would bury a slow
machine, which would never catch up.
"""
TURN_S = 0.02
"""Seconds between two bursts of events: fifty per second are as good as a steady stream."""
KEPT_MAX = 50
"""A device that keeps this many events creates no more: four seconds of the load of `crash`. So a
slow machine gets fewer events, loses none, and is not busy with the past when it is up again.
"""

LAGS = 100
"""Checks whose lateness is remembered: ten seconds of them."""
TRAVEL_MS = 2000.0
"""An order sent just in time may expire on its way: MQTT's message expiry is at least one second,
and mosquitto extends that to as much as two (measured). A later order was void when it was sent.
"""

Number = tuple[DeviceId, int, int]
"""An event: device, boot, seq."""


class DevicesReport(Struct):
    """The records of all devices."""

    sent: int = 0
    """Events created."""
    acked: dict[tuple[DeviceId, int], int] = {}
    """The highest ack of each device's boot."""
    acks: list[tuple[float, DeviceId, int, int]] = []
    """Each new ack: time (monotonic), device, boot, and number up to which it applies."""
    commands: set[int] = set()
    """Journal numbers of the orders that arrived."""
    repeated: int = 0
    """Repeated answers."""
    denied: int = 0
    """Refusals."""
    stale_unlocks: int = 0
    """Orders to open that arrived more than `TRAVEL_MS` plus our own lag after their time."""
    late_unlocks: int = 0
    """Orders to open that came as late after their badge, by the crowd's own clock: the end in an
    order is wrong if the gateway's clock is.
    """
    stale_ms_max: float = 0.0
    """The greatest lateness of any order to open. The devices refused every such one."""
    answers: list[tuple[float, float]] = []
    """The time of each first answer (monotonic), and its latency in ms."""


class Crowd:
    """The devices of a site. `run` maintains the connection and the devices' timers."""

    def __init__(
        self,
        url: str,
        site: Site,
        badges: Sequence[str],
        *,
        seed: int = 0,
        boot: int = 1,
        resend_after_s: float = RESEND_AFTER_S,
    ) -> None:
        self.seen = DevicesReport()
        self._badges = badges
        self._random = random.Random(seed)  # noqa: S311 - repeatable, no secret
        self._clock = SystemClock()
        self._topics = Topics()
        self._boots = dict.fromkeys((device.id for device in site.devices), boot)
        self._last: dict[tuple[DeviceId, int], int] = {}
        self._devices = {
            device.id: _kind(device)(site.id, device.id, boot=boot, resend_after_s=resend_after_s)
            for device in site.devices
        }
        self._readers = [device for device in site.devices if device.role == "reader"]
        self._sensors = [
            SyntheticSensor(device) for device in site.devices if device.role == "sensor"
        ]
        self._since: dict[Number, float] = {}
        self._badged: dict[Number, float] = {}
        self._looked_at = time.monotonic()
        self._lags: deque[float] = deque(maxlen=LAGS)
        self.held_back = 0
        """Events that were not created, since their device kept `KEPT_MAX`."""
        self._session = MqttSession(
            f"bench-crowd-{seed}",
            BrokerAddress(url),
            [
                Subscription(self._topics.command(site.id, DeviceId("+"))),
                Subscription(self._topics.ack(site.id, DeviceId("+")), qos=0),
            ],
            on_message=self._received,
            on_up=self._came_online,
            on_down=self._went_offline,
        )

    @property
    def unacknowledged(self) -> int:
        """Events that the devices still keep."""
        return sum(device.unacknowledged for device in self._devices.values())

    @property
    def acknowledged(self) -> set[Number]:
        """Every event that a device saw acknowledged."""
        return {
            (device, boot, seq)
            for (device, boot), high in self.seen.acked.items()
            for seq in range(1, min(high, self._last.get((device, boot), 0)) + 1)
        }

    @property
    def acknowledgements(self) -> int:
        """The number of new acks."""
        return len(self.seen.acks)

    @property
    def made(self) -> set[Number]:
        """Every event that a device ever made."""
        return {
            (device, boot, seq)
            for (device, boot), last in self._last.items()
            for seq in range(1, last + 1)
        }

    @property
    def resent(self) -> int:
        """Times that an event was sent again."""
        return sum(device.resent for device in self._devices.values())

    @property
    def has_sensors(self) -> bool:
        """True if there are sensors."""
        return bool(self._sensors)

    @property
    def readers(self) -> set[DeviceId]:
        """The devices that read badges."""
        return {device.id for device in self._readers}

    def begin_at(self, boot: int) -> None:
        """Restart every device under this number: lower ones belong to a synthetic past."""
        for device, each in self._devices.items():
            self._boots[device] = boot
            each.reboot(boot)

    async def run(self) -> None:
        """Stay connected and re-send pending events; ends only by cancellation."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._session.run(), name="crowd")
            tasks.create_task(self._send_again(), name="resend")

    async def until_connected(self, within_s: float = READY_S) -> None:
        """Wait for the connection.

        Raises:
            BenchError: it did not come.
        """
        deadline = time.monotonic() + within_s
        while not self._session.connected:
            if time.monotonic() > deadline:
                raise BenchError("the simulated devices do not reach the broker")
            await asyncio.sleep(0.01)

    async def busy(self, badges_a_s: float, sensed_a_s: float = 0.0) -> None:
        """Badge and sense at these rates until cancelled; only `KEPT_MAX` limits that."""
        start, badged, sensed = time.monotonic(), 0, 0
        while True:
            passed = time.monotonic() - start
            while badged < passed * badges_a_s:
                badged += 1
                self.badge()
            while sensed < passed * sensed_a_s:
                sensed += 1
                self.sense()
            self._session.flush()
            await asyncio.sleep(TURN_S if sensed_a_s else 1 / badges_a_s)

    def badge(self) -> None:
        """Hold a badge to some reader."""
        reader = self._devices[self._random.choice(self._readers).id]
        assert isinstance(reader, SimulatedReader)  # noqa: S101 - the role says so
        badge = self._random.choice(self._badges)
        if self._has_room(reader):
            self._note(reader, reader.present(badge, self._clock.now()))

    def sense(self) -> None:
        """Report a reading of some sensor."""
        sensor = self._random.choice(self._sensors)
        device = self._devices[sensor.device.id]
        if self._has_room(device):
            self._note(device, device.report(sensor.reading(self._random), self._clock.now()))

    def reboot(self) -> None:
        """Restart some device under a new number; it keeps its events."""
        device = self._random.choice(list(self._devices))
        self._boots[device] += 1
        self._devices[device].reboot(self._boots[device])

    async def settled(self, silence_s: float) -> None:
        """Wait until every event is acknowledged: without limit while acks come.

        Raises:
            BenchError: none came for so long.
        """
        heard, since = self.acknowledgements, time.monotonic()
        while self.unacknowledged:
            if self.acknowledgements > heard:
                heard, since = self.acknowledgements, time.monotonic()
            if time.monotonic() - since > silence_s:
                raise BenchError(f"{self.unacknowledged} events were not acknowledged")
            await asyncio.sleep(0.05)

    @property
    def _travel_ms(self) -> float:
        """The latest arrival of an order in ms: our own lag delays the orders, too."""
        lag_s = time.monotonic() - self._looked_at - RESEND_LOOK_S
        return TRAVEL_MS + 1000 * (max(0.0, lag_s) + sum(self._lags))

    def _has_room(self, device: NativeDevice) -> bool:
        is_behind = device.unacknowledged >= KEPT_MAX
        self.held_back += is_behind
        return not is_behind

    def _note(self, device: NativeDevice, event: Event | None) -> None:
        assert event is not None  # noqa: S101 - it had room
        self.seen.sent += 1
        self._last[device.device, event.boot] = event.seq
        if isinstance(device, SimulatedReader):
            number = device.device, event.boot, event.seq
            self._since[number] = self._badged[number] = time.monotonic()
        if device.online:
            self._session.publish(event.message, self._clock.now())

    async def _send_again(self) -> None:
        """Re-send device by device; those without a turn come first at the next check."""
        ring = deque(self._devices.values())
        while True:
            now, left = self._clock.now(), RESENT_AT_ONCE
            for _ in range(len(ring)):
                again = ring[0].due_resends(now, left)
                for event in again:
                    self._session.publish(event.message, now)
                left -= len(again)
                if not left:
                    break
                ring.rotate(-1)
            self._looked_at = time.monotonic()
            await asyncio.sleep(RESEND_LOOK_S)
            self._lags.append(max(0.0, time.monotonic() - self._looked_at - RESEND_LOOK_S))

    def _came_online(self) -> None:
        now = self._clock.now()
        for device in self._devices.values():
            for event in device.came_online(now):
                self._session.publish(event.message, now)

    def _went_offline(self, _why: str) -> None:
        for device in self._devices.values():
            device.went_offline()

    def _received(self, message: MQTTMessage) -> None:
        self._session.acknowledge(message)
        *_, name, kind = message.topic.split("/")
        device = self._devices[DeviceId(name)]
        if kind == "command":
            self._commanded(device, bytes(message.payload))
            return
        ack = read_ack(message.payload)
        key = (device.device, ack.boot)
        if ack.seq > self.seen.acked.get(key, 0):
            self.seen.acked[key] = ack.seq
            self.seen.acks.append((time.monotonic(), *key, ack.seq))
        device.on_ack(ack)

    def _commanded(self, device: NativeDevice, payload: bytes) -> None:
        assert isinstance(device, SimulatedReader)  # noqa: S101 - only these are told anything
        command, now = read_command(payload), self._clock.now()
        heard = device.on_command(command, now)
        self.seen.commands.add(int(command.id))
        if command.unlock_s is not None and now >= command.expires:
            late_ms = (now - command.expires).total_seconds() * 1000
            self.seen.stale_unlocks += late_ms > self._travel_ms
            self.seen.stale_ms_max = max(self.seen.stale_ms_max, round(late_ms, 1))
        if isinstance(command, AccessCommand) and command.unlock_s is not None:
            self._opened(device.device, command)
        self.seen.repeated += heard.effect == "repeated"
        self.seen.denied += heard.effect == "denied"
        if heard.key is not None and heard.effect != "repeated":
            self._answered(device.device, heard.key)

    def _opened(self, device: DeviceId, command: AccessCommand) -> None:
        badged = self._badged.get((device, command.boot or 0, command.seq or 0))
        if badged is not None:
            late_ms = (time.monotonic() - badged - LATE.total_seconds()) * 1000
            self.seen.late_unlocks += late_ms > self._travel_ms

    def _answered(self, device: DeviceId, key: tuple[int, int]) -> None:
        since = self._since.pop((device, *key), None)
        if since is not None:
            came = time.monotonic()
            self.seen.answers.append((came, (came - since) * 1000))


@asynccontextmanager
async def connected(people: Crowd) -> AsyncIterator[Crowd]:
    """Connect the devices; disconnect them at the end.

    Raises:
        BenchError: the broker refuses the connection.
    """
    running = asyncio.create_task(people.run(), name="crowd")
    try:
        await people.until_connected()
        yield people
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _kind(device: Device) -> type[NativeDevice]:
    return NativeDevice if device.role == "sensor" else SimulatedReader
