"""Starts a child process that ends when this process ends."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process


async def start_tied(*command: str, log: int) -> Process:
    """Start a program that ends with this process, in its own session so that Ctrl-C is ours.

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
