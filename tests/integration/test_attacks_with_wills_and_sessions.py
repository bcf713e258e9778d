"""Attacks with what a broker does for a client that is away: its will, and its session."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.broker.ports import LOOPBACK
from tests.servers import PATIENCE_S, until
from tests.world.closed_place import ClosedPlace, closed_place, event
from tests.world.gateway_process import HUB
from tests.world.members import ADA

COUNTER, READER = "hub.counter", "hub.reader"
ALL: Final = ("seuil/#",)
MQTT_5: Final = 5
WILL_QOS_1: Final = 0x04 | 0x08
WITH_LOGIN: Final = 0xC0
SUCCESS: Final = 0


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[ClosedPlace]:
    """A hall with readers at its door; all that is said is heard."""
    async with closed_place(tmp_path, HUB, ADA, hears=ALL) as place:
        yield place


def _text(text: str | bytes) -> bytes:
    encoded = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">H", len(encoded)) + encoded


async def _dies_with_will(place: ClosedPlace, login: str, topic: str, payload: bytes) -> int:
    """Connect with a will, and end without a word; the reason code of the connection."""
    reader, writer = await asyncio.open_connection(LOOPBACK, place.broker.port)
    flags = WITH_LOGIN | WILL_QOS_1
    will = b"\0" + _text(topic) + _text(payload)
    body = _text("MQTT") + bytes([MQTT_5, flags]) + struct.pack(">H", 60) + b"\0"
    body += _text(f"dies-{login}") + will + _text(login) + _text(place.keys[login])
    high, low = divmod(len(body), 0x80)
    length = bytes([0x80 | low, high] if high else [low])
    writer.write(b"\x10" + length + body)
    answer = await reader.read(100)
    writer.transport.abort()
    return answer[3] if answer else -1


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param("seuil/hub/reader/event", id="another one's badge"),
        pytest.param("seuil/hub/reader/status", id="another one is away"),
        pytest.param("seuil/hub/counter/command", id="an order to itself"),
        pytest.param("seuil/hub/reader/command", id="an order to another one"),
        pytest.param("seuil/hub/request/open", id="a request"),
        pytest.param("seuil/gateway/gw1/state", id="the gateway is away"),
        pytest.param("seuil/hub/mode", id="the mode"),
    ],
)
async def test_a_last_will_says_no_more_than_its_device(place: ClosedPlace, topic: str) -> None:
    """The broker says it in the device's name, and checks it like any other message."""
    await _dies_with_will(place, COUNTER, topic, b"will of a thief")
    own = "seuil/hub/counter/status"
    assert await _dies_with_will(place, COUNTER, own, b'{"state":"offline"}') == SUCCESS
    await until(lambda: any(at == own for at, _ in place.heard), "its own will is heard")
    assert not [at for at, payload in place.heard if payload == b"will of a thief"]


async def test_another_one_s_session_is_not_for_its_taker(place: ClosedPlace) -> None:
    """With its client id come its subscriptions; what they bring is for its own login only."""
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    lasting.SessionExpiryInterval = 3600
    stays: dict[str, Any] = {"clean_start": False, "properties": lasting}
    async with place.client(READER, "front", **stays) as own:
        await own.subscribe("seuil/hub/reader/command", qos=1)
    await place.badge("reader", 1, 1)
    await until(lambda: place.answers("reader"), "its answer waits in its session")
    heard: list[str] = []
    async with place.client(COUNTER, "front", **stays) as taker:
        await taker.subscribe("seuil/hub/counter/ack", qos=1)
        await place.badge("reader", 1, 2)
        await until(lambda: len(place.answers("reader")) > 1, "another answer is given")
        number = {"boot": 1, "seq": 1}
        told = json.dumps({**number, "type": "crossing", "in_total": 1, "out_total": 0})
        await taker.publish("seuil/hub/counter/event", told, qos=1)
        async with asyncio.timeout(60):
            while "seuil/hub/counter/ack" not in heard:
                heard.append(str((await anext(taker.messages)).topic))
    assert heard == ["seuil/hub/counter/ack"]
    async with place.client(READER, "front", **stays) as own:
        await own.subscribe("seuil/hub/reader/command", qos=1)
        await own.publish("seuil/hub/reader/event", event(1, 3), qos=1)
        async with asyncio.timeout(60):
            async for message in own.messages:
                if json.loads(bytes(message.payload)).get("seq") == 3:
                    break


async def test_a_thousand_sessions_of_one_login_harm_nobody(place: ClosedPlace) -> None:
    """Each is left behind with its filters, and gets a copy of each command."""
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    lasting.SessionExpiryInterval = 0xFFFFFFFF
    for number in range(1000):
        async with place.client(
            COUNTER, f"left-{number}", clean_start=False, properties=lasting
        ) as left:
            await left.subscribe("seuil/hub/counter/#", qos=1)
    await place.badge("reader", 1, 1)
    await until(lambda: place.answers("reader"), "it is answered")
    said = ""
    async with asyncio.timeout(PATIENCE_S):  # the broker counts every ten seconds
        while "broker clients" not in said:
            _code, said = await place.seuil("doctor", place.gateway.command()[-1])


async def test_a_subscription_that_is_refused_is_the_end_of_it(place: ClosedPlace) -> None:
    """Neither by MQTT 3.1.1 nor by 5, with whatever options, does it hear another one's badge."""
    heard: list[str] = []

    async def listen(version: aiomqtt.ProtocolVersion) -> None:
        async with aiomqtt.Client(
            LOOPBACK,
            place.broker.port,
            username=COUNTER,
            password=place.keys[COUNTER],
            protocol=version,
        ) as thief:
            for topic in ("#", "+/hub/+/event", "seuil/hub/reader/+", "$share/x/seuil/#", "$SYS/#"):
                await thief.subscribe(topic, qos=1)
            listens.append(version)
            async for message in thief.messages:
                heard.append(str(message.topic))  # noqa: PERF401 - it never ends

    listens: list[aiomqtt.ProtocolVersion] = []
    tasks = [
        asyncio.create_task(listen(version))
        for version in (aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5)
    ]
    await until(lambda: len(listens) == len(tasks), "both have asked")
    await place.badge("reader", 1, 1)
    await until(lambda: place.answers("reader"), "it is answered")
    await place.says("counter", "crossing", in_total=1, out_total=0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not [topic for topic in heard if not topic.startswith("seuil/hub/counter/")]
