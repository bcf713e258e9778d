"""Public messages on the broker: states, decisions, alarms, responses to requests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.core.facts import DoorStatus
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, DoorId, Text, ZoneId
from gateway.core.requests import Mode

MISSING_MAX = 100
"""People whom a muster message names; the count of all others is in it too. Of 20 characters each:
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
    """What moved an estimate most, the strongest first; at most three."""


class DoorMessage(Struct, frozen=True):
    """A door's state."""

    at: datetime
    state: DoorStatus


class ModeMessage(Struct, frozen=True, omit_defaults=True):
    """A site's mode; `since` and `by` are null where nobody has ever changed it."""

    mode: Mode
    since: datetime | None
    by: HolderId | None
    why: str = ""
    """In the operator's own words."""


class MusterMessage(Struct, frozen=True):
    """In an evacuation: how many a zone waits for, how many of them were seen, and who is missing.

    `missing` are the pseudonyms of at most `MISSING_MAX`; `more` is how many it leaves out.
    """

    at: datetime
    expected: int
    seen: int
    missing: Sequence[HolderId] = ()
    more: int = 0


class ResponseMessage(Struct, frozen=True, omit_defaults=True):
    """The result of a request. `error` is a code, `detail` says what would be right."""

    transaction: str
    status: Literal["ok", "error"]
    message: Text
    error: str | None = None
    detail: str | None = None


class AccessMessage(Struct, frozen=True):
    """A decision for everyone to see: a pseudonym, never a name or a badge number.

    `late`: the reader decided so by itself, and tells us now; `claimed` is the reason where nothing
    shows that it was cut off and might. `door` is the one that it is about. An exit button has no
    access point; `reader` is what it is wired to.
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
    """An alarm that is on since `at`; `acknowledged_by` is who looks after it, by pseudonym.

    `ahead_s` is by how much a device's clock was ahead when it was told (below 0: behind).
    """

    at: datetime
    kind: str
    object: str
    acknowledged_at: datetime | None = None
    acknowledged_by: HolderId | None = None
    ahead_s: float | None = None


class HintMessage(Struct, frozen=True):
    """Something to look at that is no alarm: `object` is a zone's, an access point's or a device's.

    `holder` is a pseudonym; None: nobody knows who it was.
    """

    at: datetime
    kind: str
    object: str
    holder: HolderId | None
    message: Text


class RunMessage(Struct, frozen=True):
    """A run of a gateway announces itself: of two with one name, the later one ends."""

    run: Annotated[str, Meta(min_length=1, max_length=64)]
    """Drawn at its start."""
    since: Annotated[datetime, Meta(tz=True)]
    decides: bool
    """It decides already; false: it begins, and ends if another one decides."""


class HealthMessage(Struct, frozen=True):
    """The gateway's own state: `status` is `ok` or says in one word what is wrong."""

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
    """The last commit's time."""
    dead_letters: int
    """Since the start."""
    members: int = 0
    """The version of the members that is in force: nothing is decided by an older one any more."""
    space: Literal["ok", "faulty"] = "ok"
    """`faulty`: the space file was changed and is wrong; what it said before is in force."""
    faults: int = 0
    """Bugs of ours that were met since the start; each has a traceback in the log."""
    run: str = ""
    """The id of this run, drawn at its start."""
    influx: str = ""
    """Why no point leaves for InfluxDB just now; empty where all is well."""
    clock: str = ""
    """Why the gateway's clock cannot be believed; empty where it can."""
