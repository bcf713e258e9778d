"""Claims about machines: a granted machine gets its power from a device that can give it."""

from collections.abc import Iterator

from gateway.config.build import can_switch, every_device, readers_of, relay_of
from gateway.config.check_types import Claim
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault, unknown
from gateway.config.schema.equipment import MachineTable
from gateway.core.model.equipment import Device

_DEVICES = ("locks", "readers", "sensors")
_NOTHING = "or relay = false where nothing switches it"


def machines_can_be_switched(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a grant at a machine reaches a device that switches the machine on."""
    if not draft.whole("access_points", *_DEVICES):
        return
    for index, machine in draft.machines.items():
        message = _named_fault(draft, machine) if machine.relay else _implied_fault(draft, machine)
        if message is not None:
            yield draft.fault(f"machines[{index}].relay", message)


def relays_switch_one_thing(draft: Draft) -> Iterator[ConfigFault]:
    """Check that no two machines share a relay, and none is a door's lock as well."""
    taken = {door.lock: f"the door {door.id}" for door in draft.doors.values() if door.lock}
    for index, machine in draft.machines.items():
        relay = relay_of(draft, machine)
        if relay is None:
            continue
        other = taken.setdefault(relay, f"the machine {machine.id}")
        if other != f"the machine {machine.id}":
            message = f'"{relay}" switches {other} already; a machine needs a relay of its own'
            yield draft.fault(f"machines[{index}].relay", message)


CLAIMS: tuple[Claim, ...] = (machines_can_be_switched, relays_switch_one_thing)


def _named_fault(draft: Draft, machine: MachineTable) -> str | None:
    """Return the fault of the relay that a machine names."""
    if machine.relay is True:
        return f'is no device; its id, such as relay = "{machine.id}-relay", {_NOTHING}'
    devices = {device.id: device for _, _, device in every_device(draft)}
    device = next((one for id_, one in devices.items() if id_ == machine.relay), None)
    if device is None:
        return unknown(str(machine.relay), "lock, reader or sensor", sorted(devices))
    if device.role != "lock" and device.id not in _of(draft, machine):
        return (
            f'"{device.id}" is not of this machine; a reader at its access point, a sensor with '
            f'machine = "{machine.id}", or a lock'
        )
    return None if can_switch(device) else _cannot(device)


def _implied_fault(draft: Draft, machine: MachineTable) -> str | None:
    """Return the fault of a machine that names no relay: a reader of ours sees to it by itself."""
    readers = readers_of(draft, machine)
    if machine.relay is False or not readers or relay_of(draft, machine) is not None:
        return None
    with_relay = [one.id for one in readers if "relay" in one.options]
    if with_relay:
        return f"is required: {', '.join(with_relay)} have relays; name the one that switches it"
    unable = [one for one in readers if one.driver != "native"]
    if len(unable) < len(readers):
        return None
    return f"is required: {_cannot(unable[0])}"


def _cannot(device: Device) -> str:
    """Return why a device cannot switch, and what can."""
    if device.driver == "tasmota":
        return f"{device.id} names no relay of its board; options = {{ relay = 1 }}, {_NOTHING}"
    return (
        f"{device.id}: {_A.get(device.driver, 'such a')} {device.role} cannot switch on a machine; "
        f"name a native or Tasmota device, or a Zigbee plug, that does, {_NOTHING}"
    )


_A = {"esp-rfid": "an esp-rfid", "zigbee2mqtt": "a Zigbee2MQTT"}


def _of(draft: Draft, machine: MachineTable) -> set[str]:
    sensors = {one.id for one in draft.sensors.values() if one.machine == machine.id}
    return sensors | {one.id for one in readers_of(draft, machine)}
