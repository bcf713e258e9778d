"""Messages of broken, clumsy or hostile devices: well-formed samples, and ways to spoil them."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

Fields = dict[str, Any]

NATIVE: tuple[Fields, ...] = (
    {"type": "credential", "credential": "04a224b2c31990"},
    {"type": "credential", "credential": "04A224B2", "format": "hex", "pin": "0042"},
    {"type": "credential", "credential": "04a224b2c31990", "decided": "granted"},
    {"type": "credential", "credential": "04a224b2c31990", "decided": "denied"},
    {"type": "crossing", "in_total": 12, "out_total": 7},
    {"type": "motion", "active": True},
    {"type": "presence", "active": False},
    {"type": "door", "state": "open"},
    {"type": "door", "state": "closed"},
    {"type": "exit-request"},
    {"type": "count", "people": 3},
    {"type": "co2", "ppm": 612.5},
    {"type": "machine", "state": "on", "watts": 410},
    {"type": "tamper", "active": True},
    {"type": "battery", "percent": 87},
)
"""Events without their numbers and time."""
CREDENTIALS = tuple(event for event in NATIVE if event["type"] == "credential")
TIMES = (
    *("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:07Z"),
    *("2000-01-01T00:00:00Z", "2038-01-19T03:14:08Z", "2106-02-07T06:28:16Z"),
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
)
"""Times of clocks that were never set, or overflowed."""

FOREIGN: Mapping[str, tuple[str, ...]] = {
    "esp-rfid": (
        '{"type":"access","time":1795000000,"access":"Always","uid":"04a224b2","hostname":"esp-0"}',
        '{"uid":"04a224b2c31990","username":"Unknown","access":"Denied","time":1}',
        '{"type":"heartbeat","time":1795000000,"ip":"10.0.0.1","hostname":"esp-1"}',
        '{"type":"boot","time":1795000000,"Wifi SSID":"net","hostname":"esp-1"}',
        '{"cmd":"event","type":"WARN","src":"tamper","desc":"Door Open","data":"","time":1}',
        '{"cmd":"log","type":"access","time":1,"uid":"04a224b2","access":["Always","Denied"]}',
        "ON",
        "online",
    ),
    "zigbee2mqtt": (
        '{"battery":100,"illuminance":381,"occupancy":true,"voltage":3045}',
        '{"presence":true,"target_distance":0,"linkquality":96}',
        '{"contact":false,"battery":3,"tamper":false}',
        '{"co2":803,"temperature":21.5}',
        '{"state":"ON","power":42.5,"energy":1.2}',
        '{"state":"online"}',
        "offline",
    ),
    "tasmota": (
        '{"Time":"2026-11-22T08:00:00","PN532":{"UID":"04A224B2","Data":""}}',
        '{"Time":"2026-11-22T08:00:00","Wiegand":{"UID":90535856,"Size":34}}',
        '{"Time":"2026-11-22T08:00:00","Switch1":"ON"}',
        '{"Switch1":{"Action":"ON"}}',
        '{"Time":"2026-11-22T08:00:00","SCD40":{"CarbonDioxide":612,"Temperature":21.1}}',
        '{"LD2410":{"Distance":[1,2,3],"People":2}}',
        "Online",
        "Offline",
    ),
}
"""Messages of other makers, by driver."""

_WRONG: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1.5, 2**53, 2**53 + 1, 2**63, 10**30, 1e308, -0.0),
    *(
        "",
        " ",
        "0",
        "open",
        "on",
        "ON",
        "granted",
        "04a224b2c31990",
        "00000000",
        "é\u202e🚪",
        "\x00",
    ),
    *("9" * 129, "2026-11-22T08:00:00Z", "0001-01-01T00:00:00+14:00", [], {}, [1], {"a": 1}),
)
_RAW = ("NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "01", "+1", "0x10", "'a'", "undefined")
"""Values that some programs write where JSON has no notation."""


def random_badge(draw: random.Random) -> str:
    """Return a number that no card of the site has (those begin with 04)."""
    return f"e{draw.getrandbits(52):013x}"


def spoiled(draw: random.Random, text: str) -> bytes:
    """Return a message with one fault, with a few, or with none."""
    payload = text.encode()
    for _ in range(draw.choice((0, 0, 1, 1, 1, 1, 2, 3))):
        payload = draw.choice(_WAYS)(draw, payload)
    return payload


def _with_fields(change: Callable[[random.Random, Fields], None]) -> Callable[..., bytes]:
    """Return a mutation that needs an object; without one the payload stays."""

    def way(draw: random.Random, payload: bytes) -> bytes:
        try:
            fields = json.loads(payload)
        except (ValueError, RecursionError):
            return payload
        if not isinstance(fields, dict) or not fields:
            return payload
        change(draw, fields)
        return json.dumps(fields, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")  # noqa: PLR2004 - a coin

    return way


def _wrong_value(draw: random.Random, fields: Fields) -> None:
    fields[draw.choice(list(fields))] = draw.choice(_WRONG)


def _without(draw: random.Random, fields: Fields) -> None:
    del fields[draw.choice(list(fields))]


def _swapped(draw: random.Random, fields: Fields) -> None:
    one, other = draw.choice(list(fields)), draw.choice(list(fields))
    fields[one], fields[other] = fields[other], fields[one]


def _another(draw: random.Random, fields: Fields) -> None:
    fields |= draw.choice(NATIVE)


def _nested(draw: random.Random, fields: Fields) -> None:
    deep: Any = 1
    for _ in range(draw.choice((3, 15, 17, 200))):
        deep = [deep] if draw.getrandbits(1) else {"a": deep}
    fields[draw.choice([*fields, "more"])] = deep


def _long(draw: random.Random, fields: Fields) -> None:
    fields[draw.choice([*fields, "more"])] = "x" * draw.choice((200, 4000, 5000, 20_000))


def _raw_value(draw: random.Random, payload: bytes) -> bytes:
    head, colon, tail = payload.partition(b":")
    end = min((tail.find(sign) for sign in (b",", b"}") if sign in tail), default=len(tail))
    return head + colon + draw.choice(_RAW).encode() + tail[end:]


def _doubled(draw: random.Random, payload: bytes) -> bytes:
    """Repeat a key, once spelt with an escape."""
    key = draw.choice(
        (b'"credential":"e1e1e1e1"', b'"se\\u0071":1', b'"type":"door"', b'"uid":"1"')
    )
    return payload.replace(b"{", b"{" + key + b",", 1)


def _flipped(draw: random.Random, payload: bytes) -> bytes:
    spoilt = bytearray(payload)
    for _ in range(draw.randint(1, 4)):
        if spoilt:
            spoilt[draw.randrange(len(spoilt))] ^= 1 << draw.randrange(8)
    return bytes(spoilt)


def _cut(draw: random.Random, payload: bytes) -> bytes:
    return payload[: draw.randrange(len(payload) + 1)]


def _inserted(draw: random.Random, payload: bytes) -> bytes:
    place = draw.randrange(len(payload) + 1)
    junk = draw.choice(
        (draw.randbytes(3), b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\0", b" ", b"\n")
    )
    return payload[:place] + junk + payload[place:]


def _replaced(draw: random.Random, payload: bytes) -> bytes:
    whole = (b"", b"{}", b"[]", b"null", b"[" * 4000, b'{"a":' * 700, draw.randbytes(200))
    around = (b"\xef\xbb\xbf" + payload, b"[" + payload + b"]", payload + payload)
    return draw.choice((*whole, *around))


_WAYS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *map(_with_fields, (_wrong_value, _wrong_value, _without, _swapped, _another, _nested, _long)),
    *(_raw_value, _doubled, _flipped, _flipped, _cut, _inserted, _replaced),
)
