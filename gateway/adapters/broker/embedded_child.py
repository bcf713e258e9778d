"""The main program of the embedded broker's process: `python -m …embedded_child ...`.

    broker_child PARENT exec PROGRAM ARGUMENT...   becomes that program
    broker_child PARENT iotcore CONFIG PORT        runs rumqttd inside this process

Either way the process ends with PARENT, even when PARENT was killed: Linux then sends SIGTERM. On
other systems only a clean stop ends it. It is a separate process because rumqttd cannot be stopped
and would share our interpreter's lock. The child requests the signal itself because a `preexec_fn`
is not safe in a parent that has threads.
"""

import ctypes
import logging
import os
import signal
import socket
import stat
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
"""prctl(2)."""
_START_S = 10.0
"""rumqttd listens after some milliseconds; a small computer under load gets more."""
_POLL_S = 0.01


def main(arguments: list[str]) -> int:
    """Run the broker in this process."""
    parent, kind, *rest = arguments
    _die_with(int(parent))
    if kind == "exec":
        os.execv(rest[0], rest)  # noqa: S606 - a program that we chose, without a shell
    config, port = rest
    _run_iotcore(Path(config), int(port))
    return 0


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we could ask
        sys.exit(1)


def _run_iotcore(config: Path, port: int) -> None:
    # rumqttd logs each packet as an error, through Python's logging.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL + 1)
    from iotcore import IotCoreBroker  # noqa: PLC0415 - not installed everywhere

    IotCoreBroker(config_path=str(config)).start()
    deadline = time.monotonic() + _START_S
    while not _answer_at_once(port):
        if time.monotonic() > deadline:
            sys.exit(f"iotcore does not listen on port {port} after {_START_S:.0f} s")
        time.sleep(_POLL_S)
    signal.pause()


def _answer_at_once(port: int) -> bool:
    """Set TCP_NODELAY on rumqttd's listening socket: each accepted connection inherits it.

    rumqttd has no setting for it, and without it an answer waits 40 ms for the peer's delayed ACK.
    Returns True when the socket was found.
    """
    found = False
    for entry in tuple(Path("/dev/fd").iterdir()):
        try:
            descriptor = os.dup(int(entry.name))
        except OSError:  # the folder's own descriptor, closed by now
            continue
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            continue
        with socket.socket(fileno=descriptor) as candidate:
            if candidate.family == socket.AF_INET and _listens(candidate, port):
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                found = True
    return found


def _listens(candidate: socket.socket, port: int) -> bool:
    listening = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return bool(listening) and candidate.getsockname()[1] == port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
