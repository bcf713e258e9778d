"""A small place, played over a real broker: simulated devices and operators on one connection.

Nothing here decides what should happen; each gesture waits for the answer that it got.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final

import aiomqtt

from gateway.adapters.broker.ports import LOOPBACK
from gateway.aio import cancel_and_wait
from gateway.clock import SystemClock
from gateway.core.model.names import OPERATOR, DeviceId, SiteId
from gateway.core.readings import DoorReported
from gateway.core.requests import Order
from gateway.wire.message import Outgoing
from gateway.wire.states import ResponseMessage
from simulators.devices import (
    Event,
    NativeDevice,
    ReceivedCommand,
    SimulatedReader,
    read_ack,
    read_command,
)
from simulators.machines import SimulatedMachine
from simulators.operator import Operator
from tests.servers import Mosquitto, until
from tests.world.members import ADA, BOB, CYD, OLA, holder, member

SITE: Final = SiteId("hub")
EVERYBODY: Final = (
    *(member(badge, "laser") for badge in (ADA, BOB, CYD)),
    member(OLA, "laser", role=OPERATOR),
)
"""Three members who were trained at the laser, and an operator."""
GRACE_S: Final = 5.0
WORKSHOP: Final = f"""
[site]
id = "hub"
name = "Hub"
timezone = "Europe/Paris"

[[zones]]
id = "lab"
name = "Lab"

[[zones]]
id = "store"
name = "Store"

[[doors]]
id = "front"
name = "Front"
zone = "lab"
exit = "reader"
unlock_s = 1

[[doors]]
id = "store-door"
name = "Store"
zone = "store"
outside = "lab"
fail_mode = "secure"

[[access_points]]
id = "front-in"
door = "front"
direction = "entry"

[[access_points]]
id = "front-out"
door = "front"
direction = "exit"

[[access_points]]
id = "store-in"
door = "store-door"
direction = "entry"

[[access_points]]
id = "laser-on"
machine = "laser"

[[access_points]]
id = "yard"
muster = "lab"

[[readers]]
id = "front-in"
access_point = "front-in"

[[readers]]
id = "front-out"
access_point = "front-out"

[[readers]]
id = "store-in"
access_point = "store-in"

[[readers]]
id = "laser-on"
access_point = "laser-on"

[[readers]]
id = "yard"
access_point = "yard"

[[sensors]]
id = "contact"
door = "front"

[[sensors]]
id = "counter"
zone = "store"

[[machines]]
id = "laser"
name = "Laser"
zone = "lab"
demands = {{ trainings = ["laser"], min_present = 2, grace_s = {GRACE_S} }}

[[trainings]]
id = "laser"
name = "Laser"

[[plans]]
id = "all"
name = "All"

