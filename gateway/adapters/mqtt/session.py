"""One persistent MQTT 5 session: paho-mqtt inside the event loop, with manual acknowledgement.

Each connection is a new paho client with the same client id. The broker keeps the session (our
subscriptions, and unacknowledged messages); paho keeps nothing over a reconnection, so that no
order queued before an outage can leave after it. The service, which knows the expired orders,
decides what is sent again.

Unacknowledged messages are sent again only after a reconnection [MQTT-4.4.0-1], so after a journal
error the service calls `drop`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Container, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.client import PacketClient, ReceivedPublish
from gateway.adapters.mqtt.event_loop import LoopSocket, SessionLost, in_thread_of_its_own
from gateway.adapters.mqtt.inflight_window import ALLOWED, InflightWindow
from gateway.adapters.mqtt.paho_client import connect, new_client
from gateway.adapters.mqtt.properties import properties_of
from gateway.adapters.mqtt.subscriptions import SessionTopics
from gateway.aio import full_jitter_s
from gateway.wire.message import Outgoing

if TYPE_CHECKING:
    from sensors.driver import Subscription

log = logging.getLogger(__name__)

NOBODY_LISTENS: Final = 0x10
"""PUBACK's reason code when no session has subscribed to the topic (MQTT-5 3.4.2.1)."""
FAILURE: Final = 0x80
"""Reason codes from here on are failures (MQTT-5 2.4)."""
SESSION_EXPIRY_S: Final = 7 * 24 * 3600
"""Seconds for which the broker keeps our session while we are disconnected."""
CONNECT_TIMEOUT_S: Final = 10.0
HELD_S: Final = 10.0
"""Seconds after which a connection counts as stable: only then is the next try made at once."""
SETTLED_S: Final = 2.0
KEEPALIVE_S: Final = 20
"""Seconds between two pings. A half-open link is detected after twice as long."""
PROBE_S: Final = 3.0
_LOOKS_A_KEEPALIVE: Final = 8
"""Checks of the connection within one keepalive."""
_HEADER_BYTES: Final = 128
"""Maximum bytes of our PUBLISH packets beside topic and payload."""


