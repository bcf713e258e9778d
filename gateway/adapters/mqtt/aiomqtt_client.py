"""A client for what asks and looks on: MQTT 5, a new session each time, by aiomqtt.

The gateway's own sessions must lose nothing, and are `gateway.adapters.mqtt.session`.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

import aiomqtt

from gateway.adapters.mqtt.address import BrokerAddress

_NODELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def client_of(
    address: BrokerAddress,
    *,
    timeout_s: float,
    messages_max: int | None = None,
    queue_type: Callable[[int], asyncio.Queue[aiomqtt.Message]] = asyncio.Queue,
    logger: logging.Logger | None = None,
) -> aiomqtt.Client:
    """Return a client, to be entered; it keeps at most `messages_max` messages that wait."""
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        tls_context=address.tls_context(),
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        queue_type=queue_type,  # type: ignore[arg-type] # a factory will do
        max_queued_incoming_messages=messages_max,
        timeout=timeout_s,
        socket_options=(_NODELAY,),
        logger=logger,
    )
