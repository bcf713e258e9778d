"""The engine's whole memory of a site, frozen.

A step never changes a state: it makes the next one, which shares what stayed the same
(`immutables.Map`). So a batch that could not be stored is undone by keeping the old state, and a
snapshot is this value, encoded.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar, get_args

import msgspec
from immutables import Map
from msgspec import Struct

from gateway.core.access.eligibility import Eligibility
from gateway.core.estimator.counters import Totals
from gateway.core.estimator.estimate import HeadCount, Hint
from gateway.core.estimator.state import Estimate
from gateway.core.facts import AlarmKind, DoorStatus, MachineStatus, RequestAnswered
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.directory import Credential, CredentialHash, Directory, Holder, HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, MachineId, ZoneId
from gateway.core.readings import Firmware
from gateway.core.requests import Mode

T = TypeVar("T")

NEVER = datetime.max.replace(tzinfo=UTC)
"""A time that never comes."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""A time before all others."""


class Whereabouts(Struct, frozen=True):
    """The zone where a holder was last known to be, and when they last entered it.

    `came` is when they came in from the street; None: they were inside before it was recorded.
    """

    zone: ZoneId
    since: datetime
    came: datetime | None = None


class Arrival(Struct, frozen=True):
    """A holder who was let through but has not passed yet; `zone` None: out to the street."""

    holder: HolderId
    zone: ZoneId | None


class DoorState(Struct, frozen=True):
    """A door. `relock_at` and `held_at` are when its next timer fires."""

    status: DoorStatus = "locked"
    pending: tuple[Arrival, ...] = ()
    relock_at: datetime = NEVER
    held_at: datetime = NEVER


class ZoneState(Struct, frozen=True):
    """A zone's known head count, and the sums of the running minute.

    `person_s` is the integral of people from `counted_from` until `counted_to`, in person-seconds;
    both lie in `minute`.
    """

    known: int
    minute: datetime
    counted_from: datetime
    counted_to: datetime
    person_s: float = 0.0
    low: int = 0
    high: int = 0
    count: HeadCount | None = None
    """The estimate as last published; None where the known count is the head count."""
    told: int = 0
    """The known count as last published."""
    read_at: datetime = LONG_AGO
    """The time at which the estimate was last read."""
    due: datetime = NEVER
    """The time at which it is to be read again, because evidence has arrived since."""
    hinted: Hint | None = None
    """The last disagreement with the badges that was noted, at `hinted_at`."""
    hinted_at: datetime = LONG_AGO

    @property
    def people(self) -> int:
        """Return the zone's head count."""
        return self.known if self.count is None else self.count.people


class Gap(Struct, frozen=True):
    """Events `first`..`last` have not arrived."""

    first: int
    last: int
    noticed: datetime


class Boot(Struct, frozen=True):
    """The numbering of one device start: all up to `high` were seen except `gaps` (ascending)."""

    boot: int
    high: int
    gaps: tuple[Gap, ...] = ()


class GhostReads(Struct, frozen=True):
    """A reader's ghost reads on the local `day`, and on the day before."""

    day: date
    reads: int
    before: int = 0

    def on(self, today: date) -> tuple[int, int]:
        """Return the reads of today and of yesterday."""
        if self.day == today:
            return self.reads, self.before
        return 0, self.reads if self.day == today - timedelta(days=1) else 0


class DeviceState(Struct, frozen=True):
    """A device's numbering and health. `boots` is ascending; `missing` counts events never seen.

    A board that was erased or replaced numbers from the beginning: a new generation of boots.
    `former` are those of the generation before, which ended at `renumbered`.
    """

    last_seen: datetime
    boots: tuple[Boot, ...] = ()
    missing: int = 0
    generation: int = 0
    former: tuple[Boot, ...] = ()
    renumbered: datetime | None = None
    newest: datetime | None = None
    """The newest time of an event of its own, by its clock."""
    address: str | None = None
    """The address that it told last, if orders to it must name it."""
    online: bool | None = None
    online_since: datetime | None = None
    battery: float | None = None
    fingerprints: tuple[int, ...] = ()
    firmware: Firmware | None = None
    ghosts: GhostReads | None = None
    """None: it never had one."""
    clock: tuple[float, ...] = ()
    """The seconds by which its clock was ahead of ours at its last events, the newest last."""

    @property
    def ahead_s(self) -> float | None:
        """Return how far its clock is ahead (below 0: behind), in seconds; None: unknown.

        A late event looks like a clock that is behind, so the largest value counts.
        """
        return max(self.clock, default=None)


