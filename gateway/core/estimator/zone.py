"""One zone's estimate as a value: its belief, its sensors' last reports, its recent reasons.

Four modules change it: `predict` (time passes), `door_passages` (people go through doors),
`sensor_models` (room sensors and operators' reports) and `conservation` (its rooms).

    evidence                 does                                                      where
    passage, badge           shift by one; 1.5 % nobody, 6.5 % two*                    door_passages
    PIR, mmWave trigger      tilt empty against not empty, in full once per 5 min      sensor_models
    PIR, mmWave quiet        tilt the other way, every second                          sensor_models
    PIR, mmWave stays on     tilt a little more, then no more, then take it all back   sensor_models
    camera                   weigh, heavy-tailed                                       sensor_models
    vacancy, operator        tilt; set                                                 sensor_models
    a room of it is empty    shift by the net error of that room's doors               conservation
    time                     people come and leave unseen; no one stays forever        predict

* 6.5 % at first: a counter's misses are learned (`miss_rate`).
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
"""People are not expected to stay longer than a working day."""
REASONS_MAX = 12
"""Reasons kept per zone: as many as a person reads, covering the last hour."""
REASONS_JOIN = timedelta(minutes=5)
"""Reports of one device within this time are one reason."""
SENSORS_MAX = 64
"""Sensors remembered per zone."""

Kind = Literal["motion", "presence", "count"]
ReasonKind = Literal[
    "counter", "badge", "motion", "presence", "silence", "count", "vacancy", "set", "stuck", "room"
]


class SensorState(Struct, frozen=True, gc=False):
    """One sensor's last report. `lent`: the log odds that it gave since it went on."""

    kind: Kind
    since: datetime
    active: bool = False
    people: int = 0
    lent: float = 0.0
    voting: bool = True
    health: DeviceHealth = "well"


class EstimateReason(Struct, frozen=True, gc=False):
    """A reason why the estimate moved; `amount` is in people, `weight` in log odds or people."""

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
    """Passages one way through a door: reported by its badge or counter alone, or by both."""

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
    """The time at which a person was last reported to enter."""
    life_at: datetime | None = None
    """The last sign of life from a sensor that was not just staying on."""
    stays: tuple[float, ...] = (0.0,) * STAY_H
    """The people who entered in each of the last hours and, as far as is known, are still there;
    oldest first."""
    hour: int = 0
    """The hour (since 1970) of the last of them."""
    tally: PassageTally = PassageTally()
    """The passages of its doors, from which its counters' misses are learned."""
    sensors: Map[DeviceId, SensorState] = Map()
    several: float = 0.0
    """The PIRs' log odds for three and more against one since the last passage."""
    triggers: Map[str, datetime] = Map()
    """The time at which a trigger of each kind last counted in full."""
    marks: tuple[UnmatchedPassage, ...] = ()
    witnesses: Map[str, Witnesses] = Map()
    """Agreement of badge and counter, for each door and direction (`door_passages.door_key`)."""
    reasons: tuple[EstimateReason, ...] = ()
    doors: Map[DeviceId, DeviceHealth] = Map()
    """Counters and readers that reported on this zone."""


def opened(zone: ZoneId, capacity: int | None, at: datetime) -> ZoneEstimate:
    """Return a zone without any evidence."""
    return ZoneEstimate(zone, at, beliefs.prior(capacity), hour=hour_of(at))


def stale(zone: ZoneEstimate) -> bool:
    """Return whether no working device reports on this zone."""
    if any(each == "well" for each in zone.doors.values()):
        return False
    return not any(each.health == "well" and each.voting for each in zone.sensors.values())


def because(zone: ZoneEstimate, reason: EstimateReason) -> tuple[EstimateReason, ...]:
    """Return the zone's reasons with one more; a repeated one from the same device is merged."""
    last = zone.reasons[-1] if zone.reasons else None
    if last is None or _subject(last) != _subject(reason) or zone.at - last.at >= REASONS_JOIN:
        return (*zone.reasons, reason)[-REASONS_MAX:]
    if reason.kind in {"counter", "badge"}:
        amount = last.amount + reason.amount
        reason = structs.replace(reason, amount=amount, weight=float(abs(amount)))
    return (*zone.reasons[:-1], reason)


def hour_of(at: datetime) -> int:
    """Return the hours since 1970."""
    return int(at.timestamp() // HOUR_S)


def _subject(reason: EstimateReason) -> tuple[str, str, str, bool]:
    return (reason.device, reason.kind, reason.place, reason.amount >= 0)
