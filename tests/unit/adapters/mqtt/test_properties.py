# mypy: allow-untyped-calls
"""The properties of what we publish: paho reads the same values out of our bytes."""

from datetime import UTC, datetime, timedelta

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.mqtt.properties import properties_of
from gateway.wire.message import CloudEvent, Outgoing

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def read(packed: bytes) -> Properties:
    """As paho reads them, to the last byte."""
    found = Properties(PacketTypes.PUBLISH)
    _, length = found.unpack(packed + b"payload")
    assert length == len(packed)
    return found


@pytest.mark.parametrize(
    ("left_s", "told_s"), [(5.0, 5), (4.999, 4), (1.5, 1), (0.2, 1), (-3.0, 1), (86_400.0, 3600)]
)
def test_the_expiry_of_an_order_is_rounded_down(left_s: float, told_s: int) -> None:
    """Brokers round it up. One second at least, and an hour is enough."""
    order = Outgoing("seuil/hub/front/command", b"", 1, expires=NOW + timedelta(seconds=left_s))
    packed = properties_of(order, NOW)
    theirs = Properties(PacketTypes.PUBLISH)
    theirs.MessageExpiryInterval = told_s
    assert packed == theirs.pack()


def test_most_messages_have_none() -> None:
    """One byte says so."""
    assert properties_of(Outgoing("seuil/hub/front/ack", b"{}"), NOW) == b"\x00"


@pytest.mark.parametrize("id_", ["7", "é" * 200, "x" * 20_000])
def test_attributes_are_read_by_paho(id_: str) -> None:
    """Content type and CloudEvents attributes, whatever their length and letters."""
    event = CloudEvent("seuil.access.decided", id_, NOW)
    said = read(properties_of(Outgoing("seuil/hub/access", b"{}", event=event), NOW)).json()
    assert said["ContentType"] == "application/json"
    assert dict(said["UserProperty"]) == {
        "specversion": "1.0",
        "type": "seuil.access.decided",
        "source": "/seuil/hub/access",
        "id": id_,
        "time": "2026-11-22T08:00:00+00:00",
    }