[[plans.rights]]
zones = ["lab", "store"]
machines = ["laser"]
"""
"""A lab behind a door with a contact and a reader on each side, a laser in it that nobody may use
alone, a store behind it that stays locked in an evacuation, and a muster point in the yard."""
READERS: Final = ("front-in", "front-out", "store-in", "yard")
CLOCK: Final = SystemClock()


class Play:
    """The devices of the place, whoever asks something, and everything that is said."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.said: defaultdict[str, list[Any]] = defaultdict(list)
        """What was said on each topic; None is an empty message."""
        self.laser = SimulatedMachine(SITE, DeviceId("laser-on"), boot=1)
        self.devices: dict[str, NativeDevice] = {"laser-on": self.laser}
        for name in READERS:
            self.devices[name] = SimulatedReader(SITE, DeviceId(name), boot=1)
        self.devices["contact"] = NativeDevice(SITE, DeviceId("contact"), boot=1)
        self.heard: defaultdict[str, list[ReceivedCommand]] = defaultdict(list)
        """What each reader understood."""
        self.deaf: set[str] = set()
        """Devices that hear nothing for a while."""
        self._client = client
        self._operators: dict[str, Operator] = {}

    async def listen(self) -> None:
        """Until cancelled."""
        async for message in self._client.messages:
            topic, payload = message.topic.value, bytes(message.payload)
            with suppress(ValueError):
                self.said[topic].append(json.loads(payload) if payload else None)
            _, site, device, *rest = topic.split("/")
            if site == SITE and device in self.devices and device not in self.deaf:
                await self._told(device, rest, payload)
            for operator in self._operators.values():
                if topic in operator.hears:
                    operator.on_response(payload)

    async def come_online(self) -> None:
        """The readers say that they are there, as at their start."""
        for device in self.devices.values():
            if isinstance(device, SimulatedReader):
                await self._send(device.status())

    async def run_machines(self) -> None:
        """Let the laser run down, and say so; until cancelled."""
        while True:
            event = self.laser.reports(CLOCK.now())
            if event is not None:
                await self._send(event.message)
            await asyncio.sleep(0.02)

    async def badge(self, reader: str, number: str) -> ReceivedCommand:
        """Hold a badge to a reader; its answer."""
        event = await self.present(reader, number)
        heard = self.heard[reader]
        await until(lambda: any(one.key == event.key for one in heard), f"{reader} has an answer")
        return next(one for one in heard if one.key == event.key)

    async def present(self, reader: str, number: str) -> Event:
        """The same, without waiting."""
        device = self.devices[reader]
        assert isinstance(device, SimulatedReader)
        event = device.present(number, CLOCK.now())
        assert event is not None, "the reader's store is full"
        await self._send(event.message)
        return event

    async def enter(self, *badges: str) -> None:
        """Each walks in by the front door, and is counted."""
        for badge in badges:
            heard = await self.badge("front-in", badge)
            assert (heard.effect, heard.reason) == ("granted", "plan")
            await self._walk(+1)

    async def leave(self, badge: str) -> None:
        """Somebody walks out by the front door, and is counted."""
        heard = await self.badge("front-out", badge)
        assert (heard.effect, heard.reason) == ("granted", "exit-free")
        await self._walk(-1)

    async def ask(self, by: str, order: Order, *, times: int = 1) -> ResponseMessage:
        """Somebody asks the gateway, `times` with the same message; the last answer."""
        operator = self._operators.setdefault(by, Operator(SITE, holder(by)))
        transaction, message = operator.ask(order, CLOCK.now())
        for _ in range(times):
            await self._send(message)
        answers = operator.responses.setdefault(transaction, [])
        await until(lambda: len(answers) == times, "the gateway has answered")
        return answers[-1]

    async def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Any message."""
        await self._client.publish(topic, payload, qos=1, retain=retain)

    def last(self, topic: str) -> Any:  # noqa: ANN401 - JSON
        """What was said last on a topic below the site's; None: nothing, or it was emptied."""
        said = self.said[f"seuil/{SITE}/{topic}"]
        return said[-1] if said else None

    async def alarm(self, kind: str, about: str) -> datetime:
        """Wait for an alarm, be it over by now or not; since when it was on."""
        said = self.said[f"seuil/{SITE}/alarm/{kind}/{about}"]
        await until(lambda: any(said), f"{kind} is raised")
        return datetime.fromisoformat(next(each["at"] for each in said if each))

    async def no_alarm(self, kind: str, about: str) -> None:
        """Wait until an alarm is off."""
        await until(lambda: self.last(f"alarm/{kind}/{about}") is None, f"{kind} is over")

    def orders(self, device: str) -> list[str]:
        """The types of all commands to a device, in order."""
        return [command["type"] for command in self.said[f"seuil/{SITE}/{device}/command"]]

    def people(self) -> int:
        """Who is known to be in the lab."""
        said = self.last("zone/lab/occupancy")
        return int(said["known"]) if said else 0

    async def swing(self) -> None:
        """The front door opens and shuts."""
        for state in ("open", "closed"):
            event = self.devices["contact"].report(DoorReported(state), CLOCK.now())
            assert event is not None
            await self._send(event.message)

    async def _walk(self, people: int) -> None:
        after = self.people() + people
        await self.swing()
        await until(lambda: self.people() == after, f"{after} people are in the lab")

    async def _told(self, device: str, levels: list[str], payload: bytes) -> None:
        played = self.devices[device]
        if levels == ["ack"]:
            played.on_ack(read_ack(payload))
        elif levels == ["command"] and isinstance(played, SimulatedReader):
            self.heard[device].append(played.on_command(read_command(payload), CLOCK.now()))

    async def _send(self, message: Outgoing) -> None:
        await self._client.publish(
            message.topic, message.payload, qos=message.qos, retain=message.retain
        )


@asynccontextmanager
async def play(broker: Mosquitto) -> AsyncIterator[Play]:
    """The place on a broker."""
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        client.pending_calls_threshold = 2000  # it warns beyond
        await client.subscribe("#", qos=1)
        played = Play(client)
        await played.come_online()
        playing = [
            asyncio.create_task(played.listen(), name="ears"),
            asyncio.create_task(played.run_machines(), name="machines"),
        ]
        try:
            yield played
            assert not [task for task in playing if task.done()], "the play goes on"
        finally:
            await cancel_and_wait(*playing)
