"""A desk command's connection to the gateway: one MQTT client for the duration of the command.

A command sends a request and waits for the response, or subscribes to retained messages. It uses
no persistent session, and a new client id each time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiomqtt
import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.aiomqtt_client import client_of
from gateway.core.model.names import SiteId
from gateway.core.requests import Request
from gateway.wire.requests import request_message
from gateway.wire.states import ResponseMessage
from gateway.wire.topics import Topics

ANSWER_S: Final = 5.0
"""Seconds to wait for a response: an older request is refused anyway."""
CONNECT_S: Final = 5.0
_read_response = msgspec.json.Decoder(ResponseMessage).decode


class DeskError(Exception):
    """The gateway could not be reached: the text says what was seen, and what to do."""


class UnansweredError(DeskError):
    """The request was sent and no response came: a slow gateway may still carry it out."""


@asynccontextmanager
async def line(address: BrokerAddress) -> AsyncIterator[aiomqtt.Client]:
    """Yield a connection to the broker.

    Raises:
        DeskError: It could not be made, or was lost.
    """
    try:
        async with client_of(address, timeout_s=CONNECT_S) as client:
            yield client
    except (aiomqtt.MqttError, OSError) as lost:
        raise DeskError(f"{address.url}: {lost}; `seuil doctor` says more") from lost


async def ask(
    address: BrokerAddress, topics: Topics, site: SiteId, request: Request
) -> ResponseMessage:
    """Send a request and return the gateway's response.

    Raises:
        DeskError: No response came within `ANSWER_S`, or the broker cannot be reached.
    """
    message = request_message(topics, site, request)
    verb = message.topic.rpartition("/")[2]
    void = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho
    void.MessageExpiryInterval = int(ANSWER_S)
    async with line(address) as client:
        await client.subscribe(topics.response(site, verb), qos=1)
        try:
            async with asyncio.timeout(ANSWER_S):
                await client.publish(message.topic, message.payload, qos=1, properties=void)
                return await _response(client, request.transaction)
        except TimeoutError:
            raise UnansweredError(
                f"no gateway of {site} has answered within {ANSWER_S:g} s; does it run (seuil "
                "doctor --health), is the site's id right, and may this user of the broker ask? "
                "The gateway's and the console's may"
            ) from None


async def _response(client: aiomqtt.Client, transaction: str) -> ResponseMessage:
    async for message in client.messages:
        try:
            response = _read_response(bytes(message.payload))
        except msgspec.DecodeError:
            continue  # nothing that a gateway says
        if response.transaction == transaction:
            return response
    raise DeskError("the broker has ended the connection")
