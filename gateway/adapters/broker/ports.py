"""Loopback ports: finds a free one, and checks whether a broker answers on one."""

import asyncio
import socket

LOOPBACK = "127.0.0.1"
_CONNECT = bytes.fromhex("10 0d 0004 4d515454 05 02 000a 00 0000")
"""MQTT 5, clean start, keep alive 10 s, no properties, an empty client id [MQTT-3.1]."""
_DISCONNECT = bytes.fromhex("e0 00")
_CONNACK = 0x20


async def answers_connect(port: int) -> bool:
    """Return whether an MQTT 5 CONNECT gets a CONNACK, even one that refuses the client."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    try:
        writer.write(_CONNECT)
        answer = await reader.readexactly(1)
        writer.write(_DISCONNECT)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()
    return answer[0] == _CONNACK


def free_port() -> int:
    """Return a loopback port that no program uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_taken(port: int) -> bool:
    """Return whether a program listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False
