"""The broker that we start ourselves: both kinds, for real."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.broker.embedded import BrokerError, EmbeddedBroker, Kind
from gateway.adapters.broker.ports import LOOPBACK, answers_connect
from tests.servers import PATIENCE_S, until

KINDS: tuple[Kind, ...] = ("mosquitto", "iotcore")


@pytest.fixture(params=KINDS)
async def each(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    """Each kind of broker in turn."""
    async with EmbeddedBroker(tmp_path, kind=request.param) as broker:
        yield broker


def client(
    broker: EmbeddedBroker, name: str, *, stay: bool = False, will: aiomqtt.Will | None = None
) -> aiomqtt.Client:
    """An MQTT 5 client; with `stay`, its session outlives the connection."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600 if stay else 0
    return aiomqtt.Client(
        LOOPBACK,
        broker.port,
        identifier=name,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=not stay,
        properties=properties,
        will=will,
        timeout=PATIENCE_S,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )


async def next_of(reader: aiomqtt.Client) -> aiomqtt.Message:
    """The next message, soon."""
    async with asyncio.timeout(PATIENCE_S):
        return await anext(aiter(reader.messages))


async def test_retained_message_reaches_a_late_subscriber(each: EmbeddedBroker) -> None:
    """A retained message is kept for whoever subscribes later, marked as retained."""
    async with client(each, "writer") as writer:
        await writer.publish("a/state", b"kept", qos=1, retain=True)
    async with client(each, "reader") as reader:
        await reader.subscribe("a/+", qos=1)
        message = await next_of(reader)
    assert (message.payload, message.retain) == (b"kept", True)


async def test_an_absent_session_gets_what_it_missed(each: EmbeddedBroker) -> None:
    """QoS 1 messages wait for a session that comes back."""
    async with client(each, "stays", stay=True) as reader:
        await reader.subscribe("a/event", qos=1)
    async with client(each, "writer") as writer:
        for number in range(3):
            await writer.publish("a/event", b"%d" % number, qos=1)
    async with client(each, "stays", stay=True) as reader:
        got = [(await next_of(reader)).payload for _ in range(3)]
    assert got == [b"0", b"1", b"2"]


async def test_a_last_will_is_sent_for_a_client_that_vanishes(each: EmbeddedBroker) -> None:
    """A connection that breaks without DISCONNECT leaves its will."""
    async with client(each, "reader") as reader:
        await reader.subscribe("a/status", qos=1)
        will = aiomqtt.Will("a/status", b"offline", qos=1)
        _, writer = await asyncio.open_connection(LOOPBACK, each.port)
        writer.write(_connect_with(will))
        await writer.drain()
        await asyncio.sleep(0)
        writer.close()
        assert (await next_of(reader)).payload == b"offline"


async def test_an_answer_does_not_wait_for_a_delayed_ack(each: EmbeddedBroker) -> None:
    """TCP_NODELAY is on: without it every round trip at QoS 1 takes 40 ms."""
    clock = asyncio.get_running_loop()
    async with client(each, "both") as both, asyncio.timeout(PATIENCE_S):
        await both.subscribe("a/echo", qos=1)
        took = 1.0
        while took > 0.025:
            began = clock.time()
            await both.publish("a/echo", b"x", qos=1)
            await next_of(both)
            took = clock.time() - began


async def test_stop_ends_the_process_and_frees_the_port(each: EmbeddedBroker) -> None:
    """After stop() nothing is left, and a second stop() is harmless."""
    pid, port = each.pid, each.port
    await each.stop()
    await each.stop()
    assert not alive(pid)
    assert not await answers_connect(port)


async def test_watch_tells_when_the_broker_dies(each: EmbeddedBroker) -> None:
    """A broker that ends by itself is an error, not silence."""
    os.kill(each.pid, signal.SIGKILL)
    with pytest.raises(BrokerError, match="ended with status -9"):
        async with asyncio.timeout(PATIENCE_S):
            await each.watch()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")
@pytest.mark.parametrize("kind", KINDS)
async def test_the_broker_dies_with_a_parent_that_is_killed(kind: Kind, tmp_path: Path) -> None:
    """A kill -9 of the parent leaves no broker behind."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PARENT, kind, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    await parent.wait()
    await until(lambda: not alive(pid), "the broker is gone")


async def test_acknowledged_messages_survive_a_kill_of_mosquitto(tmp_path: Path) -> None:
    """With autosave, what mosquitto acknowledged before its last save is there after kill -9."""

    def saved() -> int:
        file = tmp_path / "mosquitto.db"
        return file.stat().st_mtime_ns if file.exists() else 0

    broker = EmbeddedBroker(tmp_path, kind="mosquitto")
    await broker.start()
    async with client(broker, "stays", stay=True) as reader:
        await reader.subscribe("a/event", qos=1)
    async with client(broker, "writer") as writer:
        for number in range(20):
            await writer.publish("a/event", b"%d" % number, qos=1)
    before = saved()
    await until(lambda: saved() > before, "it is saved")
    await broker.kill()
    await broker.start()
    async with client(broker, "stays", stay=True) as reader:
        got = [(await next_of(reader)).payload for _ in range(20)]
    await broker.stop()
    assert got == [b"%d" % number for number in range(20)]


async def test_durable_is_claimed_only_where_it_is_true(tmp_path: Path) -> None:
    """Only mosquitto with autosave keeps its word over a kill."""
    assert EmbeddedBroker(tmp_path, kind="mosquitto").durable
    assert not EmbeddedBroker(tmp_path, kind="mosquitto", autosave=False).durable
    assert not EmbeddedBroker(tmp_path, kind="iotcore").durable


async def test_a_taken_port_is_a_clear_error(each: EmbeddedBroker, tmp_path: Path) -> None:
    """We never take somebody else's broker for our own."""
    second = EmbeddedBroker(tmp_path / "second", kind="mosquitto", port=each.port)
    with pytest.raises(BrokerError, match=f"port {each.port} is in use"):
        await second.start()


def test_without_any_broker_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither mosquitto nor iotcore: the message names both ways out."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(BrokerError, match="apt install mosquitto"):
        asyncio.run(EmbeddedBroker(tmp_path, kind="iotcore").start())


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _connect_with(will: aiomqtt.Will) -> bytes:
    def text(value: bytes) -> bytes:
        return len(value).to_bytes(2, "big") + value

    flags = 0b0000_1110  # will at QoS 1, clean start
    assert isinstance(will.payload, bytes)
    body = text(b"MQTT") + bytes([5, flags, 0, 60, 0]) + text(b"vanishing")
    body += b"\0" + text(will.topic.encode()) + text(will.payload)
    return bytes([0x10, len(body)]) + body


_PARENT = """
import asyncio, pathlib, sys
from gateway.adapters.broker.embedded import EmbeddedBroker

async def main():
    async with EmbeddedBroker(pathlib.Path(sys.argv[2]), kind=sys.argv[1]) as broker:
        print(broker.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
