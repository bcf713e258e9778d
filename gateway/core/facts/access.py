"""Facts about access: decisions, and the doors' reactions."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId

DoorStatus = Literal["locked", "unlocked", "open", "held", "forced"]
Value = str | int | float | bool | None


class RuleVerdict(Struct, frozen=True, gc=False, omit_defaults=True):
    """The verdict of one rule on one access request, and the values it used.

    `outcome`: `pass` goes on to the next rule; `grant` and `deny` decide.
    """

    rule: str
    outcome: Literal["pass", "grant", "deny"] = "pass"
    reason: str | None = None
    saw: dict[str, Value] = {}


class Decided(BaseFact, frozen=True):
    """The one decision of a credential event, or of a press of an exit button.

    `expires` is set on an answer that may be sent to the reader; a late or retained event has None,
    and nothing is sent. `unlock_s` is set when granted at a door. `late`: the reader decided alone,
    or claims so; `reason` then states whether we believe it, and `verdicts` are those of our own
    rules. `door` is a button's, which belongs to no access point.
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
