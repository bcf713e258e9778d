"""The native wire "seuil/1": topics, and the payloads that the gateway writes.

Payloads are JSON in UTF-8, at most `PAYLOAD_LIMIT` bytes, times in RFC 3339 UTC. What devices write
(`event`, `status`) is read by `sensors.native`; everything else is here, for the service, the
console and the simulators alike.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.core.directory import HolderId
from gateway.core.facts import DoorStatus
from gateway.core.names import DeviceId, DoorId, MachineId, SiteId, Text, ZoneId
from gateway.core.requests import Mode

PAYLOAD_LIMIT = 4096
"""Bytes a message may have; more goes to the dead letters."""
MISSING_MAX = 100
"""People whom a muster message names; the count of all others is in it too. Of 20 characters each:
half of a payload."""
RESERVED = frozenset(
    {"zone", "door", "access", "alarm", "hint", "mode", "request", "response", "gateway"}
)
"""Words that no device or site may be called: they are levels of the topic tree."""


class Topics(Struct, frozen=True):
    """The topic tree under one prefix."""

    prefix: str = "seuil"

    def event(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """A device's events."""
        return f"{self.prefix}/{site}/{device}/event"

    def ack(self, site: SiteId, device: DeviceId) -> str:
        """What of a device's events is on disk."""
        return f"{self.prefix}/{site}/{device}/ack"

    def command(self, site: SiteId, device: DeviceId) -> str:
        """Orders to a device."""
        return f"{self.prefix}/{site}/{device}/command"

    def status(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """A device's availability (retained; also its last will)."""
        return f"{self.prefix}/{site}/{device}/status"

    def rights(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """The head of a reader's rights list (retained)."""
        return f"{self.prefix}/{site}/{device}/rights"

    def rights_page(self, site: SiteId, device: DeviceId, page: int | Literal["+"]) -> str:
        """A page of a reader's rights list (retained), from 0."""
        return f"{self.prefix}/{site}/{device}/rights/{page}"

    def rights_state(self, site: SiteId, device: DeviceId | Literal["+"]) -> str:
        """Whether a reader has its rights list, for everyone to see (retained)."""
        return f"{self.prefix}/{site}/{device}/rights-state"

    def occupancy(self, site: SiteId | Literal["+"], zone: ZoneId | Literal["+"]) -> str:
        """A zone's head count (retained)."""
        return f"{self.prefix}/{site}/zone/{zone}/occupancy"

    def door(self, site: SiteId | Literal["+"], door: DoorId | Literal["+"]) -> str:
        """A door's state (retained)."""
        return f"{self.prefix}/{site}/door/{door}/state"

    def access(self, site: SiteId | Literal["+"]) -> str:
        """Every decision of a site, without personal data."""
        return f"{self.prefix}/{site}/access"

    def alarm(self, site: SiteId | Literal["+"], kind: str, about: str) -> str:
        """An alarm (retained; empty when cleared)."""
        return f"{self.prefix}/{site}/alarm/{kind}/{about}"

    def hint(self, site: SiteId | Literal["+"], kind: str, about: str) -> str:
        """Something to look at, told once."""
        return f"{self.prefix}/{site}/hint/{kind}/{about}"

    def mode(self, site: SiteId | Literal["+"]) -> str:
        """A site's mode (retained)."""
        return f"{self.prefix}/{site}/mode"

    def muster(self, site: SiteId | Literal["+"], zone: ZoneId | Literal["+"]) -> str:
        """In an evacuation, whom a zone waits for (retained; empty when it is over)."""
        return f"{self.prefix}/{site}/zone/{zone}/muster"

    def request(self, site: SiteId, verb: str) -> str:
        """What operators ask for."""
        return f"{self.prefix}/{site}/request/{verb}"

    def response(self, site: SiteId, verb: str) -> str:
        """What became of it."""
        return f"{self.prefix}/{site}/response/{verb}"

    def gateway_state(self, instance: str) -> str:
        """`online` or `offline` (retained; also the gateway's last will)."""
        return f"{self.prefix}/gateway/{instance}/state"

    def gateway_health(self, instance: str) -> str:
        """The gateway's health (retained)."""
        return f"{self.prefix}/gateway/{instance}/health"


class CloudEvent(Struct, frozen=True):
    """A fact's attributes as CloudEvents 1.0 has them; `source` is the message's own topic.

    One `id` a source and fact: a journal's number, or the time at which a state began.
    """

    type: str
    id: str
    time: datetime


class Outgoing(Struct, frozen=True):
    """One message for the broker; void after `expires` (MQTT 5 message expiry, whole seconds).

    `event`: what a fact says of itself, in the message's user properties.
    """

    topic: str
    payload: bytes
    qos: Literal[0, 1] = 0
    retain: bool = False
    expires: datetime | None = None
    event: CloudEvent | None = None


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
    """An order to release a door, where it is no answer to a badge at this device.

    To a lock; to a reader that releases its door itself, for an operator or in an evacuation.
    """

    id: str
    unlock_s: float
    expires: datetime


class WarningCommand(Struct, frozen=True, tag_field="type", tag="warning"):
    """To a running machine's reader: something is missing, the safe stop comes at `stops_at`."""

    id: str
    machine: MachineId
    reason: str
    stops_at: datetime
    message: Text


class WarningOverCommand(Struct, frozen=True, tag_field="type", tag="warning-over"):
    """What was missing is there again: the machine may go on."""

    id: str
    machine: MachineId
    message: Text


class SafeStopCommand(Struct, frozen=True, tag_field="type", tag="safe-stop"):
    """Come to a safe stop by yourself, as after the last line of a job; never a cut of the power.

    It may come more than once, and then asks for nothing new.
    """

    id: str
    machine: MachineId
    reason: str
    message: Text


MachineOrder = WarningCommand | WarningOverCommand | SafeStopCommand
"""What a running machine's reader is told."""


class RightsMessage(Struct, frozen=True):
    """The head of a rights list; it is in force once all of its `pages` are there.

    `who`: on an exit `everybody` may pass, for ever. `listed`: those whose key is on the pages.
    `nobody`: the reader decides nothing alone. From `expires` on nobody may. `unlock_s`: for how
    long the reader releases its door.
    """

    version: str
    who: Literal["everybody", "listed", "nobody"]
    begins: datetime
    expires: datetime
    pages: int
    keys: int
    unlock_s: float | None


class RightsGroup(Struct, frozen=True):
    """Keys that may enter at the same times: `[from, until)` in minutes since the head's `begins`.

    A key is the first 16 hex digits of HMAC-SHA256 of the canonical badge number under the readers'
    key.
    """

    open: tuple[tuple[int, int], ...]
    keys: tuple[str, ...]


class RightsPage(Struct, frozen=True):
    """A page of a rights list, of the head with the same version."""

    version: str
    page: int
    groups: tuple[RightsGroup, ...]


class RightsState(Struct, frozen=True):
    """How a reader stands with its list.

    `confirmed`: the reader has said that this list is in force. `waiting`: it has not. `keys` are
    those on the list, `missing` those that should be on it and can't, `left_out` counts the
    credentials that may not, by reason; `why` is the reason for an empty list.
    """

    at: datetime
    state: Literal["confirmed", "waiting"]
    who: Literal["everybody", "listed", "nobody"]
    why: str | None
    version: str
    expires: datetime
    keys: int
    missing: int
    left_out: dict[str, int]


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
    """What became of a request. `error` is a code, `detail` what would be right."""

    transaction: str
    status: Literal["ok", "error"]
    message: Text
    error: str | None = None
    detail: str | None = None


class AccessMessage(Struct, frozen=True):
    """A decision for everyone to see: a pseudonym, never a name or a badge number.

    `late`: the reader decided so by itself while it was cut off, and tells us now.
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


class AlarmMessage(Struct, frozen=True, omit_defaults=True):
    """An alarm that is on since `at`; `acknowledged_by` is who looks after it, by pseudonym."""

    at: datetime
    kind: str
    object: str
    acknowledged_at: datetime | None = None
    acknowledged_by: HolderId | None = None


class HintMessage(Struct, frozen=True):
    """Something to look at that is no alarm: `object` is a zone's, an access point's or a device's.

    `holder` is a pseudonym; None: nobody knows who it was.
    """

    at: datetime
    kind: str
    object: str
    holder: HolderId | None
    message: Text


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


_encode = msgspec.json.Encoder().encode


def encode(message: Struct) -> bytes:
    """A payload of this module as bytes."""
    return _encode(message)
