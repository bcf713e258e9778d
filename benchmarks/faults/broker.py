"""A broker that drops, stalls, repeats, reorders, refuses and forgets."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from benchmarks.faults import mqtt_proxy as mqtt
from benchmarks.faults.mqtt_proxy import BrokerProxy, Packet
from benchmarks.faults.rig import FaultVerdict, Rig, rig
from benchmarks.processes import BenchError

STALL_S: Final = 8.0
"""Longer than the life of an order, shorter than the keepalive of a connection."""
Script = Callable[[Rig, BrokerProxy, random.Random, float], Awaitable[None]]
"""Misbehaves for so many seconds."""


class BrokerFaultResult(Struct):
    """The result of one misbehaviour; `trouble` is the reason why it could not be judged."""

    judged: FaultVerdict
    trouble: str = ""

    @property
    def is_good(self) -> bool:
        """True if every promise was kept."""
        return self.judged.is_good and not self.trouble


async def misbehaving(folder: Path, name: str, seconds: float, seed: int) -> BrokerFaultResult:
    """Run one script under load, then restore normal operation, then judge."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, no secret
    async with between(folder, seed) as (place, proxy):
        try:
            async with place.busy():
                await place.goes_on("it runs")
                await SCRIPTS[name](place, proxy, draw, seconds)
                proxy.behave()
                await place.goes_on("it goes on when the broker behaves again")
            return BrokerFaultResult(await place.judged())
        except BenchError as wrong:
            return BrokerFaultResult(FaultVerdict(), str(wrong))


@asynccontextmanager
async def between(folder: Path, seed: int) -> AsyncIterator[tuple[Rig, BrokerProxy]]:
    """Run a gateway with a proxy between it and its broker."""
    async with rig(folder, seed) as place, BrokerProxy(place.broker.port, seed) as proxy:
        place.through(proxy.url)
        place.use()
        await place.gateway.start()
        yield place, proxy


async def _drops(_place: Rig, proxy: BrokerProxy, draw: random.Random, seconds: float) -> None:
    """End every connection, again and again."""
    await _for(seconds, lambda: draw.uniform(0.1, 0.8), proxy.drop)


async def _stalls(_place: Rig, proxy: BrokerProxy, _draw: random.Random, seconds: float) -> None:
    """Stall a link, and then continue normally."""
    proxy.is_stalled = True
    await asyncio.sleep(max(seconds, STALL_S))
    proxy.is_stalled = False


async def _holds(_place: Rig, proxy: BrokerProxy, _draw: random.Random, seconds: float) -> None:
    """Hold the gateway's messages back for a while: orders are old when they are released."""
    proxy.is_held = True
    await asyncio.sleep(max(seconds, STALL_S))
    proxy.is_held = False


async def _half_open(_place: Rig, proxy: BrokerProxy, _draw: random.Random, seconds: float) -> None:
    """Stall a link forever: the other end is gone without a notice."""
    proxy.is_stalled = True
    await asyncio.sleep(max(seconds, STALL_S))
    proxy.drop()


async def _repeats(_place: Rig, proxy: BrokerProxy, draw: random.Random, seconds: float) -> None:
    """Repeat every third message, in both directions."""

    def twice(packet: Packet) -> list[Packet]:
        is_message = mqtt.kind_of(packet) == mqtt.PUBLISH and mqtt.quality_of(packet) > 0
        return [packet, mqtt.again(packet)] if is_message and draw.random() < 1 / 3 else [packet]

    proxy.down = proxy.up = twice
    await asyncio.sleep(seconds)


async def _reorders(_place: Rig, proxy: BrokerProxy, draw: random.Random, seconds: float) -> None:
    """Have messages overtaken by later ones."""
    held: list[Packet] = []

    def overtaken(packet: Packet) -> list[Packet]:
        if mqtt.kind_of(packet) != mqtt.PUBLISH:
            return [packet]
        if not held and draw.random() < 1 / 3:
            held.append(packet)
            return []
        come = [packet, *held]
        held.clear()
        return come

    proxy.down = overtaken
    await asyncio.sleep(seconds)


def _refuses(reason: int) -> Script:
    """Return a script that refuses orders, by ACL or quota; only the PUBACK reports it."""

    async def script(_place: Rig, proxy: BrokerProxy, _draw: random.Random, seconds: float) -> None:
        def is_refused(packet: Packet) -> bool:
            return mqtt.is_order(packet) and mqtt.quality_of(packet) == 1

        proxy.up = lambda packet: [] if is_refused(packet) else [packet]
        proxy.answers = lambda packet: [mqtt.refused(packet, reason)] if is_refused(packet) else []
        await asyncio.sleep(seconds)

    return script


async def _swallows(_place: Rig, proxy: BrokerProxy, _draw: random.Random, seconds: float) -> None:
    """Accept messages without ever acknowledging them."""
    proxy.down = lambda packet: [] if mqtt.kind_of(packet) == mqtt.PUBACK else [packet]
    await asyncio.sleep(seconds)
    proxy.drop()


async def _forgets(_place: Rig, proxy: BrokerProxy, draw: random.Random, seconds: float) -> None:
    """Forget sessions and retained messages, as a restored or replaced broker does."""
    proxy.up = mqtt.forgetting
    await _for(seconds, lambda: draw.uniform(0.3, 1.0), proxy.drop)


async def _for(seconds: float, pause_s: Callable[[], float], act: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        await asyncio.sleep(pause_s())
        act()


SCRIPTS: Final[dict[str, Script]] = {
    "drops": _drops,
    "stalls": _stalls,
    "holds": _holds,
    "half-open": _half_open,
    "repeats": _repeats,
    "reorders": _reorders,
    "refuses 0x87": _refuses(mqtt.NOT_AUTHORISED),
    "refuses 0x97": _refuses(mqtt.QUOTA_EXCEEDED),
    "swallows": _swallows,
    "forgets": _forgets,
}
