"""Zigbee2MQTT: PIR and presence sensors, door contacts, CO2, machines' plugs of any Zigbee maker.

A contact becomes a door event: opened, or closed again.

There is one topic per device, `<base>/<friendly name>`, with its state as one JSON object. A
missing key means nothing (a heartbeat without `occupancy` is not "empty"), and null means that the
bridge itself does not know yet. A bridge that dies says so by its last will, `<base>/bridge/state`,
while its devices' own availability stays as it was: a device is online where both say so. Keypads
and locks are not read: they publish codes and PINs in clear. A plug's `state` is read only if the
space file declares a machine behind it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    DoorReported,
    Firmware,
    MachineReported,
    Motion,
    Presence,
    Reading,
    RelayReported,
    Report,
    Tampered,
    WireError,
)
from gateway.wire import strict_json
from gateway.wire.commands import MachineOrder, SwitchCommand
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from sensors.driver import (
    AccessAnswer,
    Subscription,
    option_faults,
    power_w,
    subscription,
    threshold_faults,
    topic_faults,
)
from sensors.firmware import firmware

_SAYS: frozenset[type[Reading]] = frozenset(
    {Motion, Presence, DoorReported, Tampered, Co2, Battery, Availability, Firmware}
)
_NO_DEVICES = ("availability", "set", "get")


class Zigbee2MqttDriver:
    """Sensors behind a Zigbee2MQTT bridge."""

    name: ClassVar[str] = "zigbee2mqtt"

    @classmethod
    def faults(cls, device: Device) -> list[str]:
        """Return the faults of topic, role and a plug's threshold."""
        found = topic_faults(device) + option_faults(device, "on_above_w", "base")
        found += threshold_faults(device) + _base_faults(device)
        name = device.topic.removeprefix(f"{base_of(device)}/")
        if not found and (name in ("", device.topic) or name.split("/")[-1] in _NO_DEVICES):
            right = "the bridge's base topic and the friendly name, zigbee2mqtt/Front PIR"
            found.append(f"topic: names no device; {right}")
        if device.role != "sensor":
            found.append("role: this driver only reads sensors; sensor")
        return found

    @classmethod
    def identity(cls, site: SiteId, device: Device) -> str:  # noqa: ARG003 - one broker, one name
        """Return its topic."""
        return device.topic

    @classmethod
    def says(cls, device: Device) -> frozenset[type[Reading]]:
        """Return the readings that a sensor may report; a plug's state if it is a machine's."""
        said = _SAYS | ({MachineReported} if device.machine is not None else frozenset())
        return said | ({RelayReported} if device.switches else frozenset())

    @classmethod
    def switches(cls, device: Device) -> bool:
        """Return whether it is a machine's plug."""
        return device.machine is not None

    def __init__(self, topics: Topics, devices: Sequence[tuple[SiteId, Device]]) -> None:  # noqa: ARG002 - its own wire
        self._states = {device.topic: (site, device) for site, device in devices}
        self._availabilities = {
            f"{device.topic}/availability": (site, device) for site, device in devices
        }
        self._bridges: dict[str, list[tuple[SiteId, Device]]] = defaultdict(list)
        for site, device in devices:
            self._bridges[f"{base_of(device)}/bridge/state"].append((site, device))
        self._is_offline: set[str] = set()
        """Topics of bridges and availabilities that said so last."""

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return each device's state and availability, and its bridge's state."""
        said = self._states | self._availabilities
        devices = tuple(subscription(topic, source) for topic, source in said.items())
        bridges = (subscription(topic, *sources) for topic, sources in self._bridges.items())
        return (*devices, *bridges)

    def topics(self) -> tuple[str, ...]:
        """Return the same topics."""
        return (*self._states, *self._availabilities, *self._bridges)

    def decode(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        """Return one report per known key; see `Driver`."""
        if not payload:  # the device was removed or renamed: its retained message was cleared
            return ()
        if topic in self._bridges:
            self._note(topic, payload)
            return tuple(self._there(*source) for source in self._bridges[topic])
        if topic in self._availabilities:
            self._note(topic, payload)
            return (self._there(*self._availabilities[topic]),)
        site, device = self._states[topic]
        state = strict_json.read(payload)
        return tuple(Report(site, device.id, said) for said in _readings(state, device))

    def _note(self, topic: str, payload: bytes) -> None:
        if _availability(payload).state == "offline":
            self._is_offline.add(topic)
        else:
            self._is_offline.discard(topic)

    def _there(self, site: SiteId, device: Device) -> Report:
        """Return whether a device is online: its bridge is, and nothing says that it is not."""
        said = {f"{base_of(device)}/bridge/state", f"{device.topic}/availability"}
        state: Literal["online", "offline"] = "offline" if said & self._is_offline else "online"
        return Report(site, device.id, Availability(state))

    def answer(self, device: Device, answer: AccessAnswer) -> tuple[Outgoing, ...]:
        """Return nothing: there are no readers here."""
        del device, answer
        return ()

    def unlock(
        self, site: SiteId, device: Device, order_id: str, unlock_s: float, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return nothing: there are no locks here."""
        del site, device, order_id, unlock_s, expires
        return ()

    def tell_machine(
        self, site: SiteId, device: Device, order: MachineOrder, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the order to switch a machine on or off; none else: a plug takes no warning.

        After a power cut it stays off, where the plug knows `power_on_behavior`.
        """
        del site
        if not isinstance(order, SwitchCommand):
            return ()
        told = {"state": order.state.upper()}
        if order.state == "on":
            told["power_on_behavior"] = "off"
        payload = msgspec.json.encode(told)
        return (Outgoing(f"{device.topic}/set", payload, qos=1, expires=expires),)


def _readings(state: dict[str, object], device: Device) -> Iterator[Reading]:
    for key, read in _KEYS.items():
        if (value := state.get(key)) is not None and (reading := read(key, value)) is not None:
            yield reading
    if device.machine is not None:
        yield from _machine(state, device)
    if (runs := _firmware(state)) is not None:
        yield runs


def _firmware(state: dict[str, object]) -> Firmware | None:
    """Return the device's build (option `include_device_information`), or its OTA file's."""
    about, update = state.get("device"), state.get("update")
    about = about if isinstance(about, dict) else {}
    installed = update.get("installed_version") if isinstance(update, dict) else None
    if isinstance(installed, int) and installed < 0:
        installed = None  # the bridge does not know
    model = about.get("model")
    return firmware(about.get("softwareBuildID"), model) or firmware(installed, model)


def _machine(state: dict[str, object], device: Device) -> Iterator[MachineReported | RelayReported]:
    """Yield the state of the machine behind a plug.

    For a plug that is always on, the power shows whether the machine runs: `on_above_w`.
    """
    switched, power = _switched(state.get("state")), state.get("power")
    watts = None if power is None else power_w("power", power)
    threshold_w = device.options.get("on_above_w")
    if device.switches and switched is not None:
        yield RelayReported(switched)
    if threshold_w is None or switched == "off":
        if switched is not None and not device.switches:
            yield MachineReported(switched, watts)
    elif watts is not None:
        yield MachineReported("on" if watts > float(threshold_w) else "off", watts)


def _switched(value: object) -> Literal["on", "off"] | None:
    match value:
        case "ON":
            return "on"
        case "OFF":
            return "off"
        case None:
            return None
        case _:
            raise WireError("out-of-range", "state: must be ON or OFF at the plug of a machine")


def base_of(device: Device) -> str:
    """Return the bridge's base topic: as declared, or the topic's first level."""
    return str(device.options.get("base", device.topic.split("/", 1)[0]))


def _base_faults(device: Device) -> list[str]:
    base = device.options.get("base")
    if base is None or (isinstance(base, str) and device.topic.startswith(f"{base}/")):
        return []
    right = f'the bridge\'s base topic, with which "{device.topic}" begins'
    return [f"options.base: is not where the topic begins; {right}"]


def _availability(payload: bytes) -> Availability:
    """Return the availability: `online` in Zigbee2MQTT 1, `{"state": "online"}` in 2."""
    state = strict_json.read(payload).get("state") if payload[:1] == b"{" else payload
    if state in (b"online", "online"):
        return Availability("online")
    if state in (b"offline", "offline"):
        return Availability("offline")
    raise WireError("out-of-range", "state: must be online or offline")


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise WireError("wrong-type", f"{key}: must be true or false")
    return value


def _number(key: str, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WireError("wrong-type", f"{key}: must be a number")
    return value


def _motion(key: str, value: object) -> Motion:
    return Motion(_flag(key, value))


def _presence(key: str, value: object) -> Presence:
    return Presence(_flag(key, value))


def _contact(key: str, value: object) -> DoorReported:
    """Return what a door contact reports."""
    return DoorReported("closed" if _flag(key, value) else "open")  # true: the contact is made


def _tamper(key: str, value: object) -> Tampered:
    return Tampered(_flag(key, value))


def _battery(key: str, value: object) -> Battery | None:
    """Return the battery; None outside 0..100 (some converters count to 200), without an error."""
    percent = _number(key, value)
    return Battery(float(percent)) if 0 <= percent <= 100 else None  # noqa: PLR2004 - percent


def _co2(key: str, value: object) -> Co2:
    ppm = _number(key, value)
    if not 0 <= ppm <= 1_000_000:  # noqa: PLR2004 - parts per million
        raise WireError("out-of-range", f"{key}: must be a number from 0 to 1000000")
    return Co2(float(ppm))


_KEYS: Mapping[str, Callable[[str, object], Reading | None]] = {
    "occupancy": _motion,
    "presence": _presence,
    "contact": _contact,
    "tamper": _tamper,
    "co2": _co2,
    "battery": _battery,
}
"""The keys that are read in any device's state. Never `action_code`, `pin_code` and their like."""
