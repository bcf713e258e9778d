"""A paho client whose PUBLISH and PUBACK packets are read and written by code of our own.

Nearly every packet of a gateway is one of these two, and paho spends more time on them than the
engine on a decision: three system calls and six locks to read one, a property table of 27 rows, a
condition variable for each message, a system call to write one. Here one system call reads all
packets that have arrived, and one writes all that wait.
Connecting, subscribing, pings and all other packets are paho's own.
"""

import ssl
from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from typing import Final

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MalformedPacket

from gateway.adapters.mqtt.properties import MORE, variable_integer

READ_BYTES: Final = 16 * 1024
"""Bytes of one read: some hundred badges."""
_PUBLISH: Final = 0x30
_PUBACK: Final = 0x40
_DISCONNECT: Final = 0xE0
_KIND: Final = 0xF0
_QOS: Final = 0x06
_QOS_1: Final = 0x02
_RETAIN: Final = 0x01
_AGAIN: Final = 0x08
_LENGTH_BYTES_MAX: Final = 4
_SUCCESS: Final = 0
_PACKET_ID: Final = 2
"""Bytes of a PUBACK without a reason code, which means success (MQTT-5 3.4.2.1)."""


class ReceivedPublish(MQTTMessage):
    """A received message with paho's attributes, without those of a message to be sent."""

    __slots__ = ("raw_properties",)

    def __init__(self, mid: int, topic: bytes, payload: bytes, raw_properties: bytes) -> None:
        self._topic = topic
        self.mid = mid
        self.payload = payload
        self.raw_properties = raw_properties
        """Properties as they came, after their length: we use none of them, and somebody else could
        send thousands, or some at which paho raises."""
        self.timestamp = monotonic()


class MalformedPacketError(Exception):
    """A packet that breaks MQTT: the connection ends."""


