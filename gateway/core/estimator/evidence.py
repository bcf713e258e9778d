"""What the estimator may be told. One frozen value a kind, each with its time and origin.

Zones here are those that have an estimate of their own (`layout.Layout`); None is the street, or
wherever nobody counts. The engine makes these from readings (`layout.evidence`), and from what it
decides itself: a badge that was taken, an alarm that was armed, an operator who said a number.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.core.model.names import DeviceId, ZoneId

DeviceHealth = Literal["well", "stuck", "offline"]
_FIRST = -1
"""Sorts what has no number before what has."""


class _Evidence(Struct, frozen=True, tag_field="told", tag=str, gc=False, kw_only=True):
    """`at` is the moment that it speaks of. (`device`, `boot`, `seq`) tell copies apart."""

    at: datetime
    device: DeviceId
    boot: int | None = None
    seq: int | None = None

    @property
    def order(self) -> tuple[datetime, str, int, int, str, bytes]:
        """Where it stands among other evidence, however it arrives; equal: the same, told twice.

        What has no number is known by all that it says.
        """
        boot = _FIRST if self.boot is None else self.boot
        if self.seq is None:
            said = msgspec.json.encode(self)
            return (self.at, self.device, boot, _FIRST, type(self).__name__, said)
        return (self.at, self.device, boot, self.seq, type(self).__name__, b"")


class TotalsTold(_Evidence, frozen=True):
    """A people counter's cumulative totals: `in_total` went from `outer` to `inner`."""

    inner: ZoneId | None
    outer: ZoneId | None
    in_total: int
    out_total: int
    place: str = ""
    """The door that it hangs over, or the zone: what badges are matched with, and its name."""
    generation: int = 0
    """How often the counter's numbering began again."""


class BadgeTaken(_Evidence, frozen=True):
    """Somebody badged and passed; `device` is the reader."""

    inner: ZoneId | None
    outer: ZoneId | None
    inward: bool
    contact: bool
    """The door's contact saw it open; else the grant alone is known."""
    place: str = ""


class MotionSeen(_Evidence, frozen=True):
    """A PIR's output."""

    zone: ZoneId
    active: bool


class PresenceSeen(_Evidence, frozen=True):
    """A mmWave or ultrasonic sensor's output."""

    zone: ZoneId
    active: bool


class HeadsCounted(_Evidence, frozen=True):
    """A camera's number of people."""

    zone: ZoneId
    people: int


class VacancyTold(_Evidence, frozen=True):
    """Something says that nobody is there: the alarm was armed, all doors locked from outside.

    `odds`: how many times likelier it is said of an empty zone than of one with somebody inside.
    """

    zone: ZoneId
    odds: float
    why: str


class PeopleSet(_Evidence, frozen=True):
    """An operator counted: `people` are there. The request itself is journaled by the engine."""

    zone: ZoneId
    people: int


class DeviceJudged(_Evidence, frozen=True):
    """The engine found a device stuck or offline (it has no vote then), or well again."""

    health: DeviceHealth


Evidence = (
    TotalsTold
    | BadgeTaken
    | MotionSeen
    | PresenceSeen
    | HeadsCounted
    | VacancyTold
    | PeopleSet
    | DeviceJudged
)
