"""The engine's output: facts (past tense) and orders (imperative), all of them journaled.

Everything that leaves the engine is defined here: the service only carries these to the journal,
the broker and the outbox, and adds nothing. Each module has one subject: `access`, `people`,
`machines`, `alarms`, `requests`, `devices`; other packages import from here.
"""

from datetime import datetime

from msgspec import Struct

from gateway.core.facts.access import (
    Decided,
    DoorChanged,
    DoorStatus,
    EntryNotTaken,
    RuleVerdict,
    UnlockDoor,
    Value,
)
from gateway.core.facts.alarms import (
    GATEWAY,
    OF_GATEWAY,
    UNTIL_ACKNOWLEDGED,
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlarmOver,
    AlarmRaised,
)
from gateway.core.facts.devices import (
    BugMet,
    DeviceMinute,
    DuplicateDropped,
    GapNoticed,
    GatewayMinute,
    NotWired,
    NumberingRestarted,
    Sensed,
)
from gateway.core.facts.machines import (
    MachineChanged,
    MachineEnded,
    MachineStarted,
    MachineStatus,
    MachineWarningOver,
    StopMachine,
    SwitchMachine,
    WarnMachine,
)
from gateway.core.facts.people import (
    CountReason,
    HolderMoved,
    Noticed,
    OccupancyChanged,
    OccupancyDay,
    OccupancyMinute,
    PeopleCrossed,
    VisitsDay,
)
from gateway.core.facts.requests import EnrolmentEnded, ModeChanged, MusterChanged, RequestAnswered
from gateway.core.model.names import DeviceId, SiteId

__all__ = [
    "GATEWAY",
    "OF_GATEWAY",
    "UNTIL_ACKNOWLEDGED",
    "AlarmAcknowledged",
    "AlarmCleared",
    "AlarmKind",
    "AlarmOver",
    "AlarmRaised",
    "BugMet",
    "CountReason",
    "Decided",
    "DeviceMinute",
    "DoorChanged",
    "DoorStatus",
    "DuplicateDropped",
    "EnrolmentEnded",
    "EntryNotTaken",
    "Fact",
    "GapNoticed",
    "GatewayMinute",
    "HolderMoved",
    "JournalRow",
    "MachineChanged",
    "MachineEnded",
    "MachineStarted",
    "MachineStatus",
    "MachineWarningOver",
    "ModeChanged",
    "MusterChanged",
    "NotWired",
    "Noticed",
    "NumberingRestarted",
    "OccupancyChanged",
    "OccupancyDay",
    "OccupancyMinute",
    "PeopleCrossed",
    "RequestAnswered",
    "RuleVerdict",
    "Sensed",
    "StopMachine",
    "SwitchMachine",
    "UnlockDoor",
    "Value",
    "VisitsDay",
    "WarnMachine",
]

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
    | SwitchMachine
    | MachineChanged
    | Noticed
    | OccupancyChanged
    | OccupancyMinute
    | OccupancyDay
    | AlarmRaised
    | AlarmAcknowledged
    | AlarmOver
    | AlarmCleared
    | PeopleCrossed
    | VisitsDay
    | Sensed
    | GapNoticed
    | NumberingRestarted
    | NotWired
    | DuplicateDropped
    | DeviceMinute
    | GatewayMinute
    | BugMet
)


class JournalRow(Struct, frozen=True):
    """One event with all that followed from it, as read by the outbox and by all later queries.

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
