"""A machine's use: who it was released for, what it misses, and how it ends."""

from datetime import datetime
from typing import Literal

from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, MachineId


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
    why: Literal["signed-off", "switched-off", "safe-stop", "removed"]


class WarnMachine(BaseFact, frozen=True):
    """Order: tell a running machine's user what is missing; its safe stop comes at `stops_at`."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    reason: str
    stops_at: datetime


class MachineWarningOver(BaseFact, frozen=True):
    """Order: what was missing is there again, the machine may go on."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    at: datetime


class StopMachine(BaseFact, frozen=True):
    """Order: let the machine come to a safe stop by itself. Never a blind cut of its power."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    reason: str
    at: datetime
