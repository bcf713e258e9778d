"""`seuil console` as a child that a test starts, kills, and starts again on the same port."""

import sys
from pathlib import Path

from tests.servers import Server


class ConsoleProcess(Server):
    """The real command, over a gateway's data folder; it answers once it hears the broker."""

    ready_path = "/healthz"

    def __init__(self, folder: Path, space: Path, **settings: str) -> None:
        super().__init__(folder)
        self._space = space
        self._settings = settings

    def command(self) -> tuple[str, ...]:
        variables = [f"SEUIL_{name.upper()}={value}" for name, value in self._settings.items()]
        program = (sys.executable, "-c", "from gateway.cli import main; main()")
        return (
            *("/usr/bin/env", *variables, *program),
            *("console", str(self._space), "--port", str(self.port)),
        )
