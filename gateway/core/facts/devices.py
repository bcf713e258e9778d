"""Facts about devices: sensor values, missing events, and the health of devices and gateway."""

from datetime import datetime

from gateway.core.facts.base import BaseFact
from gateway.core.model.names import DeviceId, ZoneId


class Sensed(BaseFact, frozen=True):
    """A sensor's value that is worth a data point: `kind` names the reading."""

    device: DeviceId
    zone: ZoneId | None
    kind: str
    value: float
    at: datetime


class GapNoticed(BaseFact, frozen=True):
    """Events `first`..`last` of this boot have not arrived (yet)."""

    device: DeviceId
    boot: int
    first: int
    last: int


class NumberingRestarted(BaseFact, frozen=True):
    """A device's numbers restarted with this boot: it was erased, replaced or reset."""

    device: DeviceId
    generation: int
    boot: int | None
    at: datetime


class NotWired(BaseFact, frozen=True):
    """A device reported a reading that it is not wired for (`access.wiring`); it was ignored."""

    device: DeviceId
    reading: str
    at: datetime


class DuplicateDropped(BaseFact, frozen=True):
    """This event was stored already. Not journaled: counted by the service."""

    device: DeviceId
    boot: int | None
    seq: int | None


class DeviceMinute(BaseFact, frozen=True):
    """A device's health, each minute."""

    device: DeviceId
    at: datetime
    online: bool | None
    battery: float | None
    last_seen_s: float | None
    gaps: int
    duplicates: int
    ghosts: int = 0


class GatewayMinute(BaseFact, frozen=True):
    """The gateway's own health, each minute (measured by the service, journaled with the tick)."""

    instance: str
    at: datetime
    backlog: int
    commit_ms: float
    decisions: int
    dropped: int


class BugMet(BaseFact, frozen=True):
    """A part of the engine raised an `error`, an exception's class, and was left out."""

    where: str
    error: str
    at: datetime
