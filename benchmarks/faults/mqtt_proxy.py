"""A proxy between a gateway and its broker that misbehaves by script.

It knows only the necessary parts of MQTT 5: the end of a packet, PUBLISH and PUBACK, and the
session of a CONNECT.
"""

import asyncio
import random
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from gateway.adapters.broker.ports import LOOPBACK

CONNECT, PUBLISH, PUBACK = 1, 3, 4
NOT_AUTHORISED, QUOTA_EXCEEDED = 0x87, 0x97
_CLEAN_START: Final = 0x02
_READ: Final = 65_536
Packet = bytes
Rule = Callable[[Packet], list[Packet]]
"""The result for a packet: itself, nothing, others."""


class BrokerProxy:
    """Forwards MQTT; `down` is the rule for the broker's packets, `up` for the gateway's.

    `is_stalled`: nothing passes and nothing is closed, as on a link that hangs; `is_held`: packets
    of the gateway do not pass.
    """

    def __init__(self, broker_port: int, seed: int = 0) -> None:
        self.down: Rule = _as_it_is
        self.up: Rule = _as_it_is
        self.answers: Rule = _nothing
        """The broker's own answers to a packet of the gateway."""
        self.is_stalled = self.is_held = False
        self.url = ""
        self.connections = 0
        self._broker_port = broker_port
        self._draw = random.Random(seed)  # noqa: S311 - repeatable, no secret
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, LOOPBACK, 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"mqtt://{LOOPBACK}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, with every connection."""
        assert self._server is not None  # noqa: S101 - it was begun
        self._server.close()
        self.is_stalled = self.is_held = False
        self.drop()

    def drop(self) -> None:
        """End every connection without a DISCONNECT."""
        for line in tuple(self._lines):
            line.transport.abort()

    def behave(self) -> None:
        """Forward everything again; links that hang end."""
        self.down = self.up = _as_it_is
        self.answers = _nothing
        self.is_stalled = self.is_held = False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            to_broker = await asyncio.open_connection(LOOPBACK, self._broker_port)
        except OSError:
            writer.transport.abort()
            return
        lines = {writer, to_broker[1]}
        self._lines |= lines
        try:
            async with asyncio.TaskGroup() as tasks:
                up = self._pass(reader, to_broker[1], self._upwards(writer), self._stands_up)
                down = self._pass(to_broker[0], writer, self._downwards, self._stands_down)
                tasks.create_task(up)
                tasks.create_task(down)
        except* (OSError, EOFError):
            pass
        finally:
            self._lines -= lines
            for line in lines:
                line.transport.abort()

    def _upwards(self, gateway: asyncio.StreamWriter) -> Callable[[Packet], list[Packet]]:
        def pass_on(packet: Packet) -> list[Packet]:
            for answer in self.answers(packet):
                gateway.write(answer)
            return self.up(packet)

        return pass_on

    def _stands_up(self) -> bool:
        return self.is_stalled or self.is_held

    def _stands_down(self) -> bool:
        return self.is_stalled

    def _downwards(self, packet: Packet) -> list[Packet]:
        return self.down(packet)

    async def _pass(
        self,
        source: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        rule: Rule,
        stands: Callable[[], bool],
    ) -> None:
        while True:
            packet = await _packet(source)
            while stands():
                await asyncio.sleep(0.05)
            for each in rule(packet):
                to.write(each)
            await to.drain()


async def _packet(source: asyncio.StreamReader) -> Packet:
    """Return one whole packet [MQTT-2.1]."""
    head = bytearray(await source.readexactly(1))
    length, shift = 0, 0
    while True:
        byte = (await source.readexactly(1))[0]
        head.append(byte)
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return bytes(head) + await source.readexactly(length)


def kind_of(packet: Packet) -> int:
    """Return the packet's type: CONNECT, PUBLISH, PUBACK, ..."""
    return packet[0] >> 4


def quality_of(packet: Packet) -> int:
    """Return a PUBLISH's QoS."""
    return packet[0] >> 1 & 3


def topic_of(packet: Packet) -> str:
    """Return a PUBLISH's topic."""
    body = _body(packet)
    size = int.from_bytes(body[:2], "big")
    return body[2 : 2 + size].decode(errors="replace")


def number_of(packet: Packet) -> bytes:
    """Return a PUBLISH's packet identifier (QoS 1)."""
    body = _body(packet)
    at = 2 + int.from_bytes(body[:2], "big")
    return body[at : at + 2]


def is_order(packet: Packet) -> bool:
    """Return whether it is a command to a reader or a lock."""
    return kind_of(packet) == PUBLISH and topic_of(packet).endswith("/command")


def refused(packet: Packet, reason: int) -> Packet:
    """Return a broker's refusal of a PUBLISH."""
    return bytes((PUBACK << 4, 4)) + number_of(packet) + bytes((reason, 0))


def again(packet: Packet) -> Packet:
    """Return the same PUBLISH, marked as a duplicate."""
    return bytes((packet[0] | 0x08,)) + packet[1:]


def forgetting(packet: Packet) -> list[Packet]:
    """Turn a CONNECT into one that begins a new session: the broker forgets the old one."""
    if kind_of(packet) != CONNECT:
        return [packet]
    start = len(packet) - len(_body(packet))
    flags = start + 7  # behind the protocol's name and version [MQTT-3.1.2]
    return [packet[:flags] + bytes((packet[flags] | _CLEAN_START,)) + packet[flags + 1 :]]


def _body(packet: Packet) -> bytes:
    at = 1
    while packet[at] & 0x80:
        at += 1
    return packet[at + 1 :]


def _as_it_is(packet: Packet) -> list[Packet]:
    return [packet]


def _nothing(_packet: Packet) -> list[Packet]:
    return []
