"""The life of long-running commands: until they end by themselves, Ctrl-C, or SIGTERM."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.logging import RichHandler

log = logging.getLogger(__name__)


def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until SIGINT or SIGTERM cancels it; both are a normal end.

    A callback that raises (of a socket or a timer) also ends it, with that exception: asyncio would
    only log it and continue with half a gateway. After a crash the process is restarted, and the
    journal is replayed.
    """

    async def main() -> None:
        task = asyncio.ensure_future(work)
        told: list[signal.Signals] = []
        broken: list[BaseException] = []

        def end(by: signal.Signals) -> None:
            told.append(by)
            task.cancel()

        def stop_at_a_bug(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            loop.default_exception_handler(context)
            if "handle" in context:  # a lost connection has no handle
                broken.append(context["exception"])
                task.cancel()

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(stop_at_a_bug)
        for ending in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(ending, end, ending)
        try:
            await task
        except asyncio.CancelledError:
            if broken:
                raise broken[0] from None
            if not told:  # no signal was received: a fault, which must not look like a normal end
                raise
            log.info("stopped by %s", told[0].name)

    asyncio.run(main())


def log_to_stderr(level: str) -> None:
    """Log coloured lines on a terminal, plain ones elsewhere."""
    console = Console(stderr=True)
    if console.is_terminal:
        handler: logging.Handler = RichHandler(console=console, show_path=False)
        logging.basicConfig(level=level.upper(), format="%(message)s", handlers=[handler])
    else:
        logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a new file's steps are no news
