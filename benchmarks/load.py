"""The load: simulated readers that badge, in their own process, and time the answers.

`python -m benchmarks.load` reads one `LoadConfig` as JSON from its standard input and prints one
`Measured` as JSON. A rate of 0 means: as fast as a window of unanswered badges allows.
"""

import asyncio
import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.session import MqttSession
from gateway.wire.message import Outgoing
from sensors.driver import Subscription

DRAIN_S = 10.0
"""Seconds to wait for the last answers."""


class LoadConfig(Struct):
    """The load: `topics` are the readers' topics without `/event`; `boot` is this run's."""

    url: str
    topics: list[str]
    badges: list[str]
    seconds: float
    rate: float = 0.0
    window: int = 500
    boot: int = 1
    seed: int = 0


class Measured(Struct):
    """The result: times in ms, `rate` is answers per second over the whole run."""

    sent: int
    answered: int
    denied: int
    doubled: int
    p50_ms: float
    p99_ms: float
    rate: float


class Load:
    """The readers' side of a run."""

    def __init__(self, order: LoadConfig) -> None:
        self._order = order
        self._random = random.Random(order.seed)  # noqa: S311 - repeatable, no secret
        self._seq = dict.fromkeys(order.topics, 0)
        self._under_way: dict[tuple[str, int], float] = {}
        self._took: list[float] = []
        self._denied = 0
        self._doubled = 0
        self._room = asyncio.Event()
        self._wall = datetime.now(UTC)  # noqa: DTZ005, TID251, RUF100 - a load needs the real time
        self._started = time.perf_counter()
        self._session = MqttSession(
            f"bench-load-{order.boot}",
            BrokerAddress(order.url),
            [Subscription(f"{topic}/command") for topic in order.topics],
            on_message=self._answered,
            expiry_s=0,  # otherwise the broker would keep the next run's answers for this one
        )

    async def run(self) -> Measured:
        """Badge for the configured time, wait for the last answers, and sum up."""
        connected = asyncio.create_task(self._session.run())
        while not self._session.connected:
            await asyncio.sleep(0.01)
        start = time.perf_counter()
        await (self._at_rate(start) if self._order.rate else self._in_window(start))
        deadline = time.perf_counter() + DRAIN_S
        while self._under_way and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        took = time.perf_counter() - start
        connected.cancel()
        return self._measured(took)

    async def _at_rate(self, start: float) -> None:
        """Run an open loop: the next badge does not wait for the last answer."""
        for number in range(int(self._order.rate * self._order.seconds)):
            wait = start + number / self._order.rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            self._badge()
            self._session.flush()

    async def _in_window(self, start: float) -> None:
        """Run a closed loop: always `window` badges unanswered, so the rate is sustainable."""
        while time.perf_counter() - start < self._order.seconds:
            while len(self._under_way) < self._order.window:
                self._badge()
            self._session.flush()
            self._room.clear()
            await self._room.wait()

    def _badge(self) -> None:
        topic = self._random.choice(self._order.topics)
        self._seq[topic] = seq = self._seq[topic] + 1
        sent = time.perf_counter()
        at = self._wall + timedelta(seconds=sent - self._started)
        event = {
            "boot": self._order.boot,
            "seq": seq,
            "at": at,
            "type": "credential",
            "credential": self._random.choice(self._order.badges),
        }
        self._under_way[topic, seq] = sent
        self._session.publish(
            Outgoing(f"{topic}/event", msgspec.json.encode(event), 1), at, more=True
        )

    def _answered(self, message: MQTTMessage) -> None:
        now = time.perf_counter()
        self._session.acknowledge(message)
        answer = msgspec.json.decode(message.payload)
        if answer["boot"] != self._order.boot:
            return
        sent = self._under_way.pop((message.topic.removesuffix("/command"), answer["seq"]), None)
        if sent is None:
            self._doubled += 1
            return
        self._took.append((now - sent) * 1000)
        self._denied += answer.get("decision") == "denied"
        self._room.set()

    def _measured(self, took: float) -> Measured:
        cuts = statistics.quantiles(self._took, n=100) if len(self._took) > 1 else [0.0] * 99
        return Measured(
            sent=sum(self._seq.values()),
            answered=len(self._took),
            denied=self._denied,
            doubled=self._doubled,
            p50_ms=round(cuts[49], 3),
            p99_ms=round(cuts[98], 3),
            rate=round(len(self._took) / took, 1),
        )


def main() -> None:
    """Carry out one run."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=LoadConfig)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(Load(order).run())))


if __name__ == "__main__":
    main()