def ahead_s_of(devices: Map[DeviceId, DeviceState], kind: AlarmKind, about: str) -> float | None:
    """Return how far the clock that an alarm is about is ahead; None: it is about no clock."""
    device = devices.get(DeviceId(about)) if kind == "clock-skew" else None
    return None if device is None else device.ahead_s


class Away(Struct, frozen=True):
    """A time in which a reader and we were disconnected; it goes on until `ends` is set."""

    begins: datetime
    ends: datetime = NEVER


class ListInForce(Struct, frozen=True):
    """A rights list that a reader confirmed at `since`: see `events.ListConfirmed`."""

    version: str
    since: datetime
    who: Literal["everybody", "listed", "nobody"]
    revision: int
    post: Eligibility | None = None


class AnsweredCredential(Struct, frozen=True):
    """A badge that we decided at `now`, and that its reader may still report as decided alone.

    `before` is where its holder was known to be until then.
    """

    generation: int
    number: tuple[int, int]
    at: datetime
    credential: CredentialHash
    now: datetime
    granted: bool
    before: ZoneId | None = None


class CutOff(Struct, frozen=True):
    """The record of a reader's disconnections, lists and open questions; ascending in time."""

    lists: tuple[ListInForce, ...] = ()
    away: tuple[Away, ...] = ()
    asked: tuple[AnsweredCredential, ...] = ()


class Former(Struct, Generic[T], frozen=True):
    """An entry as it was before the change that made `revision`, at `at`; None: absent."""

    revision: int
    at: datetime
    was: T | None


class Past(Struct, frozen=True):
    """The former members, for as long as a reader may have a rights list of that time.

    `revision` counts the changes of the members; nothing before `since` is known.
    """

    revision: int = 0
    since: int = 0
    credentials: Map[CredentialHash, tuple[Former[Credential], ...]] = Map()
    holders: Map[HolderId, tuple[Former[Holder], ...]] = Map()


class ModeState(Struct, frozen=True):
    """The site's mode, who set it and why."""

    mode: Mode = "normal"
    since: datetime | None = None
    by: HolderId | None = None
    why: str = ""
    released_at: datetime = NEVER
    """In an evacuation: the time at which the doors that fail safe are released again."""


class MachineUse(Struct, frozen=True):
    """A machine in use, and its fault: `missing` is the reason, `stops_at` its safe stop.

    `stopped`: the safe stop was requested, and the machine has not reported "off" yet.
    `ran`: its meter reported "on" since the grant, so that "off" means that the work is done.
    """

    holder: HolderId
    since: datetime
    missing: str | None = None
    stops_at: datetime = NEVER
    stopped: bool = False
    ran: bool = False


class MachinePower(Struct, frozen=True):
    """A machine's power, and its work, as devices report them; None: nothing was reported.

    `off_due`: nobody uses it, and its relay is to go off as soon as it stands still. `told` is what
    people were shown last.
    """

    relay: bool | None = None
    runs: bool | None = None
    watts: float | None = None
    off_due: bool = False
    told: MachineStatus = "off"
    told_user: HolderId | None = None


class DayOfUse(Struct, frozen=True):
    """A holder's local day at the site: stays that ended, in s, and entries from the street.

    The running stay in a zone counts from `Whereabouts.since`.
    """

    day: date
    seconds: float = 0.0
    entries: int = 0


class Visits(Struct, frozen=True):
    """The running local day: visits begun by each holder, and the stays that ended, in s."""

    day: date | None = None
    visitors: Map[HolderId, int] = Map()
    stays: tuple[tuple[HolderId, float], ...] = ()


class DaySum(Struct, frozen=True, gc=False):
    """A zone's day so far: the sums over all of its minutes, and over its open ones.

    `people` is the sum of the minutes' means.
    """

    day: date
    people: float = 0.0
    low: int | None = None
    high: int = 0
    minutes: int = 0
    open_minutes: int = 0
    used: int = 0
    """Open minutes in which it was in use."""


class CountSeen(Struct, frozen=True):
    """People that a sensor counted in a zone, and when."""

    people: int
    at: datetime


class Attempts(Struct, frozen=True):
    """The times of wrong PINs of a credential, or of a keypad, ascending."""

    times: tuple[datetime, ...]


class Acknowledgement(Struct, frozen=True):
    """The operator who takes care of an active alarm, and since when."""

    at: datetime
    by: HolderId


