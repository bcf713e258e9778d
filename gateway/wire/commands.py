"""Messages to devices: the answer to a badge, orders, and acknowledgements of stored events."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.core.model.names import MachineId, Text


class Ack(Struct, frozen=True):
    """All of this boot's events up to `seq` are on disk."""

    boot: int
    seq: int


class AccessCommand(Struct, frozen=True, omit_defaults=False, tag_field="type", tag="access"):
    """The answer to a credential event; `id` is the journal's number of the decision."""

    id: str
    decision: Literal["granted", "denied"]
    reason: str
    boot: int | None
    seq: int | None
    unlock_s: float | None
    expires: datetime
    message: Text


class UnlockCommand(Struct, frozen=True, tag_field="type", tag="unlock"):
    """An order to release a door that is not an answer to a badge at this device.

    To a lock; to a reader that releases its door itself, for an operator or in an evacuation.
    """

    id: str
    unlock_s: float
    expires: datetime


class WarningCommand(Struct, frozen=True, tag_field="type", tag="warning"):
    """A warning to a running machine's reader: a condition fails, safe stop at `stops_at`."""

    id: str
    machine: MachineId
    reason: str
    stops_at: datetime
    message: Text


class WarningOverCommand(Struct, frozen=True, tag_field="type", tag="warning-over"):
    """The end of a warning: all conditions are met again, the machine may continue."""

    id: str
    machine: MachineId
    message: Text


class SafeStopCommand(Struct, frozen=True, tag_field="type", tag="safe-stop"):
    """An order to stop safely, as after the last line of a job; never by cutting the power.

    It may be repeated, and is idempotent.
    """

    id: str
    machine: MachineId
    reason: str
    message: Text


class SwitchCommand(Struct, frozen=True, tag_field="type", tag="switch"):
    """An order to the relay of a machine: power on, before `expires`; or off, whenever it comes.

    It may be repeated, and is idempotent. After a power cut the relay has to stay off.
    """

    id: str
    machine: MachineId
    state: Literal["on", "off"]
    expires: datetime


MachineOrder = WarningCommand | WarningOverCommand | SafeStopCommand | SwitchCommand
"""The orders to a machine's readers and its relay."""
