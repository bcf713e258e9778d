"""The kinds of evidence for the estimator, as frozen values, each with its time and origin.

Zones here are those that have an estimate of their own (`layout.Layout`); None is the street, or a
place that is not counted. The engine creates these from readings (`layout.evidence`) and from its
own decisions: a badge that passed, an alarm that was armed, a number that an operator reported.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.core.model.names import DeviceId, ZoneId

DeviceHealth = Literal["well", "stuck", "offline"]
_FIRST = -1
"""Sorts evidence without a number before numbered evidence."""


class _Evidence(Struct, frozen=True, tag_field="told", tag=str, gc=False, kw_only=True):
    """A piece of evidence of the time `at`. (`device`, `boot`, `seq`) identify copies."""

    at: datetime
    device: DeviceId
    boot: int | None = None
    seq: int | None = None

    @property
    def order(self) -> tuple[datetime, str, int, int, str, bytes]:
        """Return the sort key of evidence, independent of arrival; equal keys mean a duplicate.

        Evidence without a number is identified by its whole content.
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
    """The door that it hangs over, or the zone: badges are matched by it, and it gives the name."""
    generation: int = 0
    """The number of times that the counter's numbering restarted."""


class BadgeTaken(_Evidence, frozen=True):
    """A holder badged and passed; `device` is the reader."""

    inner: ZoneId | None
    outer: ZoneId | None
    inward: bool
    contact: bool
    """The door's contact reported an opening; otherwise only the grant is known."""
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
    """A report that a zone is empty: the alarm was armed, or all doors locked from outside.

    `odds`: how many times likelier the report is for an empty zone than for an occupied one.
    """

    zone: ZoneId
    odds: float
    why: str


class PeopleSet(_Evidence, frozen=True):
    """An operator's count: `people` are there. The request itself is journaled by the engine."""

    zone: ZoneId
    people: int


class DeviceJudged(_Evidence, frozen=True):
    """The engine's verdict on a device: stuck or offline (then it has no vote), or well again."""

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
