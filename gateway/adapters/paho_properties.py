"""MQTT 5 properties for paho, at a fraction of their cost.

paho 2.2 builds the tables of all 27 properties anew for every packet that it reads, and clears each
of them, although nearly every packet of ours carries none: a fifth of the gateway's time under load
(decisions.md, 13). The tables are the same for all, so here they are shared, and packing the same
expiry again gives the same bytes. What is parsed stays paho's own code.
"""

from typing import Final

import paho.mqtt._packet
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

_TABLES: Final = Properties(PacketTypes.PUBLISH).__dict__  # type: ignore[no-untyped-call] # paho
_NONE: Final = 0
"""The length byte of a packet without properties."""


class SharedProperties(Properties):
    """As paho's, with the tables of the first one."""

    def __init__(self, packet_type: int) -> None:
        self.__dict__.update(_TABLES, packetType=packet_type)

    def unpack(self, buffer: bytes) -> tuple[Properties, int]:
        """The properties that `buffer` begins with, and how many bytes they take."""
        if buffer and buffer[0] == _NONE:
            return self, 1
        return super().unpack(buffer)  # type: ignore[no-any-return,no-untyped-call] # paho


class Expiry(SharedProperties):
    """A PUBLISH's message expiry, packed once."""

    def __init__(self, seconds: int) -> None:
        super().__init__(PacketTypes.PUBLISH)
        self.MessageExpiryInterval = seconds
        self.__dict__["packed"] = super().pack()  # type: ignore[no-untyped-call] # paho

    def pack(self) -> bytes:
        """The bytes for the wire."""
        packed: bytes = self.__dict__["packed"]
        return packed


def share_tables() -> None:
    """Have paho read packets with `SharedProperties`."""
    paho.mqtt._packet.Properties = SharedProperties  # type: ignore[attr-defined] # noqa: SLF001 - the name that its reader uses