class MqttSession:
    """A persistent session; `run` connects and reconnects until it is cancelled.

    Callbacks run in the event loop and must be fast: `on_message` for each message, `on_taken` with
    the number of a QoS 1 message that the broker has acknowledged, `on_refused` with one that it
    refused or had no subscriber for, `on_up` and `on_down` when the connection is established or
    lost. Messages on topics in `not_mine`, which belong to another session and reach us through a
    wildcard, are dropped.
    """

    def __init__(
        self,
        client_id: str,
        address: BrokerAddress,
        subscriptions: Sequence["Subscription"],
        *,
        not_mine: Container[str | None] = (),
        on_message: Callable[[MQTTMessage], None],
        on_taken: Callable[[int], None] = lambda _number: None,
        on_refused: Callable[[int], None] = lambda _number: None,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _why: None,
        will: Outgoing | None = None,
        expiry_s: int = SESSION_EXPIRY_S,
        keepalive_s: int = KEEPALIVE_S,
    ) -> None:
        self.client_id = client_id
        self.connected = False
        self.came_up = asyncio.Event()
        """Set once the broker has confirmed our subscriptions, or has accepted the connection and
        is still sending stored messages `CONNECT_TIMEOUT_S` after its start. Never cleared."""
        self.messages = 0
        """Messages received since the start."""
        self.connection = 0
        """Counts connections: a message can only be acknowledged on the one that delivered it."""
        self._address = address
        self._topics = SessionTopics(subscriptions)
        self._window = InflightWindow(self._send)
        self._not_mine = not_mine
        self._on_message = on_message
        self._on_taken = on_taken
        self._on_refused = on_refused
        self._on_up = on_up
        self._on_down = on_down
        self._will = will
        self._expiry_s = expiry_s
        self._keepalive_s = keepalive_s
        self._packet_max: int | None = None
        """Bytes of the largest packet that the broker accepts; None: any."""
        self._client: PacketClient | None = None
        self._line = LoopSocket(self._opened, user_timeout_s=keepalive_s)
        self._ended: asyncio.Future[str] | None = None
        self._accepted = False
        self._probed_at: float | None = None
        self._up_at = 0.0
        self._allowed = asyncio.Event()
        self._allowed.set()

    @property
    def is_settled(self) -> bool:
        """Return whether the connection is old enough that all stored messages have arrived."""
        return self.connected and time.monotonic() - self._up_at > SETTLED_S

    @property
    def silent_s(self) -> float:
        """Return the seconds since the last packet of the broker; 0 without a connection."""
        if self._client is None:
            return 0.0
        return max(0.0, time.monotonic() - self._client._last_bytes_received)  # noqa: SLF001 - paho's clock

    @property
    def subscribed(self) -> asyncio.Event:
        """Set once the broker has confirmed all current subscriptions, now or earlier."""
        return self._topics.confirmed

    async def run(self) -> None:
        """Stay connected until cancelled."""
        loop, attempt = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            try:
                was_up = await self._one_connection()
            finally:
                self._close()
            attempt = 0 if was_up and loop.time() - began > HELD_S else attempt + 1
            # Full jitter: a thousand gateways must not reconnect in step after a broker's restart.
            await asyncio.sleep(full_jitter_s(attempt))
            await self._allowed.wait()

    def publish(self, message: Outgoing, now: datetime, *, more: bool = False) -> int | None:
        """Send a message, at QoS 1 at its turn; return its number, or None if it was refused.

        Never call it with an expired message: the service checks that. A message that expires
        before its turn is dropped, without a call of `on_taken`. With `more` to come it is written
        by the next `flush`, together with the others: each write wakes the broker.
        """
        if self._usable() is None or self._is_too_large(message):
            return None
        number = self._window.send(message, now)
        if not more:
            self._line.flush()
        return number

    def resubscribe(self, subscriptions: Sequence["Subscription"]) -> None:
        """Subscribe to these topics; other subscriptions stay until `leave_rest`.

        This is done at once if connected, and on each new connection. Wildcards are subscribed
        again: the broker then repeats retained messages, for devices that were unknown until now.
        """
        self._topics.change(subscriptions, self._usable())

    def leave_rest(self, not_mine: Container[str | None] = ()) -> None:
        """Unsubscribe from old topics, and drop messages that belong to another session.

        Call it only once every session is `subscribed`, so that a topic that moves from one session
        to another is received all the time.
        """
        self._not_mine = not_mine
        self._topics.leave_rest(self._usable())

    def acknowledge(self, message: MQTTMessage) -> None:
        """Acknowledge to the broker a message that is on disk; `flush` writes it."""
        if self._client is not None and message.qos:
            self._client.put_puback(message.mid)

    def flush(self) -> None:
        """Write all packets that wait, at once."""
        self._line.flush()

    def pause(self) -> None:
        """Stop reading the socket, so that TCP stops the broker."""
        self._line.pause()

    def resume(self) -> None:
        """Start reading again."""
        self._line.resume()

    def reconnect(self, why: str) -> None:
        """End this connection, and connect again."""
        self._end(why)

    def probe(self) -> None:
        """Send a ping: the connection ends if no packet arrives within `PROBE_S`."""
        client = self._usable()
        if client is not None and self._probed_at is None:
            self._probed_at = time.monotonic()  # paho's clock
            client._send_pingreq()  # noqa: SLF001 - paho has no other word for it

    def end_for_good(self) -> None:
        """Disconnect and make the broker delete the session with its stored messages."""
        client = self._usable()
        if client is not None:
            properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call] # paho
            properties.SessionExpiryInterval = 0
            client.disconnect(properties=properties)
            self.flush()

    def drop(self, why: str) -> None:
        """End this connection, so that the broker sends unacknowledged messages again.

        It stays disconnected until `allow`.
        """
        self._allowed.clear()
        self._end(why)

    def allow(self) -> None:
        """Allow connecting again after `drop`."""
        self._allowed.set()

    async def _one_connection(self) -> bool:
        """Connect, subscribe, and wait for the end; return whether the broker accepted us."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._accepted = was_up = False
        self._probed_at = None
        self._window.clear()
        try:
            self._client = client = self._new_client()
            self._line.carry(client, self._ended)
            await self._get_in(client)
            was_up = True
            self._up_at = time.monotonic()
            self.came_up.set()
            self._on_up()
            while True:
                looks_s = self._keepalive_s / _LOOKS_A_KEEPALIVE
                await self._misc_or_end(client, min(looks_s, self._window.void_in_s()))
        except (SessionLost, OSError) as error:
            why = str(error) or f"no answer within {CONNECT_TIMEOUT_S:g} s"
            log.warning("%s: %s: %s", self.client_id, self._address.url, why)
            if self._accepted:
                self._on_down(why)
        return was_up

    async def _get_in(self, client: PacketClient) -> None:
        """Connect, and wait until the broker has confirmed our subscriptions.

        Stored messages arrive before the confirmation. So there is no timeout while they arrive,
        and after `CONNECT_TIMEOUT_S` `came_up` is set without waiting for the rest.

        Raises:
            TimeoutError: nothing arrived for a while although we read.
            OSError: the broker cannot be reached.
            SessionLost: the broker refused us, or the connection ended.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(CONNECT_TIMEOUT_S) as silence:
            await in_thread_of_its_own(
                lambda: connect(client, self._address, self._expiry_s, self._keepalive_s)
            )
            while not self.connected:
                heard = self._line.progress
                await self._misc_or_end(client, 0.1 if self._line.is_paused else 0.01)
                if self._line.is_paused or self._line.progress != heard:
                    silence.reschedule(loop.time() + CONNECT_TIMEOUT_S)
                if self._accepted and loop.time() - began > CONNECT_TIMEOUT_S:
                    self.came_up.set()

    async def _misc_or_end(self, client: PacketClient, seconds: float) -> None:
        """Keep the connection alive for a while.

        Raises:
            SessionLost: it ended.
        """
        assert self._ended is not None  # noqa: S101 - set by the caller
        await asyncio.wait((self._ended,), timeout=seconds)
        if self._ended.done():
            raise SessionLost(self._ended.result())
        if self._window.is_stuck():
            # Data in the kernel's buffer would arrive whenever the link works again.
            self._line.discard()
            self._end("the broker took no order in time")
            raise SessionLost(self._ended.result())
        self._look_for_life(client)
        if self._line.is_paused:  # the answer to the last ping lies unread in the socket
            client._ping_t = 0  # noqa: SLF001 - paho has no other word for it
        client.loop_misc()

    def _look_for_life(self, client: PacketClient) -> None:
        """End a connection that did not answer a probe, unless it is paused and reads nothing."""
        if self._probed_at is None:
            return
        if client._last_bytes_received > self._probed_at or self._line.is_paused:  # noqa: SLF001 - as above
            self._probed_at = None
        elif time.monotonic() - self._probed_at > PROBE_S:
            self._end("no sign of life")

    def _new_client(self) -> PacketClient:
        client = new_client(self.client_id, self._address, self._will)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_unsubscribe = self._unsubscribed
        client.on_disconnect = self._disconnected
        client.on_received = self._received
        client.on_puback = self._taken
        return client

    def _connected(
        self,
        client: Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._end(f"the broker refused the connection: {reason}")
            return
        # From here on we may publish: stored messages arrive before our subscriptions are
        # confirmed, and their answers must not wait for the confirmation.
        self._accepted = True
        self._window.allow(getattr(properties, "ReceiveMaximum", ALLOWED))
        self._packet_max = getattr(properties, "MaximumPacketSize", None)
        if not self._topics.connected(client):
            self.connected = True

    def _subscribed(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        *_rest: object,
    ) -> None:
        refused = self._topics.answered(mid, reasons)
        if refused:
            why = f"the broker refused subscriptions (check its ACL): {', '.join(refused)}"
            if self.connected:  # what we had goes on
                log.error("%s: %s", self.client_id, why)
            else:
                self._end(why)
            return
        self.connected = True

    def _unsubscribed(self, _client: Client, _userdata: object, mid: int, *_rest: object) -> None:
        self._topics.left(mid)

    def _disconnected(
        self,
        _client: Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        *_rest: object,
    ) -> None:
        self._end(f"connection ended: {reason}")

    def _received(self, message: ReceivedPublish) -> None:
        self.messages += 1
        if _topic(message) in self._not_mine:
            self.acknowledge(message)
        else:
            self._on_message(message)

    def _taken(self, packet_id: int, reason: int) -> None:
        number = self._window.taken(packet_id)
        if reason >= FAILURE:
            said = ReasonCode(PacketTypes.PUBACK, identifier=reason)
            log.error("%s: the broker refused a message: %s", self.client_id, said)
        if number is not None:
            is_good = reason < FAILURE and reason != NOBODY_LISTENS
            (self._on_taken if is_good else self._on_refused)(number)

    def _usable(self) -> PacketClient | None:
        """Return the client whose connection is up."""
        return self._client if self._accepted and not self._is_over() else None

    def _send(self, message: Outgoing, now: datetime) -> int | None:
        """Pass a message to the client; its message expiry is the time that is left."""
        client = self._usable()
        if client is None:
            return None
        properties = properties_of(message, now)
        return client.put_publish(
            message.topic, message.payload, message.qos, properties, retain=message.retain
        )

    def _is_too_large(self, message: Outgoing) -> bool:
        """Return whether a message exceeds the broker's maximum packet size (MQTT-5 3.1.2.11.4)."""
        if self._packet_max is None:
            return False
        size = len(message.topic) + len(message.payload) + _HEADER_BYTES
        if size > self._packet_max:
            log.error(
                "%s: a message on %s has %d bytes, and the broker takes %d: not sent",
                *(self.client_id, message.topic, size, self._packet_max),
            )
        return size > self._packet_max

    def _opened(self) -> None:
        self.connection += 1

    def _is_over(self) -> bool:
        return self._ended is None or self._ended.done()

    def _end(self, why: str) -> None:
        self.connected = False
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(why)

    def _close(self) -> None:
        """Close the connection at once, without an MQTT DISCONNECT: the session stays."""
        self.connected = False
        self._client = None
        self._line.close()


def _topic(message: MQTTMessage) -> str | None:
    try:
        return message.topic
    except UnicodeDecodeError:
        return None
