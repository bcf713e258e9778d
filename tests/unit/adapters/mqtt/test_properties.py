# mypy: allow-untyped-calls
"""Shared property tables: the same bytes and values as paho's own class."""

from datetime import UTC, datetime, timedelta

import paho.mqtt._packet as packet
import pytest
from paho.mqtt import MQTTException
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.mqtt.properties import (
    Attributes,
    Expiry,
    SharedProperties,
    properties_of,
    share_tables,
)
from gateway.wire.message import Outgoing

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def properties(kind: type[Properties]) -> Properties:
    """Some of every shape: a number, texts, a list of pairs."""
    made = kind(PacketTypes.PUBLISH)
    made.MessageExpiryInterval = 7
    made.ContentType = "application/json"
    made.UserProperty = [("a", "1"), ("a", "2")]
    return made


def test_shared_tables_pack_and_unpack_as_paho_does() -> None:
    """Bytes of the one are read by the other, to the same values."""
    ours, theirs = properties(SharedProperties), properties(Properties)
    assert ours.pack() == theirs.pack()
    read, length = SharedProperties(PacketTypes.PUBLISH).unpack(theirs.pack() + b"payload")
    assert length == len(theirs.pack())
    assert isinstance(read, SharedProperties)
    assert read.told.json() == theirs.json()
    connack = Properties(PacketTypes.CONNACK)
    connack.ReceiveMaximum = 20
    found, length = SharedProperties(PacketTypes.CONNACK).unpack(connack.pack())
    assert (found.json(), length) == (connack.json(), len(connack.pack()))


@pytest.mark.parametrize(
    "told",
    [b"\x02\xff\xff", b"\x03\x26\x00\x01", b"\x04\x02\x02\x02\x02"],
    ids=["an unknown one", "one that is cut off", "one that comes twice"],
)
def test_what_somebody_else_tells_is_passed_over(told: bytes) -> None:
    """A device must not be able to make us raise by it."""
    read, length = SharedProperties(PacketTypes.PUBLISH).unpack(told + b"payload")
    assert (length, read.isEmpty()) == (len(told), True)


def test_two_packets_share_tables_but_no_values() -> None:
    """A value that is set on one is not seen on another."""
    properties(SharedProperties)
    other, length = SharedProperties(PacketTypes.PUBLISH).unpack(b"\x00payload")
    assert length == 1
    assert other.isEmpty()


def test_a_property_of_another_packet_is_refused_as_by_paho() -> None:
    """Checks are paho's own."""
    with pytest.raises(MQTTException, match="does not apply"):
        SharedProperties(PacketTypes.PUBACK).MessageExpiryInterval = 7


def test_an_expiry_packs_the_same_bytes_each_time() -> None:
    """And they are those of paho."""
    theirs = Properties(PacketTypes.PUBLISH)
    theirs.MessageExpiryInterval = 5
    expiry = Expiry(5)
    assert expiry.pack() == expiry.pack() == theirs.pack()


@pytest.mark.parametrize(
    ("left_s", "told_s"), [(5.0, 5), (4.999, 4), (1.5, 1), (0.2, 1), (-3.0, 1), (86_400.0, 3600)]
)
def test_the_expiry_of_an_order_is_rounded_down(left_s: float, told_s: int) -> None:
    """Brokers round it up. One second at least, and an hour is enough."""
    order = Outgoing("seuil/hub/front/command", b"", 1, expires=NOW + timedelta(seconds=left_s))
    told = properties_of(order, NOW)
    assert told is not None
    assert vars(told)["MessageExpiryInterval"] == told_s


def test_attributes_are_read_by_paho() -> None:
    """Content type and CloudEvents attributes, whatever their length and letters."""
    for id_ in ("7", "é" * 200):
        ours = Attributes("/seuil/hub/access", "seuil.access.decided", id_, "2026-11-22T08:00:00Z")
        read, length = SharedProperties(PacketTypes.PUBLISH).unpack(ours.pack() + b"payload")
        assert length == len(ours.pack())
        assert isinstance(read, SharedProperties)
        said = read.told.json()
        assert said["ContentType"] == "application/json"
        assert dict(said["UserProperty"]) == {
            "specversion": "1.0",
            "type": "seuil.access.decided",
            "source": "/seuil/hub/access",
            "id": id_,
            "time": "2026-11-22T08:00:00Z",
        }


def test_paho_still_reads_packets_by_the_name_that_is_replaced() -> None:
    """Else the tables are built for each packet again, and nobody would notice."""
    share_tables()
    raw = b"\x00\x01t" + b"\x00" + b"payload"
    found = packet.decode_publish(0x30, raw, MQTTProtocolVersion.MQTTv5)
    assert type(found.properties) is SharedProperties
