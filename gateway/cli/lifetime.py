"""How long-running commands live: until they end by themselves, Ctrl-C, or SIGTERM."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.logging import RichHandler

log = logging.getLogger(__name__)


def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until SIGINT or SIGTERM cancels it; both are a normal end."""

    async def main() -> None:
        task = asyncio.ensure_future(work)
        told: list[signal.Signals] = []

        def end(by: signal.Signals) -> None:
            told.append(by)
            task.cancel()

        loop = asyncio.get_running_loop()
        for ending in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(ending, end, ending)
        try:
            await task
        except asyncio.CancelledError:
            if not told:  # nobody asked: a fault that must not look like a normal end
                raise
            log.info("stopped by %s", told[0].name)

    asyncio.run(main())


def log_to_stderr(level: str) -> None:
    """Log lines for people on a terminal, plain ones elsewhere."""
    console = Console(stderr=True)
    if console.is_terminal:
        handler: logging.Handler = RichHandler(console=console, show_path=False)
        logging.basicConfig(level=level.upper(), format="%(message)s", handlers=[handler])
    else:
        logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
