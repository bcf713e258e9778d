"""Passages through doors: reported by counters, by badges, or by both for the same person.

People who leave one zone enter the other. Each passage may have been nobody, one person or two; and
a person who comes out of a zone must have been in it, so a passage out of a zone that is surely
empty is weighed less on the other side too: a flow between two zones moves people and creates none.

If a reader and a counter watch the same door, each reports what the other misses. The share of
passages on which they agree is kept for each door and direction (`match_passage`), and their
uncertainty shrinks with it (`unconfirmed_share`).
"""

from typing import Literal

from immutables import Map
from msgspec import Struct, structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import miss_rate
from gateway.core.estimator.distribution import Belief, Kernel, total
from gateway.core.estimator.evidence import DeviceHealth
from gateway.core.estimator.zone import (
    SENSORS_MAX,
    EstimateReason,
    UnmatchedPassage,
    Witnesses,
    ZoneEstimate,
    because,
)
from gateway.core.model.names import DeviceId

BADGE: Kernel = (0.002, 0.958, 0.04)
"""A badge, and the door's contact; two: another person slipped in behind."""
GRANT: Kernel = (0.03, 0.93, 0.04)
"""A badge at a door without a contact: some holders do not enter after all."""
_SURE: Kernel = (0.0, 1.0, 0.0)
HIDDEN = 0.01
"""The chance that a person leaving a zone had entered it unseen (a counter's usual misses)."""
MATCH_S = 5.0
"""A badge and a counter's report at one door within this time are the same person."""
HEARD_MAX = 200.0
"""Passages in one direction after which half are forgotten: a reader may be taken down."""
_NONE = Witnesses()
MARKS_MAX = 16
"""Passages per zone that wait for their other half: more do not fit through doors in 5 s."""
ONE_BY_ONE_MAX = 8
"""Passages between two zones that are weighed one by one; more at once, after an outage, are a
crowd whose origin needs no proof."""


class Gate(Struct, frozen=True):
    """The device that reports a passage; `place` is the door.

    `kernel`: the chances of nobody, one person and two; None: a counter's, which each zone learns.
    """

    device: DeviceId
    place: str
    kind: Literal["counter", "badge"]
    kernel: Kernel | None = None


Sides = tuple[ZoneEstimate | None, ZoneEstimate | None]
"""The zones inside and outside of a door; None: no one is counted there."""


def moved(sides: Sides, people: int, gate: Gate, doubt: float = 1.0) -> Sides:
    """Return both sides after this many passages inward (below 0: outward), one after the other.

    `doubt` scales the gate's uncertainty where a second device confirms passages
    (`unconfirmed_share`).
    """
    step = 1 if people > 0 else -1
    for _ in range(min(abs(people), ONE_BY_ONE_MAX)):
        sides = _stepped(sides, step, gate, doubt)
        people -= step
    return _stepped(sides, people, gate, doubt) if people else sides


def watched(zone: ZoneEstimate, device: DeviceId) -> ZoneEstimate:
    """Return the zone, marked as watched at its doors by this counter or reader."""
    if zone.counted and zone.doors.get(device) == "well":
        return zone
    return structs.replace(zone, counted=True, doors=_known_door(zone, device))


def split_off(zone: ZoneEstimate, people: int) -> ZoneEstimate:
    """Return the zone without these people, who are counted in an inner zone from now on."""
    return structs.replace(
        zone,
        belief=beliefs.left(zone.belief, people, _SURE),
        stays=thinned(zone.stays, people, beliefs.likeliest(zone.belief)),
        tally=structs.replace(zone.tally, net=zone.tally.net - people),
    )


def match_passage(
    zone: ZoneEstimate, place: str, people: int, *, badge: bool
) -> tuple[ZoneEstimate, int]:
    """Match a passage with its other half (badge or counter) at the same door.

    Return the zone and how many of `people` are new; below 0: outward.
    """
    inward, news = people > 0, abs(people)
    marks: list[UnmatchedPassage] = []
    for mark in zone.marks:
        if (zone.at - mark.at).total_seconds() > MATCH_S:
            continue
        if news and mark.place == place and mark.badge != badge and mark.inward == inward:
            news -= 1
        else:
            marks.append(mark)
    marks += [UnmatchedPassage(zone.at, place, badge, inward)] * min(news, MARKS_MAX)
    zone = structs.replace(
        zone,
        marks=tuple(marks[-MARKS_MAX:]),
        witnesses=_heard(zone, door_key(place, people), news, abs(people) - news),
    )
    return zone, news if inward else -news


