"""How a task is ended for certain."""

import asyncio
from typing import Any, Final

AGAIN_S: Final = 1.0


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended; what they raise stays theirs.

    Once may not be enough: aiomqtt waits with `asyncio.wait_for`, which swallows a cancellation on
    3.11 when the broker's word comes at that moment (cpython#86296).
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=AGAIN_S)