class PendingEnrolment(Struct, frozen=True):
    """A reader that waits for a badge: one that is read twice is for `holder`, and opens nothing.

    `seen` is the last one.
    """

    transaction: str
    holder: HolderId
    until: datetime
    seen: CredentialHash | None = None


class Muster(Struct, frozen=True):
    """A holder who was inside when an evacuation began or came since, and when they were safe."""

    zone: ZoneId
    safe: datetime | None = None
    how: Literal["mustered", "left"] | None = None


class StateParts(Struct):
    """The parts of a site's state. `wake_at`: no timer fires before it.

    Frozen they are a `State`; while the engine takes a step they are a `StepContext`.
    """

    directory: Directory = Directory()
    presence: Map[HolderId, Whereabouts] = Map()
    departed: Map[HolderId, datetime] = Map()
    """The times at which holders who are outside were last known to leave; only recent ones."""
    proofs: Map[HolderId, datetime] = Map()
    """When holders who are inside last badged at a reader in the room, after they came."""
    unseen: Map[DoorId, datetime] = Map()
    """When somebody may last have left by a door without a badge."""
    counted: Map[ZoneId, CountSeen] = Map()
    """The last counts of sensors that count people."""
    zones: Map[ZoneId, ZoneState] = Map()
    doors: Map[DoorId, DoorState] = Map()
    devices: Map[DeviceId, DeviceState] = Map()
    counters: Map[DeviceId, Totals] = Map()
    alarms: Map[tuple[AlarmKind, str], datetime] = Map()
    """Active alarms, and since when."""
    acknowledged: Map[tuple[AlarmKind, str], Acknowledgement] = Map()
    """Active alarms that an operator takes care of."""
    over: Map[tuple[AlarmKind, str], datetime] = Map()
    """Active alarms whose cause is over, and that nobody has acknowledged yet."""
    mode: ModeState = ModeState()
    machines: Map[MachineId, MachineUse] = Map()
    """Machines in use."""
    powers: Map[MachineId, MachinePower] = Map()
    """Power and work of machines, as far as devices report them."""
    bookings: Map[Target, tuple[Booking, ...]] = Map()
    """By start, ascending."""
    usage: Map[HolderId, tuple[DayOfUse, ...]] = Map()
    """Local days of use, ascending, of holders whose plans have quotas."""
    opened: Map[ZoneId, date] = Map()
    """The local day on which a zone was last opened by its role."""
    attempts: Map[str, Attempts] = Map()
    """Recent wrong PINs, by credential hash or device."""
    out_of_service: Map[AccessPointId, str] = Map()
    """Access points out of service, and why."""
    muster: Map[HolderId, Muster] = Map()
    """In an evacuation: all holders who are expected."""
    visits: Visits = Visits()
    days: Map[ZoneId, DaySum] = Map()
    """The running local day of each zone."""
    enrolments: Map[DeviceId, PendingEnrolment] = Map()
    """Readers that wait for a badge to enrol."""
    answered: tuple[RequestAnswered, ...] = ()
    """The last requests, so that a repeated one is not obeyed again."""
    cut_off: Map[DeviceId, CutOff] = Map()
    """For readers that may decide alone."""
    away: tuple[Away, ...] = ()
    """The times in which readers could not reach us."""
    past: Past = Past()
    estimate: Estimate | None = None
    """For the zones that sensors watch."""
    quarantined: Map[str, datetime] = Map()
    """Chapters of the engine that met a bug, and when each is tried again."""
    wake_at: datetime = NEVER


class State(StateParts, frozen=True):  # type: ignore[misc] # frozen, though its parts are not
    """The state of a site at one moment."""


def encode(value: Struct) -> bytes:
    """Return a state, or a part of it, as msgpack."""
    return msgspec.msgpack.encode(value, enc_hook=_map_to_pairs)


def decode(blob: bytes, kind: type[T]) -> T:
    """Return the value encoded by `encode`."""
    return msgspec.msgpack.decode(blob, type=kind, dec_hook=_pairs_to_map)


def _map_to_pairs(value: object) -> list[tuple[object, object]]:
    # Pairs, because an alarm's key is a tuple; sorted, so that equal states are equal bytes.
    if isinstance(value, Map):
        return sorted(value.items())
    raise NotImplementedError(type(value))


def _pairs_to_map(kind: Any, pairs: Any) -> Map[Any, Any]:  # noqa: ANN401 - msgspec's hook is untyped
    key, value = get_args(kind)
    typed = list[tuple[key, value]]  # type: ignore[valid-type] # known only at run time
    return Map(msgspec.convert(pairs, typed, dec_hook=_pairs_to_map))
