"""Operators' requests to the gateway, and its answers. All are journaled, also refused ones.

An order is imperative and names its object; `why` is the operator's own words, for the audit.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, MachineId, ZoneId

Mode = Literal["normal", "lockdown", "evacuation"]
Why = Annotated[str, Meta(max_length=200)]
TransactionId = Annotated[str, Meta(min_length=1, max_length=64)]
"""The client's own id of a request: if it comes again, it is answered but not obeyed again."""


class _Order(Struct, frozen=True, tag_field="verb", gc=False, forbid_unknown_fields=True):
    """Tagged with its verb, which is the last level of its topic."""


class SetMode(_Order, frozen=True, tag="mode"):
    """Put the site into a mode."""

    mode: Mode
    why: Why = ""


class OpenDoor(_Order, frozen=True, tag="open"):
    """Release a door once, as for a granted badge."""

    door: DoorId
    why: Why = ""


class MarkMustered(_Order, frozen=True, tag="muster"):
    """A holder was seen at the muster point (`seen`), or was marked so by mistake."""

    holder: HolderId
    seen: bool = True


class MarkLeft(_Order, frozen=True, tag="left"):
    """A holder is outside: they forgot to badge out."""

    holder: HolderId
    why: Why = ""


class SetService(_Order, frozen=True, tag="service"):
    """Take an access point out of service, or put it back."""

    access_point: AccessPointId
    in_service: bool
    why: Why = ""


class PowerOff(_Order, frozen=True, tag="power-off"):
    """Switch a machine's power off, and end its use; while it runs only if `even_running`."""

    machine: MachineId
    even_running: bool = False
    why: Why = ""


class SetPeople(_Order, frozen=True, tag="people"):
    """An operator counted a zone by eye: so many people are there."""

    zone: ZoneId
    people: Annotated[int, Meta(ge=0, le=100_000)]
    why: Why = ""


class TellVacant(_Order, frozen=True, tag="vacant"):
    """An operator, or an armed alarm, reports a zone as empty: evidence, not a reset."""

    zone: ZoneId
    why: Annotated[str, Meta(min_length=1, max_length=200)]


class AcknowledgeAlarm(_Order, frozen=True, tag="acknowledge"):
    """An operator takes care of an active alarm; it stays on until its cause is over."""

    kind: Annotated[str, Meta(min_length=1, max_length=32)]
    object: Annotated[str, Meta(min_length=1, max_length=32)]
    why: Why = ""


class EnrolBadge(_Order, frozen=True, tag="enrol"):
    """Enrol a badge that is held twice to a reader for `holder`; None: stop waiting for one."""

    device: DeviceId
    holder: HolderId | None = None


class ResetDevice(_Order, frozen=True, tag="reset"):
    """A device was erased or replaced: its numbers restart."""

    device: DeviceId
    why: Why = ""


Order = (
    SetMode
    | OpenDoor
    | MarkMustered
    | MarkLeft
    | SetService
    | PowerOff
    | SetPeople
    | TellVacant
    | AcknowledgeAlarm
    | EnrolBadge
    | ResetDevice
)
VERBS: tuple[str, ...] = (
    "mode",
    "open",
    "muster",
    "left",
    "service",
    "power-off",
    "people",
    "vacant",
    "acknowledge",
    "enrol",
    "reset",
)


class Request(Struct, frozen=True):
    """An order, its author (a holder who is an operator or administrator), and its time."""

    transaction: TransactionId
    by: HolderId
    at: datetime
    order: Order


ERRORS: tuple[str, ...] = (
    "not-allowed",  # its author has no role for it at this site
    "too-old",  # sent more than 5 s ago
    "clock-ahead",
    "unknown-object",  # no such door, zone, access point or holder
    "busy",  # the reader waits for a badge already
    "not-enrolling",  # badges are enrolled at other readers
    "out-of-place",  # it makes no sense now: a muster outside an evacuation
    "running",  # the machine runs, and nobody said that it may be cut
    "not-on",  # no such alarm is on (any more)
    "not-connected",  # no device took the order
    "never-heard",  # a device that has not said anything yet has no numbers
)
