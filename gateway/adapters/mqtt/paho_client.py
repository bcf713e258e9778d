"""Creates and connects a paho client: MQTT 5, manual acknowledgement."""

from typing import Final

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.client import PacketClient
from gateway.wire.message import Outgoing

RECEIVE_MAX: Final = 1000
"""Our receive maximum, in unacknowledged messages. Brokers exceed it (mosquitto 2.0.11 sends 461
instead of 20), so the inbox has its own bound."""
PACKET_MAX: Final = 2 * 1024 * 1024
"""Bytes of the largest packet that the broker may send us (MQTT-5 3.1.2.11.4); it drops others.
Twice what the gateway's own broker takes; no device of ours needs a hundredth of it."""


def new_client(client_id: str, address: BrokerAddress, will: Outgoing | None) -> PacketClient:
    """Return a client for one connection."""
    client = PacketClient(client_id)
    if address.username:
        client.username_pw_set(address.username, address.password)
    if address.is_secure:
        client.tls_set_context(address.tls_context())
    if will is not None:
        client.will_set(will.topic, will.payload, will.qos, retain=will.retain)
    return client


def connect(client: PacketClient, address: BrokerAddress, expiry_s: int, keepalive_s: int) -> None:
    """Connect (blocking); the broker keeps the session for `expiry_s` after a disconnection.

    The broker declares a wedged client offline after 1.5 `keepalive_s` [MQTT-3.1.2-22].
    """
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    properties.SessionExpiryInterval = expiry_s
    properties.ReceiveMaximum = RECEIVE_MAX
    properties.MaximumPacketSize = PACKET_MAX
    client.connect(
        address.host,
        address.port,
        keepalive=keepalive_s,
        clean_start=False,
        properties=properties,
    )
