"""Machines and devices."""

from typing import Annotated

from pydantic import ConfigDict, Field

from gateway.config.schema.fields import FlagOrId, Id, Name, Options, Seconds, SpaceTable
from gateway.config.schema.places import DemandsTable


class MachineDemandsTable(DemandsTable):
    """The demands of a machine, when it is switched on and while it runs."""

    check_in: bool = False
    """Its user must have badged into its zone."""
    grace_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    """Seconds to mend what is missing while it runs, before it is ordered to stop."""


class DeviceTable(SpaceTable):
    """The keys that every device has."""

    id: Id
    """Devices of a site share one set of ids: each is a level of the topics."""
    driver: str = "native"
    """The wire that it speaks: native, esp-rfid, zigbee2mqtt, tasmota."""
    topic: Annotated[str, Field(max_length=200)] = ""
    """Its MQTT topic, for drivers other than native."""
    silent_after_s: Seconds | None = None
    """Seconds of silence after which it counts as broken; absent: it may stay silent."""
    options: Options = {}  # noqa: RUF012 - pydantic copies it
    """The driver's own settings."""


class ReaderTable(DeviceTable):
    """A badge reader."""

    access_point: Id
    """Where it stands. Several readers may serve one access point."""
    format: str = "hex"
    """How it spells badge numbers; never guessed."""
    enrols: bool = False
    """Badges are enrolled by holding them to it: it stands at an entry, in a staffed room."""


class SensorTable(DeviceTable):
    """A counter, a motion sensor, a door contact, a power meter."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["zone"]}, {"required": ["door"]}, {"required": ["machine"]}]
        }
    )

    zone: Id | None = None
    """The zone that it watches; of a people counter, the zone that one enters past it."""
    door: Id | None = None
    """The door whose contact it is."""
    machine: Id | None = None
    """The machine that it measures."""


class LockTable(DeviceTable):
    """A lock or relay that a door's `lock` names."""


class MachineTable(SpaceTable):
    """A machine that a badge switches on."""

    id: Id
    name: Name
    zone: Id
    """The zone in which it stands."""
    relay: FlagOrId | None = None
    """The device that switches its power: on by a grant, off when the use is over; false: nothing
    does; absent: its reader, if that has a relay."""
    demands: MachineDemandsTable = MachineDemandsTable()
    """What it asks of its user."""
