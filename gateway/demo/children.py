"""The gateway and the live page as child processes: the same commands that operators run.

Each is started through `gateway.adapters.broker.embedded_child`, so that on Linux it dies with us
even when we are killed, and in its own session, so that we alone handle Ctrl-C.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.demo.wishes import DemoError

POLITE_S: Final = 1.2
"""A stop takes some 0.3 s; with the other steps of the end this stays under 3 s."""
_SEUIL: Final = "from gateway.cli import main; main()"
_WORDS: Final = 2
"""Last lines of its log that are reported when a child ends by itself."""
_FRAME: Final = " |+-^~"


class Child:
    """One running command of `seuil`; its output is in `log`."""

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._stopping = False

    @classmethod
    async def start(cls, log: Path, variables: Mapping[str, str], *command: str) -> "Child":
        """Start `seuil COMMAND...` with additional environment variables."""
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as opened:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway.adapters.broker.embedded_child", str(os.getpid())),
                *("exec", sys.executable, "-c", _SEUIL, *command),
                stdin=DEVNULL,
                stdout=opened,
                stderr=opened,
                start_new_session=True,
                env={**_inherited(), **variables, "_TYPER_STANDARD_TRACEBACK": "1"},
            )
        return cls(f"seuil {command[0]}", process, log)

    async def watch(self) -> None:
        """Run until cancelled.

        Raises:
            DemoError: the child ended by itself.
        """
        status = await self._process.wait()
        if not self._stopping:
            raise DemoError(f"`{self.name}` ended by itself with status {status}: {self._words()}")

    async def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if that is not enough. It is safe to call twice."""
        self._stopping = True
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(POLITE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _words(self) -> str:
        """Return the end of its log, without the frames around a group of exceptions."""
        log = self.log.read_text(encoding="utf-8", errors="replace")
        lines = [line.strip(_FRAME) for line in log.splitlines()]
        return "; ".join([line for line in lines if line][-_WORDS:]) or "without a word"


def _inherited() -> dict[str, str]:
    """Return our environment without credentials for any broker but the demo's own."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("SEUIL_BROKER_")
    }
