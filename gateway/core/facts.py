"""What the engine says: facts (past tense) and orders (imperative). The journal keeps each one.

Everything that leaves the engine is here: the service only carries these to the journal, the broker
and the outbox, and adds nothing.
"""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from gateway.core.directory import CredentialHash, HolderId
from gateway.core.requests import Mode, TransactionId
from gateway.core.site import AccessPointId, DeviceId, DoorId, MachineId, SiteId, Text, ZoneId

DoorStatus = Literal["locked", "unlocked", "open", "held", "forced"]
AlarmKind = Literal[
    "forced",
    "held",
    "over-capacity",
    "device-silent",
    "device-offline",
    "tamper",
    "clock-skew",
    "battery-low",
    "lone-worker",
    "unsupervised",
    "unattended",
    "safe-stop",
    "duress",
]
"""A machine that runs misses company (`lone-worker`), a role (`unsupervised`) or its user
(`unattended`)."""
Value = str | int | float | bool | None


class Verdict(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one rule said of one question, and the values it saw.

    `outcome`: `pass` lets the next rule speak; `grant` and `deny` end the matter.
    """

    rule: str
    outcome: Literal["pass", "grant", "deny"] = "pass"
    reason: str | None = None
    saw: dict[str, Value] = {}


class _Fact(Struct, frozen=True, tag_field="fact", tag=str, gc=False, omit_defaults=True):
    """Tagged with its class name, as the journal stores it. No cycles, so nothing to collect."""


class Decided(_Fact, frozen=True):
    """A credential event's one decision.

    `expires` is set on the answer that may leave for the reader; a late or retained event has None
    and nothing is sent. `unlock_s` is set when granted at a door. `late`: the reader decided so
    alone while it was cut off; `reason` is then ours for what it did, and `verdicts` are what we
    would have said.
    """

    device: DeviceId
    access_point: AccessPointId | None
    decision: Literal["granted", "denied"]
    reason: str
    holder: HolderId | None
    verdicts: tuple[Verdict, ...]
    expires: datetime | None = None
    unlock_s: float | None = None
    late: bool = False


class UnlockDoor(_Fact, frozen=True):
    """Order: let `device` release this door for `unlock_s`; void after `expires`."""

    door: DoorId
    device: DeviceId
    unlock_s: float
    expires: datetime


class DoorChanged(_Fact, frozen=True):
    """A door's state changed at `at`."""

    door: DoorId
    state: DoorStatus
    at: datetime


class HolderMoved(_Fact, frozen=True):
    """Somebody's zone changed; None is outside."""

    holder: HolderId
    origin: ZoneId | None
    zone: ZoneId | None
    at: datetime


class EntryNotTaken(_Fact, frozen=True):
    """A grant ended without the door being opened (BACnet NO_ENTRY_AFTER_GRANTED)."""

    holder: HolderId | None
    door: DoorId
    at: datetime


class ModeChanged(_Fact, frozen=True):
    """The site's mode is another one now."""

    mode: Mode
    before: Mode
    by: HolderId
    why: str
    at: datetime


class RequestAnswered(_Fact, frozen=True):
    """What became of a request; `error` is a code of `gateway.core.requests.ERRORS`, None: done."""

    transaction: TransactionId
    verb: str
    by: HolderId
    error: str | None = None


class MusterChanged(_Fact, frozen=True):
    """In an evacuation: whose being safe a zone waits for.

    `expected` were inside when it began or came since, and were last known in the zone or its inner
    zones; `seen` of them were at the muster point or left; `missing` are the others. Nobody
    expected: nothing to show, or no more.
    """

    zone: ZoneId
    at: datetime
    expected: int
    seen: int
    missing: tuple[HolderId, ...]


class MachineStarted(_Fact, frozen=True):
    """A machine was released for a holder."""

    machine: MachineId
    holder: HolderId
    at: datetime


class MachineEnded(_Fact, frozen=True):
    """A machine's use ended: signed off, switched off, or after a safe stop."""

    machine: MachineId
    holder: HolderId
    at: datetime
    why: Literal["signed-off", "switched-off", "safe-stop", "removed"]


class WarnMachine(_Fact, frozen=True):
    """Order: tell a running machine's user what is missing; its safe stop comes at `stops_at`."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    reason: str
    stops_at: datetime


class MachineWarningOver(_Fact, frozen=True):
    """Order: what was missing is there again, the machine may go on."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    at: datetime


class StopMachine(_Fact, frozen=True):
    """Order: let the machine come to a safe stop by itself. Never a blind cut of its power."""

    machine: MachineId
    devices: tuple[DeviceId, ...]
    reason: str
    at: datetime


class Noticed(_Fact, frozen=True):
    """Something to look at, no alarm; `object` is the id of a zone or an access point."""

    kind: Literal["passback", "tailgating", "forgotten-exit", "too-many-attempts"]
    object: str
    holder: HolderId | None
    at: datetime


class OccupancyChanged(_Fact, frozen=True):
    """A zone's head count: `low`..`high` is the 80 % interval, `known` are badged in (people)."""

    zone: ZoneId
    at: datetime
    people: int
    low: int
    high: int
    known: int
    capacity: int | None
    p_vacant: float
    p_full: float
    stale: bool
    because: tuple[Text, ...] = ()
    """What moved an estimate most, the strongest first."""


class OccupancyMinute(_Fact, frozen=True):
    """One minute of a zone: time-weighted mean, and extremes. `minute` is its start."""

    zone: ZoneId
    minute: datetime
    mean: float
    min: int
    max: int


class AlarmRaised(_Fact, frozen=True):
    """Something is wrong with `object` (a door, zone or device) since `at`."""

    kind: AlarmKind
    object: str
    at: datetime


class AlarmAcknowledged(_Fact, frozen=True):
    """Somebody looks after an alarm that was raised at `raised` and is still on."""

    kind: AlarmKind
    object: str
    raised: datetime
    at: datetime
    by: HolderId
    why: str = ""


class AlarmCleared(_Fact, frozen=True):
    """What was wrong is over."""

    kind: AlarmKind
    object: str
    at: datetime


class PeopleCrossed(_Fact, frozen=True):
    """A counter's totals moved: people since its previous report, each way.

    `restarted` says that the device began again from zero, so that the totals since then are taken.
    """

    device: DeviceId
    zone: ZoneId | None
    at: datetime
    entered: int
    left: int
    restarted: bool = False


class OccupancyDay(_Fact, frozen=True):
    """A zone's local day, told at its end: people over the minutes that were watched.

    `at` is its start. `in_use` is the share of its open minutes in which it was in use; None: it
    was not open while it was watched.
    """

    zone: ZoneId
    day: date
    at: datetime
    mean: float
    min: int
    max: int
    in_use: float | None
    minutes: int


class VisitsDay(_Fact, frozen=True):
    """A local day's visits to the site; `at` is its start, `stay_s` the median stay.

    None is not told: they were too few people.
    """

    day: date
    at: datetime
    visits: int | None
    visitors: int | None
    stay_s: float | None


class Sensed(_Fact, frozen=True):
    """A sensor's value, worth a point: `kind` names the reading."""

    device: DeviceId
    zone: ZoneId | None
    kind: str
    value: float
    at: datetime


class GapNoticed(_Fact, frozen=True):
    """Events `first`..`last` of this boot have not arrived (yet)."""

    device: DeviceId
    boot: int
    first: int
    last: int


class DuplicateDropped(_Fact, frozen=True):
    """This event was on disk already. Not journaled: counted by the service."""

    device: DeviceId
    boot: int | None
    seq: int | None


class DeviceMinute(_Fact, frozen=True):
    """A device's health, each minute."""

    device: DeviceId
    at: datetime
    online: bool | None
    battery: float | None
    last_seen_s: float | None
    gaps: int
    duplicates: int
    ghosts: int = 0


class GatewayMinute(_Fact, frozen=True):
    """The gateway's own health, each minute (measured by the service, journaled with the tick)."""

    instance: str
    at: datetime
    backlog: int
    commit_ms: float
    decisions: int
    dropped: int


class EnrolmentEnded(_Fact, frozen=True):
    """A reader waits for no badge any more, because one was `read`, or without one.

    `holder`: who holds the badge already. Both hashes are what a credential is made of; the number
    is nowhere.
    """

    transaction: str
    device: DeviceId
    outcome: Literal["read", "known", "cancelled", "expired"]
    credential: CredentialHash | None = None
    reader_hash: CredentialHash | None = None
    holder: HolderId | None = None


Fact = (
    Decided
    | UnlockDoor
    | DoorChanged
    | HolderMoved
    | EntryNotTaken
    | ModeChanged
    | RequestAnswered
    | MusterChanged
    | EnrolmentEnded
    | MachineStarted
    | MachineEnded
    | WarnMachine
    | MachineWarningOver
    | StopMachine
    | Noticed
    | OccupancyChanged
    | OccupancyMinute
    | OccupancyDay
    | AlarmRaised
    | AlarmAcknowledged
    | AlarmCleared
    | PeopleCrossed
    | VisitsDay
    | Sensed
    | GapNoticed
    | DuplicateDropped
    | DeviceMinute
    | GatewayMinute
)


class JournalRow(Struct, frozen=True):
    """One event with all that followed from it: what the outbox and every later question read.

    `n` is the journal's number; `received` is our clock (aware UTC); `event` is the stored event as
    JSON-ready data, without any badge number.
    """

    n: int
    site: SiteId
    device: DeviceId | None
    kind: str
    at: datetime
    received: datetime
    facts: tuple[Fact, ...]
