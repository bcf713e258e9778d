"""Who was let through: decisions, and what doors did."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId

DoorStatus = Literal["locked", "unlocked", "open", "held", "forced"]
Value = str | int | float | bool | None


class RuleVerdict(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one rule said of one question, and the values it saw.

    `outcome`: `pass` lets the next rule speak; `grant` and `deny` end the matter.
    """

    rule: str
    outcome: Literal["pass", "grant", "deny"] = "pass"
    reason: str | None = None
    saw: dict[str, Value] = {}


class Decided(BaseFact, frozen=True):
    """The one decision of a credential event, or of a press of an exit button.

    `expires` is set on the answer that may leave for the reader; a late or retained event has None
    and nothing is sent. `unlock_s` is set when granted at a door. `late`: the reader decided so
    alone, or says that it did; `reason` is then whether we believe it, and `verdicts` are what we
    would have said. `door` is that of a button, which stands at no access point.
    """

    device: DeviceId
    access_point: AccessPointId | None
    decision: Literal["granted", "denied"]
    reason: str
    holder: HolderId | None
    verdicts: tuple[RuleVerdict, ...]
    expires: datetime | None = None
    unlock_s: float | None = None
    late: bool = False
    door: DoorId | None = None


class UnlockDoor(BaseFact, frozen=True):
    """Order: let `device` release this door for `unlock_s`; void after `expires`."""

    door: DoorId
    device: DeviceId
    unlock_s: float
    expires: datetime


class DoorChanged(BaseFact, frozen=True):
    """A door's state changed at `at`."""

    door: DoorId
    state: DoorStatus
    at: datetime


class EntryNotTaken(BaseFact, frozen=True):
    """A grant ended without the door being opened (BACnet NO_ENTRY_AFTER_GRANTED)."""

    holder: HolderId | None
    door: DoorId
    at: datetime
