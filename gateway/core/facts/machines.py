"""Facts about a machine's use: its user, the demands it misses, and its end."""

from datetime import datetime
from typing import Literal

from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, MachineId

MachineStatus = Literal["off", "powered", "idle", "running"]
"""`powered` where nothing reports whether it runs; else `running`, or `idle` with its power on."""


class MachineStarted(BaseFact, frozen=True):
    """A machine was released for a holder."""

    machine: MachineId
    holder: HolderId
    at: datetime


class MachineEnded(BaseFact, frozen=True):
    """A machine's use ended: signed off, switched off, or after a safe stop."""

    machine: MachineId
    holder: HolderId
    at: datetime
    why: Literal["signed-off", "switched-off", "safe-stop", "removed", "operator"]


class WarnMachine(BaseFact, frozen=True):
    """Order: warn a running machine's user of what is missing; its safe stop is at `stops_at`."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    reason: str
    stops_at: datetime


class MachineWarningOver(BaseFact, frozen=True):
    """Order: the demands are met again, the machine may go on."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    at: datetime


class StopMachine(BaseFact, frozen=True):
    """Order: let the machine come to a safe stop by itself. Never a blind cut of its power."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    reason: str
    at: datetime


class SwitchMachine(BaseFact, frozen=True):
    """Order: switch a machine's power on (until `expires`), or off.

    Off is never ordered while the machine is known to run, unless a person commands it.
    """

    machine: MachineId
    device: DeviceId
    on: bool
    at: datetime
    expires: datetime


class MachineChanged(BaseFact, frozen=True):
    """A machine's shown state changed, or its user. `watts` is the last that was measured."""

    machine: MachineId
    state: MachineStatus
    at: datetime
    holder: HolderId | None = None
    watts: float | None = None
