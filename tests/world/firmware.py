"""A place of real shapes: firmware's own messages, each by its own account, at a closed broker.

Nothing of ours is on this side: what arrives at a device is what its firmware would be sent.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiomqtt

from gateway.adapters.broker.ports import LOOPBACK
from gateway.aio import cancel_and_wait
from gateway.clock import SystemClock
from gateway.core.model.names import OPERATOR
from tests.fakes.tasmota import FakeTasmota, Message
from tests.servers import POLL_S, until
from tests.world.closed_place import ClosedPlace, closed_place
from tests.world.members import OLA, holder, member

CLOCK: Final = SystemClock()
Boards = dict[str, tuple[FakeTasmota, str]]
"""Boards by name, each with its login."""


class Firmware:
    """Boards at a broker, each with its login; and all that was published there."""

    def __init__(self, place: ClosedPlace, boards: Boards, ears: dict[str, str]) -> None:
        self.place, self.boards, self.ears = place, boards, ears
        self.broker, self.gateway = place.broker, place.gateway
        self.heard: defaultdict[str, list[str]] = defaultdict(list)
        """The payloads on each topic, in order."""
        self.connected: set[str] = set()
        """The topics that are heard now."""
        self._asked = 0

    def client(self, login: str) -> aiomqtt.Client:
        """A client with a login of the generated files; firmware speaks MQTT 3.1.1."""
        return aiomqtt.Client(
            LOOPBACK, self.broker.port, username=login, password=self.place.keys[login]
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

    def decisions(self) -> list[tuple[str, str, str]]:
        """Device, decision and reason of each, in order."""
        return self.place.rows("SELECT device, decision, reason FROM decision ORDER BY n")

    def letters(self) -> list[str]:
        """The reasons of all dead letters."""
        return [reason for (reason,) in self.place.rows("SELECT reason FROM dead_letter")]

    async def decided(self, *expected: tuple[str, str, str]) -> None:
        """Wait until so many decisions were made; they are these."""
        await until(lambda: len(self.decisions()) >= len(expected), "it is decided")
        assert self.decisions() == list(expected)

    async def ask(self, verb: str, **order: object) -> Any:  # noqa: ANN401 - JSON
        """An operator asks for something; the answer."""
        self._asked += 1
        transaction = f"t-{self._asked}"
        asked = {"transaction": transaction, "by": holder(OLA), "at": CLOCK.now().isoformat()}
        await self.publish("console", (f"seuil/hub/request/{verb}", {**asked, **order}))
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
    *badges: str,
    boards: Boards | None = None,
    ears: dict[str, str] | None = None,
) -> AsyncIterator[Firmware]:
    """Run a gateway for these badges and boards; `ears` are further topics, with their login."""
    operator = member(OLA, role=OPERATOR)
    async with closed_place(folder, space, operator, *badges, hears=()) as place:
        played = Firmware(place, boards or {}, ears or {})
        async with played.running():
            yield played
