"""All that is said on a broker, and a voice for any device."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

import aiomqtt

from gateway.adapters.broker.ports import LOOPBACK
from gateway.clock import SystemClock
from tests.servers import Mosquitto, until
from tests.world.gateway_process import GatewayProcess

CLOCK: Final = SystemClock()


class Wire:
    """Everything that is said on the broker, and a voice for any device."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.said: defaultdict[str, list[Any]] = defaultdict(list)
        self._client = client
        self._seq: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._at: dict[tuple[str, str, int], str] = {}

    async def listen(self) -> None:
        """Until cancelled."""
        async for message in self._client.messages:
            payload = bytes(message.payload)
            with suppress(ValueError):
                self.said[message.topic.value].append(json.loads(payload) if payload else None)

    async def event(self, device: str, site: str = "hub", **fields: object) -> int:
        """A device's next event; `age_s`, `seq`, `boot` and `retain` may be said. Its number.

        One that is said again has the time that it had.
        """
        self._seq[site, device] += 1
        age = timedelta(seconds=float(str(fields.pop("age_s", 0))))
        retain = bool(fields.pop("retain", False))
        seq = int(str(fields.setdefault("seq", self._seq[site, device])))
        at = (CLOCK.now() - age).isoformat()
        told = {"boot": 1, "at": self._at.setdefault((site, device, seq), at), **fields}
        topic = f"seuil/{site}/{device}/event"
        await self._client.publish(topic, json.dumps(told), qos=1, retain=retain)
        return seq

    async def badge(
        self, number: str, device: str = "reader", site: str = "hub", **more: object
    ) -> int:
        """A badge is held to a reader."""
        return await self.event(device, site, type="credential", credential=number, **more)

    async def raw(self, topic: str, payload: bytes) -> None:
        """Any message."""
        await self._client.publish(topic, payload, qos=1)

    async def answer(self, seq: int, device: str = "reader", site: str = "hub") -> dict[str, Any]:
        """The command that answers an event."""

        def found() -> list[dict[str, Any]]:
            said = self.said[f"seuil/{site}/{device}/command"]
            return [command for command in said if command["seq"] == seq]

        await until(found, f"{device} has an answer to {seq}")
        (command,) = found()
        return dict(command)

    async def acked(self, seq: int, device: str = "reader", site: str = "hub") -> None:
        """Wait until all up to `seq` is on disk."""
        topic = f"seuil/{site}/{device}/ack"
        await until(
            lambda: any(ack["seq"] >= seq for ack in self.said[topic]), f"{device}'s {seq} is acked"
        )

    def last(self, topic: str) -> Any:  # noqa: ANN401 - JSON
        """What was said last on a topic; None before."""
        return self.said[topic][-1] if self.said[topic] else None


@asynccontextmanager
async def wire_of(broker: Mosquitto) -> AsyncIterator[Wire]:
    """The wire of a broker."""
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.subscribe("#", qos=1)
        wire = Wire(client)
        listening = asyncio.create_task(wire.listen())
        yield wire
        listening.cancel()
        await asyncio.wait([listening])


async def online(gateway: GatewayProcess, wire: Wire) -> None:
    """Wait until the gateway hears readers and sensors."""
    await gateway.hears()
    await until(lambda: wire.last("seuil/gateway/gw1/health"), "the gateway is connected")
