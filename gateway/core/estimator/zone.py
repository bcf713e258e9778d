"""One zone's estimate as a value: its belief, what its sensors last said, what moved it lately.

What happens to it is in four chapters: `elapsed` (time passes), `passages` (people go through
doors), `sensors` (what sees a room, and what people say of it) and `returns` (its rooms).

    evidence                 does                                                       where
    passage, badge           shift by one; 1.5 % nobody, 6.5 % two*                     passages
    PIR, mmWave trigger      tilt empty against not empty, in full once per 5 min       sensors
    PIR, mmWave quiet        tilt the other way, by the second                          sensors
    PIR, mmWave stays on     tilt a little more, then no more, then take it all back    sensors
    camera                   weigh, heavy-tailed                                        sensors
    vacancy, operator        tilt; set                                                  sensors
    a room of it is empty    shift by what the doors of that room told too many         returns
    time                     people come and leave unseen; nobody stays for ever        elapsed

* 6.5 % at first: how many a counter misses is learned (`misses`).
"""

from datetime import datetime, timedelta
from typing import Literal

from immutables import Map
from msgspec import Struct, structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator.distribution import Belief
from gateway.core.estimator.evidence import DeviceHealth
from gateway.core.estimator.miss_rate import PassageTally
from gateway.core.model.names import DeviceId, ZoneId

HOUR_S = 3600.0
STAY_H = 8
"""Nobody is expected to stay longer than a working day."""
REASONS_MAX = 12
"""Reasons kept a zone: what a person reads, and what moved the last hour."""
REASONS_JOIN = timedelta(minutes=5)
"""What one device says again within so long is one reason."""
SENSORS_MAX = 64
"""Sensors remembered a zone."""

Kind = Literal["motion", "presence", "count"]
ReasonKind = Literal[
    "counter", "badge", "motion", "presence", "silence", "count", "vacancy", "set", "stuck", "room"
]


class SensorState(Struct, frozen=True, gc=False):
    """One sensor's last word. `lent`: the log odds that it gave since it went on."""

    kind: Kind
    since: datetime
    active: bool = False
    people: int = 0
    lent: float = 0.0
    voting: bool = True
    health: DeviceHealth = "well"


class EstimateReason(Struct, frozen=True, gc=False):
    """Something that moved the estimate; `amount` is in people, `weight` in log odds or people."""

    at: datetime
    kind: ReasonKind
    device: DeviceId
    place: str
    amount: int
    weight: float
    why: str = ""


class UnmatchedPassage(Struct, frozen=True, gc=False):
    """A passage by a badge or a counter that may still meet its other half."""

    at: datetime
    place: str
    badge: bool
    inward: bool


class Witnesses(Struct, frozen=True, gc=False):
    """Passages one way through a door: told by its badge or its counter alone, or by both."""

    alone: float = 0.0
    both: float = 0.0


class ZoneEstimate(Struct, frozen=True):
    """A zone at the time `at`."""

    id: ZoneId
    at: datetime
    belief: Belief
    counted: bool = False
    """A counter or reader watches its doors."""
    entered_at: datetime | None = None
    """When somebody was last reported to come in."""
    life_at: datetime | None = None
    """The last sign of life that no staying-on sensor gave."""
    stays: tuple[float, ...] = (0.0,) * STAY_H
    """Who came in each of the last hours and, as far as is known, is still there; oldest first."""
    hour: int = 0
    """The hour (since 1970) of the last of them."""
    tally: PassageTally = PassageTally()
    """What passed its doors, from which its counters' misses are learned."""
    sensors: Map[DeviceId, SensorState] = Map()
    several: float = 0.0
    """What PIRs told for three and more against one since somebody passed, as log odds."""
    triggers: Map[str, datetime] = Map()
    """When a trigger of each kind last counted in full."""
    marks: tuple[UnmatchedPassage, ...] = ()
    witnesses: Map[str, Witnesses] = Map()
    """How often badge and counter agreed, for each door and way (`passages.way`)."""
    reasons: tuple[EstimateReason, ...] = ()
    doors: Map[DeviceId, DeviceHealth] = Map()
    """Counters and readers that told of this zone."""


def opened(zone: ZoneId, capacity: int | None, at: datetime) -> ZoneEstimate:
    """A zone of which nothing is known yet."""
    return ZoneEstimate(zone, at, beliefs.prior(capacity), hour=hour_of(at))


def stale(zone: ZoneEstimate) -> bool:
    """Nothing that is well tells of this zone."""
    if any(each == "well" for each in zone.doors.values()):
        return False
    return not any(each.health == "well" and each.voting for each in zone.sensors.values())


def because(zone: ZoneEstimate, reason: EstimateReason) -> tuple[EstimateReason, ...]:
    """The zone's reasons with one more; the same from the same device is one, made larger."""
    last = zone.reasons[-1] if zone.reasons else None
    if last is None or _subject(last) != _subject(reason) or zone.at - last.at >= REASONS_JOIN:
        return (*zone.reasons, reason)[-REASONS_MAX:]
    if reason.kind in {"counter", "badge"}:
        amount = last.amount + reason.amount
        reason = structs.replace(reason, amount=amount, weight=float(abs(amount)))
    return (*zone.reasons[:-1], reason)


def hour_of(at: datetime) -> int:
    """Hours since 1970."""
    return int(at.timestamp() // HOUR_S)


def _subject(reason: EstimateReason) -> tuple[str, str, str, bool]:
    return (reason.device, reason.kind, reason.place, reason.amount >= 0)
