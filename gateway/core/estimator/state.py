"""A site's estimate as a value: its zones, its counters, and the evidence that still waits.

A zone is read with all waiting evidence, and with the errors of its rooms' doors corrected
(`conservation`). For this, the rooms are advanced to the last full minute, and no further, which
does not alter their own estimates.
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
    """A piece of evidence in the window, and the zones it affects, as they are after it."""

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
    """For each zone, the rooms whose doors all lead to it (`Layout.rooms`)."""


def zone_at(estimate: Estimate, zone: ZoneId, at: datetime) -> ZoneEstimate:
    """Return a zone as it is known now, with waiting evidence; nothing is stored.

    Raises:
        KeyError: the zone has no estimate of its own.
    """
    if zone in estimate.rooms:
        return zones_at(estimate, (zone,), at)[zone]
    return predict.predict(_newest(estimate, zone), at)


def zones_at(
    estimate: Estimate, about: tuple[ZoneId, ...], at: datetime
) -> dict[ZoneId, ZoneEstimate]:
    """Return these zones at this time, and those of their rooms that were corrected or advanced.

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
    """Return the zones that a device has reported on."""
    found = (_newest(estimate, zone) for zone in sorted(estimate.zones))
    return tuple(zone.id for zone in found if device in zone.sensors or device in zone.doors)


def newest_totals(estimate: Estimate, device: DeviceId) -> Totals | None:
    """Return a counter's last totals as known now; None: there are none yet."""
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
    """Collect a zone with the corrections by its rooms, up to the last minute."""
    here = known.get(zone) or _newest(estimate, zone)
    for id_ in estimate.rooms.get(zone, ()):
        _gather(estimate, id_, at, known)
        room = known[id_] = predict.caught_up(known[id_], at)
        if room.tally.over is not None:
            known[id_], here = conservation.made_good(room, predict.predict(here, at))
    known[zone] = here