def unconfirmed_share(zone: ZoneEstimate, place: str, people: int) -> float:
    """Return the share of passages in this direction that only one device reported (0 to 1).

    The share is (alone + 1) / (alone + both + 1). If both devices report nearly all passages, each
    covers the other's misses, and little uncertainty is left.
    """
    heard = zone.witnesses.get(door_key(place, people), _NONE)
    return (heard.alone + 1.0) / (heard.alone + heard.both + 1.0)


def door_key(place: str, people: int) -> str:
    """Return the key of a door and a direction: inward, or (`people` below 0) outward."""
    return f"{place}>" if people > 0 else f"{place}<"


def _stepped(sides: Sides, people: int, gate: Gate, doubt: float) -> Sides:
    inner, outer = sides
    origin, target = (outer, inner) if people > 0 else (inner, outer)
    if target is not None:
        kernel = _doubted(gate.kernel or miss_rate.kernel(target.tally), doubt)
        if origin is not None:
            kernel = _hidden_by(kernel, origin.belief)
        target = _entered(target, abs(people), gate, kernel)
    if origin is not None:
        kernel = _doubted(gate.kernel or miss_rate.kernel(origin.tally), doubt)
        origin = _left(origin, abs(people), gate, kernel)
    return (target, origin) if people > 0 else (origin, target)


def _entered(zone: ZoneEstimate, people: int, gate: Gate, kernel: Kernel) -> ZoneEstimate:
    return structs.replace(
        _passed(zone, people, gate),
        belief=beliefs.entered(zone.belief, people, kernel),
        stays=(*zone.stays[:-1], zone.stays[-1] + people),
        entered_at=zone.at,
    )


def _left(zone: ZoneEstimate, people: int, gate: Gate, kernel: Kernel) -> ZoneEstimate:
    return structs.replace(
        _passed(zone, -people, gate),
        belief=beliefs.left(zone.belief, people, kernel),
        stays=thinned(zone.stays, people, beliefs.likeliest(zone.belief)),
    )


def _passed(zone: ZoneEstimate, people: int, gate: Gate) -> ZoneEstimate:
    reason = EstimateReason(zone.at, gate.kind, gate.device, gate.place, people, float(abs(people)))
    return structs.replace(
        watched(zone, gate.device),
        life_at=zone.at,
        reasons=because(zone, reason),
        tally=miss_rate.told(zone.tally, people, zone.at),
        several=0.0,
    )


def _hidden_by(kernel: Kernel, origin: Belief) -> Kernel:
    """Return a passage's kernel for the entered zone, given the belief of the other zone.

    No one can come out of an empty zone, except people whom the filter missed (`HIDDEN`): the
    chances of one and two are multiplied by P(N >= 1) and P(N >= 2), then normalised.
    """
    one = max(beliefs.at_least(origin, 1), HIDDEN)
    two = max(beliefs.at_least(origin, 2), HIDDEN * one)
    weights = (kernel[0], kernel[1] * one, kernel[2] * two)
    whole = total(weights)
    return (weights[0] / whole, weights[1] / whole, weights[2] / whole)


def thinned(stays: tuple[float, ...], people: int, inside: int) -> tuple[float, ...]:
    """Return the stays reduced by the same share in each hour: departures may be from any hour."""
    rest = max(0.0, 1.0 - people / max(inside, people, 1))
    return tuple([each * rest for each in stays])


def _heard(zone: ZoneEstimate, door: str, alone: int, both: int) -> Map[str, Witnesses]:
    """Return the counts with these passages; a confirmed one no longer counts as alone."""
    known = zone.witnesses.get(door, _NONE)
    if known is _NONE and len(zone.witnesses) >= SENSORS_MAX:
        return zone.witnesses
    now = Witnesses(max(0.0, known.alone + alone - both), known.both + both)
    if now.alone + now.both > HEARD_MAX:
        now = Witnesses(now.alone / 2, now.both / 2)
    return zone.witnesses.set(door, now)


def _doubted(kernel: Kernel, doubt: float) -> Kernel:
    if doubt == 1.0:
        return kernel
    nobody, two = kernel[0] * doubt, kernel[2] * doubt
    return (nobody, 1.0 - nobody - two, two)


def _known_door(zone: ZoneEstimate, device: DeviceId) -> Map[DeviceId, DeviceHealth]:
    if zone.doors.get(device) == "well" or len(zone.doors) >= SENSORS_MAX:
        return zone.doors
    return zone.doors.set(device, "well")
