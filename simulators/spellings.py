"""The messages of other makers' devices: their readings, and the orders that they obey.

Each spelling is the maker's own wire, from the device's side: (topic, payload). Such devices number
and keep nothing, and get no ack.
"""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from gateway.core.model.equipment import Device
from gateway.core.readings import (
    Battery,
    Co2,
    CredentialPresented,
    DoorReported,
    ExitRequested,
    MachineReported,
    Motion,
    Presence,
    Reading,
)
from gateway.wire.message import Outgoing


class Spelling(Protocol):
    """One maker's wire."""

    def says(self, device: Device, reading: Reading, at: datetime) -> list[Outgoing]:
        """Return the messages for a reading; none if this maker has no word for it."""
        ...

    def birth(self, device: Device) -> list[Outgoing]:
        """Return the messages that the device sends when it comes online."""
        ...

    def hears(self, device: Device) -> str | None:
        """Return the topic of its orders."""
        ...

    def unlocks(self, device: Device, payload: bytes) -> bool:
        """Return whether an order to this device releases its door."""
        ...


class ForeignDevice:
    """A device on another maker's wire. `skew` is the error of its clock."""

    def __init__(self, device: Device, spelling: Spelling, skew: timedelta) -> None:
        self.device = device
        self.hears = spelling.hears(device)
        self._spelling = spelling
        self._skew = skew

    def birth(self) -> list[Outgoing]:
        """Return the messages that it sends when it comes online."""
        return self._spelling.birth(self.device)

    def says(self, reading: Reading, now: datetime) -> list[Outgoing]:
        """Return the messages for a reading; none if its maker has no word for it."""
        return self._spelling.says(self.device, reading, now + self._skew)

    def unlocks(self, payload: bytes) -> bool:
        """Return whether an order releases its door."""
        return self._spelling.unlocks(self.device, payload)


class SimulatedEspRfid:
    """esp-rfid 2.0: publishes on `<topic>/send`, and shares `<topic>/cmd` with all of its topic."""

    def says(self, device: Device, reading: Reading, at: datetime) -> list[Outgoing]:
        """Return a badge unknown to the reader itself, its button, or a door event of its log."""
        common = {"time": int(at.timestamp()), "hostname": _hostname(device)}
        if isinstance(reading, CredentialPresented):
            access = {"isKnown": "false", "access": "Denied", "username": "Unknown"}
            return [_esp(device, {"type": "access", **access, "uid": reading.credential, **common})]
        if isinstance(reading, ExitRequested):
            access = {"isKnown": "true", "access": "Always", "username": "Button", "uid": " "}
            return [_esp(device, {"type": "access", **access, **common})]
        if isinstance(reading, DoorReported):
            told = "Door Open" if reading.state == "open" else "Door Closed"
            log = {"cmd": "event", "type": "INFO", "src": "door", "desc": told, "data": ""}
            return [_esp(device, {**log, **common})]
        return []

    def birth(self, device: Device) -> list[Outgoing]:
        """Return the boot message, with the uptime as text as in the firmware."""
        boot = {"type": "boot", "time": 0, "uptime": "0", "ip": _ip(device)}
        return [_esp(device, {**boot, "hostname": _hostname(device)})]

    def hears(self, device: Device) -> str | None:
        """Return the topic that all devices of this base share."""
        return f"{device.topic}/cmd"

    def unlocks(self, device: Device, payload: bytes) -> bool:
        """Return whether an order names our own address."""
        order = _json(payload)
        return order.get("cmd") in {"opendoor", "open"} and order.get("doorip") == _ip(device)


class SimulatedZigbee2Mqtt:
    """Zigbee2MQTT 2.x: one state object per device, not retained. `contact: true` is closed."""

    def says(self, device: Device, reading: Reading, at: datetime) -> list[Outgoing]:
        """Return the state with the one key that changed."""
        del at  # Zigbee2MQTT sends no time by default
        state: dict[str, object] | None = None
        match reading:
            case Motion(active=active):
                state = {"occupancy": active, "illuminance": 210}
            case Presence(active=active):
                state = {"presence": active, "target_distance": 1.8 if active else 0}
            case DoorReported(state=door):
                state = {"contact": door == "closed"}
            case Co2(ppm=ppm):
                state = {"co2": ppm}
            case Battery(percent=percent):
                state = {"battery": percent, "voltage": 2900}
            case MachineReported(state=power, watts=watts):
                state = {"state": power.upper(), "power": watts or 0}
            case _:
                return []
        return [Outgoing(device.topic, msgspec.json.encode({**state, "linkquality": 120}))]

    def birth(self, device: Device) -> list[Outgoing]:
        """Return its availability."""
        return [Outgoing(f"{device.topic}/availability", b'{"state":"online"}', retain=True)]

    def hears(self, device: Device) -> str | None:
        """Return None: sensors take no orders."""
        del device
        return None

    def unlocks(self, device: Device, payload: bytes) -> bool:
        """Return False."""
        del device, payload
        return False


