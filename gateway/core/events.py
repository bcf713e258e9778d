"""The engine's input events: device reports, the passing of time, and changes of its data.

The journal stores each of these as JSON; a replay feeds them back in.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.core.access.eligibility import Eligibility
from gateway.core.facts.alarms import AlarmKind
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.directory import CredentialHash, DirectoryChange
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, Reading
from gateway.core.requests import Request


class _Event(Struct, frozen=True, tag_field="event", tag=str, gc=False, omit_defaults=True):
    """Tagged with its class name, as the journal stores it."""


class Reported(_Event, frozen=True):
    """A device's reading. A credential in it is the keyed hash, never the number.

    `at` is the device's time, or ours where its clock is not trusted. `retained`: the broker stored
    it, so it is a state and no event. `fingerprint` (0: none) identifies a redelivery for devices
    that do not number their events; `redelivered` is MQTT's DUP flag.
    """

    device: DeviceId
    at: datetime
    reading: Reading
    boot: int | None = None
    seq: int | None = None
    retained: bool = False
    redelivered: bool = False
    fingerprint: int = 0
    reader_hash: CredentialHash | None = None
    """For a badge at a reader that enrols: its number under the readers' key."""
    live: bool = False
    """For an event that is late by its device's clock: none of the device was queued before it."""
    kept: bool = False
    """Likewise: our connection is young, so that the broker may have stored it for us."""
    quarantined: bool = False
    """It met a bug of ours: only what is safe all the same is done (`gateway.core.quarantine`)."""
    doubted: bool = False
    """For a reader's own decision: believed only if it is proven
    (`gateway.core.access.offline_decisions`). In older journals no event was doubted."""


class DecidedMeanwhile(_Event, frozen=True):
    """A reader got no answer in time and decided alone: it sends the same event again.

    `number` is its boot and number. `unanswered`: by our own record we sent no answer within the
    time that a reader waits.
    """

    device: DeviceId
    at: datetime
    reading: CredentialPresented
    number: tuple[int, int]
    unanswered: bool = False


class ListConfirmed(_Event, frozen=True):
    """A reader confirmed that a rights list is in force there, and it is the one that we sent.

    It was computed from the members as they were at `revision` (`state.Past`), for those whom
    `post` lets in; `who` states whether it lists them, or lets in every user or none.
    """

    device: DeviceId
    version: str
    who: Literal["everybody", "listed", "nobody"]
    revision: int
    post: Eligibility | None = None


class GatewayAway(_Event, frozen=True):
    """Readers could not reach us from `since` on; `until`: now they can again. None: not yet."""

    since: datetime
    until: datetime | None = None


class Misunderstood(_Event, frozen=True):
    """A device's message that could not be understood; the dead letter holds the message.

    Its number is taken in, so that the device may forget it.
    """

    device: DeviceId
    boot: int
    seq: int
    retained: bool = False
    quarantined: bool = False
    """It could be read, and met a bug of ours."""


class GatewayHealth(Struct, frozen=True):
    """The measurements that the service took of itself since the last tick."""

    instance: str
    backlog: int
    commit_ms: float
    decisions: int
    dropped: int


class Tick(_Event, frozen=True):
    """Time passed. Once a minute it carries the figures that only the service can count.

    `minute`: it is that tick; in older journals `health` marks it, and is sent to one site only.
    """

    duplicates: dict[DeviceId, int] = {}
    health: GatewayHealth | None = None
    ghosts: dict[DeviceId, int] = {}
    """Reads without a badge, by reader (`gateway.service.double_reads`)."""
    minute: bool = False


class DirectoryChanged(_Event, frozen=True):
    """Members, credentials or memberships changed."""

    change: DirectoryChange


class SpaceChanged(_Event, frozen=True):
    """The space file changed; `site` is in force from here on."""

    site: Site


class BookingsChanged(_Event, frozen=True):
    """All bookings of one zone or machine; they replace the former ones."""

    target: Target
    bookings: tuple[Booking, ...]


class ConditionReported(_Event, frozen=True):
    """A condition that only the service can detect began (`active`) or is over: an alarm."""

    kind: AlarmKind
    object: str
    active: bool


class Requested(_Event, frozen=True):
    """An operator's request."""

    request: Request


Event = (
    Reported
    | DecidedMeanwhile
    | Misunderstood
    | ListConfirmed
    | GatewayAway
    | Tick
    | DirectoryChanged
    | SpaceChanged
    | BookingsChanged
    | ConditionReported
    | Requested
)