class PacketClient(Client):
    """A paho client for one connection, read and written by an event loop.

    `on_received` is called with each PUBLISH, `on_puback` with each PUBACK's packet id and reason.
    What they raise, reading raises.
    """

    def __init__(self, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        self.on_received: Callable[[ReceivedPublish], None] = lambda _message: None
        self.on_puback: Callable[[int, int], None] = lambda _packet_id, _reason: None
        self._come = bytearray()
        """Bytes read from the socket; those before `_at` are done with."""
        self._at = 0
        self._unsent = bytearray()
        self._leaves = False
        """A DISCONNECT is the last packet of `_unsent`."""

    # -- reading -----------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Read once from the socket; return whether more may wait in it."""
        if self._sock is None:
            return False
        try:
            data = self._sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except ssl.SSLWantWriteError:
            self._call_socket_register_write()
            return False
        except OSError:
            data = b""
        if not data:
            self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
            return False
        self._last_bytes_received = monotonic()
        del self._come[: self._at]
        self._at = 0
        self._come += data
        return len(data) == READ_BYTES

    def handle_packet(self) -> bool:
        """Handle the next packet that has arrived whole; return whether there was one."""
        try:
            found = self._next_packet()
            if found is None:
                return False
            self._at = found[2]
            self._handle(*found)
        except (MalformedPacketError, MalformedPacket):
            self._come.clear()
            self._at = 0
            self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)
        return True

    def _next_packet(self) -> tuple[int, int, int] | None:
        """Return the first byte, start and end of the next whole packet (MQTT-5 2.1)."""
        come, at = self._come, self._at
        if len(come) < at + 2:
            return None
        length = come[at + 1]
        start = at + 2
        if length >= MORE:
            length, start = _variable_integer(come, at + 1)
            if not start:
                return None
        end = start + length
        return None if end > len(come) else (come[at], start, end)

    def _handle(self, command: int, start: int, end: int) -> None:
        kind, body = command & _KIND, self._come[start:end]
        if kind == _PUBLISH:
            self.on_received(_published(command, bytes(body)))
        elif kind == _PUBACK:
            self.on_puback(*_acknowledged(body))
        else:
            self._in_packet["command"] = command
            self._in_packet["packet"] = body
            self._in_packet["remaining_length"] = len(body)
            self._loop_rc_handle(self._packet_handle())

    # -- writing -----------------------------------------------------------------------------------

    def put_publish(
        self, topic: str, payload: bytes, qos: int, properties: bytes, *, retain: bool
    ) -> int | None:
        """Add a PUBLISH to what the next `loop_write` sends; return its packet id.

        `properties` are those of MQTT-5 3.3.2.3, with their length before them. Returns None if
        the connection is gone.
        """
        if self._sock is None:
            return None
        packet_id = self._mid_generate() if qos else 0
        name = _topic(topic)
        length = len(name) + 2 * qos + len(properties) + len(payload)
        unsent = self._unsent
        unsent.append(_PUBLISH | qos << 1 | retain)
        unsent += variable_integer(length)
        unsent += name
        if qos:
            unsent += packet_id.to_bytes(2, "big")
        unsent += properties
        unsent += payload
        return packet_id

    def put_puback(self, packet_id: int) -> None:
        """Add a PUBACK to what the next `loop_write` sends."""
        self._unsent += b"\x40\x02%c%c" % divmod(packet_id, 256)

    def want_write(self) -> bool:
        """Return whether packets wait to be written."""
        return bool(self._unsent)

    def loop_write(self) -> MQTTErrorCode:
        """Write all packets that wait; the rest when the socket takes it."""
        sock = self._sock
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            while self._unsent:
                del self._unsent[: sock.send(self._unsent)]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._call_socket_register_write()
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        self._last_msg_out = monotonic()
        self._call_socket_unregister_write()
        if self._leaves:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _packet_queue(
        self,
        command: int,
        packet: bytes | bytearray,
        _mid: int,
        _qos: int,
        _info: MQTTMessageInfo | None = None,
    ) -> MQTTErrorCode:
        """Add a packet of paho's own to ours. It may come from the thread that connects."""
        self._leaves = command & _KIND == _DISCONNECT
        self._unsent += packet
        self._call_socket_register_write()
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def _published(command: int, body: bytes) -> ReceivedPublish:
    """Return the message of a PUBLISH (MQTT-5 3.3).

    Raises:
        MalformedPacketError: it is none.
    """
    topic_end = 2 + int.from_bytes(body[:2], "big")
    at, mid, qos = topic_end, 0, command & _QOS
    if qos:
        mid = int.from_bytes(body[at : at + 2], "big")
        at += 2
    length, at = _variable_integer(body, at)
    payload = at + length
    if not at or payload > len(body) or qos > _QOS_1:
        raise MalformedPacketError("not a message of the quality of service that we ask for")
    message = ReceivedPublish(mid, body[2:topic_end], body[payload:], body[at:payload])
    message.qos, message.retain = qos >> 1, bool(command & _RETAIN)
    message.dup = bool(command & _AGAIN)
    return message


def _acknowledged(body: bytearray) -> tuple[int, int]:
    """Return the packet id and the reason of a PUBACK (MQTT-5 3.4).

    Raises:
        MalformedPacketError: it acknowledges nothing.
    """
    if len(body) < _PACKET_ID:
        raise MalformedPacketError("an acknowledgement of nothing")
    reason = body[2] if len(body) > _PACKET_ID else _SUCCESS
    return int.from_bytes(body[:2], "big"), reason


def _variable_integer(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """Return the variable byte integer at `at`, and where it ends; 0: it has not come whole.

    Raises:
        MalformedPacketError: it has more than four bytes.
    """
    number = data[at] if at < len(data) else MORE
    if number < MORE:
        return number, at + 1
    number = 0
    for position, byte in enumerate(data[at : at + _LENGTH_BYTES_MAX]):
        number += (byte & ~MORE) << 7 * position
        if byte < MORE:
            return number, at + position + 1
    if len(data) >= at + _LENGTH_BYTES_MAX:
        raise MalformedPacketError("a length of more than four bytes")
    return 0, 0


@lru_cache(maxsize=4096)
def _topic(topic: str) -> bytes:
    """Return a topic's bytes, with their length before them; cached per topic.

    Raises:
        ValueError: no message can be published on it.
    """
    if "+" in topic or "#" in topic:
        raise ValueError(f"{topic}: a message's topic has no wildcards")
    encoded = topic.encode()
    return len(encoded).to_bytes(2, "big") + encoded
