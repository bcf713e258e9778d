"""A site's estimate as a value: its zones, its counters, and the evidence that still waits.

A zone is looked at with all that waits, and with what its rooms owe it (`returns`). These are
brought forward to the last full minute for it, and no further: that changes nothing of them.
"""

from datetime import datetime

from immutables import Map
from msgspec import Struct

from gateway.core.estimator import conservation, predict
from gateway.core.estimator.counters import Totals
from gateway.core.estimator.evidence import Evidence
from gateway.core.estimator.zone import ZoneEstimate
from gateway.core.model.names import DeviceId, ZoneId


class PendingEvidence(Struct, frozen=True):
    """A piece of evidence in the window, and what it touched, as it is after it."""

    evidence: Evidence
    zones: tuple[ZoneEstimate, ...]
    totals: Totals | None = None


class Estimate(Struct, frozen=True):
    """A site's zones: settled up to `settled_at`, and the evidence since."""

    settled_at: datetime
    zones: Map[ZoneId, ZoneEstimate]
    counters: Map[DeviceId, Totals] = Map()
    waiting: tuple[PendingEvidence, ...] = ()
    rooms: Map[ZoneId, tuple[ZoneId, ...]] = Map()
    """Of a zone: the rooms all of whose doors lead to it (`Layout.rooms`)."""


def zone_at(estimate: Estimate, zone: ZoneId, at: datetime) -> ZoneEstimate:
    """A zone as it is known now, with what still waits; nothing of it is kept.

    Raises:
        KeyError: the zone has no estimate of its own.
    """
    if zone in estimate.rooms:
        return zones_at(estimate, (zone,), at)[zone]
    return predict.predict(_newest(estimate, zone), at)


def zones_at(
    estimate: Estimate, about: tuple[ZoneId, ...], at: datetime
) -> dict[ZoneId, ZoneEstimate]:
    """These zones at this time, and their rooms that owed them something or were behind the clock.

    Raises:
        KeyError: a zone has no estimate of its own.
    """
    known: dict[ZoneId, ZoneEstimate] = {}
    for zone in about:
        _gather(estimate, zone, at, known)
    for zone in about:
        known[zone] = predict.predict(known[zone], at)
    return known


def heard_by(estimate: Estimate, device: DeviceId) -> tuple[ZoneId, ...]:
    """The zones of which a device has told."""
    found = (_newest(estimate, zone) for zone in sorted(estimate.zones))
    return tuple(zone.id for zone in found if device in zone.sensors or device in zone.doors)


def newest_totals(estimate: Estimate, device: DeviceId) -> Totals | None:
    """What a counter told last, as far as is known now; None: nothing yet."""
    for waiting in reversed(estimate.waiting):
        if waiting.totals is not None and waiting.evidence.device == device:
            return waiting.totals
    return estimate.counters.get(device)


def _newest(estimate: Estimate, zone: ZoneId) -> ZoneEstimate:
    for waiting in reversed(estimate.waiting):
        for each in waiting.zones:
            if each.id == zone:
                return each
    return estimate.zones[zone]


def _gather(
    estimate: Estimate, zone: ZoneId, at: datetime, known: dict[ZoneId, ZoneEstimate]
) -> None:
    """A zone with what its rooms owe it, up to the last minute."""
    here = known.get(zone) or _newest(estimate, zone)
    for id_ in estimate.rooms.get(zone, ()):
        _gather(estimate, id_, at, known)
        room = known[id_] = predict.caught_up(known[id_], at)
        if room.tally.over is not None:
            known[id_], here = conservation.made_good(room, predict.predict(here, at))
    known[zone] = here
