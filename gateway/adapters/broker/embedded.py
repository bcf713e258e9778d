"""An MQTT broker as a child process: for the demo, for one small computer, and for the tests.

It is mosquitto with durable settings if that is installed, else iotcore (rumqttd in a wheel), which
speaks MQTT 5 as well but loses everything when it stops, so that the no-loss guarantees do not
hold: the caller reports this (`durable`). Both listen on the loopback only and end with us.
"""

import asyncio
import importlib.util
import os
import shutil
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from gateway.adapters.broker.child_process import start_tied
from gateway.adapters.broker.ports import LOOPBACK, answers_connect, free_port, is_taken
from gateway.files import private_folder

START_S = 15.0
"""A start on a small computer, with a large mosquitto.db to read."""
STOP_S = 2.5
"""mosquitto writes its database at SIGTERM; then it is killed."""
QUEUED_MESSAGES = 100_000
"""Messages kept for an absent session (about 30 MB): minutes of a busy site."""
INFLIGHT_MESSAGES = 1000
"""QoS 1 messages in flight per client; mosquitto's 20 would make each batch wait."""
AUTOSAVE_S = 5
"""Seconds between two writes of mosquitto's database, which is small enough to spare a memory card.
A kill loses what it acknowledged since the last write; our own readers keep it, others do not."""
_PORT_ATTEMPTS = 5
"""Another program may take the free port between our check and the broker's start."""
_POLL_S = 0.02
_SBIN = os.pathsep + os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"))

Kind = Literal["mosquitto", "iotcore"]


class BrokerError(Exception):
    """The broker could not be started, or it ended by itself; the text says what to do."""


class EmbeddedBroker:
    """A broker in a child process, bound to the loopback.

    `port` 0 takes a free one. `kind` None takes mosquitto, else iotcore. `autosave` False lets
    mosquitto write its database at a clean stop only: nothing survives a kill.
    `settings` are more lines for mosquitto.conf. A stopped broker can be started again: same port,
    and (mosquitto) same sessions.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        kind: Kind | None = None,
        autosave: bool = True,
        settings: Sequence[str] = ("allow_anonymous true",),
    ) -> None:
        self.kind: Kind = kind or ("mosquitto" if find_mosquitto() else "iotcore")
        self.port = port
        self._folder = folder
        self._autosave = autosave
        self._settings = settings
        self._process: Process | None = None

    @property
    def durable(self) -> bool:
        """Return whether acknowledged messages survive a kill of the broker.

        Except those of the last `AUTOSAVE_S` seconds.
        """
        return self.kind == "mosquitto" and self._autosave

    @property
    def url(self) -> str:
        """Return the URL for the gateway's setting `broker_url`."""
        return f"mqtt://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._running().pid

    async def start(self) -> None:
        """Start the broker, and return when it answers a CONNECT.

        Raises:
            BrokerError: nothing is installed, or it did not come up.
        """
        attempts = 1 if self.port else _PORT_ATTEMPTS
        for attempt in range(1, attempts + 1):
            port = self.port or free_port()
            try:
                await self._start_on(port)
            except BrokerError:
                if attempt == attempts or not is_taken(port):
                    raise
            else:
                self.port = port
                return

    async def stop(self) -> None:
        """Stop the broker by SIGTERM, and by SIGKILL if that fails. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kill(self) -> None:
        """Kill the broker by SIGKILL: its clients see the same as at a power cut."""
        process, self._process = self._running(), None
        process.kill()
        await process.wait()

    async def watch(self) -> None:
        """Wait until cancelled.

        Raises:
            BrokerError: the broker ended by itself.
        """
        status = await self._running().wait()
        if self._process is not None:
            raise BrokerError(f"{self.kind} ended with status {status}: {self._last_words()}")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.stop()

    def _running(self) -> Process:
        if self._process is None:
            raise BrokerError("the broker was not started")
        return self._process

    async def _start_on(self, port: int) -> None:
        if is_taken(port):  # else another broker would answer us
            raise BrokerError(f"port {port} is in use by another program")
        private_folder(self._folder)
        command = self._mosquitto(port) if self.kind == "mosquitto" else self._iotcore(port)
        with self._log.open("wb") as log:
            self._process = await start_tied(*command, log=log.fileno())
        try:
            async with asyncio.timeout(START_S):
                trouble = await self._trouble_until_it_answers(port, self._process)
        except BaseException as error:
            await self.stop()
            if not isinstance(error, TimeoutError):
                raise
            trouble = f"does not answer after {START_S:.0f} s"
        if trouble:
            await self.stop()
            raise BrokerError(f"{self.kind} on port {port} {trouble}: {self._last_words()}")

    async def _trouble_until_it_answers(self, port: int, process: Process) -> str | None:
        while not await answers_connect(port):
            if process.returncode is not None:
                return f"ended with status {process.returncode}"
            await asyncio.sleep(_POLL_S)
        return None

    def _mosquitto(self, port: int) -> tuple[str, ...]:
        program = find_mosquitto()
        if program is None:
            raise BrokerError("mosquitto is not installed (Debian: apt install mosquitto)")
        config = self._folder / "mosquitto.conf"
        config.write_text(
            "\n".join(mosquitto_lines(self._folder, port, autosave=self._autosave))
            + "\n"
            + "".join(f"{line}\n" for line in self._settings),
            encoding="utf-8",
        )
        return ("exec", program, "-c", str(config))

    def _iotcore(self, port: int) -> tuple[str, ...]:
        if importlib.util.find_spec("iotcore") is None:
            raise BrokerError(
                "no MQTT broker here: install mosquitto (Debian: apt install mosquitto) "
                "or the package iotcore (pip install iotcore)"
            )
        config = self._folder / "iotcore.toml"
        config.write_text(_IOTCORE_TOML.format(listen=f"{LOOPBACK}:{port}"), encoding="utf-8")
        return ("iotcore", str(config), str(port))

    @property
    def _log(self) -> Path:
        return self._folder / "broker.log"

    def _last_words(self) -> str:
        words = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return "; ".join(words) or f"no word in {self._log}"


def mosquitto_lines(folder: Path, port: int, *, autosave: bool = True) -> list[str]:
    """Return mosquitto.conf: loopback listener, no answer delay, a database that survives a kill.

    With mosquitto's defaults a kill loses every acknowledged message (docs/decisions/009).
    """
    lines = [
        f"listener {port} {LOOPBACK}",
        "set_tcp_nodelay true",
        "persistence true",
        f"persistence_location {folder.resolve()}/",
        f"max_queued_messages {QUEUED_MESSAGES}",
        f"max_inflight_messages {INFLIGHT_MESSAGES}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "connection_messages false",
    ]
    if autosave:
        lines += [f"autosave_interval {AUTOSAVE_S}", "autosave_on_changes false"]
    if os.geteuid() == 0:
        lines.append("user root")  # else it becomes the user mosquitto, who may not write here
    return lines


def find_mosquitto() -> str | None:
    """Return the program's path; Debian installs it in a folder that only root's PATH contains."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", os.defpath) + _SBIN)


_IOTCORE_TOML = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
# The log of each topic filter, in memory: 10 MiB, then the oldest messages go.
max_segment_size = 1048576
max_segment_count = 10

[v5.1]
name = "v5"
listen = "{listen}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 262144
max_inflight_count = 100
dynamic_filters = false
"""
