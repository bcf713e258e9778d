"""esp-rfid 2.0: Wiegand, PN532, RDM6300 and MFRC522 readers with a relay, on ESP8266.

Facts from the firmware's own source (its README is less complete):

- All readers may share one TOPIC; the `hostname` inside a message names the sender, and an order is
  obeyed by the reader whose address equals its `doorip`. In Home Assistant mode scans come on
  TOPIC/tag, without a hostname: then a TOPIC belongs to one reader.
- `access` is the reader's own decision, from its own list of users, and before PR 632 it was
  "granted" for doors that stayed shut. It is not used: the driver only reports that a credential
  was presented, and the gateway decides.
- The board's own exit button switches its relay and is reported as an access of "Button" without a
  number.
- `opendoor` switches every relay of the board, and toggles one whose lock type is "continuous":
  sent again, it locks. `open` names one relay and is obeyed only while that is off.
- With "PIN after badge" the reader compares the PIN itself, and reports only that it was wrong.
- Nothing is numbered, queued or sent again. Messages from while the reader is offline are lost.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.readings import (
    Availability,
    CredentialPresented,
    DoorReported,
    ExitRequested,
    Firmware,
    MessageOrigin,
    Reading,
    Report,
    WireError,
)
from gateway.wire import strict_json
from gateway.wire.commands import MachineOrder
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from sensors import badges, esp_rfid_users
from sensors.driver import (
    AccessAnswer,
    Subscription,
    format_faults,
    only_a_reader,
    option_faults,
    subscription,
    topic_faults,
)
from sensors.firmware import firmware

_Source = tuple[SiteId, Device]

_CLOCK_IS_SET_AFTER = 1_577_836_800  # 2020-01-01: before NTP has answered it counts from 1970
_CLOCK_ENDS = 253_402_300_800  # year 10000

_DOOR = {
    "Door Open": "open",
    "Door Closed": "closed",
    # Both mean that the door is open. The engine decides whether it is forced or held:
    # it knows about the grants of other devices, the reader only about its own relay.
    "Door was tampered!": "open",
    "Door wasn't closed within max open time!": "open",
}
_SAYS: frozenset[type[Reading]] = frozenset({DoorReported, ExitRequested, Availability, Firmware})
_ADDRESS = (
    "the reader's address, which orders to it must name until it tells its own"
    " (or opens = false where another device releases the door)"
)
_RELAYS = 4
"""The firmware's MAX_NUM_RELAYS."""
_IO = {b"ON": "open", b"OFF": "closed"}


