"""Facts about people: moves, head counts, and daily figures."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from gateway.core.estimator.zone import ReasonKind
from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, ZoneId


class HolderMoved(BaseFact, frozen=True):
    """A holder's zone changed; None is outside."""

    holder: HolderId
    origin: ZoneId | None
    zone: ZoneId | None
    at: datetime


class Noticed(BaseFact, frozen=True):
    """A remark that is no alarm; `object` is the id of a zone or an access point."""

    kind: Literal["passback", "tailgating", "forgotten-exit", "too-many-attempts"]
    object: str
    holder: HolderId | None
    at: datetime


class CountReason(Struct, frozen=True):
    """A reason of a head count: what was seen at a door's or zone's sensor (`place`), and when.

    `amount` is in people; `why` is what an operator or a calendar gave as a reason.
    """

    at: datetime
    kind: ReasonKind
    place: str
    amount: int
    why: str = ""


class OccupancyChanged(BaseFact, frozen=True):
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
    reasons: tuple[CountReason, ...] = ()
    """The strongest of an estimate, the strongest first; none in a journal before release 0.3."""


class OccupancyMinute(BaseFact, frozen=True):
    """One minute of a zone: time-weighted mean, and extremes. `minute` is its start."""

    zone: ZoneId
    minute: datetime
    mean: float
    min: int
    max: int


class PeopleCrossed(BaseFact, frozen=True):
    """A counter's totals moved: people since its previous report, each way.

    `restarted`: the device restarted from zero, so that only the totals since then count.
    """

    device: DeviceId
    zone: ZoneId | None
    at: datetime
    entered: int
    left: int
    restarted: bool = False


class OccupancyDay(BaseFact, frozen=True):
    """A zone's local day, emitted at its end: people over the minutes that were watched.

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


class VisitsDay(BaseFact, frozen=True):
    """A local day's visits to the site; `at` is its start, `stay_s` the median stay.

    None is not published: they were too few people.
    """

    day: date
    at: datetime
    visits: int | None
    visitors: int | None
    stay_s: float | None
