"""How long-running commands live: until they end by themselves, Ctrl-C, or SIGTERM."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.logging import RichHandler


def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until SIGINT or SIGTERM cancels it; both are a normal end."""

    async def main() -> None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(ending, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            logging.getLogger(__name__).info("stopped")

    asyncio.run(main())


def log_to_stderr(level: str) -> None:
    """Log lines for people on a terminal, plain ones elsewhere."""
    console = Console(stderr=True)
    if console.is_terminal:
        handler: logging.Handler = RichHandler(console=console, show_path=False)
        logging.basicConfig(level=level.upper(), format="%(message)s", handlers=[handler])
    else:
        logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
