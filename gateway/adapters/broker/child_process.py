"""A program that dies with us."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process


async def start_tied(*command: str, log: int) -> Process:
    """Start a program that dies with us, in a session of its own so that Ctrl-C is left to us.

    `command` is what `gateway.adapters.broker.embedded_child` takes after the parent's process id.
    """
    return await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "gateway.adapters.broker.embedded_child",
            str(os.getpid()),
            *command,
        ),
        stdin=DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
