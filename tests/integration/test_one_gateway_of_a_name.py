"""One gateway of a name: of two the later one yields, and no session of ours is left behind."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.client_ids import FILE as CLIENT_IDS
from gateway.clock import ManualClock
from gateway.service.instance import InstanceWatch
from gateway.wire.topics import Topics
from tests.servers import Mosquitto, until
from tests.world.closed_place import event
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA

REFUSED = 2


async def badge(broker: Mosquitto, seq: int) -> int:
    """Ada at the front door; how many answers she got within a second."""
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.subscribe("seuil/hub/reader/command", qos=1)
        await client.publish("seuil/hub/reader/event", event(1, seq), qos=1)
        answers = 0
        with contextlib.suppress(TimeoutError):
            for within_s in (30, 1):
                async with asyncio.timeout(within_s):
                    await anext(client.messages)
                    answers += 1
    return answers


def gateway(folder: Path, broker: Mosquitto) -> GatewayProcess:
    """A gateway called gw1, on a folder of its own."""
    made = GatewayProcess(folder, broker.url)
    made.enrol(ADA)
    return made


async def test_the_later_of_two_with_one_name_yields(broker: Mosquitto, tmp_path: Path) -> None:
    """It says which and what to do, and the first one has noticed nothing but that."""
    async with gateway(tmp_path / "first", broker) as first:
        later = gateway(tmp_path / "later", broker)
        await later.spawn()
        assert await later.ended() == REFUSED
        assert "another gateway is named gw1 on this broker, and has run since" in later.log
        assert "Traceback" not in later.log
        assert "begins, and is told to end" in first.log
        assert "connection ended" not in first.log
        assert [await badge(broker, seq) for seq in (1, 2, 3)] == [1, 1, 1]


async def test_a_name_that_a_kill_left_behind_is_one_s_own(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """Killed with or without its broker: it starts again, and answers."""
    async with gateway(tmp_path / "only", broker) as only:
        await only.kill()
        await only.start()
        assert await badge(broker, 1) == 1
        async with aiomqtt.Client(LOOPBACK, broker.port) as client:
            await only.kill()
            await asyncio.sleep(0.2)  # its last will
            await client.publish("seuil/gateway/gw1/state", b"online", qos=1, retain=True)
        await only.start()
        assert await badge(broker, 2) == 1
        assert "another gateway" not in only.log


# -- who goes before whom


@asynccontextmanager
async def watching(
    broker: Mosquitto, name: str, since: datetime, *, decides: bool
) -> AsyncIterator[asyncio.Task[None]]:
    """A run that began then."""
    watch = InstanceWatch(
        "gw1",
        Topics(),
        ManualClock(since),
        BrokerAddress(broker.url),
        f"watch-{name}",
        on_alarm=lambda _topic: None,
    )
    task = asyncio.create_task(watch.run())
    await watch.until_alone() if decides else await watch.session.came_up.wait()
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_that_decides_goes_before_one_that_begins(broker: Mosquitto) -> None:
    """Whatever the clock of the machine says on which it begins."""
    now = datetime(2026, 11, 30, 8, tzinfo=UTC)
    async with watching(broker, "old", now, decides=True) as old:  # noqa: SIM117 - in this order
        async with watching(broker, "new", now - timedelta(days=3), decides=False) as new:
            await until(new.done, "it yields")
            assert not old.done()


async def test_of_two_that_begin_the_older_one_goes_on(broker: Mosquitto) -> None:
    """Both started at a power cut's end."""
    now = datetime(2026, 11, 30, 8, tzinfo=UTC)
    later = now + timedelta(seconds=1)
    async with watching(broker, "later", later, decides=False) as yields:  # noqa: SIM117 - in this order
        async with watching(broker, "older", now, decides=False) as stays:
            await until(yields.done, "the later one yields")
            assert not stays.done()


async def test_of_two_that_decide_the_older_one_goes_on(broker: Mosquitto) -> None:
    """Each had a broker of its own for a while."""
    now = datetime(2026, 11, 30, 8, tzinfo=UTC)
    async with watching(broker, "older", now, decides=True) as stays:
        watch = InstanceWatch(
            "gw1",
            Topics(),
            ManualClock(now + timedelta(hours=1)),
            BrokerAddress(broker.url),
            "watch-later",
            on_alarm=lambda _topic: None,
        )
        watch._decides = True  # it was alone elsewhere
        task = asyncio.create_task(watch.run())
        await until(task.done, "the later one yields")
        assert not stays.done()
        await asyncio.gather(task, return_exceptions=True)


# -- sessions that are left over


async def test_a_session_of_an_older_release_is_emptied_and_ended(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """What the broker kept in it is not lost, and it does not fill up for a week."""
    place = gateway(tmp_path / "gateway", broker)
    async with place:
        pass
    (place.data / CLIENT_IDS).unlink()  # as if it had been of a release without secrets
    async with aiomqtt.Client(
        LOOPBACK,
        broker.port,
        identifier="seuil-gw1-credentials",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        properties=_kept_for_a_week(),
    ) as old:
        await old.subscribe("seuil/hub/reader/event", qos=1)
    await _publish_badge(broker, 7)
    async with place:
        await until(
            lambda: place.ask(lambda file: file.count("decision")) == 1, "the badge is decided"
        )
        await until(
            lambda: (
                "seuil-gw1-credentials"
                not in json.loads((place.data / CLIENT_IDS).read_text())["sessions"]
            ),
            "it is ended",
        )
    await _publish_badge(broker, 8)
    async with aiomqtt.Client(
        LOOPBACK, broker.port, identifier="seuil-gw1-credentials", clean_session=False
    ) as old:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await anext(old.messages)


def _kept_for_a_week() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    properties.SessionExpiryInterval = 7 * 24 * 3600
    return properties


async def _publish_badge(broker: Mosquitto, seq: int) -> None:
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.publish("seuil/hub/reader/event", event(1, seq), qos=1)
