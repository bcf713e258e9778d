"""Creates, connects and publishes with a paho client: MQTT 5, manual acknowledgement."""

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
"""Our receive maximum, in unacknowledged messages. Brokers exceed it (mosquitto 2.0.11 sends 461
instead of 20), so the inbox has its own bound."""


def new_client(client_id: str, address: BrokerAddress, will: Outgoing | None) -> Client:
    """Return a client for one connection; a handler's exception is raised by our read."""
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
    """Connect (blocking); the broker keeps the session for `expiry_s` after a disconnection.

    The broker declares a wedged client offline after 1.5 `keepalive_s` [MQTT-3.1.2-22].
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
    """Pass a message to paho; return its packet id, or None if the connection is gone.

    Its message expiry is the time that is left.
    """
    info = client.publish(
        message.topic,
        message.payload,
        qos=message.qos,
        retain=message.retain,
        properties=properties_of(message, now),
    )
    return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None
