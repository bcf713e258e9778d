"""A broker that is closed by the generated files, a gateway at it, and any device's own account.

async with closed_place(folder, HUB, ADA) as place:     # Ada is a member
    async with place.client("hub.reader") as thief: ... # a client with one device's rights
"""

import asyncio
import json
import sqlite3
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from benchmarks.raw_readers import connect_packet, publish_packet
from gateway.adapters.broker.dynamic_security import find_plugin
from gateway.adapters.broker.logins import logins
from gateway.adapters.broker.mosquitto_config import BrokerPaths, broker_files
from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.directory import Member
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import SystemClock
from gateway.config import load_space
from tests.servers import Mosquitto, until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA, OLA, holder

CLOCK: Final = SystemClock()
HEARD: Final = ("seuil/hub/+/command", "seuil/hub/+/ack", "seuil/hub/alarm/#")
"""Commands, acknowledgements and alarms."""
_PUBACK: Final = 4
"""Bytes."""
_STORED: Final = """
SELECT (SELECT max(id) FROM dead_letter), (SELECT count(*) FROM journal WHERE device NOT NULL)"""


class ClosedPlace:
    """The broker, the gateway, and what the gateway says to a listener with its own account."""

    def __init__(self, broker: Mosquitto, gateway: GatewayProcess, keys: dict[str, str]) -> None:
        self.broker = broker
        self.gateway = gateway
        self.heard: list[tuple[str, bytes]] = []
        self.keys = keys
        self._seq: Counter[str] = Counter()

    def client(self, login: str, identifier: str | None = None, **more: Any) -> aiomqtt.Client:  # noqa: ANN401 - aiomqtt's
        """A client with a device's own rights."""
        return aiomqtt.Client(
            LOOPBACK,
            self.broker.port,
            username=login,
            password=self.keys[login],
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            **more,
        )

    @asynccontextmanager
    async def listening(self, *topics: str, login: str = "gateway") -> AsyncIterator[None]:
        """Hear what the gateway says; not the devices, or a flood would be ours as well.

        A subscription that the broker refuses is an error: nothing would ever be heard there.
        """
        listens = asyncio.Event()

        async def listen() -> None:
            async with self.client(login) as client:
                for topic in topics:
                    (granted,) = await client.subscribe(topic, qos=1)
                    assert isinstance(granted, ReasonCode), "MQTT 5 gives reasons"
                    assert not granted.is_failure, f"{login} may not hear {topic}"
                listens.set()
                async for message in client.messages:
                    self.heard.append((str(message.topic), bytes(message.payload)))

        task = asyncio.create_task(listen())
        try:
            await until(lambda: listens.is_set() or task.done(), "we hear")
            if task.done():
                await task
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def said(self, topic: str) -> list[dict[str, Any]]:
        """What was said on a topic, but for what emptied it."""
        return [json.loads(payload) for at, payload in self.heard if at == topic and payload]

    async def badge(self, reader: str, boot: int, seq: int, at: datetime | None = None) -> None:
        """Ada at a reader, by that reader's own account."""
        payload = event(boot, seq, at)
        async with self.client(f"hub.{reader}") as client:
            await client.publish(f"seuil/hub/{reader}/event", payload, qos=1)

    async def seuil(self, *arguments: str) -> tuple[int, str]:
        """A command beside the gateway, with its settings: its exit code, and what it says."""
        process = await asyncio.create_subprocess_exec(
            *self.gateway.command()[:-2], *arguments, stdout=PIPE, stderr=STDOUT
        )
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    async def flood(self, login: str, topic: str, payloads: Iterable[bytes]) -> None:
        """Publish all of these at QoS 1, as fast as the broker reads them."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.broker.port)
        writer.write(connect_packet("flood", (login, self.keys[login])))
        for number, payload in enumerate(payloads, start=1):
            writer.write(publish_packet(topic, payload, number))
            await writer.drain()
        acks = 0
        while acks < number * _PUBACK:
            acks += len(await reader.read(65_536))
        writer.close()

    def answers(self, reader: str) -> list[tuple[int, int, str, str]]:
        """What a reader was told: boot, number, decision, reason."""
        said = self.said(f"seuil/hub/{reader}/command")
        return [(one["boot"], one["seq"], one["decision"], one["reason"]) for one in said]

    async def settled(self) -> None:
        """Wait until nothing new comes to the journal for a second."""
        before = None
        while before != (before := self.rows(_STORED)):
            await asyncio.sleep(1)

    def begins_again(self, device: str) -> None:
        """A device numbers its events from 1 again."""
        del self._seq[device]

    async def says(self, device: str, kind: str, **fields: object) -> None:
        """One event by a device's own account, until the gateway has it on disk."""
        self._seq[device] += 1
        number = {"boot": 1, "seq": self._seq[device]}
        told = {**number, "at": CLOCK.now().isoformat(), "type": kind, **fields}
        async with self.client(f"hub.{device}") as client:
            await client.publish(f"seuil/hub/{device}/event", json.dumps(told), qos=1)
        acks = f"seuil/hub/{device}/ack"
        await until(lambda: number in self.said(acks), f"{device} may forget its {kind}")

    async def ask(self, verb: str, **order: object) -> None:
        """An operator wants something, and has it."""
        asked = {"transaction": "t-1", "by": holder(OLA), "at": CLOCK.now().isoformat(), **order}
        async with self.client("console") as client:
            await client.publish(f"seuil/hub/request/{verb}", json.dumps(asked), qos=1)
        await until(lambda: self.said(f"seuil/hub/response/{verb}"), "it is answered")
        (answer,) = self.said(f"seuil/hub/response/{verb}")
        assert answer["status"] == "ok", answer

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the journal has."""
        with closing(sqlite3.connect(self.gateway.data / JOURNAL_FILE)) as db:
            return db.execute(query).fetchall()


def event(boot: int, seq: int, at: datetime | None = None, number: str = ADA) -> bytes:
    """A badge at a reader."""
    told = {
        "boot": boot,
        "seq": seq,
        "at": (at or CLOCK.now()).isoformat(),
        "type": "credential",
        "credential": number,
    }
    return json.dumps(told).encode()


@asynccontextmanager
async def closed_place(
    folder: Path, space: str, *members: Member | str, hears: Sequence[str] = HEARD
) -> AsyncIterator[ClosedPlace]:
    """Run a broker with the generated logins, access list and limits, and a gateway at it.

    The gateway has its own account, and knows these members.
    """
    file = folder / "space.toml"
    file.write_text(space, encoding="utf-8")
    sites = load_space(file)
    keys = {login.name: f"pass of {login.name}" for login in logins(sites)}
    files = broker_files(
        sites, passwords=keys, place=BrokerPaths(str(folder), plugin=find_plugin())
    )
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    conf = files["mosquitto.conf"]
    settings = (*access_settings(conf), *filter(_is_a_limit, conf.splitlines()))
    login = {"broker_username": "gateway", "broker_password": keys["gateway"]}
    async with Mosquitto(folder / "broker", settings=settings, autosave=False) as broker:
        gateway = GatewayProcess(folder / "gateway", broker.url, space, **login)
        gateway.enrol(*members)
        place = ClosedPlace(broker, gateway, keys)
        async with gateway, place.listening(*hears):
            yield place


def access_settings(mosquitto_conf: str) -> tuple[str, ...]:
    """The lines of the generated mosquitto.conf that say who may do what."""
    words = ("allow_anonymous", "password_file", "acl_file", "plugin")
    return tuple(one for one in mosquitto_conf.splitlines() if one.startswith(words))


def _is_a_limit(line: str) -> bool:
    return line.startswith(("message_size", "max_", "autosave", "persistent"))
