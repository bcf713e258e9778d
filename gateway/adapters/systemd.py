"""Notifies systemd (Type=notify) that the service is ready, alive or stopping.

sd_notify(3) is one datagram to the socket that `NOTIFY_SOCKET` names, so it needs no library. Where
there is no such socket, nothing is sent.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

from gateway.config import Supervisor

SHARE: Final = 3
"""Signs of life in each of systemd's intervals: one may come late, and one may be lost."""


def notify(supervisor: Supervisor, state: str) -> None:
    """Send a state to systemd; ignore it if systemd cannot be reached."""
    if supervisor.socket is None:
        return
    # An abstract socket's name begins with a zero byte, which sd_notify(3) writes as "@".
    address = supervisor.socket
    address = f"\0{address[1:]}" if address.startswith("@") else address
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as told,
    ):
        told.sendto(state.encode(), address)


async def keep_alive(supervisor: Supervisor, is_alive: Callable[[], bool]) -> None:
    """Send READY, then WATCHDOG as often as systemd requires while `is_alive`; STOPPING at the end.

    Without a watchdog interval no WATCHDOG is sent. A wedged service sends none and is restarted.
    """
    notify(supervisor, "READY=1")
    try:
        while supervisor.watchdog_s is not None:
            await asyncio.sleep(supervisor.watchdog_s / SHARE)
            if is_alive():
                notify(supervisor, "WATCHDOG=1")
        await asyncio.get_running_loop().create_future()
    finally:
        notify(supervisor, "STOPPING=1")
