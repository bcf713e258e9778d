"""One persistent MQTT 5 session: paho-mqtt inside the event loop, acknowledged by hand.

Each connection is a new paho client with the same client id. The broker keeps the session (our
subscriptions, and what it has not been acknowledged for); paho keeps nothing over a reconnect, so
no order that was queued before an outage can leave after it. What is to be sent again is the
service's decision, which knows what has expired.

Unacknowledged messages come again only after a reconnect [MQTT-4.4.0-1], so after a journal error
the service calls `drop`.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Container, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec import Struct
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.adapters.paho_properties import Attributes, Expiry, SharedProperties, share_tables
from gateway.backoff import full_jitter_s
from gateway.wire.outgoing import Outgoing

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

    from gateway.config import Settings
    from sensors.driver import Subscription

log = logging.getLogger(__name__)
share_tables()

KEEPALIVE_S: Final = 20
"""A wedged gateway is declared offline after one and a half of these [MQTT-3.1.2-22]."""
SESSION_EXPIRY_S: Final = 7 * 24 * 3600
"""How long the broker keeps our session while we are away."""
RECEIVE_MAX: Final = 1000
"""Unacknowledged messages at which we ask the broker to hold back. Brokers exceed it (mosquitto
2.0.11 sends 461 where 20 were asked), so the inbox has its own bound."""
CONNECT_TIMEOUT_S: Final = 10.0
READS_AT_ONCE: Final = 64
"""Packets read before the loop may do something else: some 2 ms."""


class BrokerAddress(Struct, frozen=True):
    """Where the broker is, and how to sign in."""

    url: str
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"BrokerAddress({self.url!r})"


def broker_address(settings: "Settings") -> BrokerAddress:
    """Where the broker is, from the settings."""
    password = settings.broker_password
    return BrokerAddress(
        url=settings.broker_url,
        username=settings.broker_username,
        password=password.get_secret_value() if password else None,
        ca_file=str(settings.broker_ca_file) if settings.broker_ca_file else None,
    )


class SessionLost(Exception):  # noqa: N818 - what happened, as all names here
    """The broker refused us, or the connection ended."""


class Session:
    """A persistent session; `run` connects and reconnects until it is cancelled.

    Callbacks run in the event loop and must be quick: `on_message` for each message, `on_taken`
    when the broker has taken over a QoS 1 message of ours, `on_up` and `on_down` as the connection
    comes and goes. Topics in `not_mine` reach us by a wildcard and belong to another session:
    dropped.
    """

    def __init__(
        self,
        client_id: str,
        address: BrokerAddress,
        subscriptions: Sequence["Subscription"],
        *,
        not_mine: Container[str | None] = (),
        on_message: Callable[[MQTTMessage], None],
        on_taken: Callable[[int], None] = lambda _mid: None,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _why: None,
        will: Outgoing | None = None,
        expiry_s: int = SESSION_EXPIRY_S,
    ) -> None:
        self.client_id = client_id
        self.connected = False
        self.came_up = asyncio.Event()
        """The broker has our subscriptions, since the first connection for good."""
        self.subscribed = asyncio.Event()
        """The broker confirmed all topics that we ask for now, on this connection or before."""
        self.connection = 0
        """Counts connections: a message can only be acknowledged on the one that it came by."""
        self._address = address
        self._subscriptions = tuple(subscriptions)
        self._not_mine = not_mine
        self._asked: dict[int, tuple[Subscription, ...]] = {}
        """What was asked for on this connection and is not confirmed, by packet id."""
        self._heard = {wish.filter for wish in subscriptions}
        """Every topic that the broker's session of ours may hold."""
        self._left: dict[int, set[str]] = {}
        """What was left on this connection and is not confirmed, by packet id."""
        self._may_leave = True
        self._on_message = on_message
        self._on_taken = on_taken
        self._on_up = on_up
        self._on_down = on_down
        self._will = will
        self._expiry_s = expiry_s
        self._client: Client | None = None
        self._socket: SocketLike | None = None
        self._ended: asyncio.Future[str] | None = None
        self._accepted = False
        self._paused = False
        self._progress = 0
        self._allowed = asyncio.Event()
        self._allowed.set()

    async def run(self) -> None:
        """Stay connected; ends only by cancellation."""
        attempt = 0
        while True:
            try:
                attempt = 0 if await self._one_connection() else attempt + 1
            finally:
                self._close()
            # Full jitter: a thousand gateways must not come back in step after a broker's restart.
            await asyncio.sleep(full_jitter_s(attempt))
            await self._allowed.wait()

    def publish(self, message: Outgoing, now: datetime) -> int | None:
        """Send a message; its packet id, or None while we are not connected.

        Never call it with an expired message: this is the service's to judge.
        """
        if self._client is None or not self._accepted or self._is_over():
            return None
        info = self._client.publish(
            message.topic,
            message.payload,
            qos=message.qos,
            retain=message.retain,
            properties=_properties(message, now),
        )
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def resubscribe(self, subscriptions: Sequence["Subscription"]) -> None:
        """Ask for these topics from now on; those that are not among them stay until `leave_rest`.

        On a living connection at once, and at each next one. Wildcards are asked for again: the
        broker then repeats what it retains, for devices that were strangers until now.
        """
        known = set(self._subscriptions)
        self._subscriptions = tuple(subscriptions)
        self._heard |= {wish.filter for wish in subscriptions}
        self.subscribed.clear()
        self._may_leave = False
        if self._client is None or not self._accepted or self._is_over():
            return
        new = tuple(w for w in self._subscriptions if w not in known or "+" in w.filter)
        if new:
            self._ask_for(self._client, new)
        elif not self._asked:
            self.subscribed.set()

    def leave_rest(self, not_mine: Container[str | None] = ()) -> None:
        """Leave the topics that we no longer ask for, and drop what belongs to another session.

        Only once every session has its own (`subscribed`): what moves from one session to another
        is heard all the time.
        """
        self._not_mine = not_mine
        self._may_leave = True
        if self._client is not None and self._accepted and not self._is_over():
            self._leave(self._client)

    def _leave(self, client: Client) -> None:
        rest = self._heard - {wish.filter for wish in self._subscriptions}
        if rest and self._may_leave:
            _, mid = client.unsubscribe(sorted(rest))
            if mid is not None:
                self._left[mid] = rest

    def _ask_for(self, client: Client, wishes: tuple["Subscription", ...]) -> None:
        filters = [(wish.filter, SubscribeOptions(qos=wish.qos)) for wish in wishes]
        _, mid = client.subscribe(filters)
        if mid is not None:
            self._asked[mid] = wishes

    def acknowledge(self, message: MQTTMessage) -> None:
        """Tell the broker that a message is on disk."""
        if self._client is not None and message.qos:
            self._client.ack(message.mid, message.qos)

    def flush(self, *, many: bool = False) -> None:
        """Write what is queued now, not at the loop's next round.

        Many packets go corked, so that the kernel sends full segments: paho writes packet by
        packet, and without delay each would travel, and wake the broker, alone.
        """
        if self._client is None or not self._client.want_write():
            return
        if many:
            _cork(self._socket, on=True)
        self._client.loop_write()
        if many:
            _cork(self._socket, on=False)

    def pause(self) -> None:
        """Stop reading the socket: TCP holds the broker back."""
        if not self._paused:
            self._paused = True
            if self._socket is not None:
                asyncio.get_running_loop().remove_reader(self._socket)

    def resume(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = False
            if self._socket is not None and not self._is_over():
                loop = asyncio.get_running_loop()
                loop.add_reader(self._socket, self._readable)
                if _buffered(self._socket):  # TLS has read more than the socket shows
                    loop.call_soon(self._readable)

    def drop(self, why: str) -> None:
        """End this connection, so that the broker sends again what was not acknowledged.

        It stays away until `allow`.
        """
        self._allowed.clear()
        self._end(why)

    def allow(self) -> None:
        """Connect again."""
        self._allowed.set()

    async def _one_connection(self) -> bool:
        """Connect, subscribe, and wait for the end; whether we ever got in."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._accepted = was_up = False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._client = client = self._new_client(loop)
                await _in_thread_of_its_own(lambda: self._connect(client))
                while not self.connected:
                    await self._misc_or_end(client, 0.01)
            was_up = True
            self.came_up.set()
            self._on_up()
            while True:
                await self._misc_or_end(client, 1.0)
        except (SessionLost, OSError) as error:
            why = str(error) or f"no answer within {CONNECT_TIMEOUT_S:g} s"
            log.warning("%s: %s: %s", self.client_id, self._address.url, why)
            if self._accepted:
                self._on_down(why)
        return was_up

    async def _misc_or_end(self, client: Client, seconds: float) -> None:
        """Keep the connection alive for a while.

        Raises:
            SessionLost: it ended.
        """
        assert self._ended is not None  # noqa: S101 - set by the caller
        await asyncio.wait((self._ended,), timeout=seconds)
        if self._ended.done():
            raise SessionLost(self._ended.result())
        if self._paused:  # the answer to the last ping lies unread in the socket
            client._ping_t = 0  # noqa: SLF001 - paho has no other word for it
        client.loop_misc()

    def _new_client(self, loop: asyncio.AbstractEventLoop) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.suppress_exceptions = False
        if self._address.username:
            client.username_pw_set(self._address.username, self._address.password)
        if urlsplit(self._address.url).scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context(cafile=self._address.ca_file))
        if self._will is not None:
            client.will_set(
                self._will.topic, self._will.payload, self._will.qos, retain=self._will.retain
            )
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_unsubscribe = self._unsubscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        client.on_publish = self._taken

        here = threading.get_ident()

        # paho connects in another thread (it blocks), so the first of these come from there.
        def in_loop(work: Callable[["SocketLike"], None]) -> Callable[..., None]:
            def hand_over(_client: Client, _userdata: object, sock: "SocketLike") -> None:
                if loop.is_closed():
                    return  # a client that was given up is cleared away at the end of all
                if threading.get_ident() == here:
                    self._if_current(client, work, sock)
                else:
                    loop.call_soon_threadsafe(self._if_current, client, work, sock)

            return hand_over

        def opened(_client: Client, _userdata: object, sock: "SocketLike") -> None:
            if client is not self._client:  # given up meanwhile; nobody else would close it
                sock.close()
                raise SessionLost("given up")
            hand_over_opened(client, None, sock)

        hand_over_opened = in_loop(self._opened)
        client.on_socket_open = opened
        client.on_socket_register_write = in_loop(self._want_write)
        client.on_socket_unregister_write = in_loop(self._want_no_write)
        client.on_socket_close = in_loop(self._forget)
        return client

    def _connect(self, client: Client) -> None:
        parts = urlsplit(self._address.url)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
        properties.SessionExpiryInterval = self._expiry_s
        properties.ReceiveMaximum = RECEIVE_MAX
        client.connect(
            parts.hostname or "127.0.0.1",
            parts.port or (8883 if parts.scheme == "mqtts" else 1883),
            keepalive=KEEPALIVE_S,
            clean_start=False,
            properties=properties,
        )

    def _if_current(
        self, client: Client, work: Callable[["SocketLike"], None], sock: "SocketLike"
    ) -> None:
        """Do the work unless this client was given up, or its socket closed, in the meantime."""
        if client is self._client and sock.fileno() >= 0:
            work(sock)

    def _opened(self, sock: "SocketLike") -> None:
        assert isinstance(sock, socket.socket)  # noqa: S101 - TCP; websockets are not offered
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self.connection += 1
        self._paused = False
        asyncio.get_running_loop().add_reader(sock, self._readable)
        if self._client is not None and self._client.want_write():
            self._want_write(sock)

    def _want_write(self, sock: "SocketLike") -> None:
        if self._client is not None and sock is self._socket:
            asyncio.get_running_loop().add_writer(sock, self._client.loop_write)

    def _want_no_write(self, sock: "SocketLike") -> None:
        asyncio.get_running_loop().remove_writer(sock)

    def _forget(self, sock: "SocketLike") -> None:
        asyncio.get_running_loop().remove_reader(sock)
        asyncio.get_running_loop().remove_writer(sock)

    def _readable(self) -> None:
        """Read while packets come. TLS may hold whole packets that the socket no longer shows."""
        for _ in range(READS_AT_ONCE):
            if self._client is None or self._paused or self._is_over():
                return
            before = self._progress
            self._client.loop_read()
            if self._progress == before and not _buffered(self._socket):
                return
        if _buffered(self._socket):
            asyncio.get_running_loop().call_soon(self._readable)

    def _connected(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._progress += 1
        if reason.is_failure:
            self._end(f"the broker refused the connection: {reason}")
            return
        # From here on we may publish: what the broker kept for us comes before our subscriptions
        # are confirmed, and its answers must not wait for them.
        self._accepted = True
        self._asked.clear()
        self._left.clear()
        if self._subscriptions:
            self._ask_for(client, self._subscriptions)
        else:
            self.connected = True
            self.subscribed.set()
        self._leave(client)

    def _subscribed(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._progress += 1
        refused = [
            f"{wish.filter} ({reason})"
            for wish, reason in zip(self._asked.pop(mid, ()), reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            why = f"the broker refused subscriptions (check its ACL): {', '.join(refused)}"
            if self.connected:  # what we had goes on
                log.error("%s: %s", self.client_id, why)
            else:
                self._end(why)
            return
        self.connected = True
        if not self._asked:
            self.subscribed.set()

    def _unsubscribed(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._progress += 1
        wanted = {wish.filter for wish in self._subscriptions}
        self._heard -= self._left.pop(mid, set()) - wanted

    def _disconnected(
        self,
        _client: Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._end(f"connection ended: {reason}")

    def _received(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._progress += 1
        if _topic(message) in self._not_mine:
            self.acknowledge(message)
        else:
            self._on_message(message)

    def _taken(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._progress += 1
        if reason.is_failure:
            log.error("%s: the broker refused a message: %s", self.client_id, reason)
        self._on_taken(mid)

    def _is_over(self) -> bool:
        return self._ended is None or self._ended.done()

    def _end(self, why: str) -> None:
        self.connected = False
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(why)

    def _close(self) -> None:
        """Close the connection at once, without asking paho to be polite: the session stays."""
        self.connected = False
        self._client = None
        sock, self._socket = self._socket, None
        if sock is not None and sock.fileno() >= 0:
            self._forget(sock)
            sock.close()


async def _in_thread_of_its_own(work: Callable[[], None]) -> None:
    """Run what blocks; a cancelled caller, and the end of the process, wait for nothing.

    Executors are joined at exit: a broker that answers nothing would hold a stop for ten seconds.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: Exception | None) -> None:
        if done.done():  # the caller has gone
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def blocking() -> None:
        error: Exception | None = None
        try:
            work()
        except (OSError, ValueError, SessionLost) as wrong:  # what paho's connect raises, and ours
            error = wrong.with_traceback(None)  # its frames hold a socket that paho did not close
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=blocking, name="mqtt-connect", daemon=True).start()
    await done


def _cork(sock: "SocketLike | None", *, on: bool) -> None:
    """Hold back (or let go) segments that are not full, where the system can."""
    if isinstance(sock, socket.socket) and hasattr(socket, "TCP_CORK") and sock.fileno() >= 0:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, int(on))


def _topic(message: MQTTMessage) -> str | None:
    try:
        return message.topic
    except UnicodeDecodeError:
        return None


def _buffered(sock: "SocketLike | None") -> bool:
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


_EXPIRIES: dict[int, Expiry] = {}
"""Message expiry as properties, by whole seconds: building one costs more than sending it."""


def _properties(message: Outgoing, now: datetime) -> SharedProperties | None:
    """A fact has attributes and no expiry, an order an expiry and no attributes."""
    event = message.event
    if event is not None:
        return Attributes(f"/{message.topic}", event.type, event.id, event.time.isoformat())
    return _expiry(message.expires, now)


def _expiry(expires: datetime | None, now: datetime) -> Expiry | None:
    if expires is None:
        return None
    seconds = max(1, min(3600, -int((now - expires).total_seconds() // 1)))
    if seconds not in _EXPIRIES:
        _EXPIRIES[seconds] = Expiry(seconds)
    return _EXPIRIES[seconds]
