"""Detects a second gateway with the same name; the later one ends.

Both would receive every badge and answer it. The broker does not detect this: a retained `online`
may be from a run that was killed, perhaps an earlier one of ours. So each run announces itself with
an id drawn at its start, and any run with the same name answers in the same way. A run ends when it
receives the announcement of one with precedence: a run that already decides precedes one that is
starting, then the older one precedes.

A starting run waits for an answer only if a retained `online` indicates that there may be another.
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
"""Seconds that another run may take to answer if it or its machine is busy."""


class NameTakenError(Exception):
    """Another gateway of this name is on the broker and has precedence."""


class Rank(Struct, frozen=True, order=True):
    """A run's precedence: the lower rank precedes."""

    begins: bool
    since: datetime
    run: str


class InstanceWatch:
    """Announces this run, and ends it if another one of its name has precedence."""

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
        """Call `on_alarm` with the topic of each alarm that the broker retains."""
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
        """Answer other runs until cancelled.

        Raises:
            NameTakenError: another run has precedence.
        """
        running = asyncio.create_task(self.session.run(), name=self.session.client_id)
        try:
            await self._yields
        finally:
            running.cancel()

    async def until_alone(self) -> None:
        """Wait until it is certain that no other run of this name decides."""
        await self._announced.wait()
        if self._another_may_run:
            await asyncio.sleep(ANSWER_S)
        self._decides = True

    def _announce(self) -> None:
        """Publish this run; the acknowledgement arrives after the broker's retained messages."""
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
