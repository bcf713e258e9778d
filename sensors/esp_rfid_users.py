"""The list of users that an esp-rfid 2.0 reader keeps, read and changed over MQTT.

Facts from the firmware's source (src/mqtt.esp and src/rfid.esp at 56c0fb9):

- A reader opens for its own list without asking the gateway, online or not, while its clock is
  between `validsince` and `validuntil`. Before its clock is set it counts from 1970, which is
  before any `validsince` of ours.
- `adduser` writes the message itself to the reader's disk, and `getuserlist` sends that file back.
  So a user added over MQTT comes as our own command, with texts for numbers and with `doorip`; a
  user enrolled on the reader's page comes as `"command":"userfile"`, without the reader's name.
  There is no final message: a list ends when nothing more comes.
- `adduser`, `deletuid` and `deletusers` are acknowledged by their name and the hostname, not by
  number, and `adduser` also if the disk was full: only the next list is proof.
- A number of more than 19 characters is cut off.
"""

import math
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.core.readings import WireError
from gateway.wire import strict_json
from gateway.wire.message import PAYLOAD_LIMIT

UID_MAX = 19
"""Characters of a number that the firmware stores (`char uid[20]`)."""
ALWAYS = 1
"""The `acctype` of a user who may enter; 0 may not, 99 administrates the reader."""

Order = Literal["adduser", "deletuid", "deletusers"]
_ORDERS: tuple[Order, ...] = ("adduser", "deletuid", "deletusers")


class User(Struct, frozen=True):
    """A user on a reader's list; `since` and `until` as Unix seconds.

    `address` is the reader's, None if the message does not contain it.
    """

    uid: str
    since: int | None
    until: int | None
    kind: int | None
    address: str | None


class Obeyed(Struct, frozen=True):
    """A reader's acknowledgement."""

    order: Order
    hostname: str


class Scanned(Struct, frozen=True):
    """A badge was held to a reader; `hostname` is None in Home Assistant mode."""

    uid: str
    hostname: str | None


class Alive(Struct, frozen=True):
    """A reader has started, or is still running."""

    hostname: str
    address: str | None


Said = User | Obeyed | Scanned | Alive


def read(payload: bytes) -> Said | None:
    """Return a message of TOPIC/send or TOPIC/tag about lists or readers; None: it is another."""
    if len(payload) > PAYLOAD_LIMIT:
        return None
    try:
        said = strict_json.read(payload)
    except WireError:
        return None  # the event decoder makes it a dead letter
    return _user(said) if is_user(said) else _news(said)


def is_user(said: dict[str, object]) -> bool:
    """Return whether a message of TOPIC/send is an entry of a requested list."""
    return said.get("command") == "userfile" or said.get("cmd") == "adduser"


def ask(address: str) -> bytes:
    """Return the order to send the list."""
    return msgspec.json.encode({"cmd": "getuserlist", "doorip": address})


def add(address: str, uid: str, name: str, since: datetime, until: datetime) -> bytes:
    """Return the order to let a user in from `since` until before `until`, or to change that."""
    return msgspec.json.encode(
        {
            "cmd": "adduser",
            "doorip": address,
            "uid": uid,
            "user": name,
            "acctype": str(ALWAYS),
            "pincode": "",  # absent, every PIN is wrong where the reader asks for one
            "validsince": str(first_second(since)),
            "validuntil": str(last_second(until)),
        }
    )


def delete(address: str, uid: str) -> bytes:
    """Return the order to delete a user."""
    return msgspec.json.encode({"cmd": "deletuid", "doorip": address, "uid": uid})


def delete_all(address: str) -> bytes:
    """Return the order to delete all users."""
    return msgspec.json.encode({"cmd": "deletusers", "doorip": address})


def first_second(since: datetime) -> int:
    """Return the first whole second that is not before `since`."""
    return math.ceil(since.timestamp())


def last_second(until: datetime) -> int:
    """Return the last whole second before `until`: the firmware still opens in it."""
    return first_second(until) - 1


def _news(said: dict[str, object]) -> Said | None:
    """Return a message that is not an entry of a list."""
    hostname, uid, address = said.get("hostname"), said.get("uid"), said.get("ip")
    named = hostname if isinstance(hostname, str) else None
    if isinstance(uid, str) and uid.strip():
        return Scanned(uid, named)
    if named is None:
        return None
    order = next((one for one in _ORDERS if one == said.get("type")), None)
    if order is not None:
        return Obeyed(order, named)
    return Alive(named, address if isinstance(address, str) else None)


def _user(said: dict[str, object]) -> User | None:
    uid, address = said.get("uid"), said.get("doorip")
    if not isinstance(uid, str) or not uid:
        return None
    return User(
        uid,
        since=_number(said.get("validsince")),
        until=_number(said.get("validuntil")),
        kind=_number(said.get("acctype")),
        address=address if isinstance(address, str) else None,
    )


def _number(value: object) -> int | None:
    """Return a whole number, written as one or as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= UID_MAX:
        return int(value)
    return None
