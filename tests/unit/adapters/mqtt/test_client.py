"""Our reading and writing of PUBLISH and PUBACK, beside paho's, over a real socket."""

import itertools
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import _packet
from paho.mqtt.enums import MQTTProtocolVersion

from gateway.adapters.mqtt.client import READ_BYTES, PacketClient, ReceivedPublish
from gateway.adapters.mqtt.properties import variable_integer


class Peer:
    """A client that is connected, and the broker's end of its socket."""

    def __init__(self) -> None:
        self.messages: list[ReceivedPublish] = []
        self.acknowledged: list[tuple[int, int]] = []
        self.ends = 0
        ours, self.broker = socket.socketpair()
        ours.settimeout(0)
        self.client = PacketClient("test")
        self.client._sock = ours
        self.client.on_received = self.messages.append
        self.client.on_puback = lambda packet_id, reason: self.acknowledged.append(
            (packet_id, reason)
        )
        self.client.on_disconnect = self._ended

    def _ended(self, *_what: object) -> None:
        self.ends += 1

    def hear(self, data: bytes) -> None:
        """The broker sends this, and the client handles what is whole."""
        self.broker.sendall(data)
        self.client.receive()
        while self.client.handle_packet():
            pass

    def close(self) -> None:
        """Both ends."""
        self.client._sock_close()
        self.broker.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Both ends, closed at the end."""
    both = Peer()
    yield both
    both.close()


def publish(topic: bytes, payload: bytes, qos: int = 0, properties: bytes = b"\x00") -> bytes:
    """A PUBLISH as MQTT-5 3.3 has it."""
    number = b"\x01\x02" if qos else b""
    body = len(topic).to_bytes(2, "big") + topic + number + properties + payload
    return bytes((0x30 | qos << 1,)) + variable_integer(len(body)) + body


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("size", [0, 1, 120, 4_000, 100_000])
def test_paho_reads_what_we_write(peer: Peer, qos: int, size: int) -> None:
    """Every length of the packet's own length, each quality of service."""
    payload = bytes(size)
    number = peer.client.put_publish("seuil/hub/é", payload, qos, b"\x00", retain=False)
    packet = bytes(peer.client._unsent)
    length, start = 0, 1
    while True:
        byte = packet[start]
        length += (byte & 127) << 7 * (start - 1)
        start += 1
        if byte < 128:
            break
    assert length == len(packet) - start
    read = _packet.decode_publish(packet[0], packet[start:], MQTTProtocolVersion.MQTTv5)
    assert (read.topic.decode(), read.payload, read.qos) == ("seuil/hub/é", payload, qos)
    assert read.mid == number if qos else number == 0


@given(cuts=st.lists(st.integers(0, 2_000)), sizes=st.lists(st.integers(0, 700), max_size=4))
def test_packets_are_whole_wherever_they_are_cut(cuts: list[int], sizes: list[int]) -> None:
    """TCP has no packets: each cut is possible, and many at once."""
    peer = Peer()
    sent = [(b"t/%d" % at, bytes(size), at % 2) for at, size in enumerate(sizes)]
    stream = b"".join(publish(*one) for one in sent) + b"\x40\x02\x00\x07\x40\x03\x00\x08\x87"
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    for begin, end in itertools.pairwise(edges):
        peer.hear(stream[begin:end])
    assert [(m.topic.encode(), m.payload, m.qos) for m in peer.messages] == sent
    assert peer.acknowledged == [(7, 0), (8, 0x87)]
    assert (peer.ends, peer.client.handle_packet()) == (0, False)
    peer.close()


@pytest.mark.parametrize(
    "packet",
    [
        b"\x34\x08\x00\x01t\x00\x01\x00xy",
        b"\x30\x02\x00\x09",
        b"\x30\x05\x00\x01t\x7f\x00",
        b"\x32\x03\x00\x01t",
        b"\x30\xff\xff\xff\xff\x01",
        b"\xf1\x00",
        b"\x40\x00",
        b"\x40\x01\x00",
    ],
    ids=[
        "QoS 2",
        "a topic beyond the end",
        "properties beyond the end",
        "no number",
        "a length of five bytes",
        "an unknown kind",
        "an acknowledgement of nothing",
        "half a number",
    ],
)
def test_what_breaks_mqtt_ends_the_connection(peer: Peer, packet: bytes) -> None:
    """And is nobody's message."""
    peer.hear(packet)
    assert (peer.messages, peer.acknowledged, peer.ends) == ([], [], 1)
    assert peer.client._sock is None


def test_a_large_packet_is_not_copied_with_each_read(peer: Peer) -> None:
    """A broker may let 256 MB through; the time per byte must not grow with them."""
    peer.client.receive()
    come = peer.client._come
    for part in (publish(b"t", bytes(3 * READ_BYTES))[:-1], b"\x00"):
        peer.broker.sendall(part)
        while peer.client.receive():
            pass
        assert peer.client._come is come
    assert peer.client.handle_packet()
    assert [len(message.payload) for message in peer.messages] == [3 * READ_BYTES]
    assert isinstance(peer.messages[0].payload, bytes)


def test_properties_of_others_are_passed_over(peer: Peer) -> None:
    """A device must not be able to make us raise by them: an unknown one, one cut off, many."""
    for told in (b"\x02\xff\xff", b"\x03\x26\x00\x01", variable_integer(300) + bytes(300)):
        peer.hear(publish(b"t", b"payload", properties=told))
    assert [message.payload for message in peer.messages] == [b"payload"] * 3
    assert peer.ends == 0


def test_an_exception_of_a_handler_is_raised_by_reading(peer: Peer) -> None:
    """It is a bug of ours, and no broken packet; what follows is read all the same."""

    def broken(_message: ReceivedPublish) -> None:
        raise IndexError

    peer.client.on_received = broken
    with pytest.raises(IndexError):
        peer.hear(publish(b"t", b"1") + publish(b"t", b"2"))
    peer.client.on_received = peer.messages.append
    assert peer.client.handle_packet()
    assert ([message.payload for message in peer.messages], peer.ends) == ([b"2"], 0)


def test_what_the_socket_does_not_take_is_written_later(peer: Peer) -> None:
    """In order, and nothing twice; the loop is asked to tell when there is room."""
    asked = []
    peer.client.on_socket_register_write = lambda *_what: asked.append(True)
    payload = bytes(range(256)) * 16_000
    peer.client.put_publish("t", payload, 0, b"\x00", retain=False)
    peer.client.put_puback(513)
    whole, came = bytes(peer.client._unsent), b""
    peer.client.loop_write()
    assert asked == [True]
    assert peer.client.want_write()
    peer.broker.settimeout(0)
    while len(came) < len(whole):
        came += peer.broker.recv(1 << 20)
        peer.client.loop_write()
    assert (came == whole, came[-4:]) == (True, b"\x40\x02\x02\x01")
    assert not peer.client.want_write()


def test_a_topic_with_a_wildcard_is_refused(peer: Peer) -> None:
    """A broker would end the connection [MQTT-3.3.2-2], with all other messages on it."""
    with pytest.raises(ValueError, match="no wildcards"):
        peer.client.put_publish("seuil/+", b"", 0, b"\x00", retain=False)
    assert not peer.client.want_write()


def test_a_client_without_a_connection_takes_nothing() -> None:
    """None says so."""
    client = PacketClient("test")
    assert client.put_publish("t", b"", 1, b"\x00", retain=False) is None
    assert not client.receive()
