"""Options of a Tasmota device: `full_topic`, `switch`, `means`, `on`, `relay`, `on_above_w`."""

from gateway.core.model.equipment import Device
from sensors.driver import threshold_faults

FULL_TOPIC = "%prefix%/%topic%/"
"""Tasmota's own default."""

_POLARITY = {
    "door": ("open", "closed"),
    "motion": ("active", "idle"),
    "presence": ("active", "idle"),
    "tamper": ("active", "idle"),
    "exit-request": (),
    "machine": ("running", "idle"),
}
"""The readings that a switch may stand for, and the values that its ON may stand for."""
_SWITCHES = 28
_RELAYS = 8
"""PulseTime of relay n is that of n + 8 too, so a lock has to be one of the first eight."""


def role_faults(device: Device) -> list[str]:
    """Return the faults of the options, by the device's role."""
    found = _full_topic_faults(device) + threshold_faults(device)
    if "relay" in device.options:
        found += _number_faults(device, "relay", _RELAYS)
    elif device.role == "lock":
        found.append(f"options.relay: is missing; the relay that releases the lock, 1 to {_RELAYS}")
    if device.role == "sensor":
        return found + _switch_faults(device)
    unfit = [name for name in ("switch", "means", "on") if name in device.options]
    return found + [f"options.{name}: is for sensors; declare one of role sensor" for name in unfit]


def _full_topic_faults(device: Device) -> list[str]:
    full = device.options.get("full_topic", FULL_TOPIC)
    if isinstance(full, str) and full.endswith("/") and "%prefix%" in full and "%topic%" in full:
        return []
    return [f"options.full_topic: lacks a part; as FullTopic on the board, such as {FULL_TOPIC}"]


def _switch_faults(device: Device) -> list[str]:
    options = device.options
    if device.machine is not None and "switch" not in options:
        return _plug_faults(device)
    if "relay" in options:
        return ["options.relay: is for locks, readers, and the plug of a machine; leave it out"]
    if "switch" not in options:
        unfit = [name for name in ("means", "on") if name in options]
        return [f"options.{name}: is of no use without switch; switch = 1" for name in unfit]
    found = _number_faults(device, "switch", _SWITCHES)
    means = options.get("means")
    if not isinstance(means, str) or means not in _POLARITY:
        return [*found, f"options.means: is missing or unknown; one of {', '.join(_POLARITY)}"]
    return found + _polarity_faults(device, means)


def _plug_faults(device: Device) -> list[str]:
    """Return the faults of a machine's plug: it needs something that reports the machine."""
    unfit = [name for name in ("means", "on") if name in device.options]
    if unfit:
        return [f"options.{name}: is of no use without switch; switch = 1" for name in unfit]
    if not {"relay", "on_above_w"} & set(device.options):
        right = "on_above_w = 30 (watts), or the relay whose state it is, or a switch input"
        return [f"options: report nothing of the machine; {right}"]
    return []


def _polarity_faults(device: Device, means: str) -> list[str]:
    right = _POLARITY[means]
    on = device.options.get("on")
    if on in right or (on is None and means != "door"):
        return []
    if not right:
        return [f"options.on: is of no use with means = {means}; leave it out"]
    return [f"options.on: is missing or unknown; what ON stands for, {' or '.join(right)}"]


def _number_faults(device: Device, name: str, last: int) -> list[str]:
    value = device.options[name]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= last:
        return []
    return [f"options.{name}: is not one of the board's; a whole number from 1 to {last}"]
