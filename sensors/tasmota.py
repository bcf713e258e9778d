"""Tasmota: readers, switch inputs (PIR, contact), presence and CO2 sensors, relays, plugs.

One board may be several devices of the space file, which share its topic: a reader, a door contact
on `Switch1`, a lock on relay 2. `Device.topic` is Tasmota's own Topic ("front-door"); the levels
around it are the option `full_topic`.

`Time` is the board's local time without an offset, so reports carry no time: the arrival counts,
and Tasmota sends at once or never.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal

from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.readings import (
    Availability,
    Co2,
    CredentialPresented,
    DoorReported,
    ExitRequested,
    Firmware,
    MachineReported,
    MessageOrigin,
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
from sensors import badges
from sensors.driver import (
    AccessAnswer,
    Subscription,
    format_faults,
    option_faults,
    power_w,
    subscription,
    topic_faults,
)
from sensors.firmware import firmware
from sensors.tasmota_options import FULL_TOPIC, role_faults

_READERS = ("PN532", "RC522", "RDM6300", "Wiegand")
_KEYPAD_SIZES = (4, 8)
_SIZES = {"wiegand26": (24, 26), "wiegand34": (32, 34)}
_RADARS = ("LD2410", "LD2410S")
_MEANT: Mapping[object, type[Reading]] = {
    "door": DoorReported,
    "motion": Motion,
    "presence": Presence,
    "tamper": Tampered,
    "exit-request": ExitRequested,
    "machine": MachineReported,
}
"""By the option `means`."""
_SPLIT_S = 11.1  # PulseTime: up to 111 in tenths of a second, from 112 on in seconds + 100
_PULSE_MAX = 64_900
_DELTA_PERCENT = 10
"""A plug reports its power when it changes by so much."""


class TasmotaDriver:
    """Devices with Tasmota's firmware."""

    name: ClassVar[str] = "tasmota"

    @classmethod
    def faults(cls, device: Device) -> list[str]:
        """Return the faults of topic, format and the options of the device's role."""
        return (
            topic_faults(device)
            + format_faults(device)
            + option_faults(device, "full_topic", "switch", "means", "on", "relay", "on_above_w")
            + role_faults(device)
        )

    @classmethod
    def identity(cls, site: SiteId, device: Device) -> str:  # noqa: ARG003 - one broker, one topic
        """Return its topic, and its part of the board."""
        part = f"Switch{device.options['switch']}" if "switch" in device.options else device.role
        relay = f" on relay {device.options['relay']}" if _has_a_relay_to_tell(device) else ""
        return f"{part}{relay} of {_topic(device, 'tele', 'SENSOR')}"

    @classmethod
    def says(cls, device: Device) -> frozenset[type[Reading]]:
        """Return the reading of its switch, or badges, a machine's, or radar and air sensors'."""
        said: list[type[Reading]] = [Availability, Firmware]
        if "switch" in device.options:
            return frozenset((*said, _MEANT.get(device.options.get("means"), Motion)))
        if device.role == "reader":
            said.append(CredentialPresented)
        if device.switches:
            said.append(RelayReported)
        if "on_above_w" in device.options or (device.role == "sensor" and _watches_relay(device)):
            said.append(MachineReported)
        elif device.role == "sensor" and device.machine is None:
            said += [Presence, Co2]
        return frozenset(said)

    @classmethod
    def switches(cls, device: Device) -> bool:
        """Return whether its options name the relay."""
        return "relay" in device.options and "switch" not in device.options

    def __init__(self, topics: Topics, devices: Sequence[tuple[SiteId, Device]]) -> None:  # noqa: ARG002 - its own wire
        self._parts: dict[str, list[tuple[SiteId, Device]]] = defaultdict(list)
        self._kinds: dict[str, str] = {}
        for site, device in devices:
            for kind in _kinds(device):
                topic = _topic(device, *kind)
                self._parts[topic].append((site, device))
                self._kinds[topic] = kind[1]

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return each board's telemetry and last will; results if a switch is read."""
        return tuple(subscription(topic, *parts) for topic, parts in self._parts.items())

    def topics(self) -> tuple[str, ...]:
        """Return the same topics."""
        return tuple(self._parts)

    def decode(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        """Return the reports of all devices that share the board; see `Driver`."""
        parts, kind = self._parts[topic], self._kinds[topic]
        if kind == "LWT":
            readings = _availability(payload)
            return tuple(Report(site, one.id, said) for site, one in parts for said in readings)
        document = strict_json.read(payload)
        if kind == "INFO1":
            runs = _firmware(document)
            return tuple(Report(site, one.id, said) for site, one in parts for said in runs)
        return tuple(
            Report(site, device.id, reading)
            for site, device in parts
            for reading in _of_part(site, device, document, is_press=kind == "RESULT")
        )

    def answer(self, device: Device, answer: AccessAnswer) -> tuple[Outgoing, ...]:
        """Return the order for the relay on the reader's own board, if granted and declared."""
        if answer.decision != "granted" or answer.unlock_s is None:
            return ()
        return self.unlock(answer.site, device, answer.id, answer.unlock_s, answer.expires)

    def unlock(
        self, site: SiteId, device: Device, order_id: str, unlock_s: float, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return one order that contains its own end: the board closes by itself, even if we fail.

        `Backlog0` runs both commands at once and in order; the pulse time is set first, so that
        there is no moment in which the relay is on without an end.
        """
        del site, order_id  # this wire has no fields for them
        relay = device.options.get("relay")
        if relay is None:
            return ()
        orders = f"PulseTime{relay} {_pulse(unlock_s)}; Power{relay} ON"
        topic = _topic(device, "cmnd", "Backlog0")
        return (Outgoing(topic, orders.encode(), qos=1, expires=expires),)

    def tell_machine(
        self, site: SiteId, device: Device, order: MachineOrder, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the order to switch a machine on or off; none else: a relay takes no warning.

        `PowerOnState 0` keeps the board's relays off after a power cut; a `PulseTime` of a former
        use would end the machine's. With `PowerDelta` a plug reports at once that the machine
        begins or ends to work, and not after five minutes.
        """
        del site
        relay = device.options.get("relay")
        if relay is None or not isinstance(order, SwitchCommand):
            return ()
        orders = [f"Power{relay} OFF"]
        if order.state == "on":
            orders = ["PowerOnState 0", f"PulseTime{relay} 0", f"Power{relay} ON"]
            if "on_above_w" in device.options:
                orders.insert(0, f"PowerDelta {_DELTA_PERCENT}")
        topic = _topic(device, "cmnd", "Backlog0")
        return (Outgoing(topic, "; ".join(orders).encode(), qos=1, expires=expires),)


def _topic(device: Device, prefix: str, ending: str) -> str:
    full = str(device.options.get("full_topic", FULL_TOPIC))
    return full.replace("%prefix%", prefix).replace("%topic%", device.topic) + ending


def _kinds(device: Device) -> Iterator[tuple[str, str]]:
    """Yield the board's topics that are used, as prefix and last level."""
    yield "tele", "LWT"
    yield "tele", "INFO1"
    if device.role != "lock":
        yield "tele", "SENSOR"
    if "switch" in device.options or _watches_relay(device):
        yield "stat", "RESULT"
    if _watches_relay(device):
        yield "tele", "STATE"


def _watches_relay(device: Device) -> bool:
    """Return whether its relay's state is about a machine; a door's contact tells of the door."""
    return device.machine is not None and "relay" in device.options


def _has_a_relay_to_tell(device: Device) -> bool:
    """Return whether its relay is what distinguishes it on a board."""
    return "relay" in device.options and device.role != "reader"


def _pulse(unlock_s: float) -> int:
    tenths = round(10 * unlock_s)
    if tenths <= 10 * _SPLIT_S:
        return max(tenths, 1)  # 0 would remove the end
    return min(max(round(unlock_s) + 100, 112), _PULSE_MAX)


def _availability(payload: bytes) -> tuple[Availability, ...]:
    match payload:
        case b"Online":
            return (Availability("online"),)
        case b"Offline":
            return (Availability("offline"),)
        case b"":
            return ()  # the retained message was cleared
        case _:
            raise WireError("out-of-range", "the payload must be Online or Offline")


def _firmware(document: dict[str, object]) -> tuple[Firmware, ...]:
    """Return the firmware that the board reports: {"Info1": {"Module": …, "Version": …}}."""
    about = document.get("Info1", document)  # older boards do not nest it
    runs = firmware(about.get("Version"), about.get("Module")) if isinstance(about, dict) else None
    return () if runs is None else (runs,)


def _of_part(
    site: SiteId, device: Device, document: dict[str, object], *, is_press: bool
) -> list[Reading]:
    """Return the readings of one device in a message; a fault in it is that device's."""
    try:
        return list(_readings(document, device, is_press=is_press))
    except WireError as error:
        error.origin = MessageOrigin(site, device.id)
        raise


def _readings(document: dict[str, object], device: Device, *, is_press: bool) -> Iterator[Reading]:
    if "switch" in device.options:
        yield from _switched(document, device, is_press=is_press)
        return
    if device.role == "reader":
        yield from _credentials(document, device)
    if device.machine is not None:
        yield from _machine(document, device)
    elif device.role == "sensor":
        yield from _air_and_people(document)


def _machine(document: dict[str, object], device: Device) -> Iterator[Reading]:
    """Yield what a relay and a power meter report of a machine.

    For a plug that measures, the power shows whether the machine runs: `on_above_w`.
    """
    relay, threshold_w = _relay(document, device), device.options.get("on_above_w")
    if relay is not None:
        if device.switches:
            yield RelayReported(relay)
        elif threshold_w is None or relay == "off":
            yield MachineReported(relay)
    if threshold_w is not None and (watts := _watts(document, device)) is not None:
        yield MachineReported("on" if watts > float(threshold_w) else "off", watts)


def _relay(document: dict[str, object], device: Device) -> Literal["on", "off"] | None:
    """Return the relay's state: `POWER`, or `POWERn` where there are several (or SetOption26)."""
    number = device.options.get("relay")
    keys = ("POWER", "POWER1") if number == 1 else (f"POWER{number}",)
    for key in keys:
        match document.get(key):
            case "ON":
                return "on"
            case "OFF":
                return "off"
            case None:
                pass
            case _:
                raise WireError("out-of-range", f"{key}: must be ON or OFF; check StateText")
    return None


def _watts(document: dict[str, object], device: Device) -> float | None:
    """Return the power that is drawn. Of several channels it is the relay's, of phases the sum."""
    energy = document.get("ENERGY")
    said = energy.get("Power") if isinstance(energy, dict) else None
    if said is None:
        return None
    drawn = [power_w("ENERGY.Power", one) for one in (said if isinstance(said, list) else [said])]
    channel = device.options.get("relay")
    if isinstance(channel, int) and len(drawn) >= channel > 0 and len(drawn) > 1:
        return drawn[channel - 1]
    return sum(drawn)


def _switched(document: dict[str, object], device: Device, *, is_press: bool) -> Iterator[Reading]:
    """Yield `{"Switch1": "ON"}` in telemetry, `{"Switch1": {"Action": "ON"}}` if it is detached."""
    key = f"Switch{device.options['switch']}"
    said = document.get(key)
    action = said.get("Action") if isinstance(said, dict) else said
    if said is None or (isinstance(said, dict) and action not in ("ON", "OFF")):
        return  # another switch, a button, or an action such as TOGGLE, which is no state
    if action not in ("ON", "OFF"):
        raise WireError(
            "out-of-range", f"{key}: must be ON or OFF; check SwitchText and SwitchMode"
        )
    is_on = action == "ON"
    match device.options.get("means"):
        case "door":
            yield DoorReported("open" if is_on == (device.options["on"] == "open") else "closed")
        case "presence":
            yield Presence(is_on == (device.options.get("on", "active") == "active"))
        case "machine":
            runs = is_on == (device.options.get("on", "running") == "running")
            yield MachineReported("on" if runs else "off")
        case "tamper":
            yield Tampered(is_on == (device.options.get("on", "active") == "active"))
        case "exit-request":
            if is_press and is_on:  # telemetry repeats the state, which is no press
                yield ExitRequested()
        case _:
            yield Motion(is_on == (device.options.get("on", "active") == "active"))


def _credentials(document: dict[str, object], device: Device) -> Iterator[Reading]:
    for key in _READERS:
        if (said := document.get(key)) is not None:
            yield from _credential(key, said, device)


def _credential(key: str, said: object, device: Device) -> Iterator[CredentialPresented]:
    """Yield the badge. The UID is a text, or with Wiegand a number; 0 after a parity error."""
    if not isinstance(said, dict):
        raise WireError("wrong-type", f"{key}: must be an object with UID")
    size, uid = said.get("Size"), said.get("UID")
    if size in _KEYPAD_SIZES:
        return  # one key of a keypad
    if isinstance(uid, bool) or not isinstance(uid, int | str):
        raise WireError("wrong-type", f"{key}.UID: must be text or a whole number")
    if size is not None and size not in _SIZES.get(device.format, (size,)):
        raise WireError("badge-format", f"{key}.Size: is not that of {device.format}, as declared")
    yield CredentialPresented(badges.normalise(str(uid), device.format), device.format)


def _air_and_people(document: dict[str, object]) -> Iterator[Reading]:
    for key, said in document.items():
        if isinstance(said, dict):
            if key in _RADARS and "People" in said:
                yield _people(key, said["People"])
            if "CarbonDioxide" in said:
                yield from _co2(said["CarbonDioxide"])


def _people(key: str, state: object) -> Presence:
    """Return the presence. The state is not a number of people: 0, 1 are empty, 2, 3 occupied."""
    if isinstance(state, bool) or state not in (0, 1, 2, 3):
        raise WireError("out-of-range", f"{key}.People: must be 0, 1, 2 or 3")
    return Presence(state in (2, 3))


def _co2(ppm: object) -> Iterator[Co2]:
    if isinstance(ppm, bool) or not isinstance(ppm, int | float):
        raise WireError("wrong-type", "CarbonDioxide: must be a number")
    if not 0 <= ppm <= 1_000_000:  # noqa: PLR2004 - parts per million
        raise WireError("out-of-range", "CarbonDioxide: must be a number from 0 to 1000000")
    if ppm:  # 0 until the first measurement
        yield Co2(float(ppm))
