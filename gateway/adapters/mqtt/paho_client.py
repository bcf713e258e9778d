"""A paho client as we want one: MQTT 5, acknowledged by hand; how it connects and publishes."""

import ssl
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.properties import properties_of
from gateway.wire.message import Outgoing

RECEIVE_MAX: Final = 1000
"""Unacknowledged messages at which we ask the broker to hold back. Brokers exceed it (mosquitto
2.0.11 sends 461 where 20 were asked), so the inbox has its own bound."""


def new_client(client_id: str, address: BrokerAddress, will: Outgoing | None) -> Client:
    """A client for one connection; an error of a handler is raised where we read."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=MQTTProtocolVersion.MQTTv5,
        manual_ack=True,
    )
    client.suppress_exceptions = False
    client.max_inflight_messages_set(0)  # no bound of its own: what is too much waits in `Window`
    if address.username:
        client.username_pw_set(address.username, address.password)
    if urlsplit(address.url).scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context(cafile=address.ca_file))
    if will is not None:
        client.will_set(will.topic, will.payload, will.qos, retain=will.retain)
    return client


def connect(client: Client, address: BrokerAddress, expiry_s: int, keepalive_s: int) -> None:
    """Connect (blocking); the broker keeps the session for `expiry_s` while we are away.

    One that is wedged is declared offline after one and a half `keepalive_s` [MQTT-3.1.2-22].
    """
    parts = urlsplit(address.url)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    properties.SessionExpiryInterval = expiry_s
    properties.ReceiveMaximum = RECEIVE_MAX
    client.connect(
        parts.hostname or "127.0.0.1",
        parts.port or (8883 if parts.scheme == "mqtts" else 1883),
        keepalive=keepalive_s,
        clean_start=False,
        properties=properties,
    )


def publish(client: Client, message: Outgoing, now: datetime) -> int | None:
    """Give a message to paho, to be written next; its packet id, or None: the connection is gone.

    Its expiry is told as what is left of it.
    """
    info = client.publish(
        message.topic,
        message.payload,
        qos=message.qos,
        retain=message.retain,
        properties=properties_of(message, now),
    )
    return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None
