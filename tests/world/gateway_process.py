"""`seuil run` as a child that a test starts, kills, and starts again on the same data."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

import aiomqtt
import pytest

from gateway.adapters.broker.child_process import start_tied
from gateway.adapters.directory import Member
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.core.model.names import DeviceId, SiteId
from gateway.wire.topics import Topics
from tests.servers import PATIENCE_S, POLL_S
from tests.world.members import KEY, enrol

T = TypeVar("T")

_ACK_S: Final = 0.2
"""How long to wait for an ack before the event is said again."""
HUB: Final = """
[site]
id = "hub"
name = "Hub"
timezone = "Europe/Paris"

[[zones]]
id = "hall"
name = "Hall"
capacity = 30
capacity_source = "the test"

[[doors]]
id = "front"
name = "Front"
zone = "hall"
exit = "reader"

[[access_points]]
id = "front-in"
door = "front"
direction = "entry"

[[access_points]]
id = "front-out"
door = "front"
direction = "exit"

[[readers]]
id = "reader"
access_point = "front-in"

[[readers]]
id = "reader-out"
access_point = "front-out"

[[sensors]]
id = "contact"
door = "front"

[[sensors]]
id = "counter"
zone = "hall"

[[plans]]
id = "all"
name = "All"

[[plans.rights]]
zones = ["hall"]
"""
"""A hall behind one door with a contact, a reader on each side, and a counter."""


class GatewayProcess:
    """A gateway of its own: `settings` are its variables without `SEUIL_`, in lower case."""

    def __init__(self, folder: Path, broker_url: str, space: str = HUB, **settings: str) -> None:
        self.data = folder / "data"
        self._space = folder / "space.toml"
        self._log = folder / "gateway.log"
        self._process: Process | None = None
        self._settings = {
            "broker_url": broker_url,
            "data_dir": str(self.data),
            "credential_key": KEY,
            **settings,
        }
        self.program = "from gateway.cli import main; main()"
        self.started_when = "is ready"
        """What it says once it has started."""
        folder.mkdir(parents=True, exist_ok=True)
        self._space.write_text(space, encoding="utf-8")

    @property
    def pid(self) -> int:
        """The child's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said since its first start."""
        return self._log.read_text(encoding="utf-8")

    def enrol(self, *members: Member | str) -> None:
        """Put members into its file; of a badge alone, the member with the plan of everything."""
        enrol(self.data, *members)

    def command(self) -> tuple[str, ...]:
        """The program that it is, with its settings."""
        variables = [f"SEUIL_{name.upper()}={value}" for name, value in self._settings.items()]
        program = (sys.executable, "-c", self.program)
        return ("/usr/bin/env", *variables, *program, "run", str(self._space))

    async def start(self) -> None:
        """Return when it says that it is ready."""
        said = len(self.log) if self._log.exists() else 0
        await self.spawn()
        assert self._process is not None
        clock = asyncio.get_running_loop()
        deadline = clock.time() + PATIENCE_S
        while self.started_when not in self.log[said:]:
            if self._process.returncode is not None or clock.time() > deadline:
                pytest.fail(f"the gateway did not start: {self.log[said:][-2000:]}")
            await asyncio.sleep(POLL_S)

    async def spawn(self) -> None:
        """Start it, and wait for nothing."""
        with self._log.open("ab") as log:
            self._process = await start_tied("exec", *self.command(), log=log.fileno())

    async def hears(self, site: str = "hub", device: str = "counter") -> None:
        """Return when it acknowledges what this sensor says: before, a broker keeps nothing."""
        topics = Topics()
        source = SiteId(site), DeviceId(device)
        broker = urlsplit(self._settings["broker_url"])
        assert broker.port is not None
        async with aiomqtt.Client(broker.hostname or "", broker.port) as client:
            await client.subscribe(topics.ack(*source))
            for seq in range(1, 200):
                event = {"boot": 0, "seq": seq, "at": "2026-01-01T00:00:00Z"}
                payload = json.dumps(event | {"type": "motion", "active": True})
                await client.publish(topics.event(*source), payload, qos=1)
                try:
                    async with asyncio.timeout(_ACK_S):
                        await anext(client.messages)
                        return
                except TimeoutError:
                    continue
        pytest.fail(f"the gateway does not hear {site}/{device}: {self.log[-2000:]}")

    async def kill(self) -> None:
        """SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM; it must be enough. Safe to call twice."""
        if self._process is not None:
            await self._end(signal.SIGTERM)

    async def ended(self) -> int:
        """Return how it ended, when it has by itself."""
        process, self._process = self._process, None
        assert process is not None
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            pytest.fail(f"the gateway did not end by itself: {self.log[-2000:]}")

    def freeze(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def ask(self, question: Callable[[JournalFile], T]) -> T:
        """What its journal says now."""
        with closing(JournalFile(self.data / JOURNAL_FILE)) as file:
            return question(file)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        assert process is not None
        if process.returncode is None:
            process.send_signal(how)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            pytest.fail(f"the gateway did not stop within {PATIENCE_S:g} s: {self.log[-2000:]}")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._process is not None and error is not None:
            await self.kill()
        await self.stop()