class EspRfidDriver:
    """Readers of esp-rfid 2.0."""

    name: ClassVar[str] = "esp-rfid"

    @classmethod
    def faults(cls, device: Device) -> list[str]:
        """Return the faults of topic, format and options."""
        found = topic_faults(device) + format_faults(device)
        found += option_faults(device, "hostname", "ip", "opens", "relay", "clock", "keeps_list")
        if device.role == "sensor":
            found.append("role: esp-rfid is a reader; reader, or lock")
        found += _address_faults(device) + _relay_faults(device)
        return found + _clock_faults(device) + _list_faults(device)

    @classmethod
    def identity(cls, site: SiteId, device: Device) -> str:  # noqa: ARG003 - one broker, one TOPIC
        """Return its TOPIC and hostname."""
        return f"{device.topic} with hostname {_hostname(device)}"

    @classmethod
    def says(cls, device: Device) -> frozenset[type[Reading]]:
        """Return its door contact and exit button, and the badges of a reader."""
        return _SAYS | ({CredentialPresented} if device.role == "reader" else frozenset())

    @classmethod
    def switches(cls, device: Device) -> bool:  # noqa: ARG003 - none of them
        """Return False: its relay is released for a moment, and cannot be ordered off."""
        return False

    def __init__(self, topics: Topics, devices: Sequence[_Source]) -> None:  # noqa: ARG002 - its own wire
        self._readers: dict[str, dict[str, _Source]] = defaultdict(dict)
        for site, device in devices:
            self._readers[device.topic][_hostname(device)] = (site, device)
        self._said = {
            f"{topic}/{ending}": (topic, ending)
            for topic in self._readers
            for ending in ("send", "tag", "avty", "io/door")
        }
        self._announced = _announced(devices)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return the topics of scans and events, those of Home Assistant mode included.

        Readers announce themselves outside their TOPIC: if a broker refuses it, no scan is lost.
        """
        said = tuple(
            subscription(said, *self._readers[topic].values())
            for said, (topic, _) in self._said.items()
        )
        return (*said, *(Subscription(topic, kind="stranger") for topic in self._announced))

    def topics(self) -> tuple[str, ...]:
        """Return the same topics."""
        return (*self._said, *self._announced)

    def decode(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        """Return at most one report per message; see `Driver`."""
        if topic in self._announced:
            return _runs(self._announced[topic], payload)
        base, ending = self._said[topic]
        readers = self._readers[base]
        if ending == "avty":
            return _report(_only(readers), _availability(payload))
        if ending == "io/door":
            return _report(_only(readers), _io_door(payload))
        said = strict_json.read(payload)
        if esp_rfid_users.is_user(said):
            return ()  # on a shared TOPIC its reader is unknown here, but known to the caller
        source = _only(readers) if ending == "tag" else _speaker(readers, said)
        try:
            reading = _reading(said, source[1], is_scan=ending == "tag")
        except WireError as error:
            error.origin = MessageOrigin(source[0], source[1].id)
            raise
        return _report(source, reading, _at(said, source[1]))

    def answer(self, device: Device, answer: AccessAnswer) -> tuple[Outgoing, ...]:
        """Return the order to open, if granted: this reader cannot show a refusal."""
        if answer.decision != "granted" or answer.unlock_s is None:
            return ()
        return self.unlock(answer.site, device, answer.id, answer.unlock_s, answer.expires)

    def unlock(
        self, site: SiteId, device: Device, order_id: str, unlock_s: float, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the order to open; its duration is set on the reader itself."""
        del site, order_id, unlock_s  # this wire has no fields for them
        address = device.options.get("ip")  # what it told last, where it told one
        if address is None:
            return ()
        door = str(int(device.options.get("relay", 1)) - 1)
        payload = msgspec.json.encode({"cmd": "open", "door": door, "doorip": address})
        return (Outgoing(f"{device.topic}/cmd", payload, qos=1, expires=expires),)

    def tell_machine(
        self, site: SiteId, device: Device, order: MachineOrder, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return nothing: it has no order for machines."""
        del site, device, order, expires
        return ()


def _hostname(device: Device) -> str:
    return str(device.options.get("hostname", device.id))


def _announced(devices: Sequence[_Source]) -> dict[str, list[_Source]]:
    """Return the topics on which readers in Home Assistant mode announce themselves (retained).

    The topics contain only a reader's hostname, so two readers may share one.
    """
    found: dict[str, list[_Source]] = defaultdict(list)
    for site, device in devices:
        hostname = _hostname(device)
        if not any(sign in hostname for sign in "+#/\0"):  # else it is no level of a topic
            found[f"homeassistant/lock/{hostname}/lock0/config"].append((site, device))
    return dict(found)


def _runs(readers: list[_Source], payload: bytes) -> tuple[Report, ...]:
    """Return the firmware that a reader announces; its topic of orders identifies the reader."""
    said = strict_json.read(payload) if payload else {}
    about = said.get("dev")
    runs = firmware(about.get("sw")) if isinstance(about, dict) else None
    return tuple(
        Report(site, device.id, runs)
        for site, device in readers
        if runs is not None and said.get("cmd_t") == f"{device.topic}/cmd"
    )


def _address_faults(device: Device) -> list[str]:
    address, opens = device.options.get("ip"), device.options.get("opens", True)
    if not isinstance(opens, bool):
        return ["options.opens: is no truth value; true or false"]
    if address is None:
        if not opens and device.role == "reader":
            return []
        return [f"options.ip: is missing; {_ADDRESS}"]
    if not opens:
        return ["options.ip: contradicts opens = false; one of the two"]
    try:
        ipaddress.IPv4Address(str(address))
    except ValueError:
        return ["options.ip: is no IPv4 address; such as 192.168.1.20"]
    return []


def _relay_faults(device: Device) -> list[str]:
    relay = device.options.get("relay", 1)
    if isinstance(relay, int) and not isinstance(relay, bool) and 1 <= relay <= _RELAYS:
        return []
    return [f"options.relay: is not one of the board's; a whole number from 1 to {_RELAYS}"]


def _clock_faults(device: Device) -> list[str]:
    if device.options.get("clock", "untrusted") in ("untrusted", "utc"):
        return []
    return ["options.clock: is unknown; untrusted, or utc where NTP is known to work"]


def _list_faults(device: Device) -> list[str]:
    keeps = device.options.get("keeps_list", False)
    if not isinstance(keeps, bool):
        return ["options.keeps_list: is no truth value; true or false"]
    if keeps and (device.role != "reader" or "ip" not in device.options):
        return ["options.keeps_list: is for a reader that opens its door; role reader, and its ip"]
    return []


def _only(readers: dict[str, _Source]) -> _Source:
    """Return the reader of a topic whose messages carry no hostname."""
    if len(readers) != 1:
        raise WireError("unknown-device", "no hostname here; one TOPIC per reader in HA mode")
    return next(iter(readers.values()))


def _speaker(readers: dict[str, _Source], said: dict[str, object]) -> _Source:
    hostname = said.get("hostname")
    if hostname is None:
        return _only(readers)
    source = readers.get(hostname) if isinstance(hostname, str) else None
    if source is None:
        raise WireError("unknown-device", "hostname: is not declared on this topic")
    return source


def _reading(said: dict[str, object], device: Device, *, is_scan: bool) -> Reading | None:
    """Return a message's reading; None for logs, and for acknowledgements of orders."""
    if is_scan or said.get("type") == "access":
        return _credential(said, device)
    if said.get("type") in ("boot", "heartbeat"):
        # outside HA mode there is no last will: only these show it
        return Availability("online", _told_address(said))
    if said.get("cmd") == "event" and said.get("src") in ("door", "tamper"):
        return _door(said.get("desc"))
    if said.get("cmd") == "log":
        return _credential(said, device)
    return None


def _told_address(said: dict[str, object]) -> str | None:
    """Return the reader's own address, as boot and heartbeat tell it."""
    address = said.get("ip")
    if said.get("type") not in ("boot", "heartbeat") or not isinstance(address, str):
        return None
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError:
        return None


def _credential(
    said: dict[str, object], device: Device
) -> CredentialPresented | ExitRequested | None:
    uid = said.get("uid")
    if not isinstance(uid, str):
        raise WireError("wrong-type", "uid: must be text")
    if not uid.strip() and said.get("username") == "MQTT":
        return None  # the echo of our own order to open, without a user
    if not uid.strip() and said.get("username") == "Button":
        return ExitRequested(released=True)  # the board's own; it has switched its relay already
    if _pin_was_wrong(said.get("access")):
        only_a_reader(device)
        return CredentialPresented(
            badges.normalise(uid, device.format), device.format, pin_failed=True
        )
    only_a_reader(device)
    return CredentialPresented(badges.normalise(uid, device.format), device.format)


def _pin_was_wrong(access: object) -> bool:
    """Return whether the PIN was wrong. With several relays `access` is a list of texts."""
    return "Wrong pin code" in (access if isinstance(access, list) else [access])


def _door(description: object) -> DoorReported | None:
    state = _DOOR.get(description) if isinstance(description, str) else None
    return _state(state)


def _io_door(payload: bytes) -> DoorReported | None:
    if payload not in _IO:
        raise WireError("out-of-range", "the payload must be ON or OFF")
    return _state(_IO[payload])


def _state(state: str | None) -> DoorReported | None:
    if state is None:
        return None
    return DoorReported("open" if state == "open" else "closed")


def _availability(payload: bytes) -> Availability | None:
    match payload:
        case b"online":
            return Availability("online")
        case b"offline":
            return Availability("offline")
        case b"":
            return None  # the retained message was cleared
        case _:
            raise WireError("out-of-range", "the payload must be online or offline")


def _at(said: dict[str, object], device: Device) -> datetime | None:
    """Return the reader's time, if the space file declares its clock reliable and it is set.

    Without it nothing is lost: this firmware sends at once or never.
    """
    seconds = said.get("time")
    if device.options.get("clock") != "utc" or not isinstance(seconds, int | float):
        return None
    if not _CLOCK_IS_SET_AFTER <= seconds < _CLOCK_ENDS:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _report(
    source: _Source, reading: Reading | None, at: datetime | None = None
) -> tuple[Report, ...]:
    site, device = source
    return () if reading is None else (Report(site, device.id, reading, at),)
