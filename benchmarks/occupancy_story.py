"""The basis for judging a method: evidence as it arrives, and moments with a known truth."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.core.estimator.evidence import Evidence
from gateway.core.model.names import ZoneId


class ReceivedEvidence(Struct, frozen=True):
    """Evidence, with the time at which it reached the gateway."""

    now: datetime
    evidence: Evidence


class ZoneTruth(Struct, frozen=True):
    """The true number of people in a zone at a moment; None: unknown."""

    at: datetime
    zone: ZoneId
    people: int | None


class Story(Struct, frozen=True):
    """One room or site over some time.

    `capacities` are those of the zones that are estimated; `parts` are the estimated zones whose
    sum is looked at.
    """

    name: str
    layout: str
    capacities: dict[ZoneId, int | None]
    parts: dict[ZoneId, tuple[ZoneId, ...]]
    arrived: Sequence[ReceivedEvidence]
    """In the order of `now`."""
    looks: Sequence[ZoneTruth]
    """In the order of `at`."""
    local: timedelta
    """Local time less UTC: when 04:00 is."""
    rooms: dict[ZoneId, tuple[ZoneId, ...]] = {}
    """Of a zone: the rooms all of whose doors lead to it (`Layout.rooms`)."""

    def told(self) -> Iterator[ReceivedEvidence | ZoneTruth]:
        """Yield everything in order; evidence before a look at the same moment."""
        waiting = iter(self.arrived)
        piece = next(waiting, None)
        for look in self.looks:
            while piece is not None and piece.now <= look.at:
                yield piece
                piece = next(waiting, None)
            yield look
