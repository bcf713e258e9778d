"""One message on its way to the broker, and the bytes of its payload."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

PAYLOAD_LIMIT = 4096
"""Bytes a message may have; more goes to the dead letters."""


class CloudEvent(Struct, frozen=True):
    """A fact's attributes as CloudEvents 1.0 has them; `source` is the message's own topic.

    One `id` a source and fact: a journal's number, or the time at which a state began.
    """

    type: str
    id: str
    time: datetime


class Outgoing(Struct, frozen=True):
    """One message for the broker; void after `expires` (MQTT 5 message expiry, whole seconds).

    `event`: what a fact says of itself, in the message's user properties.
    """

    topic: str
    payload: bytes
    qos: Literal[0, 1] = 0
    retain: bool = False
    expires: datetime | None = None
    event: CloudEvent | None = None


_encode = msgspec.json.Encoder().encode


def encode(message: Struct) -> bytes:
    """A payload of the wire as bytes."""
    return _encode(message)
