"""Public messages on the broker: states, decisions, alarms, responses to requests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.core.facts import DoorStatus, MachineStatus
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, DoorId, Text, ZoneId
from gateway.core.requests import Mode

MISSING_MAX = 100
"""People listed in a muster message, which also counts the others. At 20 characters each they take
half of a payload."""


class OccupancyMessage(Struct, frozen=True, omit_defaults=True):
    """A zone's head count."""

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
    """The strongest influences on an estimate, strongest first; at most three."""


class DoorMessage(Struct, frozen=True):
    """A door's state."""

    at: datetime
    state: DoorStatus


class MachineMessage(Struct, frozen=True):
    """A machine's power and work, and the pseudonym of its user.

    `powered` where nothing reports whether it runs; `watts` is what it drew when that was last
    reported.
    """

    at: datetime
    state: MachineStatus
    user: HolderId | None
    watts: float | None


class ModeMessage(Struct, frozen=True, omit_defaults=True):
    """A site's mode; `since` and `by` are null if it has never been changed."""

    mode: Mode
    since: datetime | None
    by: HolderId | None
    why: str = ""
    """In the operator's own words."""


class MusterMessage(Struct, frozen=True):
    """A zone's muster in an evacuation: the expected, the seen, and the missing.

    `missing` lists the pseudonyms of at most `MISSING_MAX`; `more` counts the others.
    """

    at: datetime
    expected: int
    seen: int
    missing: Sequence[HolderId] = ()
    more: int = 0


class ResponseMessage(Struct, frozen=True, omit_defaults=True):
    """The response to a request. `error` is a code, `detail` a correction.

    `unreached` are doors that an evacuation should unlock, and where no device took the order.
    """

    transaction: str
    status: Literal["ok", "error"]
    message: Text
    error: str | None = None
    detail: str | None = None
    unreached: tuple[DoorId, ...] = ()


class AccessMessage(Struct, frozen=True):
    """A public decision: with a pseudonym, never a name or a badge number.

    `late`: the reader decided by itself, and reports it now; `claimed` is the reason if nothing
    shows that it was offline and permitted to. `door` is the door concerned. An exit button has no
    access point; `reader` is the device to which it is wired.
    """

    id: str
    at: datetime
    reader: DeviceId
    access_point: str | None
    zone: ZoneId | None
    direction: str | None
    decision: Literal["granted", "denied"]
    reason: str
    holder: str | None
    message: Text
    latency_ms: float
    late: bool = False
    door: DoorId | None = None


class AlarmMessage(Struct, frozen=True, omit_defaults=True):
    """An alarm active since `at`; `acknowledged_by` is the operator's pseudonym.

    `over_at`: its cause is over since then, and nobody has acknowledged it.
    `ahead_s` is the number of seconds by which a device's clock was ahead (below 0: behind).
    """

    at: datetime
    kind: str
    object: str
    acknowledged_at: datetime | None = None
    acknowledged_by: HolderId | None = None
    ahead_s: float | None = None
    over_at: datetime | None = None


class HintMessage(Struct, frozen=True):
    """A hint, less than an alarm: `object` is a zone, an access point or a device.

    `holder` is a pseudonym; None: unknown.
    """

    at: datetime
    kind: str
    object: str
    holder: HolderId | None
    message: Text


class RunMessage(Struct, frozen=True):
    """The announcement of a gateway's run: of two with the same name, the later one ends."""

    run: Annotated[str, Meta(min_length=1, max_length=64)]
    """Drawn at its start."""
    since: Annotated[datetime, Meta(tz=True)]
    decides: bool
    """It already decides; false: it is starting, and ends if another one decides."""


class HealthMessage(Struct, frozen=True):
    """The gateway's own state: `status` is `ok` or names the fault in one word."""

    at: datetime
    status: Literal["ok", "journal-failing", "broker-lost", "starting"]
    version: str
    journal: int
    """The journal's last number."""
    inbox: int
    """Messages waiting."""
    backlog: int
    """Journal rows that are not in InfluxDB yet; 0 without InfluxDB."""
    commit_ms: float
    """The duration of the last commit."""
    dead_letters: int
    """Since the start."""
    members: int = 0
    """The version of the members in force: no decision uses an older one any more."""
    space: Literal["ok", "faulty"] = "ok"
    """`faulty`: the space file is invalid; its last valid version is in force."""
    space_fault: str = ""
    """The first fault of the space file, with its line; empty if there is none."""
    faults: int = 0
    """Bugs met since the start; each has a traceback in the log."""
    run: str = ""
    """The id of this run, drawn at its start."""
    influx: str = ""
    """The reason why points cannot be written to InfluxDB now; empty if all is well."""
    clock: str = ""
    """The reason why the gateway's clock cannot be trusted; empty if it can."""
    disk: str = ""
    """How little room the disk has, and what is journaled rarely now; empty if it has enough."""
