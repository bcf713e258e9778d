"""Whatever arrives: a driver gives reports or WireError, and no badge number leaves by an error."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, MachineId, SiteId, Text
from gateway.core.model.site import Site
from gateway.core.readings import (
    Battery,
    Co2,
    Counted,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    MachineReported,
    Motion,
    Presence,
    Reading,
    Report,
    Tampered,
    WireError,
)
from gateway.wire import strict_json
from sensors import badges
from sensors.registry import Registry


def _device(name: str, driver: str, topic: str, role: str, **options: object) -> Device:
    said = {"id": name, "role": role, "driver": driver, "topic": topic, "options": options}
    return msgspec.convert(said, Device)


def _plug(name: str, topic: str) -> Device:
    plug = _device(name, "zigbee2mqtt", topic, "sensor", on_above_w=30)
    return msgspec.structs.replace(plug, machine=MachineId("laser"))


HUB = Site(
    SiteId("hub"),
    Text("Lieu", "Place"),
    "Europe/Paris",
    devices=(
        _device("front", "native", "", "reader"),
        _device("pir", "native", "", "sensor"),
        _device("esp", "esp-rfid", "esp", "reader", ip="10.0.0.3", clock="utc"),
        _device("hall", "zigbee2mqtt", "z/hall", "sensor"),
        _device("board", "tasmota", "board", "reader"),
        _device("air", "tasmota", "air", "sensor"),
        _plug("plug", "z/plug"),
        _device("door", "tasmota", "board", "sensor", switch=1, means="door", on="open"),
    ),
)
REGISTRY = Registry([HUB])
TOPICS = sorted(REGISTRY._decode)

numbers = st.binary(min_size=3, max_size=10).filter(any).map(bytes.hex)
totals = st.integers(0, 2**53)
numbered = st.integers(1, 2**53)
flags = st.booleans()
readings = st.one_of(
    st.builds(
        CredentialPresented,
        numbers,
        st.just("hex"),
        st.none() | st.text("0123456789", min_size=1, max_size=16),
    ),
    st.builds(DoorReported, st.sampled_from(["open", "closed"])),
    st.just(ExitRequested()),
    st.builds(Crossed, totals, totals),
    st.builds(Motion, flags),
    st.builds(Presence, flags),
    st.builds(Counted, st.integers(0, 1_000_000)),
    st.builds(Co2, st.floats(0, 1_000_000)),
    st.builds(MachineReported, st.sampled_from(["on", "off"]), st.none() | st.floats(0, 1_000_000)),
    st.builds(Tampered, flags),
    st.builds(Battery, st.floats(0, 100)),
)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=offsets)  # noqa: DTZ001 - hypothesis wants naive bounds

KEYS = [
    *("boot", "seq", "at", "type", "credential", "format", "pin", "state", "active", "people"),
    *("time", "uid", "username", "access", "hostname", "cmd", "src", "desc", "doorName"),
    *("occupancy", "presence", "contact", "battery", "tamper", "co2", "action_code", "power"),
    *("PN532", "Wiegand", "UID", "Size", "Switch1", "Action", "LD2410S", "People"),
    *("SCD40", "CarbonDioxide"),
]
WORDS = [
    *("credential", "door", "motion", "access", "boot", "event", "log", "MQTT", " ", "hex"),
    *("ON", "OFF", "online", "open", "Door Open", "esp", "2026-11-22T08:00:00Z", "90535856"),
]
scalars = st.one_of(
    st.none(),
    flags,
    st.integers(),
    st.integers(0, 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)
plausible = (
    st.dictionaries(st.sampled_from(KEYS), values, max_size=8).map(json.dumps).map(str.encode)
)


def _outcome(topic: str, payload: bytes) -> None:
    with suppress(WireError):
        reports = REGISTRY.decode(topic, payload)
        assert all(isinstance(report, Report) for report in reports)
        for report in reports:  # the journal stores it as JSON, and believes it only in its bounds
            assert msgspec.convert(msgspec.to_builtins(report), Report) == report


@given(topic=st.sampled_from(TOPICS), payload=st.binary(max_size=200))
@example(topic="z/hall", payload=b'{"co2":1' + b"0" * 400 + b"}")
@example(topic="seuil/hub/front/event", payload=b"[" * 4096)
def test_any_bytes_give_reports_or_a_wire_error(topic: str, payload: bytes) -> None:
    """Never another exception."""
    _outcome(topic, payload)


@given(topic=st.sampled_from(TOPICS), payload=plausible)
def test_any_json_gives_reports_or_a_wire_error(topic: str, payload: bytes) -> None:
    """Known keys with wrong values go deeper than random bytes."""
    _outcome(topic, payload)


@given(
    topic=st.sampled_from(TOPICS),
    seq=numbered,
    reading=readings,
    cut=st.integers(0, 200),
    junk=st.binary(max_size=3),
)
def test_a_damaged_event_gives_reports_or_a_wire_error(
    topic: str, seq: int, reading: Reading, cut: int, junk: bytes
) -> None:
    """A byte lost or changed anywhere."""
    whole = _event(reading, 1, seq, datetime(2026, 11, 22, 8, tzinfo=UTC))
    _outcome(topic, whole[:cut] + junk + whole[cut + 1 :])


@given(reading=readings, boot=totals, seq=numbered, at=moments)
def test_every_native_event_comes_back_as_it_was(
    reading: Reading, boot: int, seq: int, at: datetime
) -> None:
    """The reading, its numbers, and its time in UTC."""
    payload = _event(reading, boot, seq, at)
    (report,) = REGISTRY.decode("seuil/hub/front/event", payload)
    assert report == Report(HUB.id, DeviceId("front"), reading, at, boot, seq)
    assert report.at is not None
    assert report.at.utcoffset() == timedelta(0)


@given(
    topic=st.sampled_from(TOPICS),
    number=numbers.filter(lambda number: len(number) >= 8),
    fields=st.dictionaries(st.sampled_from(KEYS), values, max_size=4),
    place=st.sampled_from(KEYS),
)
def test_no_error_repeats_a_badge_number(
    topic: str, number: str, fields: dict[str, object], place: str
) -> None:
    """Wherever the number stands: as a value, inside a list, or as a key."""
    for value in (number, f"0x{number}", [number], {"UID": f"{number}!"}, {number: 1}):
        payload = json.dumps(fields | {place: value, number: value}).encode()
        try:
            REGISTRY.decode(topic, payload)
        except WireError as error:
            assert number not in str(error)  # noqa: PT017 - most of these are no error at all
            assert error.__cause__ is None  # noqa: PT017 - a cause would quote the message


@given(text=st.text(max_size=40) | numbers, declared=st.sampled_from(list(badges.FORMATS)))
def test_a_canonical_number_is_text_that_a_hash_can_rely_on(text: str, declared: str) -> None:
    """Lowercase hex of whole bytes, or a namespace of its own; else WireError."""
    with suppress(WireError):
        canonical = badges.normalise(text, declared)
        if declared in ("pin", "hex-unpadded", "qr"):
            assert canonical.split(":")[0] in ("pin", "unpadded", "qr")
        else:
            assert bytes.fromhex(canonical).hex() == canonical


@given(number=numbers)
def test_one_card_is_one_credential_in_every_whole_byte_format(number: str) -> None:
    """Hex, colons, dashes, decimal dashes, reversed."""
    raw = bytes.fromhex(number)
    spellings = {
        "hex": raw.hex().upper(),
        "hex-colons": raw.hex(":"),
        "hex-dashes": raw.hex("-"),
        "hex-reversed": raw[::-1].hex(),
        "decimal-dashes": "-".join(str(byte) for byte in raw),
    }
    assert {badges.normalise(text, name) for name, text in spellings.items()} == {number}


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(["a", "b", 'q"', "c:", "\\"]), values), min_size=1, max_size=4
    ),
    space=st.sampled_from(["", " ", "\n"]),
)
def test_duplicate_keys_are_found_exactly(pairs: list[tuple[str, object]], space: str) -> None:
    """As an exact parser finds them, on every level, in every spelling."""
    members = (f"{json.dumps(key)}{space}:{json.dumps(value)}" for key, value in pairs)
    payload = ("{" + ",".join(members) + "}").encode()
    twice = len({key for key, _ in pairs}) != len(pairs)
    try:
        strict_json.check(payload)
    except WireError as error:
        assert error.reason == "duplicate-key"  # noqa: PT017 - both outcomes are asserted
        assert twice
    else:
        assert not twice


def _event(reading: Struct, boot: int, seq: int, at: datetime) -> bytes:
    fields = {"boot": boot, "seq": seq, "at": at}
    return msgspec.json.encode(fields | msgspec.to_builtins(reading))
