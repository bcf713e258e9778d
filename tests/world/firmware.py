"""A place of real shapes: firmware's own messages, each by its own account, at a closed broker.

Nothing of ours is on this side: what arrives at a device is what its firmware would be sent.
"""

import asyncio
import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import aiomqtt

from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore, Member, credential_hash
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.aio import cancel_and_wait
from gateway.clock import SystemClock
from gateway.core.model.directory import Credential, Holder, HolderId, Membership, StaffRole
from gateway.core.model.names import OPERATOR, PlanId
from tests.fakes.tasmota import FakeTasmota, Message
from tests.servers import POLL_S, Mosquitto, until
from tests.world.closed_broker import closed_broker
from tests.world.gateway_process import KEY, GatewayProcess

OLA: Final = HolderId("h-000000000001")
CLOCK: Final = SystemClock()
PLAN: Final = PlanId("all")


class Firmware:
    """Boards at a broker, each with its login; and all that was published there."""

    def __init__(self, broker: Mosquitto, gateway: GatewayProcess, keys: dict[str, str]) -> None:
        self.broker, self.gateway = broker, gateway
        self.heard: defaultdict[str, list[str]] = defaultdict(list)
        """The payloads on each topic, in order."""
        self.boards: dict[str, tuple[FakeTasmota, str]] = {}
        """Boards and their logins, by name."""
        self.ears: dict[str, str] = {}
        """Topics of orders to other devices, and the login that reads each."""
        self.connected: set[str] = set()
        """The topics that are heard now."""
        self._keys = keys
        self._asked = 0

    def client(self, login: str) -> aiomqtt.Client:
        """A client with a login of the generated files; firmware speaks MQTT 3.1.1."""
        return aiomqtt.Client(
            LOOPBACK, self.broker.port, username=login, password=self._keys[login]
        )

    async def publish(self, login: str, *messages: Message | tuple[str, object]) -> None:
        """What mosquitto_pub would send with a device's password."""
        async with self.client(login) as client:
            for topic, payload, *retain in messages:
                said = payload if isinstance(payload, str) else json.dumps(payload)
                await client.publish(topic, said, qos=1, retain=bool(retain and retain[0]))

    def told(self, topic: str) -> list[Any]:
        """The JSON that was published on a topic."""
        return [json.loads(one) for one in self.heard[topic] if one]

    def last(self, topic: str) -> Any:  # noqa: ANN401 - JSON
        """The last of it; None: nothing."""
        return (self.told(topic) or [None])[-1]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the journal has."""
        with closing(sqlite3.connect(self.gateway.data / JOURNAL_FILE)) as db:
            return db.execute(query).fetchall()

    def decisions(self) -> list[tuple[str, str, str]]:
        """Device, decision and reason of each, in order."""
        return self.rows("SELECT device, decision, reason FROM decision ORDER BY n")

    async def decided(self, *expected: tuple[str, str, str]) -> None:
        """Wait until so many decisions were made; they are these."""
        await until(lambda: len(self.decisions()) >= len(expected), "it is decided")
        assert self.decisions() == list(expected)

    async def ask(self, verb: str, **order: object) -> Any:  # noqa: ANN401 - JSON
        """An operator asks for something; the answer."""
        self._asked += 1
        transaction = f"t-{self._asked}"
        asked = {"transaction": transaction, "by": OLA, "at": CLOCK.now().isoformat(), **order}
        await self.publish("console", (f"seuil/hub/request/{verb}", asked))
        answers = f"seuil/hub/response/{verb}"
        await until(
            lambda: any(one["transaction"] == transaction for one in self.told(answers)),
            "it is answered",
        )
        return next(one for one in self.told(answers) if one["transaction"] == transaction)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let every board obey what arrives, and hear all else."""
        clients: list[tuple[str, str, FakeTasmota | None]] = [("seuil/hub/#", "gateway", None)]
        clients += [(topic, login, None) for topic, login in self.ears.items()]
        clients += [(f"cmnd/{one.topic}/#", login, one) for one, login in self.boards.values()]
        tasks = [asyncio.create_task(self._stay(*client)) for client in clients]
        try:
            await until(lambda: len(self.connected) == len(clients), "everybody listens")
            yield
        finally:
            await cancel_and_wait(*tasks)

    async def _stay(self, topic: str, login: str, board: FakeTasmota | None) -> None:
        """Hear a topic, and obey if it is a board's; come back whenever the broker does."""
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                await self._listen(topic, login, board)
            self.connected.discard(topic)
            await asyncio.sleep(POLL_S)

    async def _listen(self, topic: str, login: str, board: FakeTasmota | None) -> None:
        async with self.client(login) as client:
            await client.subscribe(topic, qos=1)
            for at, said, retain in board.starts(cold=False) if board else ():
                await client.publish(at, said, retain=retain)
            self.connected.add(topic)
            async for message in client.messages:
                at, payload = message.topic.value, _text(message)
                self.heard[at].append(payload)
                for answer, said, retain in board.obey(at, payload) if board else ():
                    await client.publish(answer, said, retain=retain)


def _text(message: aiomqtt.Message) -> str:
    assert isinstance(message.payload, bytes)
    return message.payload.decode()


@asynccontextmanager
async def firmware(
    folder: Path,
    space: str,
    badges: dict[str, str],
    *,
    boards: dict[str, tuple[FakeTasmota, str]] | None = None,
    ears: dict[str, str] | None = None,
) -> AsyncIterator[Firmware]:
    """Run a gateway for these boards, and badges (numbers by name)."""
    async with closed_broker(folder, space) as (broker, gateway, keys):
        gateway.data.mkdir(parents=True)
        store = DirectoryStore(gateway.data / MEMBERS_FILE)
        store.bind(KEY.encode())
        store.apply([Member("m-1", "Ola", Holder(OLA, roles=(StaffRole(OPERATOR),)))])
        for n, (name, number) in enumerate(badges.items(), 2):
            holder = Holder(HolderId(f"h-{n:012x}"), memberships=(Membership(PLAN),))
            badge = Credential(credential_hash(KEY.encode(), number), holder.id)
            store.apply([Member(f"m-{n}", name, holder, credentials=(badge,))])
        store.close()
        place = Firmware(broker, gateway, keys)
        place.boards, place.ears = boards or {}, ears or {}
        async with gateway, place.running():
            yield place
