"""Small helpers for asyncio: cancelling tasks, and the backoff before a retry."""

import asyncio
from random import SystemRandom
from typing import Any, Final

CANCEL_AGAIN_S: Final = 1.0
FIRST_S: Final = 0.2
LONGEST_S: Final = 30.0
_DOUBLINGS: Final = 10
_random = SystemRandom()


def full_jitter_s(attempt: int, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> float:
    """Return the seconds to wait after `attempt` failures in a row: drawn evenly up to a bound.

    Full jitter keeps clients from coming back in step.
    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return _random.uniform(0, min(longest_s, first_s * 2 ** min(attempt, _DOUBLINGS)))


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended; their exceptions are not raised.

    One cancellation may not be enough: aiomqtt waits with `asyncio.wait_for`, which swallows it on
    3.11 when the broker's packet arrives at that moment (cpython#86296).
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=CANCEL_AGAIN_S)
