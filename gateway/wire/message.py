"""One message on its way to the broker, and the bytes of its payload."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

PAYLOAD_LIMIT = 4096
"""Maximum bytes of a message; a larger one becomes a dead letter."""


class CloudEvent(Struct, frozen=True):
    """A fact's CloudEvents 1.0 attributes; `source` is the message's own topic.

    `id` is unique per source and fact: a journal number, or the time at which a state began.
    """

    type: str
    id: str
    time: datetime


class Outgoing(Struct, frozen=True):
    """A message to the broker; expires at `expires` (MQTT 5 message expiry, whole seconds).

    `event`: a fact's attributes, sent in the message's user properties.
    """

    topic: str
    payload: bytes
    qos: Literal[0, 1] = 0
    retain: bool = False
    expires: datetime | None = None
    event: CloudEvent | None = None


_encode = msgspec.json.Encoder().encode


def encode(message: Struct) -> bytes:
    """Return a payload as bytes."""
    return _encode(message)
