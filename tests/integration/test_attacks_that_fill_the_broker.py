"""Attacks with one device's password that fill what others need: the broker, and shared lanes."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Final

import aiomqtt
import pytest

from benchmarks.raw_readers import connect_packet, publish_packet
from gateway.adapters.broker.ports import LOOPBACK
from tests.servers import until
from tests.world.closed_place import ClosedPlace, closed_place
from tests.world.gateway_process import HUB
from tests.world.members import ADA

BOARD: Final = """
[[sensors]]
id = "pir"
zone = "hall"
driver = "tasmota"
topic = "pir1"
options = { switch = 1, means = "motion" }
"""
RETAIN: Final = 1
FLOOD: Final = 4_000_000
"""Messages at most: the flood ends with the test, long before."""
DEEP: Final = 400_000
"""Messages: more than the broker keeps for a session, so that it drops what comes behind."""
AT_ONCE: Final = 100
MID_MAX: Final = 60_000


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[ClosedPlace]:
    """A hall with readers at its door, and a board of another make."""
    async with closed_place(tmp_path, HUB + BOARD, ADA) as place:
        yield place


async def test_a_board_fills_no_broker_with_retained_messages(place: ClosedPlace) -> None:
    """One for each topic of its own, and no topics that it makes up."""
    reader, writer = await asyncio.open_connection(LOOPBACK, place.broker.port)
    writer.write(connect_packet("fills", ("hub.pir", "pass of hub.pir")))
    for number in range(1, 51):
        for word in ("tele", "stat"):
            packet = bytearray(publish_packet(f"{word}/pir1/x{number}", b"x" * 1000, number))
            packet[0] |= RETAIN
            writer.write(packet)
    await writer.drain()
    acks = 0
    while acks < 100 * 4:
        acks += len(await reader.read(65_536))
    writer.close()
    async with place.client("gateway") as client:
        for topics in ("tele/#", "stat/#"):
            await client.subscribe(topics, qos=1)
        await client.subscribe(
            "seuil/gateway/+/state", qos=1
        )  # retained: it comes after the others
        async for message in client.messages:
            assert not str(message.topic).startswith(("tele/", "stat/"))
            if str(message.topic).startswith("seuil/gateway/"):
                break


async def test_a_flood_of_statuses_hides_nobody_s(place: ClosedPlace) -> None:
    """What a contact says of itself, as fast as it can, does not hide that a reader is gone."""
    alarm = "seuil/hub/alarm/device-offline/reader-out"
    is_over, is_deep = asyncio.Event(), asyncio.Event()
    reader, writer = await asyncio.open_connection(LOOPBACK, place.broker.port)

    async def flood() -> None:
        writer.write(connect_packet("floods", ("hub.contact", "pass of hub.contact")))
        topic, numbers, sent = "seuil/hub/contact/status", count(), count(1)
        for _ in range(FLOOD // AT_ONCE):
            if is_over.is_set():
                return
            said = [(next(numbers) % MID_MAX) + 1 for _ in range(AT_ONCE)]
            states = (b'{"state":"online"}', b'{"state":"offline"}')
            writer.write(b"".join(publish_packet(topic, states[n % 2], n) for n in said))
            await writer.drain()
            if next(sent) * AT_ONCE >= DEEP:
                is_deep.set()

    async def drains() -> None:
        while await reader.read(65_536):
            pass

    tasks = asyncio.create_task(flood()), asyncio.create_task(drains())
    try:
        contact = "seuil/hub/alarm/flooding/contact"
        await until(lambda: place.said(contact), "the flood is alarmed about")
        await until(is_deep.is_set, "the broker keeps all that it keeps")
        async with place.client("hub.reader-out") as client:
            gone = json.dumps({"state": "offline"})
            await client.publish("seuil/hub/reader-out/status", gone, qos=1)
            await until(lambda: place.said(alarm), "the reader's absence is known")
    except aiomqtt.MqttError as error:
        pytest.fail(str(error))
    finally:
        is_over.set()
        writer.close()
        await asyncio.gather(*tasks, return_exceptions=True)
