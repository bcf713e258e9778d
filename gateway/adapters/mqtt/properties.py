"""The properties of our PUBLISH packets, as bytes (MQTT-5 3.3.2.3)."""

from datetime import datetime
from functools import lru_cache
from typing import Final

from gateway.wire.message import CloudEvent, Outgoing

MORE: Final = 0x80
"""MQTT-5 2.1.1, 3.3.1 and 1.5.5: kinds of packets, a PUBLISH's flags, a length that goes on."""
_NONE: Final = b"\x00"
_EXPIRY: Final = b"\x05\x02"
_CONTENT_TYPE: Final = b"\x03"
_USER_PROPERTY: Final = b"\x26"
"""MQTT-5 2.2.2.2; before the expiry's name stands the length."""


def properties_of(message: Outgoing, now: datetime) -> bytes:
    """Return a fact's attributes (it has no expiry) or an order's expiry (it has no attributes)."""
    if message.event is not None:
        return _attributes(f"/{message.topic}", message.event)
    return _NONE if message.expires is None else _expiry(message.expires, now)


def _expiry(expires: datetime, now: datetime) -> bytes:
    """Return the expiry in whole seconds, rounded down, 1 to 3600.

    Brokers round up (mosquitto 2.0.11 keeps 1 s for up to 2 s), and a relay that does not know an
    order's expiry opens whenever the order arrives.
    """
    seconds = max(1, min(3600, int((expires - now).total_seconds())))
    return _EXPIRY + seconds.to_bytes(4, "big")


def _attributes(source: str, event: CloudEvent) -> bytes:
    """Return CloudEvents attributes, binary mode.

    https://github.com/cloudevents/spec, MQTT protocol binding 3.1: the content type is the data's,
    each attribute is a user property.
    """
    body = (
        _fixed(source, event.type) + _pair("id", event.id) + _pair("time", event.time.isoformat())
    )
    return variable_integer(len(body)) + body


@lru_cache(maxsize=4096)
def _fixed(source: str, kind: str) -> bytes:
    """Return the bytes common to all events of one kind and topic; cached per topic."""
    content = _CONTENT_TYPE + _text("application/json")
    named = (("specversion", "1.0"), ("type", kind), ("source", source))
    return content + b"".join(_pair(name, value) for name, value in named)


def _pair(name: str, value: str) -> bytes:
    return _USER_PROPERTY + _text(name) + _text(value)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def variable_integer(number: int) -> bytes:
    """Return a variable byte integer (MQTT-5 1.5.5)."""
    if number < MORE:
        return bytes((number,))
    found = bytearray()
    while number >= MORE:
        found.append(number % MORE | MORE)
        number //= MORE
    found.append(number)
    return bytes(found)
