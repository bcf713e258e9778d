"""A task is ended for certain."""

import asyncio

from gateway.aio import cancel_and_wait
from tests.servers import PATIENCE_S


async def test_who_swallows_a_cancellation_is_cancelled_again() -> None:
    """As `asyncio.wait_for` may on Python 3.11."""
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.sleep(3600)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        await cancel_and_wait(task)
    assert swallowed.is_set()
    assert task.cancelled()
