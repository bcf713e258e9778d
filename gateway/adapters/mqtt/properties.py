"""MQTT 5 properties for paho, at a fraction of their cost.

paho 2.2 rebuilds the tables of all 27 properties for every packet that it reads, and clears each of
them, although nearly every packet of ours has none: a fifth of the gateway's time under load
(docs/decisions/013). The tables are always the same, so they are shared here, and an expiry is
packed only once. Parsing is still paho's own code.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

import paho.mqtt._packet
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from gateway.wire.message import Outgoing

_TABLES: Final = Properties(PacketTypes.PUBLISH).__dict__  # type: ignore[no-untyped-call] # paho
_NONE: Final = 0
"""The length byte of a packet without properties."""
_CONTENT_TYPE: Final = 0x03
_USER_PROPERTY: Final = 0x26
_CARRY: Final = 0x80
"""MQTT-5 2.2.2.2, 1.5.5."""


class SharedProperties(Properties):
    """Properties as paho's, with shared tables. Those of a received PUBLISH are skipped.

    We use no properties of received messages; a client could send thousands of them, or some at
    which paho raises.
    """

    def __init__(self, packet_type: int) -> None:
        self.__dict__.update(_TABLES, packetType=packet_type)

    def unpack(self, buffer: bytes) -> tuple[Properties, int]:
        """Return the properties at the start of `buffer`, and their length in bytes."""
        if buffer and buffer[0] == _NONE:
            return self, 1
        if self.__dict__["packetType"] == PacketTypes.PUBLISH:
            length, size = VariableByteIntegers.decode(buffer)  # type: ignore[no-untyped-call] # paho
            self.__dict__["raw"] = bytes(buffer[: length + size])
            return self, length + size
        return super().unpack(buffer)  # type: ignore[no-any-return,no-untyped-call] # paho

    @property
    def told(self) -> Properties:
        """Return the properties of a PUBLISH, parsed by paho."""
        read = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho
        read.unpack(self.__dict__.get("raw", b"\x00"))  # type: ignore[no-untyped-call] # paho
        return read


class Expiry(SharedProperties):
    """A PUBLISH's message expiry, packed once."""

    def __init__(self, seconds: int) -> None:
        super().__init__(PacketTypes.PUBLISH)
        self.MessageExpiryInterval = seconds
        self.__dict__["packed"] = super().pack()  # type: ignore[no-untyped-call] # paho

    def pack(self) -> bytes:
        """Return the bytes for the wire."""
        packed: bytes = self.__dict__["packed"]
        return packed


class Attributes(SharedProperties):
    """A PUBLISH's CloudEvents attributes, binary mode: packed by hand, which is ten times faster.

    https://github.com/cloudevents/spec, MQTT protocol binding 3.1: the content type is the data's,
    each attribute is a user property.
    """

    def __init__(self, source: str, kind: str, id_: str, time: str) -> None:
        super().__init__(PacketTypes.PUBLISH)
        self.__dict__["attributes"] = (source, kind, id_, time)

    def pack(self) -> bytes:
        """Return the bytes for the wire: MQTT-5 2.2.2, a length and the properties."""
        source, kind, id_, time = self.__dict__["attributes"]
        body = _fixed(source, kind) + _pair("id", id_) + _pair("time", time)
        return bytes(_length(len(body))) + body


_EXPIRIES: Final[dict[int, Expiry]] = {}
"""Message expiry as properties, by whole seconds: building one costs more than sending it."""


def properties_of(message: Outgoing, now: datetime) -> SharedProperties | None:
    """Return a fact's attributes (it has no expiry) or an order's expiry (it has no attributes)."""
    event = message.event
    if event is not None:
        return Attributes(f"/{message.topic}", event.type, event.id, event.time.isoformat())
    return _expiry(message.expires, now)


def _expiry(expires: datetime | None, now: datetime) -> Expiry | None:
    """Return the expiry in whole seconds, rounded down, 1 to 3600; None: it does not expire.

    Brokers round up (mosquitto 2.0.11 keeps 1 s for up to 2 s), and a relay that does not know an
    order's expiry opens whenever the order arrives.
    """
    if expires is None:
        return None
    seconds = max(1, min(3600, int((expires - now).total_seconds())))
    if seconds not in _EXPIRIES:
        _EXPIRIES[seconds] = Expiry(seconds)
    return _EXPIRIES[seconds]


@lru_cache(maxsize=4096)
def _fixed(source: str, kind: str) -> bytes:
    """Return the bytes common to all events of one kind and topic; cached per topic."""
    content = bytes((_CONTENT_TYPE,)) + _text("application/json")
    named = (("specversion", "1.0"), ("type", kind), ("source", source))
    return content + b"".join(_pair(name, value) for name, value in named)


def _pair(name: str, value: str) -> bytes:
    return bytes((_USER_PROPERTY,)) + _text(name) + _text(value)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _length(count: int) -> list[int]:
    """Return a variable byte integer (MQTT-5 1.5.5)."""
    found = []
    while count >= _CARRY:
        found.append(count % _CARRY | _CARRY)
        count //= _CARRY
    return [*found, count]


def share_tables() -> None:
    """Make paho read packets with `SharedProperties`."""
    paho.mqtt._packet.Properties = SharedProperties  # type: ignore[attr-defined] # noqa: SLF001 - the name that its reader uses
