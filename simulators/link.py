"""One connection that carries many simulated devices.

Messages sent without a connection are lost here; devices that keep their events send them again.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiomqtt
from msgspec import Struct

from gateway.aio import cancel_and_wait, full_jitter_s
from gateway.wire.message import Outgoing

log = logging.getLogger(__name__)

UNDER_WAY_MAX = 2000
"""Messages that the broker has not accepted yet; further ones are dropped and counted."""
_NODELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
"""Without it an answer is delayed by some 5 ms."""


class Broker(Struct, frozen=True):
    """The broker's address and login."""

    url: str = "mqtt://127.0.0.1:1883"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"Broker({self.url!r})"


class MqttLink:
    """A connection that reconnects by itself. Callbacks run in the event loop."""

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        *,
        on_message: Callable[[str, bytes], None],
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[], None] = lambda: None,
    ) -> None:
        self.dropped = 0
        self._broker = broker
        self._topics = topics
        self._on_message = on_message
        self._on_up, self._on_down = on_up, on_down
        self._client: aiomqtt.Client | None = None
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """True if a message can be sent now."""
        return self._client is not None

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Stay connected within the block, which begins at once, connected or not."""
        staying = asyncio.create_task(self._stay(), name="simulators' connection")
        try:
            yield
            await self.drained()
        finally:
            await cancel_and_wait(staying)

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Send messages, in order."""
        for message in messages:
            if self._client is None or len(self._sending) >= UNDER_WAY_MAX:
                self.dropped += 1
                continue
            task = asyncio.create_task(self._publish(self._client, message))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def drained(self) -> None:
        """Wait until the broker has accepted all messages, or the connection is lost."""
        while self._sending and self.connected:
            await asyncio.wait(set(self._sending), timeout=0.5)

    async def _publish(self, client: aiomqtt.Client, message: Outgoing) -> None:
        try:
            await client.publish(
                message.topic, message.payload, qos=message.qos, retain=message.retain
            )
        except aiomqtt.MqttError:
            self.dropped += 1

    async def _stay(self) -> None:
        attempt = 0
        while True:
            try:
                async with self._connection() as client:
                    attempt = 0
                    self._client = client
                    self._on_up()
                    async for message in client.messages:
                        self._on_message(message.topic.value, bytes(message.payload))
            except aiomqtt.MqttError as error:
                log.warning("simulators: %s: %s", self._broker.url, error)
            finally:
                was_up, self._client = self._client is not None, None
            if was_up:
                self._on_down()
            attempt += 1
            await asyncio.sleep(full_jitter_s(attempt))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiomqtt.Client]:
        parts = urlsplit(self._broker.url)
        tls = parts.scheme == "mqtts"
        async with aiomqtt.Client(
            parts.hostname or "127.0.0.1",
            parts.port or (8883 if tls else 1883),
            username=self._broker.username,
            password=self._broker.password,
            tls_context=ssl.create_default_context(cafile=self._broker.ca_file) if tls else None,
            protocol=aiomqtt.ProtocolVersion.V5,
            socket_options=(_NODELAY,),
        ) as client:
            client.pending_calls_threshold = UNDER_WAY_MAX  # it warns above this; we drop
            if self._topics:
                await client.subscribe([(topic, 1) for topic in self._topics])
            yield client
