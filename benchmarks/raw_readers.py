"""Readers that cost next to nothing, so that a burst of thousands of badges loads only the gateway.

MQTT 3.1.1 by hand: one connection per reader for its events, and one that receives all commands. A
burst is encoded before it begins, and leaves in one write per reader.
"""

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from gateway.clock import SystemClock

_CLOCK: Final = SystemClock()
_PUBLISH, _PUBACK = 0x30, 0x40
_KEEPALIVE_S: Final = 3600
_READ: Final = 1 << 18

Number = tuple[str, int, int]
"""A reader's topic, boot and number."""


class Badge(Struct, frozen=True):
    """A badge at a reader: its number, and the event's payload."""

    number: Number
    payload: bytes


class ReaderAnswer(Struct):
    """A reader's answer; its other fields are ignored."""

    boot: int | None = None
    seq: int | None = None
    decision: str | None = None
    expires: datetime | None = None


class Answers:
    """Receives every command of a site: the time and number of each badge's answers."""

    def __init__(self) -> None:
        self.at: dict[Number, float] = {}
        """By number, the time of the first answer (monotonic, s)."""
        self.late: set[Number] = set()
        """Numbers whose answer came after its own end."""
        self.repeated = 0
        self._came = asyncio.Event()

    def heard(self, topic: str, payload: bytes) -> None:
        """Record a command."""
        answer = msgspec.json.decode(payload, type=ReaderAnswer)
        if answer.boot is None or answer.seq is None:
            return
        number = (topic.removesuffix("/command"), answer.boot, answer.seq)
        if number in self.at:
            self.repeated += 1
            return
        self.at[number] = time.monotonic()
        if answer.expires is not None and answer.expires < _CLOCK.now():
            self.late.add(number)
        self._came.set()

    async def of(self, number: Number, within_s: float) -> float | None:
        """Wait for an answer; return its time, or None."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while number not in self.at:
                    self._came.clear()
                    await self._came.wait()
        return self.at.get(number)


class RawReaders:
    """The connections of some readers. `badge` creates an event, `send` publishes some at QoS 1."""

    def __init__(self, topics: Sequence[str], badges: Sequence[str], boot: int) -> None:
        self.answers = Answers()
        self._badges = badges
        self._boot = boot
        self._seq = dict.fromkeys(topics, 0)
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._packet_id = 0

    def badge(self, topic: str, age_s: float = 0.0) -> Badge:
        """Hold the next badge to a reader."""
        self._seq[topic] = seq = self._seq[topic] + 1
        event = {
            "boot": self._boot,
            "seq": seq,
            "at": _CLOCK.now() - timedelta(seconds=age_s),
            "type": "credential",
            "credential": self._badges[seq % len(self._badges)],
        }
        return Badge((topic, self._boot, seq), msgspec.json.encode(event))

    def send(self, badges: Sequence[Badge]) -> None:
        """Publish these, each by its reader's connection, in as few writes as there are readers."""
        packets: dict[str, list[bytes]] = {}
        for badge in badges:
            topic = badge.number[0]
            self._packet_id = self._packet_id % 0xFFFF + 1
            packets.setdefault(topic, []).append(
                publish_packet(f"{topic}/event", badge.payload, self._packet_id)
            )
        for topic, found in packets.items():
            self._writers[topic].write(b"".join(found))

    def sent(self, topic: str | None = None) -> int:
        """Return the number of badges, at one reader or at all of them."""
        return sum(self._seq.values()) if topic is None else self._seq[topic]

    def numbers(self) -> Iterator[Number]:
        """Yield the number of each badge."""
        for topic, last in self._seq.items():
            yield from ((topic, self._boot, seq) for seq in range(1, last + 1))

    @asynccontextmanager
    async def connected(self, url: str, site: str) -> AsyncIterator[None]:
        """Connect all of them to a broker."""
        where = urlsplit(url)
        assert where.hostname is not None  # noqa: S101 - a broker's address
        assert where.port is not None  # noqa: S101 - as above
        tasks: list[asyncio.Task[None]] = []
        writers: list[asyncio.StreamWriter] = []
        try:
            for name in ("commands", *self._seq):
                reader, writer = await asyncio.open_connection(where.hostname, where.port)
                writers.append(writer)
                writer.write(connect_packet(f"raw-{site}-{name.replace('/', '-')}-{self._boot}"))
                if name == "commands":
                    writer.write(_subscribe(f"seuil/{site}/+/command"))
                else:
                    self._writers[name] = writer
                tasks.append(asyncio.create_task(self._read(reader, writer), name=name))
            await asyncio.sleep(0.3)
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for writer in writers:
                writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest = b""
        while chunk := await reader.read(_READ):
            rest += chunk
            acks = bytearray()
            taken = 0
            for kind, start, end in _packets(rest):
                taken = end
                if kind & 0xF0 == _PUBLISH:
                    topic, packet_id, payload = _published(kind, rest[start:end])
                    self.answers.heard(topic, payload)
                    if packet_id:
                        acks += struct.pack("!BBH", _PUBACK, 2, packet_id)
            rest = rest[taken:]
            if acks:
                writer.write(bytes(acks))


def _packets(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield whole packets: their first byte, and the begin and end of their body."""
    at = 0
    while at + 2 <= len(data):
        length, position, shift = 0, at + 1, 0
        while True:
            if position >= len(data):
                return
            byte = data[position]
            length |= (byte & 0x7F) << shift
            position, shift = position + 1, shift + 7
            if not byte & 0x80:
                break
        if position + length > len(data):
            return
        yield data[at], position, position + length
        at = position + length


def _published(kind: int, body: bytes) -> tuple[str, int, bytes]:
    size = int.from_bytes(body[:2], "big")
    topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
    if kind & 0x06:
        return topic, int.from_bytes(rest[:2], "big"), rest[2:]
    return topic, 0, rest


def connect_packet(client_id: str, login: tuple[str, str] | None = None) -> bytes:
    """Return a CONNECT with a clean session, a user name and a password."""
    flags = b"\x02" if login is None else b"\xc2"
    who = b"".join(map(_text, (client_id, *(login or ()))))
    return _packet(0x10, _text("MQTT") + b"\x04" + flags + struct.pack("!H", _KEEPALIVE_S) + who)


def _subscribe(topic: str) -> bytes:
    return _packet(0x82, b"\x00\x01" + _text(topic) + b"\x01")


def publish_packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """Return a PUBLISH at QoS 1."""
    return _packet(_PUBLISH | 0x02, _text(topic) + struct.pack("!H", packet_id) + payload)


def _packet(kind: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while True:
        byte, size = size & 0x7F, size >> 7
        length.append(byte | (0x80 if size else 0))
        if not size:
            return bytes([kind]) + bytes(length) + body


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()