class SimulatedTasmota:
    """Tasmota: telemetry on `tele/…/SENSOR`, a switch on `stat/…/RESULT`, orders by Backlog."""

    def says(self, device: Device, reading: Reading, at: datetime) -> list[Outgoing]:
        """Return a badge under the name of the reader's chip, a switch that moved, or the air."""
        clock = at.strftime("%Y-%m-%dT%H:%M:%S")
        if isinstance(reading, CredentialPresented):
            return [_tele(device, {"Time": clock, **_scan(device, reading.credential)})]
        if isinstance(reading, Co2):
            return [_tele(device, {"Time": clock, "SCD40": {"CarbonDioxide": round(reading.ppm)}})]
        is_on = _is_on(device, reading)
        if is_on is None:
            return []
        moved = {f"Switch{device.options.get('switch')}": {"Action": "ON" if is_on else "OFF"}}
        return [Outgoing(_tasmota_topic(device, "stat", "RESULT"), msgspec.json.encode(moved))]

    def birth(self, device: Device) -> list[Outgoing]:
        """Return the counterpart of its last will."""
        return [Outgoing(_tasmota_topic(device, "tele", "LWT"), b"Online", retain=True)]

    def hears(self, device: Device) -> str | None:
        """Return the topic on which its board takes several commands at once."""
        return _tasmota_topic(device, "cmnd", "Backlog0") if "relay" in device.options else None

    def unlocks(self, device: Device, payload: bytes) -> bool:
        """Return whether an order switches its relay on."""
        orders = [order.strip().lower() for order in payload.decode(errors="replace").split(";")]
        return f"power{device.options.get('relay')} on" in orders


SPELLINGS: dict[str, Spelling] = {
    "esp-rfid": SimulatedEspRfid(),
    "zigbee2mqtt": SimulatedZigbee2Mqtt(),
    "tasmota": SimulatedTasmota(),
}
"""By the driver's name. Any other driver of a space file speaks the native wire here."""


def foreign_device(device: Device, skew: timedelta) -> ForeignDevice | None:
    """Return the device on its maker's wire; None for a native one."""
    spelling = SPELLINGS.get(device.driver)
    return None if spelling is None else ForeignDevice(device, spelling, skew)


def _json(payload: bytes) -> dict[str, object]:
    """Return an order as an object; empty if it is invalid (devices ignore such orders)."""
    try:
        return msgspec.json.decode(payload, type=dict[str, object])
    except msgspec.DecodeError:
        return {}


def _esp(device: Device, said: dict[str, object]) -> Outgoing:
    return Outgoing(f"{device.topic}/send", msgspec.json.encode(said))


def _hostname(device: Device) -> str:
    return str(device.options.get("hostname", device.id))


def _ip(device: Device) -> str:
    return str(device.options.get("ip", "192.0.2.1"))


def _tele(device: Device, said: dict[str, object]) -> Outgoing:
    return Outgoing(_tasmota_topic(device, "tele", "SENSOR"), msgspec.json.encode(said))


def _tasmota_topic(device: Device, prefix: str, ending: str) -> str:
    full = str(device.options.get("full_topic", "%prefix%/%topic%/"))
    return full.replace("%prefix%", prefix).replace("%topic%", device.topic) + ending


def _scan(device: Device, uid: str) -> dict[str, object]:
    """Return a Wiegand reader's number, or the hex of an RC522."""
    sizes = {"wiegand26": 26, "wiegand34": 34}
    if device.format in sizes:
        return {"Wiegand": {"UID": int(uid), "Size": sizes[device.format]}}
    return {"RC522": {"UID": uid.upper(), "Data": "", "Type": "MIFARE 1KB"}}


def _is_on(device: Device, reading: Reading) -> bool | None:
    """Return the state of the device's switch after this reading; None: it has no switch for it."""
    if "switch" not in device.options:
        return None
    match reading:
        case DoorReported(state=state):
            return state == device.options.get("on")
        case Motion(active=active) | Presence(active=active):
            return active == (device.options.get("on", "active") == "active")
        case ExitRequested():
            return True
        case _:
            return None
