"""Of two gateways that run under one name, the later one yields.

Both would hear every badge and answer it. The broker tells neither of them: a retained `online` may
be that of a run that was killed, perhaps one's own. So a run announces itself, with an id drawn at
its start, and whoever runs under the same name answers in the same way. Who hears that another run
goes before it ends: one that decides already goes before one that begins, then the older one.

A run that begins waits for an answer only where a retained `online` says that there may be one.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.session import MqttSession
from gateway.clock import Clock
from gateway.wire.message import Outgoing, encode
from gateway.wire.states import RunMessage
from gateway.wire.topics import Topics
from sensors.driver import Subscription

log = logging.getLogger(__name__)

ANSWER_S: Final = 3.0
"""How long another run may take to answer: it is busy, or its machine is."""


class NameTakenError(Exception):
    """Another gateway of this name is on the broker, and goes before this one."""


class Rank(Struct, frozen=True, order=True):
    """Who goes before whom: the lower one."""

    begins: bool
    since: datetime
    run: str


class InstanceWatch:
    """Announces this run, and ends it where another one of its name goes before it."""

    def __init__(
        self,
        instance: str,
        topics: Topics,
        clock: Clock,
        address: BrokerAddress,
        client_id: str,
        *,
        on_alarm: Callable[[str], None],
    ) -> None:
        """`on_alarm` is told the topic of each alarm that the broker retains."""
        self._on_alarm = on_alarm
        self.run_id = secrets.token_hex(8)
        self.session = MqttSession(
            client_id,
            address,
            [
                Subscription(topics.gateway_state(instance)),
                Subscription(topics.gateway_run(instance)),
            ],
            on_message=self._heard,
            on_taken=self._was_announced,
            on_up=self._announce,
            expiry_s=0,
        )
        self._instance = instance
        self._topics = topics
        self._clock = clock
        self._since = clock.now()
        self._decides = False
        self._another_may_run = False
        self._announced = asyncio.Event()
        self._yields: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Answer others until cancelled.

        Raises:
            NameTakenError: another run goes before this one.
        """
        running = asyncio.create_task(self.session.run(), name=self.session.client_id)
        try:
            await self._yields
        finally:
            running.cancel()

    async def until_alone(self) -> None:
        """Return once it is known that no other run of this name decides."""
        await self._announced.wait()
        if self._another_may_run:
            await asyncio.sleep(ANSWER_S)
        self._decides = True

    def _announce(self) -> None:
        """Tell who listens; its acknowledgement comes behind what the broker retained for us."""
        message = RunMessage(self.run_id, self._since, decides=self._decides)
        topic = self._topics.gateway_run(self._instance)
        self.session.publish(Outgoing(topic, encode(message), qos=1), self._clock.now())

    def _was_announced(self, _number: int) -> None:
        self._announced.set()

    def _heard(self, message: MQTTMessage) -> None:
        self.session.acknowledge(message)
        if message.topic == self._topics.gateway_state(self._instance):
            if message.retain:
                self._another_may_run = bytes(message.payload) == b"online"
            return
        if message.topic != self._topics.gateway_run(self._instance):
            if message.retain and message.payload:
                self._on_alarm(message.topic)
            return
        try:
            other = msgspec.json.decode(message.payload, type=RunMessage)
        except msgspec.DecodeError:
            log.warning("%s: no announcement of a run", message.topic)
            return
        if other.run != self.run_id:
            self._met(other)

    def _met(self, other: RunMessage) -> None:
        mine = Rank(not self._decides, self._since, self.run_id)
        theirs = Rank(not other.decides, other.since, other.run)
        if mine < theirs:
            log.warning("another gateway named %s begins, and is told to end", self._instance)
            self._announce()
        elif not self._yields.done():
            self._yields.set_exception(
                NameTakenError(
                    f"another gateway is named {self._instance} on this broker, and has run since "
                    f"{other.since.isoformat(timespec='seconds')}: stop it, or give one of them "
                    "another name (SEUIL_INSTANCE)"
                )
            )
